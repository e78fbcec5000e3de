//! What the kernel computes at some biases, for the page to compare its own evaluation with.

use gummel_device::CornerPosition;
use gummel_model::{DeviceQuery, Model};
use serde_json::{Value, json};

use super::numbers::place;

/// Devices looked at, and biases of each.
const DEVICES: usize = 6;
const BIASES: usize = 24;

/// Currents, conductances and charges at scattered biases of some devices, each at a shifted place.
pub(super) fn numbers(model: &Model) -> Value {
    let devices = &model.spec.devices;
    let mut all = Vec::new();
    for k in 0..DEVICES.min(devices.len()) {
        let index = k * devices.len() / DEVICES.min(devices.len());
        let own = &devices[index].place;
        // Away from the device's own place, so that all parts of the heads take part.
        let query = DeviceQuery {
            temperature: Some(own.temperature + 10.0 * k as f64),
            w: Some(own.w * (1.0 + 0.05 * k as f64)),
            corner: Some(CornerPosition {
                speed: own.speed + 0.1 * k as f64,
                skew: own.skew - 0.05 * k as f64,
            }),
            ..DeviceQuery::named(&*devices[index].name)
        };
        let (Ok(at), Ok(instance)) = (model.locate(&query), model.instance(&query)) else { continue };
        let range = devices[index].range;
        for i in 0..BIASES {
            // Steps of irrational numbers cover the ranges evenly.
            let part = |n: f64, [low, high]: [f64; 2]| low + (high - low) * (n * (i as f64 + 1.0)).fract();
            let vds = part(0.618_033_988_75, range[1]) * if i % 2 == 0 { 1.0 } else { -1.0 };
            let v = [vds, part(0.414_213_562_37, range[0]), 0.0, part(0.732_050_807_57, range[2])]
                .map(|v| v * model.spec.sign);
            let point = instance.eval(v);
            all.push(json!({
                "device": index, "place": place(&at), "v": v,
                "currents": point.currents(), "slopes": [point.gm(), point.gds(), point.gmb()],
                "charges": point.charges(),
            }));
        }
    }
    Value::Array(all)
}
