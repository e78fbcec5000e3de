//! Sheets: panels in rows and columns with title, legend and notes, laid out so that nothing overlaps.

use crate::PlotError;
use crate::axis::View;
use crate::color::{BLACK, GRAY};
use crate::colorbar::ColorBar;
use crate::figure::Figure;
use crate::font::{CAP_HEIGHT, DESCENT};
use crate::legend::{Entry, Legend};
use crate::panel::{Laid, Panel, TICK_GAP, x_label_rise};
use crate::rich::Rich;
use crate::scene::{Anchor, Rect, Role, Scene};
use crate::style::Style;

/// Everything on one figure.
#[derive(Clone, Debug)]
pub(crate) struct Sheet<'a> {
    pub(crate) style: &'a Style,
    /// What the figure is called in errors.
    pub(crate) figure: &'a str,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) title: Rich,
    pub(crate) subtitle: Rich,
    pub(crate) panels: Vec<Panel>,
    pub(crate) columns: usize,
    /// All panels show the same range and only the outer ones carry labels.
    pub(crate) shared: bool,
    pub(crate) legend: Vec<Entry>,
    pub(crate) bar: Option<ColorBar>,
    pub(crate) notes: Vec<Rich>,
}

impl<'a> Sheet<'a> {
    /// A sheet of the style's size with one column of panels and nothing else.
    pub(crate) fn new(figure: &'a str, style: &'a Style, panels: Vec<Panel>) -> Self {
        Sheet {
            style,
            figure,
            width: style.width,
            height: style.height,
            title: Rich::literal(""),
            subtitle: Rich::literal(""),
            panels,
            columns: 1,
            shared: false,
            legend: Vec::new(),
            bar: None,
            notes: Vec::new(),
        }
    }

    /// Lays the sheet out.
    ///
    /// # Errors
    /// [`PlotError::Empty`] when no panel has a point, [`PlotError::Style`] for an impossible style.
    pub(crate) fn compose(self) -> Result<Figure, PlotError> {
        self.style.check()?;
        let views = self.views()?;
        let mut scene = Scene::new(self.width, self.height);
        let pad = 0.8 * self.style.font_size;
        let room = Rect { x0: pad, y0: pad, x1: self.width - pad, y1: self.height - pad };
        let room = self.headings(&mut scene, room);
        let room = self.footnotes(&mut scene, room);
        let (room, legend) = self.reserve_legend(room);
        let boxes = self.grid(&mut scene, room, &views);
        let (first, last) = (boxes[0], boxes[boxes.len() - 1]);
        if let Some(bar) = &self.bar {
            let gap = 1.2 * self.style.font_size;
            bar.draw(&mut scene, (first.x1 + gap, first.y0, last.y1), self.style.font_size);
        }
        if !legend.is_empty() {
            let at = match self.style.legend_right() {
                true => (self.width - pad - legend.width(), first.y0),
                false => (first.x0.min(self.width - pad - legend.width()), room.y1 + 0.5 * pad),
            };
            legend.draw(&mut scene, at, self.style);
        }
        Ok(Figure::new(scene, self.style))
    }

    fn views(&self) -> Result<Vec<Option<(View, View)>>, PlotError> {
        let view = |panels: &[Panel]| {
            let first = panels.first()?;
            let x = first.x.view(panels.iter().flat_map(Panel::abscissae))?;
            let y = first.y.view(panels.iter().flat_map(Panel::ordinates))?;
            Some((x, y))
        };
        let views: Vec<_> = match self.shared {
            true => vec![view(&self.panels); self.panels.len()],
            false => self.panels.chunks(1).map(view).collect(),
        };
        if views.iter().all(Option::is_none) {
            let points: usize = self.panels.iter().flat_map(|p| &p.series).map(|(s, _)| s.x.len()).sum();
            let found = match points {
                0 => "no points at all".to_owned(),
                n => format!("{n} points, none of which can stand on these axes"),
            };
            return Err(PlotError::Empty { figure: self.figure.to_owned(), found });
        }
        Ok(views)
    }

    fn headings(&self, scene: &mut Scene, mut room: Rect) -> Rect {
        let size = self.style.font_size;
        let middle = room.center().0;
        for (text, size, color) in [(&self.title, 1.1 * size, BLACK), (&self.subtitle, size, GRAY)] {
            if text.is_empty() {
                continue;
            }
            let text = text.clone().fitted(size, room.width());
            let at = (middle, room.y0 + CAP_HEIGHT * size);
            scene.text(Role::Title, at, text, size, Anchor::Middle, color);
            room.y0 += 1.5 * size;
        }
        room
    }

    fn footnotes(&self, scene: &mut Scene, mut room: Rect) -> Rect {
        let size = 0.9 * self.style.font_size;
        for note in self.notes.iter().rev().filter(|n| !n.is_empty()) {
            let at = (room.x0, room.y1 - DESCENT * size);
            scene.text(Role::Note, at, note.clone().fitted(size, room.width()), size, Anchor::Start, GRAY);
            room.y1 -= 1.4 * size;
        }
        room
    }

    fn reserve_legend(&self, mut room: Rect) -> (Rect, Legend) {
        let size = self.style.font_size;
        let entries = self.legend.clone();
        let legend = match self.style.legend_right() {
            true => Legend::right(entries, self.style, 0.4 * room.width(), room.height() - 3.0 * size),
            false => Legend::below(entries, self.style, room.width(), 0.4 * room.height()),
        };
        if !legend.is_empty() {
            match self.style.legend_right() {
                true => room.x1 -= legend.width() + 1.2 * size,
                false => room.y1 -= legend.height() + 0.4 * size,
            }
        }
        if let Some(bar) = &self.bar {
            room.x1 -= bar.width(size) + 1.2 * size;
        }
        (room, legend)
    }

