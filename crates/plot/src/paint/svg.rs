//! SVG: one user unit is a tenth of a px, since plotters' coordinates are whole numbers.

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, FontFamily, FontStyle, FontTransform, ShapeStyle};

use super::ink;
use crate::PlotError;
use crate::color::WHITE;
use crate::font;
use crate::scene::{Anchor, Point, Role, Scene, Shape, Text};

/// User units per px.
const UNITS: f64 = 10.0;
/// plotters divides sizes by this when it writes `font-size`.
const SIZE_FACTOR: f64 = 1.24;
/// Distance from the top of a line to its baseline that plotters asks viewers for, in em.
const TOP_TO_BASELINE: f64 = 0.76;

/// The scene as a complete SVG document.
pub(crate) fn paint(scene: &Scene, embed_font: bool) -> Result<String, PlotError> {
    let size = (units(scene.width) as u32, units(scene.height) as u32);
    let mut document = String::new();
    {
        let mut backend = SVGBackend::with_string(&mut document, size);
        draw(&mut backend, scene, size).map_err(|e| PlotError::Backend(e.to_string()))?;
    }
    Ok(with_header(&document, scene, size, embed_font))
}

fn draw(
    backend: &mut SVGBackend<'_>,
    scene: &Scene,
    (width, height): (u32, u32),
) -> Result<(), Box<dyn std::error::Error>> {
    backend.draw_rect((0, 0), (width as i32, height as i32), &ink(WHITE), true)?;
    for (_, shape) in &scene.marks {
        match shape {
            Shape::Line { points, width, color } => {
                let style =
                    ShapeStyle { color: ink(*color).into(), filled: false, stroke_width: stroke(*width) };
                backend.draw_path(points.iter().map(at), &style)?;
            }
            Shape::Polygon { points, color } => {
                backend.fill_polygon(points.iter().map(at), &ink(*color))?;
            }
            Shape::Rect { rect, color } => {
                backend.draw_rect(at(&(rect.x0, rect.y0)), at(&(rect.x1, rect.y1)), &ink(*color), true)?;
            }
            Shape::Ring { center, radius, width, color } => {
                let style =
                    ShapeStyle { color: ink(*color).into(), filled: false, stroke_width: stroke(*width) };
                backend.draw_circle(at(center), units(*radius) as u32, &style, false)?;
            }
            Shape::Disc { center, radius, color } => {
                backend.draw_circle(at(center), units(*radius) as u32, &ink(*color), true)?;
            }
            Shape::Text(text) => draw_text(backend, text)?,
        }
    }
    backend.present()?;
    Ok(())
}

/// Text of one run keeps its anchor, so that it stays centred when a viewer lacks the font.
fn draw_text(backend: &mut SVGBackend<'_>, text: &Text) -> Result<(), Box<dyn std::error::Error>> {
    let single = text.rich.runs.len() == 1;
    let (mut along, origin) = (0.0, if single { text.at } else { text.start() });
    let h_pos = match (single, text.anchor) {
        (true, Anchor::Middle) => HPos::Center,
        (true, Anchor::End) => HPos::Right,
        _ => HPos::Left,
    };
    for (run, script) in &text.rich.runs {
        let size = text.size * script.scale();
        // Viewers drop leading spaces, so these are part of the position.
        let word = run.trim_start();
        along += font::width(&run[..run.len() - word.len()], size);
        let em = units(size);
        let down = script.drop() * text.size - TOP_TO_BASELINE * f64::from(em) / UNITS;
        let (position, transform) = match text.up {
            true => ((origin.0 + down, origin.1 - along), FontTransform::Rotate270),
            false => ((origin.0 + along, origin.1 + down), FontTransform::None),
        };
        let font = FontDesc::new(FontFamily::Name(font::SVG_FAMILY), font_size(em), FontStyle::Normal);
        let style = font.transform(transform).color(&ink(text.color)).pos(Pos::new(h_pos, VPos::Top));
        backend.draw_text(word, &style, at(&position))?;
        along += font::width(word, size);
    }
    Ok(())
}

/// The size that plotters turns into exactly `em`.
fn font_size(em: i32) -> f64 {
    let em = f64::from(em);
    let size = em * SIZE_FACTOR;
    [size, size.next_up(), size.next_down()].into_iter().find(|s| s / SIZE_FACTOR == em).unwrap_or(size)
}

/// Replaces plotters' opening tag by one with a size in px, a label for screen readers and the font.
fn with_header(document: &str, scene: &Scene, (width, height): (u32, u32), embed_font: bool) -> String {
    let body = document.split_once(">\n").map_or(document, |(_, body)| body);
    let mut head = format!(
        "<svg width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" \
         xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{}\">\n",
        scene.width,
        scene.height,
        label(scene)
    );
    if embed_font {
        let data: String = font::WOFF2_BASE64.split_whitespace().collect();
        head += &format!(
            "<style>@font-face{{font-family:\"{}\";src:url(data:font/woff2;base64,{data})}}</style>\n",
            font::FAMILY
        );
    }
    head + body
}

/// The heading of the figure as the value of an attribute.
fn label(scene: &Scene) -> String {
    let heading = scene.marks.iter().find_map(|(role, shape)| match shape {
        Shape::Text(text) if *role == Role::Title => Some(&text.rich),
        _ => None,
    });
    let words: String = heading.into_iter().flat_map(|h| &h.runs).map(|(run, _)| run.as_str()).collect();
    let words = if words.is_empty() { "figure".to_owned() } else { words };
    words.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn units(px: f64) -> i32 {
    (px * UNITS).round() as i32
}

fn stroke(px: f64) -> u32 {
    units(px).max(1) as u32
}

fn at(point: &Point) -> (i32, i32) {
    (units(point.0), units(point.1))
}
