//! The checks detect what they are for: a textbook transistor passes all of them, each fault is caught by its own.
#![allow(clippy::unwrap_used)]

mod browser;
mod bsim;
mod doctor;
mod ekv;
mod exports;

use std::collections::BTreeMap;

use expect_test::expect;
use gummel_device::{Bias, Curve, Origin, Quantity, Sweep, Terminal};

use crate::report::in_parallel;
use crate::{Answer, Ask, CheckReport, Family, Measurements, Plan, Report, Verdict, check};
use ekv::{Fault, Textbook};

/// Currents and two capacitances along a gate and a drain sweep of every textbook device at every temperature.
fn measured() -> Measurements {
    let sound = Textbook(Fault::None);
    let mut all = BTreeMap::new();
    for nominal in sound.nominals() {
        let curves: &mut Vec<Curve> = all.entry(nominal.name.clone()).or_default();
        for t in nominal.temperatures {
            let mut ask = Ask::named(&nominal.name);
            ask.query.temperature = Some(t);
            let device = sound.device(&ask).unwrap();
            for (swept, held) in [
                (Terminal::Gate, Bias::from_source(0.0, 1.2, 0.0)),
                (Terminal::Drain, Bias::from_source(1.0, 0.0, 0.0)),
            ] {
                let sweep = Sweep { swept, held, values: (0..=24).map(|i| 0.05 * f64::from(i)).collect() };
                let biases: Vec<_> = sweep.biases().map(|b| b.to_array()).collect();
                let (currents, stored) =
                    (device.currents(&biases).unwrap(), device.capacitances(&biases).unwrap().unwrap());
                for (quantity, values) in [
                    (Quantity::Id, currents.iter().map(|i| i[0]).collect()),
                    (Quantity::Cgg, stored.iter().map(|c| c[1][1]).collect()),
                    (Quantity::Cgd, stored.iter().map(|c| c[1][0]).collect()),
                ] {
                    curves.push(Curve {
                        device: nominal.name.clone(),
                        values,
                        sweep: sweep.clone(),
                        quantity,
                        temperature: t,
                        origin: Origin::Simulated,
                    });
                }
            }
        }
    }
    all
}

fn judged(fault: Fault) -> Report {
    let plan = Plan { devices: vec!["W10u_L0.5u".into()], ..Plan::default() };
    check(&Textbook(fault), &measured(), &plan).unwrap()
}

#[test]
fn the_textbook_transistor_passes_every_check_with_a_number() {
    let report = judged(Fault::None);
    // It has no gate or bulk current to be compared.
    for c in report.checks.iter().filter(|c| c.name != "accuracy-leakage") {
        assert_eq!(c.verdict, Verdict::Pass, "{}: {:?}", c.name, c.worst);
        assert!(c.worst.number.is_some() && c.failed == 0, "{}", c.name);
    }
}

