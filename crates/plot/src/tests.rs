//! What holds for every figure: text stays on the canvas and apart, legends stay off the data, files are
//! reproducible. The figures come from [`zoo`].

mod zoo;

use crate::font::{CAP_HEIGHT, DESCENT};
use crate::scene::{Rect, Role, Shape, Text};
use crate::{Axis, Figure, LineFigure, PlotError, Series, Style, draw};
use gummel_device::Quantity;

/// The box that capitals, digits and descenders fill.
fn text_box(text: &Text) -> Rect {
    let (x, y) = text.start();
    let (width, rise, fall) = (text.rich.width(text.size), CAP_HEIGHT * text.size, DESCENT * text.size);
    match text.up {
        true => Rect { x0: x - rise, y0: y - width, x1: x + fall, y1: y },
        false => Rect { x0: x, y0: y - rise, x1: x + width, y1: y + fall },
    }
}

fn texts(figure: &Figure) -> Vec<(Role, Rect, String)> {
    let text = |(role, shape): &(Role, Shape)| match shape {
        Shape::Text(text) => {
            let words = text.rich.runs.iter().map(|(run, _)| run.as_str()).collect();
            Some((*role, text_box(text), words))
        }
        _ => None,
    };
    figure.scene.marks.iter().filter_map(text).collect()
}

/// The box that a mark fills, without the width of its stroke.
fn extent(shape: &Shape) -> Rect {
    let around = |points: &[(f64, f64)]| {
        points.iter().fold(
            Rect { x0: f64::INFINITY, y0: f64::INFINITY, x1: f64::NEG_INFINITY, y1: f64::NEG_INFINITY },
            |r, (x, y)| Rect { x0: r.x0.min(*x), y0: r.y0.min(*y), x1: r.x1.max(*x), y1: r.y1.max(*y) },
        )
    };
    match shape {
        Shape::Line { points, .. } | Shape::Polygon { points, .. } => around(points),
        Shape::Rect { rect, .. } => *rect,
        Shape::Ring { center: (x, y), radius, .. } | Shape::Disc { center: (x, y), radius, .. } => {
            around(&[(x - radius, y - radius), (x + radius, y + radius)])
        }
        Shape::Text(text) => text_box(text),
    }
}

fn overlap(a: Rect, b: Rect) -> bool {
    let slack = 0.5;
    a.x0 + slack < b.x1 && b.x0 + slack < a.x1 && a.y0 + slack < b.y1 && b.y0 + slack < a.y1
}

/// The boxes of the axes.
fn frames(figure: &Figure) -> Vec<Rect> {
    let marks = figure.scene.marks.iter();
    marks
        .filter_map(|(role, shape)| match shape {
            Shape::Line { points, .. } if *role == Role::Frame && points.len() == 5 => Some(extent(shape)),
            _ => None,
        })
        .collect()
}

#[test]
fn everything_stays_on_the_canvas() {
    for (name, figure) in zoo::figures() {
        let (width, height) = figure.size();
        for (role, shape) in &figure.scene.marks {
            let r = extent(shape);
            assert!(
                r.x0 >= 0.0 && r.y0 >= 0.0 && r.x1 <= width && r.y1 <= height,
                "{name}: {role:?} at {r:?} leaves {width} x {height}: {shape:?}"
            );
        }
    }
}

#[test]
fn no_two_texts_collide() {
    for (name, figure) in zoo::figures() {
        let texts = texts(&figure);
        for (i, (role, a, first)) in texts.iter().enumerate() {
            for (other, b, second) in &texts[i + 1..] {
                assert!(!overlap(*a, *b), "{name}: {role:?} '{first}' collides with {other:?} '{second}'");
            }
        }
    }
}

#[test]
fn legends_and_labels_stay_off_the_axes_boxes() {
    for (name, figure) in zoo::figures() {
        let frames = frames(&figure);
        for (role, shape) in &figure.scene.marks {
            if matches!(role, Role::Legend | Role::TickLabel | Role::AxisLabel | Role::Title) {
                let r = extent(shape);
                let hit = frames.iter().any(|f| overlap(*f, r));
                assert!(!hit, "{name}: {role:?} {shape:?} lies on the data");
            }
        }
    }
}

#[test]
fn data_stay_inside_the_axes() {
    for (name, figure) in zoo::figures() {
        let frames = frames(&figure);
        let reach = 5.0;
        for (_, shape) in
            figure.scene.marks.iter().filter(|(role, _)| *role == Role::Data && !frames.is_empty())
        {
            let r = extent(shape);
            let inside = |f: &Rect| {
                r.x0 >= f.x0 - reach && r.y0 >= f.y0 - reach && r.x1 <= f.x1 + reach && r.y1 <= f.y1 + reach
            };
            assert!(frames.iter().any(inside), "{name}: {shape:?} is outside of {frames:?}");
        }
    }
}

