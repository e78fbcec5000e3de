//! Checks of exports on made-up models: what passes, what is not modelled, what fails, what a missing tool does.

use expect_test::expect;
use gummel_device::{Geometry, Polarity};
use gummel_export::{Tools, VerifyOptions};
use gummel_kernel::{Sample, Spec};
use gummel_model::{DeviceEntry, DeviceQuery, Manifest, Model};

use super::bsim::ngspice;
use crate::circuits::kit::{Kit, Part, Stop};
use crate::circuits::set::CIRCUITS;
use crate::exported::Exported;
use crate::finding::{Bound, Outcome};
use crate::ngspice::work_folder;
use crate::{
    CheckReport, Limits, Measurements, Ngspice, Plan, QaError, Verdict, check, check_exports, export_checks,
};

/// One transistor; networks of tools other than ngspice are slow, so it is small.
fn model(sign: f64, charges: bool) -> Model {
    of(Sample { sign, charges, devices: 1, layers: vec![4], ..Sample::default() }.spec())
}

fn of(spec: Spec) -> Model {
    let (family, polarity) = if spec.sign > 0.0 { ("nmos", Polarity::N) } else { ("pmos", Polarity::P) };
    let mut manifest = Manifest::new("made-up", family, polarity);
    manifest.devices.push(DeviceEntry::new(&spec.devices[0].name, Geometry::new(10e-6, 0.13e-6), 1e-12));
    Model::new(spec, manifest).unwrap()
}

fn options(simulator: &Ngspice) -> VerifyOptions {
    VerifyOptions {
        points: Some(100),
        tools: Tools { ngspice: simulator.program().into(), ..Tools::default() },
        ..VerifyOptions::default()
    }
}

/// The reports of some checks.
fn made(model: &Model, with: Option<&Model>, simulator: &Ngspice, checks: &[&str]) -> Vec<CheckReport> {
    let plan = Plan { checks: checks.iter().map(|c| (*c).to_owned()).collect(), ..Plan::default() };
    check_exports(model, with, &plan, &options(simulator)).unwrap()
}

fn circuits() -> Vec<&'static str> {
    export_checks().filter(|n| n.starts_with("circuit-")).collect()
}

#[test]
fn exports_come_back_as_the_same_model() {
    let Some(simulator) = ngspice() else { return };
    let model = model(1.0, true);
    let trips: Vec<&str> = crate::round_trip::names().collect();
    let reports = made(&model, None, &simulator, &trips);
    assert_eq!(reports.iter().map(|r| r.name).collect::<Vec<_>>(), trips);
    for report in &reports {
        match report.verdict {
            Verdict::NotTested => eprintln!("SKIPPED: {}: {}", report.name, report.worst.remark),
            _ => assert!(report.verdict == Verdict::Pass && report.picture.is_some(), "{report:#?}"),
        }
    }
    for (check, start) in [
        ("round-trip-spice", "spice in "),
        ("round-trip-osdi", "osdi in "),
        ("round-trip-osdi", "osdi in ngspice, currents and capacitances of all terminals: 200 biases"),
    ] {
        let cases = reports.iter().filter(|r| r.name == check).flat_map(|r| &r.cases);
        let tested = cases.filter(|c| c.number.is_some() && c.remark.starts_with(start)).count();
        assert!(tested > 0, "{start}: {reports:#?}");
    }
}

#[test]
fn a_target_whose_tool_is_missing_keeps_the_card_from_passing_and_limits_are_heeded() {
    let Some(simulator) = ngspice() else { return };
    let model = model(1.0, true);
    let options = VerifyOptions {
        points: Some(50),
        tools: Tools {
            python: "/no/such/python".into(),
            ngspice: simulator.program().into(),
            ..Tools::default()
        },
        ..VerifyOptions::default()
    };
    let trips = ["round-trip-numpy", "round-trip-spice", "round-trip-osdi"].map(str::to_owned).to_vec();
    let plan = Plan { checks: trips, ..Plan::default() };
    let reports = check_exports(&model, None, &plan, &options).unwrap();
    let verdicts: Vec<Verdict> = reports.iter().map(|r| r.verdict).collect();
    assert_eq!(verdicts, [Verdict::NotTested, Verdict::Pass, Verdict::Pass], "{reports:#?}");
    assert_eq!(crate::card::of(&reports)[15].answer, crate::Answer::InPart);
    let strict = Limits { round_trip: 1e-12, ..Limits::default() };
    let strict = check_exports(&model, None, &Plan { limits: strict, ..plan }, &options).unwrap();
    assert_eq!(strict[1].verdict, Verdict::Fail, "{strict:#?}");
}

