//! The bundled data from file to frozen model and back from disk.

use gummel_data::Split;
use gummel_device::Quantity;
use gummel_kernel::{Instance, Member};
use gummel_model::Model;
use gummel_surrogate::config::Toggle;
use gummel_surrogate::report::judge;
use gummel_surrogate::{
    ChargeConfig, ConstraintsConfig, FitConfig, LmConfig, Observer, Part, Progress, Solver, StopReason,
    charges, fit, resume,
};

use crate::sample::{coarse, demo};

/// A fit short enough for a test, without constraints.
pub(crate) fn quick() -> FitConfig {
    let lm = LmConfig {
        starts: 2,
        start_steps: 20,
        subset: 100,
        subset_steps: 30,
        max_steps: 15,
        ..LmConfig::default()
    };
    let constraints = ConstraintsConfig { steps: 0, ..ConstraintsConfig::default() };
    let mut config = FitConfig { solver: Solver::Lm(lm), constraints, ..FitConfig::default() };
    config.network.hidden = vec![20, 20];
    config
}

#[test]
fn both_polarities_are_fitted_to_the_noise_and_held_out_curves_are_met_as_well() {
    for family in ["demo130/nmos", "demo130/pmos"] {
        let data = demo(family);
        let config = FitConfig { split: Split::Curves { fraction: 0.1, seed: 0 }, ..quick() };
        let fitted = fit(&data, &config, &mut ()).unwrap();
        let of = |part| fitted.report.summaries.iter().find(|s| s.part == part).unwrap();
        // The data carry 0.2 % of noise.
        assert!(of(Part::Train).rel_rms.median < 0.01, "{family}: {:?}", of(Part::Train).rel_rms);
        assert!(of(Part::HeldOut).rel_rms.median < 0.02, "{family}: {:?}", of(Part::HeldOut).rel_rms);
        assert!(of(Part::Train).gm_rel_l2.median < 0.05, "{family}");
    }
}

#[test]
fn few_readings_get_a_narrow_trunk_and_are_met_better_for_it() {
    let data = demo("demo130/nmos");
    let split = Split::Points { fraction: 0.97, seed: 0 };
    let run = |hidden: Vec<usize>| {
        let mut config = FitConfig { split: split.clone(), ..quick() };
        config.network.hidden = hidden;
        fit(&data, &config, &mut ()).unwrap()
    };
    let (chosen, wide) = (run(vec![]), run(vec![20, 20]));
    let hidden = chosen.model.spec.branches[0].layers.iter().map(|l| l.outputs).collect::<Vec<_>>();
    assert!(hidden[0] < 20, "{hidden:?}");
    assert!(chosen.report.decisions.iter().any(|d| d.contains("held-out curves")));
    let error = |f: &gummel_surrogate::Fit| {
        f.report.summaries.iter().find(|s| s.part == Part::HeldOut).unwrap().rel_rms.median
    };
    assert!(error(&chosen) < 0.7 * error(&wide), "{} {}", error(&chosen), error(&wide));
    // The same width by hand leads to the same model, bit for bit.
    assert_eq!(run(hidden).model.spec, chosen.model.spec);
}

#[test]
fn nothing_ripples_between_bulk_voltages_that_were_measured() {
    let coarse = coarse("demo130/nmos");
    let fine = demo("demo130/nmos");
    for seed in 0..3 {
        let fitted = fit(&coarse, &FitConfig { seed, ..quick() }, &mut ()).unwrap();
        // Two fifths of the transfer curves of the fine set lie at -0.3 and -0.9 V, between those fitted.
        for device in judge(&fitted.model, &fine, Part::HeldOut) {
            assert!(device.errors.rel_rms < 0.03, "seed {seed}, {}: {:?}", device.name, device.errors);
        }
    }
}

