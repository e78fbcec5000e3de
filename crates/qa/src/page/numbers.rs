//! The numbers of a model as JSON, exactly as the page's evaluator reads them.

use std::collections::HashMap;

use gummel_kernel::{Basis, Branch, Covariate, Place};
use gummel_model::{CornerCurve, Model};
use serde_json::{Value, json};

/// Deviations of a device, per branch and output.
type Deviation = Vec<Vec<Vec<f64>>>;

/// Deviations in the order in which they are numbered, each found by the bits of its numbers.
#[derive(Default)]
struct Numbered {
    all: Vec<Deviation>,
    numbers: HashMap<Vec<u64>, usize>,
}

impl Numbered {
    /// Adds one whether it is known or not; an earlier one of the same numbers keeps answering for both.
    fn add(&mut self, deviation: Deviation) {
        self.numbers.entry(bits(&deviation)).or_insert(self.all.len());
        self.all.push(deviation);
    }

    /// The number of a deviation; what is not known yet is added.
    fn number(&mut self, deviation: Deviation) -> usize {
        if let Some(known) = self.numbers.get(&bits(&deviation)) {
            return *known;
        }
        self.add(deviation);
        self.all.len() - 1
    }
}

/// What tells deviations of one model apart; their shapes are the same.
fn bits(deviation: &Deviation) -> Vec<u64> {
    deviation.iter().flatten().flatten().map(|x| x.to_bits()).collect()
}

/// Everything [`gummel_kernel::Spec`] holds, and what devices become at other corners; doubles are printed so that they are
/// read back bit by bit.
///
/// `deviations` are those of the devices, in their order, and then those of corners that were not fitted. A device's
/// `corners` are the five of them, in the order of [`gummel_device::Corner::ALL`], that it moves between; none where it does not change.
pub(super) fn spec(model: &Model) -> Value {
    let devices = &model.spec.devices;
    let curve = CornerCurve::of(model);
    let mut deviations = Numbered::default();
    devices.iter().for_each(|d| deviations.add(d.deviation.clone()));
    let entries: Vec<Value> = devices
        .iter()
        .enumerate()
        .map(|(k, d)| {
            let corners = corners(&curve, k, &mut deviations);
            json!({ "name": d.name, "place": place(&d.place), "corners": corners })
        })
        .collect();
    json!({
        "sign": model.spec.sign,
        "branches": model.spec.branches.iter().map(branch).collect::<Vec<_>>(),
        "devices": entries,
        "deviations": deviations.all,
    })
}

/// Where in `deviations` the corners of device `index` are; what is not among them yet is added.
fn corners(curve: &CornerCurve<'_>, index: usize, deviations: &mut Numbered) -> Option<[usize; 5]> {
    let model = curve.model();
    model.manifest.devices[index].corner?;
    let all = curve.corners_of(index);
    if all.iter().all(|d| *d == model.spec.devices[index].deviation) {
        return None;
    }
    Some(all.map(|deviation| deviations.number(deviation)))
}

fn branch(b: &Branch) -> Value {
    let f = &b.features;
    json!({
        "symmetric": f.symmetric, "smoothing": f.smoothing, "center": f.center, "scale": f.scale,
        "saturation": f.saturation, "knee": f.knee,
        "hull": b.hull.map(|h| json!({ "lnW": h.ln_w, "lnL": h.ln_l })),
        "statics": b.statics.iter().map(|s| json!([position(s.covariate), s.scale])).collect::<Vec<_>>(),
        "layers": b.layers.iter()
            .map(|l| json!({ "inputs": l.inputs, "outputs": l.outputs, "weight": l.weight, "bias": l.bias }))
            .collect::<Vec<_>>(),
        "outputs": b.outputs.iter()
            .map(|o| json!({ "kind": o.kind.name(), "scale": o.scale, "perGeometry": o.per_geometry }))
            .collect::<Vec<_>>(),
        "population": terms(&b.population),
        "deviation": terms(&b.deviation),
        "populationHeads": b.population_heads,
    })
}

/// Covariates of a device, as the page's evaluator names them.
pub(super) fn place(p: &Place) -> Value {
    json!({ "w": p.w, "l": p.l, "mult": p.mult, "temperature": p.temperature, "speed": p.speed, "skew": p.skew })
}

fn terms(basis: &Basis) -> Value {
    json!(basis.terms)
}

/// Place of a covariate in the rows of exponents.
fn position(covariate: Covariate) -> usize {
    Covariate::ALL.iter().position(|c| *c == covariate).unwrap_or(0)
}
