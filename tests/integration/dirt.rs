//! Devices that validation doubts, ripples, and temperature in the heads: what each option of the fit is there for.

use gummel_data::{Dataset, DeviceData, Flags};
use gummel_device::Quantity;
use gummel_surrogate::config::Toggle;
use gummel_surrogate::report::judge;
use gummel_surrogate::{AdaptOptions, DeviceReport, FitConfig, Part, adapt, fit};

use crate::bundled::quick;
use crate::sample::{coarse, demo, demo_at};

/// A quick fit with one thing changed.
fn plain(change: impl FnOnce(&mut FitConfig)) -> FitConfig {
    let mut config = quick();
    change(&mut config);
    config
}

fn trained<'a>(fit: &'a gummel_surrogate::Fit, name: &str) -> &'a DeviceReport {
    fit.report.devices.iter().find(|d| d.part == Part::Train && d.name == name).unwrap()
}

#[test]
fn a_doubted_device_keeps_a_thousandth_of_its_weight_and_the_report_says_why() {
    let mut data = demo("demo130/nmos");
    let (doubted, sound) = (data.devices[2].id.name.clone(), data.devices[3].id.name.clone());
    data.devices[2].flags.iter_mut().for_each(|f| *f |= Flags::SIBLINGS);
    // Below the noise floor is no doubt about a device.
    data.devices[3].flags.iter_mut().for_each(|f| *f |= Flags::BELOW_FLOOR);
    let fitted = fit(&data, &plain(|_| ()), &mut ()).unwrap();
    let report = trained(&fitted, &doubted);
    assert!((report.weight / 1e-3 - 1.0).abs() < 1e-12, "{}", report.weight);
    let verdict = report.verdict.as_deref().unwrap();
    assert!(verdict.contains("siblings") && verdict.contains("0.001"), "{verdict}");
    assert!(trained(&fitted, &sound).weight == 1.0 && trained(&fitted, &sound).verdict.is_none());
    assert!(fitted.report.decisions.iter().any(|d| d.starts_with("1 devices do not fit")));
    // Without robust weights a flag changes nothing.
    let trusting = fit(&data, &plain(|c| c.residual.robust = 0.0), &mut ()).unwrap();
    assert_eq!(trained(&trusting, &doubted).weight, 1.0);
}

#[test]
fn a_wrong_device_that_is_flagged_hardly_touches_the_others() {
    let clean = demo("demo130/nmos");
    let mut dirty = clean.clone();
    let wrong = dirty.devices[5].id.name.clone();
    // Four times the current in three readings of seven.
    for (k, i) in dirty.devices[5].quantities.get_mut(&Quantity::Id).unwrap().iter_mut().enumerate() {
        *i *= if k % 7 < 3 { 4.0 } else { 1.0 };
    }
    let median = |data: &Dataset| {
        let fitted = fit(data, &plain(|_| ()), &mut ()).unwrap();
        let others = fitted.report.devices.iter().filter(|d| d.name != wrong);
        gummel_device::metrics::Spread::over(others.map(|d| d.errors.rel_rms)).median
    };
    let without = median(&clean);
    let unflagged = median(&dirty);
    dirty.devices[5].flags.iter_mut().for_each(|f| *f |= Flags::JUMP);
    let flagged = median(&dirty);
    let told = format!("{flagged} with a flagged device, {without} without, {unflagged} unflagged");
    println!("{told}");
    assert!(flagged < 1.6 * without && flagged < 0.5 * unflagged, "{told}");
}

