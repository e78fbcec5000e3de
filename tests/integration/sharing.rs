//! Who may share a trunk: mixtures of polarities, technologies and devices of another kind.
#![allow(clippy::print_stdout, reason = "tests say what they measured")]

use gummel_data::{CurveInfo, Dataset, DeviceData, Flags, Split};
use gummel_device::{Bias, DeviceId, Family, Geometry, Origin, Polarity, Quantity, Terminal};
use gummel_model::Model;
use gummel_surrogate::{
    AutoConfig, Effect, FitConfig, Grouping, LmConfig, Sharing, Solver, TaskFit, TaskOf, fit, fit_tasks,
    transfer, unseen,
};

use crate::bundled::quick;
use crate::sample::{dataset, demo, silicon};

/// A diode in a transistor's place: the drain is its anode, the gate does nothing.
///
/// `i = Is (exp((vd - i R) / n UT) - 1)` solved by bisection.
fn diode() -> DeviceData {
    let current = |vd: f64| {
        let excess = |i: f64| 1e-12 * (((vd - 100.0 * i) / (1.05 * 0.025_85)).min(200.0).exp() - 1.0) - i;
        let (mut low, mut high) = (0.0, 1e-2);
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if excess(middle) > 0.0 { low = middle } else { high = middle }
        }
        low
    };
    let gates = [0.0, 0.3, 0.6, 0.9, 1.2];
    let drains: Vec<f64> = (0..=96).map(|k| 0.0125 * f64::from(k)).collect();
    let (mut bias, mut id, mut curve, mut curves) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (c, vg) in gates.into_iter().enumerate() {
        for vd in &drains {
            bias.push([*vd, vg, 0.0, 0.0]);
            id.push(current(*vd));
            curve.push(c);
        }
        curves.push(CurveInfo {
            swept: Terminal::Drain,
            held: Bias { vd: 0.0, vg, vs: 0.0, vb: 0.0 },
            temperature: 300.15,
            sweep: "idvd".to_owned(),
            file: 0,
            origin: Origin::Measured,
        });
    }
    let n = id.len();
    DeviceData {
        id: DeviceId {
            family: Family { technology: "planted".into(), name: "diode".into(), polarity: Polarity::N },
            name: "anode".into(),
            geometry: Geometry::new(1e-6, 1e-6),
            site: String::new(),
            corner: None,
        },
        floor: 1e-12,
        bias: bias.into(),
        temperature: vec![300.15; n].into(),
        curve,
        curves,
        quantities: [(Quantity::Id, id.into())].into(),
        flags: vec![Flags::default(); n],
    }
}

/// Several datasets as one.
fn mixture(parts: impl IntoIterator<Item = Dataset>) -> Dataset {
    let mut all = Dataset { devices: Vec::new(), files: Vec::new() };
    for mut part in parts {
        for device in &mut part.devices {
            device.curves.iter_mut().for_each(|c| c.file += all.files.len());
        }
        all.devices.append(&mut part.devices);
        all.files.append(&mut part.files);
    }
    all
}

fn family_of(data: &Dataset, family: &str) -> Dataset {
    let devices = data.devices.iter().filter(|d| d.id.family.to_string() == family).cloned().collect();
    Dataset { devices, files: data.files.clone() }
}

/// Fits `train` with the guard, and says how the error of each family in `judging` differs from that of the family alone.
fn guarded(train: &Dataset, judging: &Dataset, config: &FitConfig) -> (Grouping, Vec<(String, Effect)>) {
    let auto = FitConfig { sharing: Sharing::Auto(AutoConfig::default()), ..config.clone() };
    let shared = fit_tasks(train, &auto, &mut ()).unwrap();
    let effects = shared
        .iter()
        .map(|TaskFit { task, fit: shared, .. }| {
            let alone = fit(&family_of(train, task), config, &mut ()).unwrap();
            let judged = |m: &Model| unseen::squares(m, &family_of(judging, task), &config.residual);
            (task.clone(), Effect::between(&judged(&shared.model), &judged(&alone.model)).unwrap())
        })
        .collect();
    let report = &shared[0].fit.report;
    for line in report.decisions.iter().filter(|d| d.contains("trunk")) {
        println!("{line}");
    }
    println!("{effects:?}");
    (report.grouping.clone().unwrap(), effects)
}

/// No family is worse off for what the guard decided, judged by readings that it did not see either.
fn assert_nobody_loses(effects: &[(String, Effect)]) {
    for (family, effect) in effects {
        let low = effect.interval.map_or(effect.change, |[low, _]| low);
        assert!(low <= 0.01, "{family} lost: {effect:?}");
    }
}

/// Transistors of both polarities of which a twentieth of the readings is fitted, and a diode of which half is; then the readings
/// that are left.
fn planted() -> (Dataset, Dataset) {
    let diode = Dataset { devices: vec![diode()], files: Vec::new() };
    let parts = [(demo("demo130/nmos"), 0.96), (demo("demo130/pmos"), 0.96), (diode, 0.5)];
    let split =
        |(data, fraction): &(Dataset, f64)| data.split(&Split::Points { fraction: *fraction, seed: 0 });
    let (train, judging): (Vec<Dataset>, Vec<Dataset>) = parts.iter().map(split).unzip();
    (mixture(train), mixture(judging))
}

