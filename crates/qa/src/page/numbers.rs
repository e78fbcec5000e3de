//! The numbers of a model as JSON, exactly as the page's evaluator reads them.

use gummel_kernel::{Basis, Branch, Covariate, DeviceHeads, Place, Spec};
use serde_json::{Value, json};

/// Everything [`gummel_kernel::Spec`] holds; doubles are printed so that they are read back bit by bit.
pub(super) fn spec(spec: &Spec) -> Value {
    json!({
        "sign": spec.sign,
        "branches": spec.branches.iter().map(branch).collect::<Vec<_>>(),
        "devices": spec.devices.iter().map(device).collect::<Vec<_>>(),
    })
}

fn branch(b: &Branch) -> Value {
    let f = &b.features;
    json!({
        "symmetric": f.symmetric, "smoothing": f.smoothing, "center": f.center, "scale": f.scale,
        "saturation": f.saturation,
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

fn device(d: &DeviceHeads) -> Value {
    json!({ "name": d.name, "place": place(&d.place), "deviation": d.deviation })
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
