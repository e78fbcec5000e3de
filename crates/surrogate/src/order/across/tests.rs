//! Networks of one transistor each, whose currents differ by a known factor from corner to corner.

use gummel_device::{Corner, Geometry, Polarity, Quantity, Terminal};
use gummel_kernel::Sample;
use gummel_model::{DeviceEntry, Manifest};

use super::*;
use crate::made_up;

/// Drain voltages of the readings, V; the gate is at 1.2 V. The first is too low to count.
const DRAIN: [f64; 4] = [0.02, 0.3, 0.6, 1.2];
/// Readings that count.
const STRONG: usize = DRAIN.len() - 1;

/// A network of one transistor at `corner`, with `exp(own)` times the current of a common one, and readings of `exp(read)` times
/// that current.
fn network(polarity: Polarity, corner: Corner, own: f64, read: f64) -> (Model, Dataset) {
    let sign = polarity.sign();
    let points = DRAIN.map(|vd| [sign * vd, sign * 1.2, 0.0, 0.0]).to_vec();
    let mut data = made_up::device(&[(Terminal::Drain, 300.15, points)]);
    let mut spec = Sample { devices: 1, sign, ..Sample::default() }.spec();
    let place = spec.devices[0].place;
    (data.id.family.polarity, data.id.corner) = (polarity, Some(corner));
    (data.id.geometry, data.id.name) = (Geometry::new(place.w, place.l), format!("one_{corner}"));
    let heads = &mut spec.devices[0];
    heads.name.clone_from(&data.id.name);
    *heads.deviation[0][0].last_mut().unwrap() += own;
    let mut manifest = Manifest::new("test", "nmos", polarity);
    manifest.devices.push(DeviceEntry {
        corner: data.id.corner,
        ..DeviceEntry::new(&data.id.name, data.id.geometry, 1e-13)
    });
    let model = Model::new(spec, manifest).unwrap();
    let instance = model.instance(&DeviceQuery::named(&*data.id.name)).unwrap();
    let current = |p: usize| instance.current(data.bias_at(p).to_array()) * (read - own).exp();
    let current = (0..data.len()).map(current).collect();
    data.quantities.insert(Quantity::Id, current);
    (model, Dataset { devices: vec![data], files: Vec::new() })
}

fn found(networks: &[(Model, Dataset)], config: &OrderConfig) -> Option<OrderReport> {
    across(&networks.iter().map(|(model, data)| (model, data)).collect::<Vec<_>>(), config)
}

#[test]
fn neighbours_along_the_axis_of_speed_are_compared_where_readings_are_strong() {
    for polarity in [Polarity::N, Polarity::P] {
        // Fast before slow: the order in which networks come does not matter. Skewed corners are beside the axis.
        let networks = [(Corner::Ff, 0.1), (Corner::Fs, 0.3), (Corner::Ss, -0.1), (Corner::Tt, 0.0)]
            .map(|(corner, ln)| network(polarity, corner, ln, ln));
        let report = found(&networks, &OrderConfig::default()).unwrap();
        assert_eq!((report.pairs, report.biases, report.violations), (2, 2 * STRONG, 0), "{report:?}");
        assert_eq!((report.worst, report.unordered_readings), (0.0, 0), "{report:?}");
    }
}

#[test]
fn networks_out_of_order_are_counted_with_the_largest_shortfall() {
    for polarity in [Polarity::N, Polarity::P] {
        let networks = [
            network(polarity, Corner::Ss, 0.05, -0.1),
            network(polarity, Corner::Tt, 0.0, 0.0),
            network(polarity, Corner::Ff, 0.1, 0.1),
        ];
        let report = found(&networks, &OrderConfig::default()).unwrap();
        assert_eq!((report.biases, report.violations), (2 * STRONG, STRONG), "{report:?}");
        assert!((report.worst - (1.0 - (-0.05f64).exp())).abs() < 1e-9, "{report:?}");
    }
}

#[test]
fn readings_that_are_out_of_order_themselves_ask_for_nothing() {
    let networks = [network(Polarity::N, Corner::Tt, 0.2, 0.2), network(Polarity::N, Corner::Ff, 0.0, 0.1)];
    let report = found(&networks, &OrderConfig::default()).unwrap();
    assert_eq!((report.pairs, report.biases, report.unordered_readings), (1, 0, STRONG), "{report:?}");
    assert_eq!(report.violations, 0);
}

#[test]
fn skewed_corners_count_where_asked_for_and_the_other_way_round_in_p_channel() {
    let skewed = OrderConfig { skewed: true, ..OrderConfig::default() };
    for (polarity, slow, fast) in
        [(Polarity::N, Corner::Sf, Corner::Fs), (Polarity::P, Corner::Fs, Corner::Sf)]
    {
        let networks = [network(polarity, slow, -0.1, -0.1), network(polarity, fast, 0.1, 0.1)];
        assert!(found(&networks, &OrderConfig::default()).is_none(), "beside the axis of speed");
        let report = found(&networks, &skewed).unwrap();
        assert_eq!((report.pairs, report.biases, report.violations), (1, STRONG, 0), "{report:?}");
    }
}

#[test]
fn other_transistors_and_other_biases_are_not_compared() {
    let slow = network(Polarity::N, Corner::Ss, 0.1, -0.1);
    let change = |change: &dyn Fn(&mut DeviceData)| {
        let mut fast = network(Polarity::N, Corner::Ff, -0.1, 0.1);
        change(&mut fast.1.devices[0]);
        found(&[slow.clone(), fast], &OrderConfig::default())
    };
    assert_eq!(change(&|_| ()).unwrap().violations, STRONG);
    assert!(change(&|d| d.id.geometry.w *= 2.0).is_none());
    assert!(change(&|d| d.id.site = "elsewhere".into()).is_none());
    assert!(change(&|d| d.id.corner = None).is_none());
    let hotter = change(&|d| d.temperature.iter_mut().for_each(|t| *t += 50.0)).unwrap();
    assert_eq!((hotter.pairs, hotter.biases), (1, 0));
    let elsewhere = change(&|d| d.bias.column_mut(1).iter_mut().for_each(|vg| *vg += 0.1)).unwrap();
    assert_eq!((elsewhere.pairs, elsewhere.biases), (1, 0));
    // One reading of the fast device left out at the end: the others are compared.
    let fewer = change(&|d| *d = d.filter(|p| p + 1 < DRAIN.len()).unwrap()).unwrap();
    assert_eq!((fewer.biases, fewer.violations), (STRONG - 1, STRONG - 1));
}