/// A trunk that suits so few readings.
fn narrow() -> FitConfig {
    let mut config = quick();
    config.network.hidden = vec![12, 12];
    config.solver = Solver::Lm(LmConfig { max_steps: 40, ..LmConfig::default() });
    config
}

#[test]
fn n_and_p_share_a_trunk_and_a_planted_diode_does_not() {
    let (train, judging) = planted();
    let (grouping, effects) = guarded(&train, &judging, &narrow());
    let of = |name: &str| grouping.groups.iter().find(|g| g.iter().any(|t| t == name)).unwrap();
    assert_eq!(*of("planted/diode"), ["planted/diode"], "{grouping:?}");
    assert_eq!(*of("demo130/nmos"), ["demo130/nmos", "demo130/pmos"], "{grouping:?}");
    assert!(!grouping.trials[0].kept, "all together do harm");
    assert_nobody_loses(&effects);
    let helped = effects.iter().filter(|(_, e)| e.change < -0.05).count();
    assert!(helped >= 1, "sharing brings something: {effects:?}");
}

#[test]
fn ihp_and_sky130_are_grouped_without_harm() {
    let (Some(ihp), Some(sky130)) = (silicon("ihp"), silicon("sky130")) else { return };
    let some = |mut data: Dataset| {
        data.devices = data.devices.into_iter().step_by(3).collect();
        data
    };
    let data = mixture([
        some(dataset(ihp.clone(), "*/lv_nmos", 27.0)),
        some(dataset(ihp, "*/lv_pmos", 27.0)),
        some(dataset(sky130, "sky130/nfet_01v8", 25.0)),
    ]);
    let (train, judging) = data.split(&Split::Points { fraction: 0.95, seed: 0 });
    let (grouping, effects) = guarded(&train, &judging, &narrow());
    assert_eq!(grouping.groups.iter().map(Vec::len).sum::<usize>(), 3, "{grouping:?}");
    assert_nobody_loses(&effects);
}

#[test]
fn the_transfer_matrix_tells_who_helps_and_who_harms() {
    let found = transfer(&planted().0, &narrow(), TaskOf::Family, &mut ()).unwrap();
    assert_eq!(found.tasks, ["demo130/nmos", "demo130/pmos", "planted/diode"]);
    println!("{:?}\n{:?}", found.change, found.together);
    println!("{:?}", found.conflict);
    let change = |k: usize, j: usize| found.change[k][j].unwrap().change;
    assert!(found.change.iter().enumerate().all(|(k, row)| row[k].is_none()));
    assert!(change(0, 1) < -0.2 && change(1, 0) < -0.2, "n and p help each other");
    assert!(change(1, 0) < change(1, 2), "the other transistor helps p more than the diode does");
    assert!(found.together[2].unwrap().change > 0.0, "the diode loses among transistors");
    // At the trunk of all, n and p compete although they help each other: where a fit ends, gradients sum to zero.
    let trunk = &found.conflict.layers[0];
    assert!(trunk.cosine[0][1] < 0.0 && trunk.pull.iter().all(|p| (0.0..1.0).contains(p)), "{trunk:?}");
    let layers: Vec<&str> = found.conflict.layers.iter().map(|l| l.layer.as_str()).collect();
    assert_eq!(layers, ["trunk", "layer 1", "layer 2"]);
}

#[test]
fn tasks_inside_a_family_are_grouped_and_refusals_name_the_key() {
    let mut data = demo("demo130/nmos");
    data.devices.truncate(4);
    let auto = |auto: AutoConfig| FitConfig {
        sharing: Sharing::Auto(auto),
        split: Split::Points { fraction: 0.95, seed: 0 },
        ..quick()
    };
    let tasks = AutoConfig { tasks: TaskOf::Device, ..AutoConfig::default() };
    let fits = fit_tasks(&data, &auto(tasks), &mut ()).unwrap();
    let grouping = fits[0].fit.report.grouping.clone().unwrap();
    assert_eq!(grouping.groups.iter().map(Vec::len).sum::<usize>(), 4, "{grouping:?}");
    assert_eq!(fits.len(), grouping.groups.len());
    for (fit, group) in fits.iter().zip(&grouping.groups) {
        let names: Vec<&str> = fit.data.devices.iter().map(|d| d.id.name.as_str()).collect();
        assert_eq!(names, *group);
    }
    let wrong = AutoConfig { folds: 1, ..AutoConfig::default() };
    let error = fit_tasks(&data, &auto(wrong), &mut ()).unwrap_err().to_string();
    assert!(error.contains("sharing.folds"), "{error}");
    let both = mixture([data, demo("demo130/pmos")]);
    let error = fit_tasks(&both, &auto(tasks), &mut ()).unwrap_err().to_string();
    assert!(error.contains("2 families"), "{error}");
}