/// Accuracy is left out: whatever is broken is also far from the data.
#[test]
fn every_fault_is_caught_by_its_check() {
    let lines = in_parallel(&Fault::ALL, |fault| {
        let failed: Vec<&str> = judged(*fault)
            .checks
            .iter()
            .filter(|c| c.verdict == Verdict::Fail && !c.name.starts_with("accuracy"))
            .map(|c| c.name)
            .collect();
        let failed = if failed.is_empty() { "nothing fails".to_owned() } else { failed.join(" ") };
        Ok(format!("{fault:?}: {failed}\n"))
    });
    expect![[r#"
        None: nothing fails
        Asymmetric: dc-symmetry
        AbsoluteVds: gummel-symmetry harmonics unreasonable-bias
        NegativeGds: gds-sign noise-saturation unreasonable-bias
        NegativeGm: gm-sign noise-saturation
        KinkedGm: kinks-gm kinks-gm-slope unreasonable-bias
        KinkedGmSlope: tree-top kinks-gm-slope unreasonable-bias
        KinkedGds: kinks-gds noise-saturation unreasonable-bias
        Active: dc-symmetry passivity common-mode multiplicity
        LostCurrent: dc-symmetry kirchhoff
        WrongNoise: noise noise-shot noise-saturation
        NoiseOfItsConductance: noise-shot noise-saturation
        WrongTemperature: temperature-threshold temperature-leakage
        WrongCornerOrder: corner-order corner-spread
        EqualCorners: corner-spread corner-scatter
        TooSteep: gm-id-plateau subthreshold-swing
        BumpInEfficiency: tree-top gm-sign
        SharpTriode: slope-ratio harmonics kinks-gds noise-saturation
        SuperlinearWidth: scaling-width
        GrowsWithLength: scaling-length
        NanAtLargeBias: unreasonable-bias
        NanAtLargeWidth: unreasonable-geometry
        NanAtLowTemperature: unreasonable-temperature
        WrongReversal: reverse-polarity
        SeesGround: unreasonable-bias common-mode
        IgnoresMultiplicity: multiplicity
        IgnoresScale: scale
        IgnoresShrink: scale
        LosesCharge: charge-conservation
        LopsidedCharge: ac-symmetry
        PathDependentCharge: charge-conservation charge-loop
    "#]]
    .assert_eq(&lines.unwrap().concat());
}

#[test]
fn a_model_far_from_its_data_fails_on_accuracy() {
    let mut data = measured();
    for c in data.values_mut().flatten() {
        c.values.iter_mut().for_each(|i| *i *= 1.3);
    }
    let report = check(&Textbook(Fault::None), &data, &Plan::default()).unwrap();
    let of = |name: &str| report.checks.iter().find(|c| c.name == name).unwrap();
    assert_eq!(of("accuracy").verdict, Verdict::Fail);
    assert!((of("accuracy").worst.number.unwrap() - 0.3 / 1.3).abs() < 1e-9);
    assert_eq!(of("accuracy-decades").verdict, Verdict::Fail);
    assert_eq!(of("accuracy-slopes").verdict, Verdict::Fail);
    assert!((of("accuracy-capacitances").worst.number.unwrap() - 0.3 / 1.3).abs() < 1e-9);
    assert_eq!(of("accuracy-capacitances").verdict, Verdict::Fail);
}

#[test]
fn a_current_that_is_no_number_is_not_accurate() {
    let mut data = measured();
    for curve in data.values_mut().flatten().filter(|c| c.quantity == Quantity::Id) {
        curve.sweep.values.push(6.0);
        curve.values.push(1e-3);
    }
    let found = |fault, name: &str| {
        let plan = Plan { checks: vec![name.to_owned()], ..Plan::default() };
        check(&Textbook(fault), &data, &plan).unwrap().checks[0].worst.clone()
    };
    for name in ["accuracy", "accuracy-decades"] {
        assert!(found(Fault::None, name).number.unwrap().is_finite(), "{name}");
        let broken = found(Fault::NanAtLargeBias, name);
        assert_eq!((broken.verdict, broken.number), (Verdict::Fail, Some(f64::INFINITY)), "{name}");
    }
}

#[test]
fn a_leak_that_the_model_lacks_is_no_pass_and_one_of_the_wrong_sign_fails() {
    let mut data = measured();
    for curves in data.values_mut() {
        let mut leak = curves[0].clone();
        leak.quantity = Quantity::Ig;
        leak.values.fill(1e-9);
        curves.push(leak);
    }
    let verdict = |fault| {
        let plan = Plan { checks: vec!["accuracy-leakage".into()], ..Plan::default() };
        check(&Textbook(fault), &data, &plan).unwrap().checks[0].verdict
    };
    assert_eq!(verdict(Fault::None), Verdict::NotModelled);
    assert_eq!(verdict(Fault::Active), Verdict::Fail);
}

#[test]
fn what_is_added_to_a_report_hides_nothing_that_was_measured() {
    let wrong = judged(Fault::WrongNoise);
    let noise = |report: &Report| report.checks.iter().find(|c| c.name == "noise").unwrap().clone();
    let (bad, good) = (noise(&wrong), noise(&judged(Fault::None)));
    for (mut report, other) in [(wrong, &good), (judged(Fault::None), &bad)] {
        let count = report.checks.len();
        report.add(other.clone());
        let both = noise(&report);
        assert_eq!(report.checks.len(), count);
        assert_eq!((both.verdict, both.worst.number), (Verdict::Fail, bad.worst.number));
        assert_eq!((both.passed, both.failed), (good.passed, bad.failed));
        assert_eq!(both.cases.len(), good.cases.len() + bad.cases.len());
        assert_eq!(report.card[6].answer, Answer::Fail);
    }
    // What could not be tested says nothing against what was.
    let mut untested = CheckReport { cases: vec![good.cases[0].clone()], ..good.clone() };
    untested.verdict = Verdict::NotTested;
    untested.cases[0].number = None;
    let mut report = judged(Fault::None);
    report.add(untested);
    assert_eq!(noise(&report).cases.len(), good.cases.len());
    assert_eq!(noise(&report).verdict, Verdict::Pass);
}

#[test]
fn nothing_passes_without_a_number() {
    let report = check(&Textbook(Fault::None), &Measurements::new(), &Plan::default()).unwrap();
    for c in &report.checks {
        assert!(c.verdict != Verdict::Pass || c.worst.number.is_some(), "{}", c.name);
    }
    let accuracy = report.checks.iter().find(|c| c.name == "accuracy").unwrap();
    assert_eq!(accuracy.verdict, Verdict::NotTested);
    let row = |k: usize| report.card[k - 1].answer;
    assert_eq!(
        (row(1), row(2), row(6), row(19)),
        (Answer::Pass, Answer::InPart, Answer::NotTested, Answer::Pass)
    );
    for row in &report.card {
        let numbers =
            row.evidence.iter().filter(|e| e.verdict == Verdict::Pass && e.number.is_some()).count();
        assert!(!matches!(row.answer, Answer::Pass | Answer::InPart) || numbers > 0, "{}", row.title);
    }
}

#[test]
fn a_row_that_asks_for_more_than_its_checks_does_not_pass() {
    let report = judged(Fault::None);
    let row = |k: usize| &report.card[k - 1];
    for k in [7, 18] {
        assert!(row(k).evidence.iter().all(|e| e.verdict == Verdict::Pass), "{:?}", row(k));
        assert_eq!(row(k).answer, Answer::InPart, "{:?}", row(k));
    }
    assert_eq!(row(8).answer, Answer::Pass);
    // Trends alone do not say that any device is met.
    let blind = check(&Textbook(Fault::None), &Measurements::new(), &Plan::default()).unwrap();
    assert_eq!([8, 9].map(|k| blind.card[k - 1].answer), [Answer::InPart; 2]);
}

#[test]
fn every_number_has_a_picture() {
    for c in judged(Fault::None).checks.iter().filter(|c| c.worst.number.is_some()) {
        let picture = c.picture.as_ref().unwrap_or_else(|| panic!("{} has none", c.name));
        let values = picture.traces.iter().flat_map(|t| t.x.iter().zip(&t.y));
        let shown = values.filter(|(x, y)| x.is_finite() && y.is_finite() && (!picture.log || **y > 0.0));
        assert!(shown.count() > 2, "{}: {picture:?}", c.name);
        assert!(picture.traces.iter().all(|t| t.x.len() == t.y.len()), "{}", c.name);
    }
}

#[test]
fn a_faulty_model_fails_its_row_of_the_card() {
    let row = |fault, k: usize| judged(fault).card[k - 1].answer;
    assert_eq!(row(Fault::Active, 1), Answer::Fail);
    assert_eq!(row(Fault::WrongNoise, 7), Answer::Fail);
    assert_eq!(row(Fault::AbsoluteVds, 11), Answer::Fail);
    assert_eq!(row(Fault::KinkedGm, 13), Answer::Fail);
    assert_eq!(row(Fault::WrongCornerOrder, 19), Answer::Fail);
}
