//! One figure of every kind, and the awkward ones, from an EKV transistor.

use gummel_device::{Bias, Corner, Curve, Origin, Quantity, Sweep, Terminal};

use crate::{
    Against, Axis, CornerCurves, Dash, Draw, Figure, HeatLabels, HistorySeries, LegendPlace, LineFigure,
    MapLabels, Marker, Panel, Scale, Series, Style, draw,
};

/// Interpolation of Enz, Krummenacher and Vittoz: `id = i0 (ln^2(1 + e^{vp/2ut}) - ln^2(1 + e^{(vp - vds)/2ut}))`,
/// A, with a floor of 0.3 pA.
fn ekv(vgs: f64, vds: f64) -> f64 {
    let (vp, two_ut) = ((vgs - 0.4) / 1.3, 2.0 * 0.02585);
    let f = |v: f64| (v / two_ut).exp().ln_1p().powi(2);
    2e-6 * (f(vp) - f(vp - vds)) * (1.0 + 0.1 * vds) + 3e-13
}

fn curve(device: &str, swept: Terminal, held: f64, values: Vec<f64>, sign: f64) -> Curve {
    let (held, current): (Bias, Vec<f64>) = match swept {
        Terminal::Gate => (Bias::from_source(0.0, held, 0.0), values.iter().map(|v| ekv(*v, held)).collect()),
        _ => (Bias::from_source(held, 0.0, 0.0), values.iter().map(|v| ekv(held, *v)).collect()),
    };
    Curve {
        device: device.to_owned(),
        sweep: Sweep { swept, held: held.mirrored(sign), values: values.iter().map(|v| sign * v).collect() },
        quantity: Quantity::Id,
        values: current.iter().map(|i| sign * i).collect(),
        temperature: 300.15,
        origin: Origin::Measured,
    }
}

fn steps(low: f64, high: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| low + (high - low) * i as f64 / (n - 1) as f64).collect()
}

pub(super) fn transfer_curves(device: &str, sign: f64) -> Vec<Curve> {
    [0.05, 0.6, 1.2].map(|vds| curve(device, Terminal::Gate, vds, steps(-0.5, 1.35, 38), sign)).into()
}

pub(super) fn output_curves(device: &str, sign: f64) -> Vec<Curve> {
    [0.4, 0.6, 0.8, 1.0, 1.2].map(|vgs| curve(device, Terminal::Drain, vgs, steps(0.0, 1.2, 25), sign)).into()
}

fn fitted(curves: &[Curve]) -> Vec<Curve> {
    let off = |c: &Curve| c.values.iter().map(|v| 1.01 * v).collect();
    curves.iter().map(|c| Curve { values: off(c), origin: Origin::Fitted, ..c.clone() }).collect()
}

fn derived(curves: &[Curve], quantity: Quantity) -> Vec<Curve> {
    curves.iter().map(|c| Curve { values: c.gradient(), quantity, ..c.clone() }).collect()
}

/// Curves of several body biases, so that colour and marker are both used.
fn with_body(curves: &[Curve]) -> Vec<Curve> {
    let at = |vb: f64| {
        move |c: &Curve| {
            let mut c = c.clone();
            c.sweep.held.vb = vb;
            c.values.iter_mut().for_each(|v| *v *= 1.0 + 0.3 * vb);
            c
        }
    };
    [0.0, -0.4, -0.8, -1.2].into_iter().flat_map(|vb| curves.iter().map(at(vb))).collect()
}

fn single_point() -> LineFigure {
    LineFigure {
        title: "one point".into(),
        x: Axis::linear("Current", "A"),
        y: Axis::log("Error", ""),
        series: vec![Series::points("a", vec![1e-9], vec![3.0])],
        notes: vec![
            "a note that is so long that it cannot possibly fit below a figure of the usual width, not even \
                     when its letters are small, and so must be shortened"
                .into(),
        ],
    }
}

fn wide_range() -> LineFigure {
    let x = steps(0.0, 1.0, 25);
    let band = |f: f64| x.iter().map(|v| f * 10f64.powf(12.0 * v - 13.0)).collect::<Vec<f64>>();
    LineFigure {
        title:
            "g_{m} over thirteen decades at 10^{−13} A and a title that goes on and on and on and on and on"
                .into(),
        x: Axis::linear("Gate-source voltage V_{GS}", "V"),
        y: Axis::log("Drain current", "A"),
        series: vec![
            Series::band("quantiles", x.clone(), band(0.3), band(3.0)),
            Series::line("a rather long name of a model & its <options>", x.clone(), band(1.0)),
            Series::line("dashed", x.clone(), band(0.1)).drawn(Draw::Both(Dash::Dashed, Marker::Diamond)),
        ],
        notes: vec!["Ω and µ".into(), "晶体管".into()],
    }
}

fn many_series() -> LineFigure {
    let x = steps(0.0, 1.0, 5);
    let series =
        (0..60).map(|i| Series::line(format!("device {i}"), x.clone(), vec![f64::from(i); 5])).collect();
    LineFigure { x: Axis::linear("x", ""), y: Axis::linear("y", ""), series, ..LineFigure::default() }
}