#[test]
fn a_model_read_back_from_disk_gives_the_same_currents_and_obeys_the_physics() {
    let data = demo("demo130/pmos");
    let fitted = fit(&data, &quick(), &mut ()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fitted.model.save(folder.path().join("model")).unwrap();
    let back = Model::load(folder.path().join("model")).unwrap();
    assert_eq!(back.spec, fitted.model.spec);
    let place = back.spec.devices[0].place;
    let device = Instance::new(&back.spec, Member::Device(0), &place);
    for k in 0..200 {
        let t = f64::from(k);
        let v = [
            -1.2 * (0.5 + 0.5 * (0.7 * t).sin()),
            -0.3 - 0.9 * (0.3 * t).sin().abs(),
            0.1 * (0.9 * t).cos(),
            0.3,
        ];
        let p = device.eval(v);
        let swapped = device.eval([v[2], v[1], v[0], v[3]]);
        assert_eq!(p.id(), -swapped.id(), "drain and source are not alike at {v:?}");
        assert!(p.id() * (v[0] - v[2]) >= 0.0, "the channel delivers power at {v:?}");
        assert!(p.currents().iter().sum::<f64>().abs() <= 1e-15 * p.id().abs());
        assert_eq!(device.eval([v[2], v[1], v[2], v[3]]).id(), 0.0);
    }
    assert!(device.eval([1e3, -1e3, 0.0, 1e3]).id().is_finite());
}

#[test]
fn the_same_seed_gives_the_same_model_and_another_seed_another() {
    let data = demo("demo130/nmos");
    let run = |seed| fit(&data, &FitConfig { seed, ..quick() }, &mut ()).unwrap().model.spec;
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

/// Stops after a number of steps.
struct StopAfter(usize, usize);

impl Observer for StopAfter {
    fn progress(&mut self, progress: &Progress) {
        self.1 = progress.step;
    }

    fn stop(&self) -> bool {
        self.1 >= self.0
    }
}

#[test]
fn an_interrupted_fit_ends_with_a_model_and_goes_on_from_its_checkpoint() {
    let data = demo("demo130/nmos");
    let first = fit(&data, &quick(), &mut StopAfter(45, 0)).unwrap();
    assert_eq!(first.report.stopped, StopReason::Interrupted);
    let second = resume(&data, &quick(), &first.checkpoint, &mut ()).unwrap();
    let loss = |f: &gummel_surrogate::Fit| f.report.history.last().unwrap().loss;
    let error = |f: &gummel_surrogate::Fit| f.report.summaries[0].rel_rms.median;
    assert!(loss(&second) < loss(&first) || error(&second) < error(&first));
    let other = demo("demo130/pmos");
    let mut fewer = other.clone();
    fewer.devices.truncate(3);
    assert!(
        resume(&fewer, &quick(), &first.checkpoint, &mut ()).unwrap_err().to_string().contains("checkpoint")
    );
}

#[test]
fn gate_and_bulk_currents_are_tasks_on_the_same_trunk() {
    let data = demo("demo130/nmos");
    let mut config = quick();
    config.tasks.quantities = vec![Quantity::Id, Quantity::Ib];
    let fitted = fit(&data, &config, &mut ()).unwrap();
    assert_eq!(fitted.model.spec.branches[0].outputs.len(), 2);
    assert!(fitted.report.summaries[0].rel_rms.median < 0.02);
}

#[test]
fn capacitances_alone_give_the_gate_charge_that_was_not_measured() {
    let data = coarse("demo130/nmos");
    let mut config = quick();
    config.charges.fit = Toggle::Off;
    let mut model = fit(&data, &config, &mut ()).unwrap().model;
    let mut without = data.clone();
    for device in &mut without.devices {
        device
            .quantities
            .retain(|q, _| !matches!(q, Quantity::Qg | Quantity::Qd | Quantity::Qs | Quantity::Qb));
    }
    assert!(!charges::add(&mut model, &without, &ChargeConfig::default(), 0, &mut ()).unwrap().is_empty());
    // Judged by the gate charge that was taken away, too; six capacitances leave open how the bulk's follows the drain.
    let open = [Quantity::Qd, Quantity::Qs, Quantity::Qb];
    let errors = charges::charge_errors(&model, &data).unwrap();
    assert!(errors.iter().any(|e| e.quantity == Quantity::Qg));
    for e in errors.iter().filter(|e| !open.contains(&e.quantity)) {
        assert!(e.error.median < 0.03, "{}: {:?}", e.quantity.column(), e.error);
    }
}
