//! The doctor finds injected faults, each as what it is, and nothing in a healthy circuit.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gummel_device::{Geometry, Polarity};
use gummel_export::osdi::{self, Options};
use gummel_kernel::{Sample, Spec};
use gummel_model::{DeviceEntry, Manifest, Model};

use super::bsim::ngspice;
use crate::doctor::{Cause, Diagnosis, Ending, Finding, Instruments, examine};
use crate::{Limits, Measurements, Plan, QaError, Verdict, check};

/// What is wrong with the n-channel model.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    NoCharges,
    /// The current falls with vds in saturation.
    NegativeGds,
    /// One neuron turns within a few millivolts of vgs = 0.7 V.
    Kink,
}

fn model(sign: f64, fault: Fault) -> Model {
    let mut spec: Spec = Sample { sign, charges: fault != Fault::NoCharges, ..Sample::default() }.spec();
    let currents = &mut spec.branches[0];
    match fault {
        Fault::NegativeGds => {
            for device in &mut spec.devices {
                device.deviation[0][0][1] = -9.0;
            }
        }
        Fault::Kink => {
            // Feature 0 is vgs for vds >= 0, centred at 0.5 V.
            let first = &mut currents.layers[0];
            first.weight[4 * first.inputs..][..first.inputs].copy_from_slice(&[500.0, 0.0, 0.0]);
            first.bias[4] = -500.0 * 0.2;
            let second = &mut currents.layers[1];
            second.weight[4] = 0.4;
        }
        Fault::None | Fault::NoCharges => {}
    }
    let (family, polarity) = if sign > 0.0 { ("nmos", Polarity::N) } else { ("pmos", Polarity::P) };
    let mut manifest = Manifest::new("sick", family, polarity);
    manifest.devices = spec
        .devices
        .iter()
        .map(|d| DeviceEntry::new(&d.name, Geometry::new(d.place.w, d.place.l), 1e-12))
        .collect();
    Model::new(spec, manifest).unwrap()
}

/// A folder with a library, in which netlists are examined.
struct Ward {
    folder: tempfile::TempDir,
    program: PathBuf,
}

impl Ward {
    /// `None` where there is no simulator, which is said.
    fn new(fault: Fault) -> Option<Self> {
        let program = ngspice()?.program().to_owned();
        let folder = tempfile::tempdir().unwrap();
        let models = [model(1.0, fault), model(-1.0, Fault::None)];
        let path = folder.path().join("sick.osdi");
        osdi::write(&[&models[0], &models[1]], &path, &Options::default()).unwrap();
        Some(Ward { folder, program })
    }

    fn examine(&self, lines: &str, control: &str) -> Diagnosis {
        self.examine_under(Limits::default(), lines, control)
    }

    fn examine_under(&self, limits: Limits, lines: &str, control: &str) -> Diagnosis {
        let path = self.folder.path().join("patient.cir");
        let models =
            ".model nch sick_nmos device=\"W10u_L0.13u\"\n.model pch sick_pmos device=\"W10u_L0.13u\"";
        let deck =
            format!("A patient\n{models}\n{lines}\n.control\npre_osdi sick.osdi\n{control}\n.endc\n.end\n");
        std::fs::write(&path, deck).unwrap();
        self.read_under(limits, &path).unwrap()
    }

    fn read(&self, path: &Path) -> Result<Diagnosis, QaError> {
        self.read_under(Limits::default(), path)
    }

    fn read_under(&self, limits: Limits, path: &Path) -> Result<Diagnosis, QaError> {
        let ngspice = self.program.clone();
        let instruments = Instruments { ngspice, libraries: Vec::new(), limits, stop: Arc::default() };
        examine(path, &instruments)
    }
}

fn only(found: &Diagnosis) -> &Finding {
    assert_eq!(found.findings.len(), 1, "{found:#?}");
    &found.findings[0]
}

const INVERTER: &str = "vdd vdd 0 1.2\nvin in 0 pulse(0 1.2 0.1n 50p 50p 1n 2n)\n.subckt inv a y vdd\n\
                        Np y a vdd vdd pch m=2\nNn y a 0 0 nch m={1*1}\n.ends\nXa in mid vdd inv\nXb mid out vdd inv\n\
                        c1 out 0 20f";

