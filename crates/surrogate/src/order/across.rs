//! The order of corners that have networks of their own, as their models say it at the readings.

use gummel_data::{Dataset, DeviceData};
use gummel_device::metrics::StrongSet;
use gummel_model::{DeviceQuery, Model};

use super::{OrderConfig, OrderReport, on_axis};
use crate::assemble::by_temperature;

/// How neighbouring corners of different networks stand to each other at the strong readings of the slower one, at the biases
/// that both have; `None` where no two devices can be compared.
pub(crate) fn across(networks: &[(&Model, &Dataset)], config: &OrderConfig) -> Option<OrderReport> {
    let devices: Vec<(&Model, &DeviceData)> =
        networks.iter().flat_map(|(model, data)| data.devices.iter().map(|d| (*model, d))).collect();
    let mut report = OrderReport::default();
    for slow in &devices {
        for skew in [false, true].into_iter().filter(|skew| config.skewed || !skew) {
            let Some(at) = step(slow.1, skew) else { continue };
            // The nearest corner on the fast side of the axis.
            let faster = devices.iter().filter(|f| alike(slow.1, f.1));
            let faster = faster.filter_map(|f| step(f.1, skew).filter(|s| *s > at).map(|s| (s, f)));
            if let Some((_, fast)) = faster.min_by(|a, b| a.0.total_cmp(&b.0)) {
                compare(*slow, *fast, &mut report);
            }
        }
    }
    (report.pairs > 0).then_some(report)
}

/// Where on an axis of the corner plane a device is, faster ones further; `None` beside the axis.
fn step(device: &DeviceData, skew: bool) -> Option<f64> {
    let position = device.id.corner?.position();
    let sign = device.id.family.polarity.sign();
    let (along, across) = on_axis(position.speed, position.skew, sign, skew);
    (across == 0.0).then_some(along)
}

fn alike(a: &DeviceData, b: &DeviceData) -> bool {
    a.id.geometry == b.id.geometry && a.id.site == b.id.site
}

fn compare(
    (slow_model, slow): (&Model, &DeviceData),
    (fast_model, fast): (&Model, &DeviceData),
    report: &mut OrderReport,
) {
    report.pairs += 1;
    let sign = slow.id.family.polarity.sign();
    let strong = StrongSet::new(slow.id.geometry, slow.id.family.polarity, slow.floor);
    for rows in by_temperature(slow) {
        let kelvin = slow.temperature[rows[0]];
        let instance =
            |model: &Model, name: &str| model.instance(&DeviceQuery::named(name).at_temperature(kelvin)).ok();
        let (Some(s), Some(f)) = (instance(slow_model, &slow.id.name), instance(fast_model, &fast.id.name))
        else {
            continue;
        };
        for p in rows.into_iter().filter(|p| *p < fast.len()) {
            let bias = slow.bias_at(p);
            let same = bias == fast.bias_at(p) && fast.temperature[p] == kelvin;
            if !same || !strong.contains(sign * slow.id()[p], sign * bias.vds()) {
                continue;
            }
            if sign * fast.id()[p] < sign * slow.id()[p] {
                report.unordered_readings += 1;
                continue;
            }
            let ratio = f.current(bias.to_array()) / s.current(bias.to_array());
            report.biases += 1;
            report.violations += usize::from(ratio < 1.0);
            report.worst = report.worst.max(1.0 - ratio);
        }
    }
}

#[cfg(test)]
mod tests;
