//! Figures of measured and fitted transistor curves that a person would put into a paper.
//!
//! Every figure is one function of [`draw`] that takes curves or plain slices and a [`Style`] and returns a
//! [`Figure`]: SVG text, PNG bytes, or a file. The functions of [`save`] draw and write in one step. The
//! same input gives the same bytes on every machine: the font is bundled, nothing is asked of the system.
//!
//! ```
//! use gummel_plot::{Axis, LineFigure, Series, Style, draw};
//!
//! let figure = LineFigure {
//!     title: "A diode".into(),
//!     x: Axis::linear("Voltage V_{A}", "V"),
//!     y: Axis::log("Current I_{A}", "A"),
//!     series: vec![Series::line("ideal", vec![0.2, 0.4, 0.6], vec![2e-11, 5e-8, 1e-4])],
//!     notes: vec![],
//! };
//! let svg = draw::lines(&figure, &Style::default())?.svg()?;
//! assert!(svg.starts_with("<svg") && svg.contains("Voltage"));
//! # Ok::<(), gummel_plot::PlotError>(())
//! ```
//!
//! Text takes `V_{DS}` and `10^{−3}` for sub- and superscripts; names of devices are shown as they are.
//!
//! Reading order: [`draw`] (all figures), [`save`], then `curves` and the other figures, `encoding` (what
//! becomes colour, what becomes marker), `sheet` and `panel` (layout), `axis` and `ticks`, `scene` (marks in
//! px), `paint` (SVG and PNG through plotters).

mod axis;
mod clip;
pub mod color;
mod colorbar;
mod corners;
mod curves;
mod efficiency;
mod encoding;
mod error;
mod error_map;
mod figure;
mod font;
mod gallery;
mod heat;
mod history;
mod legend;
mod lines;
mod paint;
mod panel;
mod parity;
mod rich;
pub mod save;
mod scene;
mod series;
mod sheet;
mod strokes;
mod style;
mod ticks;

/// All figures, as functions that return a [`Figure`].
pub mod draw {
    pub use crate::corners::corner_fan;
    pub use crate::curves::{derivative, output, transfer};
    pub use crate::efficiency::gm_over_id;
    pub use crate::error_map::error_map;
    pub use crate::gallery::gallery;
    pub use crate::heat::heat_matrix;
    pub use crate::history::history;
    pub use crate::lines::lines;
    pub use crate::parity::parity;
}

pub use axis::{Axis, Scale};
pub use color::Color;
pub use corners::CornerCurves;
pub use efficiency::Against;
pub use error::PlotError;
pub use error_map::MapLabels;
pub use figure::{Figure, Format};
pub use gallery::Panel;
pub use heat::HeatLabels;
pub use history::HistorySeries;
pub use lines::LineFigure;
pub use save::{
    corner_fan, derivative, error_map, gallery, gm_over_id, heat_matrix, history, lines, output, parity,
    transfer,
};
pub use series::{Dash, Draw, Marker, Series};
pub use style::{LegendPlace, Style};

#[cfg(test)]
mod tests;