#[test]
fn a_healthy_circuit_is_left_alone() {
    let Some(ward) = Ward::new(Fault::None) else { return };
    let control = "op\ndc vin 0 1.2 0.05\ntran 2p 2n\nac dec 2 1k 1g\nplot v(out)\nwrdata mine.txt v(out)";
    let found = ward.examine(INVERTER, control);
    assert_eq!((found.transistors, found.findings.as_slice()), (4, &[][..]), "{found:#?}");
    let ended: Vec<(Ending, bool)> = found.analyses.iter().map(|a| (a.ending, a.points > 0)).collect();
    assert_eq!(ended, [(Ending::Converged, true); 4], "{found:#?}");
    assert!(!ward.folder.path().join("mine.txt").exists(), "the doctor writes nothing of the user's");
}

#[test]
fn negative_conductance_is_proved_where_the_simulator_was() {
    let Some(ward) = Ward::new(Fault::NegativeGds) else { return };
    let found = ward.examine("vdd d 0 1.2\nvg g 0 0.9\nN1 d g 0 0 nch\nN2 d g 0 0 nch", "op");
    let finding = only(&found);
    assert_eq!(finding.cause, Cause::NegativeConductance, "{finding:#?}");
    assert_eq!(finding.instances.len(), 2);
    // What it says is what the model gives there.
    let [vgs, vds, vbs] = finding.bias.unwrap();
    assert!((vgs - 0.9).abs() < 1e-6 && (vds - 1.2).abs() < 1e-6, "{finding:#?}");
    let sick = model(1.0, Fault::NegativeGds);
    let instance = sick.instance(&gummel_model::DeviceQuery::named("W10u_L0.13u")).unwrap();
    let gds = instance.eval_currents([vds, vgs, 0.0, vbs]).gds();
    assert!(gds < 0.0 && (gds / finding.number.unwrap() - 1.0).abs() < 1e-6, "{gds:e} {finding:#?}");
    assert!(finding.advice.contains("constraints"));
    // The same model where its conductance is positive.
    let linear = ward.examine("vdd d 0 20m\nvg g 0 0.9\nN1 d g 0 0 nch", "op");
    assert!(linear.findings.is_empty(), "{linear:#?}");
}

/// What the doctor calls negative is what the check refuses: one number, one limit, one noise floor.
#[test]
fn the_doctor_and_the_check_mean_the_same_by_negative() {
    let Some(ward) = Ward::new(Fault::NegativeGds) else { return };
    let sick = model(1.0, Fault::NegativeGds);
    let circuit = "vdd d 0 1.2\nvg g 0 0.9\nN1 d g 0 0 nch";
    let instance = sick.instance(&gummel_model::DeviceQuery::named("W10u_L0.13u")).unwrap();
    let point = instance.eval_currents([1.2, 0.9, 0.0, 0.0]);
    let part = point.gds() / point.id();
    // The limit is put on either side of what the model has where the circuit is.
    for (sign, negative) in [(0.9 * part, true), (1.1 * part, false)] {
        let found = ward.examine_under(Limits { sign, ..Limits::default() }, circuit, "op");
        let told = found.findings.iter().any(|f| f.cause == Cause::NegativeConductance);
        assert_eq!(told, negative, "{sign}: {found:#?}");
        let plan = |sign| Plan {
            checks: vec!["gds-sign".into()],
            devices: vec!["W10u_L0.13u".into()],
            limits: Limits { sign, ..Limits::default() },
            ..Plan::default()
        };
        let worst = check(&sick, &Measurements::new(), &plan(sign)).unwrap().checks[0].worst.clone();
        assert!(worst.number.unwrap() <= part * 0.9, "{worst:?}");
        assert_eq!(worst.verdict == Verdict::Fail, worst.number.unwrap() < sign);
    }
    // Below the noise floor of its measurements a sign means nothing to either.
    let mut coarse = sick.clone();
    coarse.manifest.devices.iter_mut().for_each(|d| d.floor = 1.0);
    let path = ward.folder.path().join("sick.osdi");
    osdi::write(&[&coarse, &model(-1.0, Fault::None)], &path, &Options::default()).unwrap();
    assert!(ward.examine(circuit, "op").findings.is_empty());
}