    /// Draws all panels and returns their boxes; boxes never shrink to nothing.
    fn grid(&self, scene: &mut Scene, room: Rect, views: &[Option<(View, View)>]) -> Vec<Rect> {
        let size = self.style.font_size;
        let tick_size = if self.shared { 0.85 * size } else { size };
        let columns = self.columns.clamp(1, self.panels.len().max(1));
        let rows = self.panels.len().div_ceil(columns);
        let heading = self.panels.iter().map(|p| panel_heading(p, tick_size)).fold(0.0, f64::max);
        let lay = |width: f64, height: f64| -> Vec<Option<Laid<'_>>> {
            let lay = |(panel, view): (_, &Option<(View, View)>)| {
                view.map(|(x, y)| Laid::new(panel, x, y, width, height, tick_size))
            };
            self.panels.iter().zip(views).map(lay).collect()
        };
        // Ticks depend on the size of the boxes and their labels take room from it: estimate, then settle.
        let estimate = lay(0.7 * room.width() / columns as f64, 0.7 * room.height() / rows as f64);
        let laid_out = estimate.iter().flatten();
        let labels = laid_out.clone().map(|l| l.label_width()).fold(0.0, f64::max);
        let rise = laid_out.map(|l| x_label_rise(&l.x_ticks, tick_size)).fold(0.0, f64::max);
        let left = labels + TICK_GAP + 1.7 * size;
        let bottom = TICK_GAP + rise + 0.45 * size + 1.25 * size;
        let (across, down) = (columns as f64 - 1.0, rows as f64 - 1.0);
        let (gap_x, gap_y) = match self.shared {
            true => (0.9 * size, heading + 0.8 * size),
            false => (left + 0.8 * size, bottom + heading + 0.6 * size),
        };
        let mut width = (room.width() - left - across * gap_x) / columns as f64;
        let height = ((room.height() - bottom - heading - down * gap_y) / rows as f64).max(8.0);
        let laid = lay(width, height);
        let overhang = laid.iter().flatten().map(|l| l.overhang(width)).fold(0.0, f64::max);
        width = (width - overhang.min(0.3 * width)).max(8.0);
        let gap_x = gap_x + if self.shared { 0.0 } else { overhang };
        let width = width.min((room.width() - left - overhang - across * gap_x) / columns as f64).max(8.0);
        let laid = lay(width, height);
        let mut boxes = Vec::with_capacity(laid.len());
        for (i, laid) in laid.iter().enumerate() {
            let (column, row) = (i % columns, i / columns);
            let x0 = room.x0 + left + column as f64 * (width + gap_x);
            let y0 = room.y0 + heading + row as f64 * (height + gap_y);
            let area = Rect { x0, y0, x1: x0 + width, y1: y0 + height };
            boxes.push(area);
            let (bottom_most, left_most) = (i + columns >= self.panels.len(), column == 0);
            self.panel_heading(scene, area, &self.panels[i], tick_size);
            match laid {
                Some(laid) => {
                    let (x_labels, y_labels) = (!self.shared || bottom_most, !self.shared || left_most);
                    laid.draw(scene, area, self.style, x_labels, y_labels);
                    if !self.shared {
                        self.axis_titles(scene, area, laid, labels, room.y1.min(area.y1 + bottom));
                    }
                }
                None => placeholder(scene, area, size),
            }
        }
        if let (true, Some(laid)) = (self.shared, laid.iter().flatten().next()) {
            let all = Rect { x0: boxes[0].x0, y0: boxes[0].y0, x1: room.x1 - overhang, y1: room.y1 - bottom };
            self.axis_titles(scene, all, laid, labels, room.y1);
        }
        boxes
    }

    fn axis_titles(&self, scene: &mut Scene, area: Rect, laid: &Laid<'_>, labels: f64, bottom: f64) {
        let size = self.style.font_size;
        let (x, y) = area.center();
        let title = Rich::parse(&laid.panel.x.title(laid.x)).fitted(size, area.width() + labels);
        scene.text(Role::AxisLabel, (x, bottom - 0.35 * size), title, size, Anchor::Middle, BLACK);
        let title = Rich::parse(&laid.panel.y.title(laid.y)).fitted(size, area.height() + 2.0 * size);
        let at = (area.x0 - TICK_GAP - labels - 0.75 * size, y);
        scene.text_up(Role::AxisLabel, at, title, size, Anchor::Middle, BLACK);
    }

    fn panel_heading(&self, scene: &mut Scene, area: Rect, panel: &Panel, size: f64) {
        let middle = area.center().0;
        let mut baseline = area.y0 - 0.45 * size;
        for (text, color) in [(&panel.remark, GRAY), (&panel.title, BLACK)] {
            if let Some(text) = text {
                let text = text.clone().fitted(size, area.width());
                scene.text(Role::Title, (middle, baseline), text, size, Anchor::Middle, color);
                baseline -= 1.2 * size;
            }
        }
    }
}

fn panel_heading(panel: &Panel, size: f64) -> f64 {
    let lines = usize::from(panel.title.is_some()) + usize::from(panel.remark.is_some());
    if lines == 0 { 0.3 * size } else { (0.5 + 1.2 * lines as f64) * size }
}

/// A panel without one point to show.
fn placeholder(scene: &mut Scene, area: Rect, size: f64) {
    scene.line(Role::Frame, area.outline(), 0.9, GRAY);
    scene.text(Role::Note, area.center(), Rich::literal("no data"), size, Anchor::Middle, GRAY);
}
