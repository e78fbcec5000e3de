//! The report page: one self-contained HTML file with data, checks and the model itself, evaluated in the page.
//!
//! The page needs no network and no file beside it. Its script evaluates the embedded model
//! (`page/evaluate.js`); currents of the kernel at some biases travel along, so that the page can say how
//! far the two are apart.

mod numbers;
mod proof;

use gummel_device::{Corner, Curve, Quantity};
use gummel_export::stamp::weights_hash;
use gummel_kernel::Covariate;
use gummel_model::{DeviceEntry, Model};
use serde_json::{Value, json};

use crate::finding::Verdict;
use crate::frozen::depends;
use crate::report::{CheckReport, Report};
use crate::{Family, Measurements};

const TEMPLATE: &str = include_str!("page/template.html");
const STYLE: &str = include_str!("page/style.css");
const PLOT_LIBRARY: &str = include_str!("page/vendor/uPlot.iife.min.js");
const PLOT_STYLE: &str = include_str!("page/vendor/uPlot.min.css");
const PLOT_LICENCE: &str = include_str!("page/vendor/uPlot-LICENSE");
/// The page's own scripts, in the order in which they build on each other.
const SCRIPTS: [&str; 6] = [
    include_str!("page/evaluate.js"),
    include_str!("page/format.js"),
    include_str!("page/charts.js"),
    include_str!("page/curves.js"),
    include_str!("page/tables.js"),
    include_str!("page/start.js"),
];

/// The page as text.
pub fn page(model: &Model, report: &Report, measured: &Measurements) -> String {
    let manifest = &model.manifest;
    let data = json!({
        "title": manifest.title(),
        "gummel": manifest.gummel,
        "pageBy": env!("CARGO_PKG_VERSION"),
        "created": manifest.created,
        "weights": weights_hash(model),
        "polarity": manifest.polarity,
        "notes": manifest.notes,
        "seed": manifest.seed,
        "files": manifest.data,
        "config": toml::to_string(&manifest.config).unwrap_or_default(),
        "metrics": manifest.metrics,
        "abilities": abilities(model),
        "devices": manifest.devices.iter().zip(&model.spec.devices)
            .map(|(entry, heads)| device(entry, heads.range, measured)).collect::<Vec<_>>(),
        "spec": numbers::spec(model),
        "proof": proof::numbers(model),
        "checks": report.checks.iter().map(check).collect::<Vec<_>>(),
        "card": report.card,
        "standings": report.standings,
    });
    // Inside a script element only its own end could end it early.
    let data = data.to_string().replace("</", "<\\/");
    let title = escape(&manifest.title());
    let mut page = String::with_capacity(data.len() + 200_000);
    let mut rest = TEMPLATE;
    // Parts are put in one after the other, so that nothing inside a part is taken for a mark.
    while let Some((before, after)) = rest.split_once("{{") {
        let (mark, after) = after.split_once("}}").unwrap_or((after, ""));
        page += before;
        page += match mark {
            "title" => &title,
            "style" => STYLE,
            "plot_style" => PLOT_STYLE,
            "plot_licence" => PLOT_LICENCE,
            "plot_library" => PLOT_LIBRARY,
            "data" => &data,
            _ => "",
        };
        if mark == "scripts" {
            SCRIPTS.iter().for_each(|s| page += s);
        }
        rest = after;
    }
    page += rest;
    page
}

fn abilities(model: &Model) -> Value {
    let a = model.abilities();
    // Devices that differ between corners move with them too.
    let entries = &model.manifest.devices;
    let several = entries.iter().any(|e| e.corner != entries[0].corner);
    let fitted =
        |axis: [Corner; 2]| several && entries.iter().any(|e| e.corner.is_some_and(|c| axis.contains(&c)));
    json!({ "temperature": a.temperature, "geometry": a.geometry, "charges": model.spec.branches.len() > 1,
            "speed": depends(model, Covariate::Speed) || fitted([Corner::Ff, Corner::Ss]),
            "skew": depends(model, Covariate::Skew) || fitted([Corner::Fs, Corner::Sf]) })
}

fn device(entry: &DeviceEntry, range: [[f64; 2]; 3], measured: &Measurements) -> Value {
    let of = |quantity: Quantity| -> Vec<Value> {
        let all = measured.get(&entry.name).into_iter().flatten();
        all.filter(|c| c.quantity == quantity).map(curve).collect()
    };
    json!({
        "name": entry.name, "geometry": entry.geometry, "site": entry.site, "corner": entry.corner,
        "floor": entry.floor, "temperatures": entry.temperatures, "points": entry.points,
        "errors": entry.errors, "gm": entry.gm_rel_l2, "gds": entry.gds_rel_l2,
        "range": range, "curves": of(Quantity::Id), "stored": of(Quantity::Cgg),
    })
}

fn curve(c: &Curve) -> Value {
    json!({
        "swept": c.sweep.swept.letter().to_string(),
        "held": c.sweep.held.to_array(),
        "t": c.temperature,
        "x": c.sweep.values.iter().map(|v| rounded(*v, 6)).collect::<Vec<_>>(),
        "y": c.values.iter().map(|v| rounded(*v, 6)).collect::<Vec<_>>(),
    })
}

fn check(c: &CheckReport) -> Value {
    let mut value = serde_json::to_value(c).unwrap_or_default();
    // Conditions that could not be judged would only repeat the check's own remark.
    let judged = c.cases.iter().filter(|c| matches!(c.verdict, Verdict::Pass | Verdict::Fail));
    value["cases"] =
        judged.map(|c| json!([c.device, c.temperature, c.corner, c.verdict, c.number])).collect();
    value["boundText"] = c.bound.text().into();
    value["picture"] = serde_json::to_value(&c.picture).unwrap_or_default();
    value
}

/// Six digits are more than an instrument has; full ones would treble the page.
fn rounded(v: f64, digits: usize) -> f64 {
    format!("{v:.*e}", digits - 1).parse().unwrap_or(v)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