#[test]
fn the_noise_of_an_export_takes_the_place_of_what_the_model_cannot_say() {
    let Some(simulator) = ngspice() else { return };
    for sign in [1.0, -1.0] {
        let model = model(sign, false);
        let plan = Plan { checks: vec!["noise".into()], ..Plan::default() };
        let mut report = check(&model, &Measurements::new(), &plan).unwrap();
        assert_eq!(report.checks[0].verdict, Verdict::NotModelled);
        for found in made(&model, None, &simulator, &["noise"]) {
            report.add(found);
        }
        let [noise] = report.checks.as_slice() else { panic!("{:#?}", report.checks) };
        assert_eq!(noise.verdict, Verdict::Pass, "{noise:#?}");
        assert!(noise.worst.number.unwrap() < 1e-6, "{noise:#?}");
    }
}

#[test]
fn noise_of_exports_is_that_of_a_channel_and_of_the_netlist() {
    let Some(simulator) = ngspice() else { return };
    for sign in [1.0, -1.0] {
        let model = of(good(sign));
        let reports = made(&model, None, &simulator, &["noise-shot", "noise-saturation", "noise-flicker"]);
        for report in &reports {
            println!("{}: {:?} {}", report.name, report.worst.number, report.worst.remark);
            assert!(report.worst.number.is_some() || report.name == "noise-shot", "{report:#?}");
        }
        let flicker = reports.iter().find(|r| r.name == "noise-flicker").unwrap();
        assert_eq!(flicker.verdict, Verdict::Pass, "{flicker:#?}");
        assert!(flicker.worst.remark.contains("f^-0.9000 id^1.2000"), "{flicker:#?}");
        assert!(flicker.picture.is_some());
    }
}

#[test]
fn exports_take_sizes_in_other_units() {
    let Some(simulator) = ngspice() else { return };
    for charges in [false, true] {
        let model = model(1.0, charges);
        let report = made(&model, None, &simulator, &["scale"]).remove(0);
        assert_eq!(report.verdict, Verdict::Pass, "{report:#?}");
        assert!(report.worst.remark.starts_with("currents and capacitances with scale"), "{report:#?}");
    }
}

#[test]
fn an_inverter_is_as_slow_as_its_charges_say() {
    let Some(simulator) = ngspice() else { return };
    let [n, p] = [1.0, -1.0].map(|sign| of(good(sign)));
    let delay = made(&n, Some(&p), &simulator, &["circuit-delay"]).remove(0);
    println!("{:?} {}", delay.worst.number, delay.worst.remark);
    assert_eq!(delay.verdict, Verdict::Pass, "{delay:#?}");
    // Transistors of another library: their charges are half as large.
    let work = work_folder().unwrap();
    let mut lighter = good(1.0);
    lighter.branches[1].outputs.iter_mut().for_each(|o| o.scale *= 0.5);
    let lighter = of(lighter);
    let exported = Exported::write(&[&lighter, &p], work.path()).unwrap();
    let part = |k: usize, of: &Model| Part {
        model: k,
        device: of.spec.devices[0].name.clone(),
        instance: of.instance(&DeviceQuery::named(&*of.spec.devices[0].name)).unwrap(),
        charges: true,
        reach: [1.2; 2],
    };
    let kit = Kit {
        simulator: &simulator,
        exported: &exported,
        judged: part(0, &n),
        other: Some(part(1, &p)),
        temperature: 300.15,
    };
    let check = CIRCUITS.iter().find(|c| c.name == "circuit-delay").unwrap();
    let Ok(found) = (check.run)(&kit) else { panic!("no number") };
    assert!(found.number > 0.03, "{} {}", found.number, found.remark);
}

#[test]
fn circuits_of_both_polarities_need_another_model() {
    let Some(simulator) = ngspice() else { return };
    let [n, p] = [1.0, -1.0].map(|sign| model(sign, true));
    for model in [&n, &p] {
        for report in made(model, None, &simulator, &circuits()) {
            if report.name == "circuit-mirror" {
                assert_eq!(report.verdict, Verdict::Pass, "{report:#?}");
            } else {
                assert_eq!(report.verdict, Verdict::NotTested, "{report:#?}");
                assert!(report.worst.remark.contains("--with"), "{report:#?}");
            }
        }
    }
    let refused = check_exports(&n, Some(&n), &Plan::default(), &options(&simulator)).unwrap_err();
    assert!(matches!(refused, QaError::SamePolarity { .. }) && refused.to_string().contains("n-channel"));
}

/// Networks as large as those of a fit, so that the transistors are good ones.
fn good(sign: f64) -> Spec {
    Sample { sign, charges: true, devices: 1, ..Sample::default() }.spec()
}