#[test]
fn a_circuit_that_fails_is_blamed_on_the_conductance_that_turns_it_away() {
    let Some(ward) = Ward::new(Fault::NegativeGds) else { return };
    // More current than the transistor takes at any drain voltage: where it should rise, it falls.
    let circuit = "vg g 0 0.9\ni1 0 d 2m\nN1 d g 0 0 nch\n.options itl1=20 itl2=5 gminsteps=1 srcsteps=1";
    let found = ward.examine(circuit, "optran 0 0 0 0 0 0\nop");
    assert_eq!(found.analyses[0].ending, Ending::Failed, "{found:#?}");
    let finding = found.findings.iter().find(|f| f.cause == Cause::NegativeConductance);
    let finding = finding.unwrap_or_else(|| panic!("{found:#?}"));
    let [vgs, vds, _] = finding.bias.unwrap();
    assert!((0.0..=1.5).contains(&vds) && finding.number.unwrap() < 0.0, "{vgs} {vds} {finding:#?}");
    assert!(!found.findings.iter().any(|f| f.cause == Cause::Unexplained), "{found:#?}");
}

#[test]
fn a_kink_is_found_where_the_simulator_passed_it() {
    let Some(ward) = Ward::new(Fault::Kink) else { return };
    let circuit = "vdd d 0 1.2\nvg g 0 0.6\nN1 d g 0 0 nch";
    let found = ward.examine(circuit, "dc vg 0.5 1.0 0.01");
    let kink = found.findings.iter().find(|f| f.cause == Cause::Kink).unwrap_or_else(|| panic!("{found:#?}"));
    assert!((kink.bias.unwrap()[0] - 0.7).abs() < 0.02, "{kink:#?}");
    let away = ward.examine(circuit, "dc vg 0.9 1.1 0.01");
    assert!(away.findings.is_empty(), "{away:#?}");
}

#[test]
fn sizes_in_other_units_are_the_same_transistor() {
    let Some(ward) = Ward::new(Fault::NegativeGds) else { return };
    let circuit = |model: &str, size: &str| {
        format!(
            "vdd d 0 1.2\nvg g 0 0.9\n.model own sick_nmos device=\"W10u_L0.13u\" {model}\nN1 d g 0 0 own {size}"
        )
    };
    let metres = ward.examine(&circuit("", "w=10u l=0.13u"), "op");
    let scaled = ward.examine(&circuit("scale=0.8u shrink=20", "w=15.625 l=0.203125"), "op");
    let ([a], [b]) = (&*metres.findings, &*scaled.findings) else { panic!("{metres:#?} {scaled:#?}") };
    assert_eq!((a.cause, b.cause), (Cause::NegativeConductance, Cause::NegativeConductance));
    assert!((a.number.unwrap() / b.number.unwrap() - 1.0).abs() < 1e-9, "{a:#?} {b:#?}");
    assert!(scaled.remarks.is_empty() && scaled.transistors == 1, "{scaled:#?}");
}

#[test]
fn the_family_tells_models_of_one_device_type_apart() {
    let Some(ward) = Ward::new(Fault::None) else { return };
    let together = Options { names: vec!["both".into()], ..Options::default() };
    let models = [model(1.0, Fault::NegativeGds), model(-1.0, Fault::None)];
    osdi::write(&models.each_ref(), &ward.folder.path().join("both.osdi"), &together).unwrap();
    let circuit = |family: &str, sign: f64| {
        let [vdd, vg] = [1.2, 0.9].map(|v| sign * v);
        format!(
            "vdd d 0 {vdd}\nvg g 0 {vg}\n.model own both family=\"{family}\" device=\"W10u_L0.13u\"\nN1 d g 0 0 own"
        )
    };
    let sick = ward.examine(&circuit("nmos", 1.0), "pre_osdi both.osdi\nop");
    assert_eq!(only(&sick).cause, Cause::NegativeConductance, "{sick:#?}");
    let sound = ward.examine(&circuit("pmos", -1.0), "pre_osdi both.osdi\nop");
    assert!(sound.findings.is_empty() && sound.transistors == 1, "{sound:#?}");
}

#[test]
fn a_bias_outside_the_data_is_named_with_the_range() {
    let Some(ward) = Ward::new(Fault::None) else { return };
    let found = ward.examine("vdd d 0 2.5\nvg g 0 0.8\nN1 d g 0 0 nch\nN2 g g 0 0 nch", "op");
    let finding = only(&found);
    assert_eq!((finding.cause, finding.instances.as_slice()), (Cause::OutOfRange, &["n1".to_owned()][..]));
    assert!(finding.evidence.contains("vds = 2.500 V, fitted from 0.000 to 1.500 V"), "{finding:#?}");
    // The other polarity, drain and source exchanged.
    let found = ward.examine("vdd s 0 -2.5\nvg g 0 -0.8\nN1 0 g s 0 pch", "op");
    assert!(only(&found).evidence.contains("vds = 2.500 V"), "{found:#?}");
}