#[test]
fn devices_that_validation_doubts_cost_the_others_next_to_nothing() {
    let data = demo("demo130/nmos");
    let (wrong, sound): (Vec<_>, Vec<_>) =
        data.devices.iter().cloned().enumerate().partition(|(k, _)| [1, 4, 6].contains(k));
    let sound = Dataset { devices: sound.into_iter().map(|(_, d)| d).collect(), files: data.files.clone() };
    let mut dirty = data.clone();
    for (k, _) in &wrong {
        let device = &mut dirty.devices[*k];
        // Four times the current, and from the middle of every sweep on four times that.
        let currents = device.quantities.get_mut(&Quantity::Id).unwrap();
        currents.iter_mut().enumerate().for_each(|(p, i)| *i *= if p % 11 < 5 { 4.0 } else { 16.0 });
        device.flags.iter_mut().for_each(|f| *f |= Flags::SIBLINGS);
    }
    // Bounds of physics too, which these devices contradict.
    let config = plain(|c| c.constraints = FitConfig::default().constraints);
    let errors = |data: &Dataset| {
        let fitted = fit(data, &config, &mut ()).unwrap();
        let own = |d: &&DeviceReport| sound.devices.iter().any(|s| s.id.name == d.name);
        let of = fitted.report.devices.iter().filter(own);
        let median = |v: Vec<f64>| gummel_device::metrics::Spread::over(v).median;
        let errors: Vec<[f64; 2]> = of.map(|d| [d.errors.rel_rms, d.errors.nrmse]).collect();
        [0, 1].map(|k| median(errors.iter().map(|e| e[k]).collect()))
    };
    let (alone, beside) = (errors(&sound), errors(&dirty));
    let told = format!("rel_rms, nRMSE: {beside:?} beside wrong devices, {alone:?} alone");
    println!("{told}");
    assert!((0..2).all(|k| beside[k] < 1.1 * alone[k]), "{told}");
}

#[test]
fn without_smoothness_ripples_appear_between_measured_bulk_voltages() {
    let (coarse, fine) = (coarse("demo130/nmos"), demo("demo130/nmos"));
    let worst = |smoothness: f64| {
        let seeds = (0..3).map(|seed| {
            let config = plain(|c| (c.seed, c.residual.smoothness) = (seed, smoothness));
            let model = fit(&coarse, &config, &mut ()).unwrap().model;
            judge(&model, &fine, Part::HeldOut).iter().map(|d| d.errors.rel_rms).fold(0.0, f64::max)
        });
        seeds.fold(0.0, f64::max)
    };
    let (rough, smooth) = (worst(0.0), worst(FitConfig::default().residual.smoothness));
    assert!(rough > 2.0 * smooth && rough > 0.03, "{rough} without smoothness, {smooth} with");
}

#[test]
fn own_temperature_gives_every_device_a_slope_that_readings_at_two_temperatures_tell() {
    let data = demo_at("demo130/nmos", &[-40.0, 125.0]);
    let run = |own| fit(&data, &plain(|c| c.heads.own_temperature = own), &mut ()).unwrap();
    let (common, own) = (run(Toggle::Off), run(Toggle::On));
    assert_eq!([&common, &own].map(|f| f.model.spec.branches[0].deviation.len()), [1, 2]);
    assert_eq!(own.report.parameters.per_device, 2 * common.report.parameters.per_device);
    // At 27 C, which neither has seen.
    let between = |f: &gummel_surrogate::Fit| {
        let errors = judge(&f.model, &demo("demo130/nmos"), Part::HeldOut);
        gummel_device::metrics::Spread::over(errors.iter().map(|d| d.errors.rel_rms)).median
    };
    let (with, without) = (between(&own), between(&common));
    assert!(with < 0.06 && without < 0.06, "{with} with own slopes, {without} without");
}

#[test]
fn a_device_taken_in_at_two_temperatures_is_known_at_a_third() {
    let (two, all) =
        (demo_at("demo130/nmos", &[-40.0, 27.0]), demo_at("demo130/nmos", &[-40.0, 27.0, 125.0]));
    let name = all.devices[3].id.name.clone();
    let others: Vec<DeviceData> = all.devices.iter().filter(|d| d.id.name != name).cloned().collect();
    let of = |devices| Dataset { devices, files: Vec::new() };
    let hot = demo_at("demo130/nmos", &[125.0]);
    let hot = of(hot.devices.into_iter().filter(|d| d.id.name == name).collect());
    let new = two.devices.iter().find(|d| d.id.name == name).unwrap();
    let room = new.filter(|p| new.temperature[p] > 280.0).unwrap();
    let model = fit(&of(others), &plain(|_| ()), &mut ()).unwrap().model;
    let error = |known: &DeviceData| {
        let adapted = adapt(&model, known, &AdaptOptions::default()).unwrap().model;
        judge(&adapted, &hot, Part::HeldOut)[0].errors.rel_rms
    };
    let (one, both) = (error(&room), error(new));
    // What temperature does is the same for all made-up transistors, so that one temperature says nearly as much as two.
    assert!(one < 0.02 && both < one, "{one} from one temperature, {both} from two");
}