pub(super) fn panels(n: usize) -> Vec<Panel> {
    (0..n)
        .map(|i| {
            let title = format!("a_device_with_a_very_long_name_W{i}u_L0.13u@8404_3_4");
            let measured = transfer_curves(&title, 1.0);
            Panel { fitted: fitted(&measured), measured, title, error_text: "0.4 %".into() }
        })
        .collect()
}

/// Every kind of figure under a name.
pub(super) fn figures() -> Vec<(String, Figure)> {
    let mut figures = Vec::new();
    let below = Style { legend: LegendPlace::Below, ..Style::default() };
    for (look, style) in [("default", Style::default()), ("column", Style::column()), ("below", below)] {
        for (name, figure) in of_style(&style) {
            figures.push((format!("{name}, {look}"), figure.expect(name)));
        }
    }
    figures
}

type Made = Result<Figure, crate::PlotError>;

fn of_style(style: &Style) -> Vec<(&'static str, Made)> {
    let (n, p) = (transfer_curves("W10u_L0.13u", 1.0), transfer_curves("W10u_L0.13u", -1.0));
    let (on, op) = (output_curves("W10u_L0.13u", 1.0), output_curves("W10u_L0.13u", -1.0));
    let body = with_body(&n);
    let all = |c: &[Curve]| c.iter().flat_map(|c| c.values.clone()).collect::<Vec<f64>>();
    let labels = MapLabels {
        title: "Relative error".into(),
        x: Axis::linear("V_{GS}", "V"),
        y: Axis::linear("V_{DS}", "V"),
    };
    let biases = |c: &[Curve]| -> (Vec<f64>, Vec<f64>) {
        c.iter().flat_map(|c| c.sweep.biases()).map(|b| (b.vgs(), b.vds())).unzip()
    };
    let errors = |n: usize| (0..n).map(|i| 0.02 * (i as f64).sin()).collect::<Vec<f64>>();
    let (gx, gy) = biases(&n);
    let scattered: Vec<Curve> = n.iter().chain(&on).cloned().collect();
    let (sx, sy) = biases(&scattered);
    let names = |k: usize| (0..k).map(|i| format!("ihp-sg13g2/lv_nmos_{i}")).collect::<Vec<_>>();
    let heat = HeatLabels {
        title: "Who helps whom".into(),
        rows: "Judged task".into(),
        columns: "Added task".into(),
        values: "Change of error (%)".into(),
    };
    let corners: Vec<CornerCurves> =
        Corner::ALL.map(|corner| CornerCurves { corner, measured: n.clone(), fitted: fitted(&n) }).into();
    let runs = [false, true].map(|held_out| HistorySeries {
        name: if held_out { "held out" } else { "training" }.into(),
        x: steps(0.1, 30.0, 40),
        loss: steps(0.1, 30.0, 40).iter().map(|t| 1.0 / (1.0 + t * t)).collect(),
        held_out,
    });
    let per_square = Against::CurrentPerSquare(77.0);
    vec![
        ("transfer n", draw::transfer(&n, &fitted(&n), style)),
        ("transfer p", draw::transfer(&p, &fitted(&p), style)),
        ("transfer body", draw::transfer(&body, &fitted(&body), style)),
        ("transfer fitted only", draw::transfer(&[], &fitted(&body), style)),
        ("output n", draw::output(&on, &fitted(&on), style)),
        ("output p", draw::output(&op, &[], style)),
        ("gm", draw::derivative(&derived(&n, Quantity::Gm), &[], Scale::Linear, style)),
        ("gds", draw::derivative(&derived(&op, Quantity::Gds), &[], Scale::Log, style)),
        ("gm/id per square", draw::gm_over_id(&n, &fitted(&n), per_square, style)),
        ("gm/id over voltage", draw::gm_over_id(&p, &fitted(&p), Against::GateVoltage, style)),
        ("parity", draw::parity("m1", &all(&n), &all(&fitted(&n)), &Axis::log("drain current", "A"), style)),
        ("error map, grid", draw::error_map(&gx, &gy, &errors(gx.len()), &labels, style)),
        ("error map, scattered", draw::error_map(&sx, &sy, &errors(sx.len()), &labels, style)),
        ("history", draw::history("Training", &runs, Axis::log("Time", "s"), Axis::log("Loss", ""), style)),
        ("gallery of 38", draw::gallery("lv_nmos", &panels(38), style)),
        ("gallery of 1", draw::gallery("lv_nmos", &panels(1), style)),
        ("corner fan", draw::corner_fan(&corners, style)),
        ("heat 5", draw::heat_matrix(&names(5), &names(5), &errors(25), &heat, style)),
        ("heat 24", draw::heat_matrix(&names(24), &names(24), &errors(576), &HeatLabels::default(), style)),
        ("single point", draw::lines(&single_point(), style)),
        ("wide range", draw::lines(&wide_range(), style)),
        ("many series", draw::lines(&many_series(), style)),
    ]
}
