//! Networks of one transistor each, whose currents differ by a known factor from corner to corner.

use gummel_data::{CurveInfo, Flags};
use gummel_device::{Bias, Corner, DeviceId, Family, Origin, Polarity, Quantity, Terminal};
use gummel_kernel::Sample;
use gummel_model::{DeviceEntry, Manifest};

use super::*;

/// Drain voltages of the readings, V; the gate is at 1.2 V. The first is too low to count.
const DRAIN: [f64; 4] = [0.02, 0.3, 0.6, 1.2];
/// Readings that count.
const STRONG: usize = DRAIN.len() - 1;

/// A network of one transistor at `corner`, with `exp(own)` times the current of a common one, and readings of `exp(read)` times
/// that current.
fn network(polarity: Polarity, corner: Corner, own: f64, read: f64) -> (Model, Dataset) {
    let sign = polarity.sign();
    let mut spec = Sample { devices: 1, sign, ..Sample::default() }.spec();
    let id = DeviceId {
        family: Family { technology: "test".into(), name: "mos".into(), polarity },
        name: format!("one_{corner}"),
        geometry: gummel_device::Geometry::new(spec.devices[0].place.w, spec.devices[0].place.l),
        site: String::new(),
        corner: Some(corner),
    };
    let device = &mut spec.devices[0];
    device.name.clone_from(&id.name);
    *device.deviation[0][0].last_mut().unwrap() += own;
    let mut manifest = Manifest::new("test", "mos", polarity);
    manifest.devices.push(DeviceEntry { corner: id.corner, ..DeviceEntry::new(&id.name, id.geometry, 1e-13) });
    let model = Model::new(spec, manifest).unwrap();
    let bias = DRAIN.map(|vd| Bias { vd: sign * vd, vg: sign * 1.2, vs: 0.0, vb: 0.0 });
    let instance = model.instance(&DeviceQuery::named(&*id.name)).unwrap();
    let current = bias.map(|b| instance.current(b.to_array()) * (read - own).exp());
    let curve = CurveInfo {
        swept: Terminal::Drain,
        held: bias[0],
        temperature: 300.15,
        sweep: "idvd".to_owned(),
        file: 0,
        origin: Origin::Simulated,
    };
    let data = DeviceData {
        id,
        floor: 1e-13,
        bias: bias.iter().map(|b| b.to_array()).collect::<Vec<_>>().into(),
        temperature: vec![300.15; DRAIN.len()].into(),
        curve: vec![0; DRAIN.len()],
        curves: vec![curve],
        quantities: [(Quantity::Id, current.to_vec().into())].into(),
        flags: vec![Flags::default(); DRAIN.len()],
    };
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
    let networks =
        [network(Polarity::N, Corner::Tt, 0.2, 0.2), network(Polarity::N, Corner::Ff, 0.0, 0.1)];
    let report = found(&networks, &OrderConfig::default()).unwrap();
    assert_eq!((report.pairs, report.biases, report.unordered_readings), (1, 0, STRONG), "{report:?}");
    assert_eq!(report.violations, 0);
}

#[test]
fn skewed_corners_count_where_asked_for_and_the_other_way_round_in_p_channel() {
    let skewed = OrderConfig { skewed: true, ..OrderConfig::default() };
    for (polarity, slow, fast) in [(Polarity::N, Corner::Sf, Corner::Fs), (Polarity::P, Corner::Fs, Corner::Sf)] {
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