#[test]
fn svg_is_well_formed_and_free_of_nan() {
    for (name, figure) in zoo::figures() {
        let svg = figure.svg().expect("an SVG");
        for bad in ["NaN", "inf", "&lt;svg", "\"-0\""] {
            assert!(!svg.contains(bad), "{name}: SVG contains {bad}");
        }
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count(), "{name}");
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{name}");
    }
}

#[test]
fn png_has_the_size_asked_for_and_the_same_bytes_twice() {
    for (name, figure) in zoo::figures().into_iter().take(4) {
        let bytes = figure.png().expect("a PNG");
        assert_eq!(bytes, figure.png().expect("a PNG"), "{name}");
        let info = png::Decoder::new(std::io::Cursor::new(&bytes));
        let reader = info.read_info().expect("a readable PNG");
        let (width, height) = figure.size();
        let scale = Style::default().scale;
        assert_eq!(
            (reader.info().width, reader.info().height),
            ((width * scale).round() as u32, (height * scale).round() as u32),
            "{name}"
        );
    }
}

#[test]
fn curves_at_one_bias_share_a_legend_entry() {
    let twice: Vec<_> = (0..2).flat_map(|_| zoo::transfer_curves("m1", 1.0)).collect();
    let figure = draw::transfer(&twice, &[], &Style::default()).expect("a figure");
    let legend: Vec<String> = texts(&figure)
        .into_iter()
        .filter(|(role, ..)| *role == Role::Legend)
        .map(|(.., text)| text)
        .collect();
    assert_eq!(legend, ["VDS = 0.05 V", "VDS = 0.6 V", "VDS = 1.2 V", "measured"]);
}

#[test]
fn p_channel_currents_are_drawn_upwards_and_named_so() {
    let figure = draw::output(&zoo::output_curves("m1", -1.0), &[], &Style::default()).expect("a figure");
    let words: String = texts(&figure).into_iter().map(|(.., text)| text + "\n").collect();
    assert!(words.contains("|ID|") && words.contains("VGS = −1.2 V"), "{words}");
    let ticks = texts(&figure);
    let negative_y = ticks.iter().any(|(role, r, text)| {
        *role == Role::TickLabel && text.starts_with('−') && r.x1 < frames(&figure)[0].x0
    });
    assert!(!negative_y, "the ordinate counts downwards");
}

#[test]
fn values_without_a_logarithm_are_skipped_not_drawn_at_the_edge() {
    let y = vec![1e-9, 0.0, -1e-6, f64::NAN, f64::INFINITY, 1e-3];
    let x: Vec<f64> = (0..6).map(f64::from).collect();
    let figure = LineFigure {
        x: Axis::linear("x", "V"),
        y: Axis::log("y", "A"),
        series: vec![Series::points("", x, y)],
        ..LineFigure::default()
    };
    let figure = draw::lines(&figure, &Style::default()).expect("a figure");
    assert_eq!(figure.scene.marks.iter().filter(|(role, _)| *role == Role::Data).count(), 2);
}

#[test]
fn bad_input_is_named() {
    let style = Style::default();
    let empty = |r: Result<Figure, PlotError>| matches!(r, Err(PlotError::Empty { .. }));
    assert!(empty(draw::transfer(&[], &[], &style)));
    assert!(empty(draw::gallery("", &[], &style)));
    assert!(empty(draw::lines(&LineFigure::default(), &style)));
    assert!(empty(draw::parity("", &[1.0, 0.0], &[-1.0, 0.0], &Axis::log("", "A"), &style)));
    assert!(empty(draw::heat_matrix(&[], &[], &[], &crate::HeatLabels::default(), &style)));

    let mut curves = zoo::transfer_curves("m1", 1.0);
    curves[1].quantity = Quantity::Gm;
    let error = draw::transfer(&curves, &[], &style).expect_err("mixed quantities");
    assert_eq!(
        error.to_string(),
        "curve 1 of device 'm1' holds gm along vg, the figure shows id along vg; draw it in a figure of its own"
    );
    let mut curves = zoo::transfer_curves("m1", 1.0);
    curves[0].values.pop();
    assert!(matches!(draw::transfer(&curves, &[], &style), Err(PlotError::Length { .. })));
    let tiny = Style { width: f64::NAN, ..Style::default() };
    let error = draw::transfer(&zoo::transfer_curves("m1", 1.0), &[], &tiny).expect_err("no width");
    assert_eq!(error.to_string(), "the style's width is NaN, expected 160 to 20000 px");
}