/// Its current falls with vds in saturation.
fn falling() -> Spec {
    let mut spec = good(1.0);
    spec.devices[0].deviation[0][0][1] = -9.0;
    spec
}

#[test]
fn circuits_of_broken_transistors_fail() {
    let Some(simulator) = ngspice() else { return };
    let failed = |n: Spec, p: Spec| -> String {
        let reports = made(&of(n), Some(&of(p)), &simulator, &circuits());
        let lines = reports.iter().filter(|r| r.verdict == Verdict::Fail).map(|r| {
            let about = r.worst.remark.split([';', ',', ':']).next().unwrap_or_default();
            format!("  {}: {about}\n", r.name)
        });
        lines.collect()
    };
    let current = |mut spec: Spec, factor: f64| {
        spec.branches[0].outputs[0].scale *= factor;
        spec
    };
    // Currents do not see the gate.
    let mut gateless = good(1.0);
    for neuron in gateless.branches[0].layers[0].weight.chunks_exact_mut(3) {
        neuron[0] = 0.0;
    }
    let all = [
        ("sound", good(1.0), good(-1.0)),
        ("a p-channel transistor without current", good(1.0), current(good(-1.0), 1e-9)),
        ("an n-channel transistor without current", current(good(1.0), 1e-9), good(-1.0)),
        ("negative gds", falling(), good(-1.0)),
        ("no gm", gateless, good(-1.0)),
    ];
    let text: String = all.into_iter().map(|(what, n, p)| format!("{what}\n{}", failed(n, p))).collect();
    expect![[r#"
        sound
        a p-channel transistor without current
          circuit-inverter: levels
          circuit-ring: no oscillation
          circuit-delay: does not switch
          circuit-pair: output beyond its rails
          circuit-transmission-gate: 4.269e-8 to 1.375e-2 S
        an n-channel transistor without current
          circuit-inverter: levels
          circuit-ring: no oscillation
          circuit-delay: does not switch
          circuit-pair: gain
          circuit-memory-cell: 0 mV at a supply of 1.50 V
          circuit-transmission-gate: 8.546e-8 to 2.751e-2 S
        negative gds
          circuit-delay: supply 1.50 V
          circuit-pair: gain
        no gm
          circuit-inverter: levels
          circuit-pair: gain
    "#]]
    .assert_eq(&text);
}

#[test]
fn a_mirror_of_other_transistors_and_a_circuit_that_is_refused_fail() {
    let Some(simulator) = ngspice() else { return };
    let model = of(good(1.0));
    let work = work_folder().unwrap();
    let exported = Exported::write(&[&model], work.path()).unwrap();
    let name = model.spec.devices[0].name.clone();
    let number = |device: &str, of: &Model| {
        let judged = Part {
            model: 0,
            device: device.to_owned(),
            instance: of.instance(&DeviceQuery::named(&name)).unwrap(),
            charges: true,
            reach: [1.2; 2],
        };
        let kit =
            Kit { simulator: &simulator, exported: &exported, judged, other: None, temperature: 300.15 };
        let mirror = CIRCUITS.iter().find(|c| c.name == "circuit-mirror").unwrap();
        match (mirror.run)(&kit) {
            Ok(measured) => measured,
            Err(Stop::Outcome(outcome)) => match *outcome {
                Outcome::Measured(measured) => measured,
                other => panic!("{device}: {other:?}"),
            },
            Err(Stop::Error(error)) => panic!("{device}: {error}"),
        }
    };
    assert!(number(&name, &model).number < 0.01);
    assert!(number(&name, &of(falling())).number > 0.01);
    let refused = number("W9u_L9u", &model);
    assert!(refused.number.is_nan() && refused.remark.contains("no device 'w9u_l9u'"), "{refused:?}");
    assert!(!Bound::AtMost(0.01).holds(refused.number));
}

#[test]
fn without_charges_there_is_no_ring_and_without_ngspice_no_circuit() {
    let Some(simulator) = ngspice() else { return };
    let (n, p) = (model(1.0, true), model(-1.0, false));
    let ring = made(&n, Some(&p), &simulator, &["circuit-ring"]).remove(0);
    assert_eq!(
        (ring.verdict, ring.worst.remark.as_str()),
        (Verdict::NotModelled, "the p-channel model has no charges")
    );
    let nowhere = Ngspice::new("/no/such/ngspice");
    let checks: Vec<&str> = export_checks().filter(|n| !n.starts_with("round-trip")).collect();
    let reports = made(&n, Some(&p), &nowhere, &checks);
    assert_eq!(reports.len(), checks.len());
    for report in reports {
        assert_eq!(report.verdict, Verdict::NotTested, "{report:#?}");
        assert!(report.worst.remark.contains("GUMMEL_NGSPICE"), "{report:#?}");
    }
}
