//! Process corners as a space, on the bundled data: corners that were not fitted, and lots around the typical one.
#![allow(clippy::print_stdout, reason = "tests say what they measured")]

use gummel_data::{Dataset, DeviceData};
use gummel_device::metrics::{Spread, StrongSet};
use gummel_device::{Corner, CornerPosition, Quantity};
use gummel_model::{DeviceQuery, Model, Scatter};
use gummel_surrogate::adapt::{adapt_all, draw};
use gummel_surrogate::config::Toggle;
use gummel_surrogate::report::judge;
use gummel_surrogate::{
    AdaptOptions, FitConfig, LmConfig, OrderReport, Part, Sharing, SingleConfig, SoftConfig, Solver, TaskFit,
    TaskOf, combined, fit, fit_tasks,
};

use crate::bundled::quick;
use crate::sample::corners;

fn model(data: &Dataset) -> Model {
    let mut config: FitConfig = quick();
    config.charges.fit = Toggle::Off;
    fit(data, &config, &mut ()).unwrap().model
}

/// Median over devices of the median and of the RMS relative error at strong readings.
fn errors(model: &Model, held: &Dataset) -> (f64, f64) {
    let reports = judge(model, held, Part::HeldOut);
    assert!(reports.iter().all(|r| r.own_head), "a device has no head");
    let over =
        |f: &dyn Fn(&gummel_surrogate::DeviceReport) -> f64| Spread::over(reports.iter().map(f)).median;
    (over(&|r| r.errors.median_rel), over(&|r| r.errors.rel_rms))
}

/// Strong readings of `held` at which the device of `fast` has less current than that of `slow`.
fn out_of_order(held: &Dataset, slow: (&Model, Corner), fast: (&Model, Corner), from: Corner) -> usize {
    let failing = |device: &DeviceData| {
        let instance = |(model, corner): (&Model, Corner)| {
            let name = device.id.name.replace(&format!("_{from}"), &format!("_{corner}"));
            model.instance(&DeviceQuery::named(name)).unwrap()
        };
        let (slow, fast) = (instance(slow), instance(fast));
        let strong = StrongSet::new(device.id.geometry, device.id.family.polarity, device.floor);
        let rows = (0..device.len()).filter(|p| strong.contains(device.id()[*p], device.bias_at(*p).vds()));
        rows.filter(|p| {
            let v = device.bias_at(*p).to_array();
            fast.current(v) < slow.current(v)
        })
        .count()
    };
    held.devices.iter().map(failing).sum()
}

#[test]
fn a_corner_that_was_not_fitted_is_met_from_the_others_and_better_with_few_readings() {
    let data = corners("demo130/nmos");
    let held = data.only(|d| d.id.corner == Some(Corner::Fs));
    let without = model(&data.only(|d| d.id.corner != Some(Corner::Fs)));
    let none = without.at_positions(&[Corner::Fs.position()]).unwrap();
    let with = |n: usize| {
        let few = |d: &DeviceData| {
            let rows = draw(d, n, 0);
            d.filter(|p| rows.binary_search(&p).is_ok()).unwrap()
        };
        let few = Dataset { devices: held.devices.iter().map(few).collect(), files: Vec::new() };
        adapt_all(&without, &few, &AdaptOptions::default()).unwrap().0
    };
    let (five, twenty) = (with(5), with(20));
    let found = [&none, &five, &twenty].map(|m| errors(m, &held));
    println!("median and RMS with 0, 5, 20 readings: {found:?}");
    // The shift of the corner itself is some 10 %.
    assert!(found[0].0 < 0.015 && found[0].1 < 0.05, "{found:?}");
    assert!(found[2].0 < 0.01 && found[2].1 < 0.02, "{found:?}");
    assert!(found[2].1 < found[0].1, "{found:?}");
    for model in [&none, &five, &twenty] {
        assert_eq!(out_of_order(&held, (&without, Corner::Tt), (model, Corner::Fs), Corner::Fs), 0);
    }
}