#[test]
fn a_floating_node_is_named_with_what_is_at_it() {
    let Some(ward) = Ward::new(Fault::None) else { return };
    let circuit = "vdd d 0 1\nN1 d g 0 0 nch\nc1 g 0 1f";
    let found = ward.examine(circuit, "op");
    let finding = only(&found);
    assert_eq!((finding.cause, finding.subject.as_str()), (Cause::FloatingNode, "node g"));
    assert_eq!(finding.instances, ["n1", "c1"]);
    assert!(finding.evidence.contains("simulator names node g"), "{finding:#?}");
    // From initial conditions alone, the capacitor holds the gate.
    let held = ward.examine(&format!("{circuit}\n.ic v(g)=0.5 v(d)=1"), "tran 1p 100p uic");
    assert!(held.findings.is_empty(), "{held:#?}");
}

#[test]
fn a_transient_without_charges_is_no_transient() {
    let Some(ward) = Ward::new(Fault::NoCharges) else { return };
    let found = ward.examine(INVERTER, "tran 2p 1n");
    let finding = only(&found);
    assert_eq!(finding.cause, Cause::MissingCharge);
    assert!(finding.subject.starts_with("nch (sick_nmos") && finding.evidence.contains("cgso 3.0e-10"));
    assert!(ward.examine(INVERTER, "op\ndc vin 0 1.2 0.1").findings.is_empty());
}

#[test]
fn initial_conditions_that_cannot_be_are_told() {
    let Some(ward) = Ward::new(Fault::None) else { return };
    let examined = |ic: &str| ward.examine(&format!("{INVERTER}\n.ic {ic}"), "tran 2p 200p uic");
    for (ic, expected) in [
        ("v(mid)=12 v(vdd)=1.2", " V, fitted from 0.000 to 1.500 V: the model extrapolates"),
        ("v(nowhere)=1 v(vdd)=1.2", "the circuit has no node nowhere"),
        ("v(vdd)=0.3", "0.3 V is asked for, but vdd holds the node at 1.2 V"),
    ] {
        let found = examined(ic);
        let all_initial = found.findings.iter().all(|f| f.cause == Cause::InitialCondition);
        assert!(all_initial, "{ic}: {found:#?}");
        assert!(found.findings.iter().any(|f| f.evidence.contains(expected)), "{ic}: {found:#?}");
    }
    assert!(examined("v(out)=1.2 v(vdd)=1.2").findings.is_empty());
}

#[test]
fn refusals_and_failures_of_others_are_told_apart() {
    let Some(ward) = Ward::new(Fault::None) else { return };
    let refused = ward.examine("v1 d 0 1\n.model other sick_nmos device=\"W9u_L9u\"\nN1 d d 0 0 other", "op");
    assert_eq!(only(&refused).cause, Cause::Refused);
    assert!(
        refused.findings[0].evidence.contains("no device 'w9u_l9u' in the model; it holds"),
        "{refused:#?}"
    );
    let unknown = ward.examine("v1 d 0 1\nN1 d d 0 0 nch colour=3", "op");
    assert!(only(&unknown).evidence.contains("unknown parameter (colour)"), "{unknown:#?}");
    // A source without a solution: nothing is wrong with the transistor.
    let hopeless = "v1 in 0 1.2\nr1 in x 1\nb1 x 0 i=v(x)>0.5 ? 1e3*(v(x)-0.5)-1 : 1*v(x)\nN1 in in 0 0 nch\n\
                    .options itl1=20 itl2=5 gminsteps=1 srcsteps=1";
    let failed = ward.examine(hopeless, "optran 0 0 0 0 0 0\nop");
    assert_eq!((only(&failed).cause, failed.analyses[0].ending), (Cause::Unexplained, Ending::Failed));
}

#[test]
fn files_that_are_no_netlists_are_errors() {
    let Some(ward) = Ward::new(Fault::None) else { return };
    let missing = ward.read(&ward.folder.path().join("none.cir")).unwrap_err().to_string();
    assert!(missing.contains("cannot read") && missing.contains("none.cir"), "{missing}");
    let empty = ward.folder.path().join("empty.cir");
    std::fs::write(&empty, "only a title\n").unwrap();
    assert!(ward.read(&empty).unwrap_err().to_string().contains("found no circuit"));
}
