//! Labels that some tasks lack: left out, never made up, and learnt from the tasks that have them.
#![allow(clippy::print_stdout, reason = "tests say what they measured")]

use gummel_data::{Dataset, DeviceData};
use gummel_device::metrics::quantile;
use gummel_device::{Corner, Quantity, Terminal};
use gummel_kernel::{Instance, Member, Place};
use gummel_model::Model;
use gummel_surrogate::report::judge;
use gummel_surrogate::{FitConfig, Part, fit};

use crate::bundled::quick;
use crate::sample::{cornered, demo};

/// `data` with one of its devices replaced by part of itself.
fn without(data: &Dataset, device: &str, keep: impl Fn(&DeviceData, usize) -> bool) -> Dataset {
    let cut = |d: &DeviceData| match d.id.name == device {
        true => d.filter(|i| keep(d, i)).unwrap(),
        false => d.clone(),
    };
    Dataset { devices: data.devices.iter().map(cut).collect(), files: data.files.clone() }
}

fn only(data: &Dataset, device: &str) -> Dataset {
    let devices = data.devices.iter().filter(|d| d.id.name == device).cloned().collect();
    Dataset { devices, files: data.files.clone() }
}

/// RMS relative errors of the strong readings of `device` that were taken away: fitted with the others, and alone.
fn learnt(data: &Dataset, device: &str, keep: impl Fn(&DeviceData, usize) -> bool) -> (f64, f64) {
    let known = without(data, device, &keep);
    let unknown = only(&without(data, device, |d, i| !keep(d, i)), device);
    let config = FitConfig { network: Default::default(), ..quick() };
    let of = |data: &Dataset| {
        let model = fit(data, &config, &mut ()).unwrap().model;
        judge(&model, &unknown, Part::HeldOut)[0].errors.rel_rms
    };
    let errors = (of(&known), of(&only(&known, device)));
    println!("{device}: {errors:?}");
    errors
}

/// Terminal current that a model's device has at its readings, over the median size of what was measured, RMS.
fn bulk_error(model: &Model, truth: &DeviceData) -> f64 {
    let index = model.spec.devices.iter().position(|d| d.name == truth.id.name).unwrap();
    let g = truth.id.geometry;
    let place = Place { w: g.w, l: g.l, mult: g.mult, temperature: 300.15, speed: 0.0, skew: 0.0 };
    let instance = Instance::new(&model.spec, Member::Device(index), &place);
    let measured = &truth.quantities[&Quantity::Ib];
    let mut errors: Vec<f64> = (0..truth.len())
        .filter(|i| measured[*i].abs() > 100.0 * truth.floor)
        .map(|i| (instance.eval(truth.bias_at(i).to_array()).currents()[3] / measured[i] - 1.0).abs())
        .collect();
    assert!(errors.len() > 20, "{} readings of the bulk current are strong", errors.len());
    quantile(&mut errors, 0.5)
}

#[test]
fn a_device_without_a_bulk_current_learns_it_from_the_others() {
    let data = demo("demo130/nmos");
    let name = "W1u_L0.13u";
    let mut config = quick();
    config.tasks.quantities = vec![Quantity::Id, Quantity::Ib];
    let mut lacking = data.clone();
    let device = lacking.devices.iter_mut().find(|d| d.id.name == name).unwrap();
    let truth = device.clone();
    device.quantities.remove(&Quantity::Ib);
    let model = fit(&lacking, &config, &mut ()).unwrap().model;
    let alone = fit(&only(&lacking, name), &config, &mut ()).unwrap().model;
    let (together, alone) = (bulk_error(&model, &truth), bulk_error(&alone, &truth));
    println!("bulk current {together}, {alone}");
    assert!(together < 0.5 && together < 0.6 * alone, "together {together}, alone {alone}");
    // A column of nothing is the same as no column: what is missing is left out, not made up.
    let mut blank = data.clone();
    let device = blank.devices.iter_mut().find(|d| d.id.name == name).unwrap();
    device.quantities.get_mut(&Quantity::Ib).unwrap().fill(f64::NAN);
    let blank = fit(&blank, &config, &mut ()).unwrap().model;
    assert_eq!(model.spec, blank.spec);
}

#[test]
fn a_corner_without_a_temperature_learns_it_from_the_other_corners() {
    let mut data = cornered("demo130/nmos", &[Corner::Tt, Corner::Ff, Corner::Ss], &[-40.0, 27.0, 125.0]);
    data.devices.retain(|d| d.id.name.starts_with("W10u_L0.13u") || d.id.name.starts_with("W1u_L1u"));
    let hot = |d: &DeviceData, i: usize| d.temperature[i] > 390.0;
    let (together, alone) = learnt(&data, "W1u_L1u_ff", |d, i| !hot(d, i));
    assert!(together < 0.1 && together < 0.5 * alone, "together {together}, alone {alone}");
}

#[test]
fn a_device_without_output_curves_learns_them_from_the_others() {
    let data = demo("demo130/nmos");
    let transfer = |d: &DeviceData, i: usize| d.curves[d.curve[i]].swept == Terminal::Gate;
    let (together, alone) = learnt(&data, "W1u_L0.13u", transfer);
    assert!(together < 0.05 && together < 0.5 * alone, "together {together}, alone {alone}");
}

#[test]
fn five_readings_beside_a_thousand_are_enough_to_join_in() {
    let data = demo("demo130/nmos");
    let device = data.devices.iter().find(|d| d.id.name == "W1u_L0.13u").unwrap();
    assert!(device.len() > 500, "{} readings", device.len());
    let every = device.len() / 5;
    let (together, alone) = learnt(&data, "W1u_L0.13u", |_, i| i % every == every / 2);
    assert!(together < 0.15 && together < 0.3 * alone, "together {together}, alone {alone}");
}