#[test]
fn lots_scatter_around_the_typical_corner() {
    let data = corners("demo130/nmos");
    let model = model(&data);
    let lots = model.at_positions(&Scatter { sigma: [1.0 / 3.0; 2], correlation: 0.0 }.draw(200, 1)).unwrap();
    let typical = model.at_positions(&[CornerPosition::default()]).unwrap();
    for device in &typical.spec.devices {
        let base = device.name.trim_end_matches("_tt");
        let ln_id = |model: &Model, name: &str| {
            model.instance(&DeviceQuery::named(name)).unwrap().current([1.2, 1.2, 0.0, 0.0]).ln()
        };
        let own = lots.spec.devices.iter().filter(|d| d.name.starts_with(&format!("{base}_speed")));
        let drawn: Vec<f64> = own.map(|d| ln_id(&lots, &d.name)).collect();
        assert_eq!(drawn.len(), 200, "{base}");
        let mean = drawn.iter().sum::<f64>() / 200.0;
        let sigma = (drawn.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 199.0).sqrt();
        let off = (mean - ln_id(&typical, &device.name)) / sigma;
        assert!(
            sigma > 0.01 && off.abs() < 0.1,
            "{base}: mean {off:.3} sigma from typical, sigma {sigma:.4}"
        );
    }
}

/// Two corners fitted by a network each, which are put in order in at most `steps` where they are tied.
fn between_networks(data: &Dataset, sharing: Sharing, steps: usize) -> Vec<TaskFit> {
    let mut config = FitConfig { sharing, solver: Solver::Lm(LmConfig::default()), ..quick() };
    config.network.hidden = vec![12, 12];
    config.charges.fit = Toggle::Off;
    config.order.steps = steps;
    let fits = fit_tasks(data, &config, &mut ()).unwrap();
    assert_eq!(fits.len(), 2);
    fits
}

fn order(fits: &[TaskFit]) -> &OrderReport {
    fits[1].fit.report.order.as_ref().expect("corners of two networks are compared")
}

/// The networks know nothing of each other.
fn apart() -> Sharing {
    Sharing::Single(SingleConfig { tasks: TaskOf::Corner })
}

/// They are held near each other.
fn tied() -> Sharing {
    Sharing::Soft(SoftConfig { tasks: TaskOf::Corner, ..SoftConfig::default() })
}

/// tt and ff of one transistor, and where they are in the data.
fn typical_and_fast() -> (Dataset, [usize; 2]) {
    let all = corners("demo130/nmos");
    let geometry = all.devices[0].id.geometry;
    let two = all.only(|d| d.id.geometry == geometry && matches!(d.id.corner, Some(Corner::Tt | Corner::Ff)));
    let places =
        [Corner::Tt, Corner::Ff].map(|c| two.devices.iter().position(|d| d.id.corner == Some(c)).unwrap());
    (two, places)
}

/// Two corners whose readings are those of one but for outliers, all above: in order, and too close for two small networks.
fn alike() -> Dataset {
    let (mut two, [tt, ff]) = typical_and_fast();
    let mut id = two.devices[tt].quantities[&Quantity::Id].clone();
    id.iter_mut().step_by(7).for_each(|i| *i *= 1.3);
    two.devices[ff].quantities.insert(Quantity::Id, id);
    two
}

#[test]
fn the_order_of_corners_with_a_network_each_is_told() {
    let (two, [tt, ff]) = typical_and_fast();
    let fits = between_networks(&two, apart(), 40);
    let free = order(&fits);
    assert!(free.pairs == 1 && free.biases > 50 && free.violations == 0, "{free:?}");
    assert_eq!((free.unordered_readings, free.before), (0, None));

    let fits = between_networks(&alike(), apart(), 40);
    let alike = order(&fits);
    assert!(alike.violations > 0 && alike.worst > 0.0 && alike.worst < 0.5, "{alike:?}");

    let mut exchanged = two.clone();
    exchanged.devices[ff].quantities = two.devices[tt].quantities.clone();
    exchanged.devices[tt].quantities = two.devices[ff].quantities.clone();
    let fits = between_networks(&exchanged, apart(), 40);
    let exchanged = order(&fits);
    assert!(exchanged.unordered_readings > 50 && exchanged.violations == 0, "{exchanged:?}");
}

#[test]
fn tied_corners_with_a_network_each_are_put_in_order() {
    let alike = alike();
    let (free, kept) = (between_networks(&alike, tied(), 0), between_networks(&alike, tied(), 40));
    let before = order(&free);
    assert!(before.violations > 0 && before.before.is_none(), "{before:?}");
    let after = order(&kept);
    println!("{before:?}\n{after:?}");
    let wanted = OrderReport { violations: 0, worst: 0.0, before: after.before, ..before.clone() };
    assert_eq!(*after, wanted);
    assert!(after.before > Some(0), "{after:?}");
    let error = |fits: &[TaskFit]| combined(fits).unwrap().summaries[0].median_rel.median;
    let (free, kept) = (error(&free), error(&kept));
    println!("median error {free} and in order {kept}");
    // Outliers above pull at a corner that cannot give way below.
    assert!(kept < 0.02, "{kept} against {free}");
}
