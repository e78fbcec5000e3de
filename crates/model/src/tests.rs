//! Behaviour of a model folder: what is written comes back, and every kind of damage is named.

mod corners;

use std::fs;
use std::path::Path;

use gummel_device::{Bias, Corner, Geometry, Origin, Polarity, Quantity, Sweep, Terminal};
use gummel_kernel::Sample;
use ndarray::{Array2, array};

use crate::{DeviceEntry, DeviceQuery, Manifest, Model, ModelError, curve, predict};

fn sample(population: bool, sign: f64) -> Model {
    let spec =
        Sample { layers: vec![5, 4], leakage: true, charges: true, population, sign, ..Sample::default() }
            .spec();
    let polarity = if sign > 0.0 { Polarity::N } else { Polarity::P };
    let mut manifest = Manifest::new("demo", "nmos", polarity);
    manifest.created = "2026-01-01".into();
    manifest.seed = 7;
    for d in &spec.devices {
        let mut entry = DeviceEntry::new(&d.name, Geometry::new(d.place.w, d.place.l), 1e-12);
        entry.temperatures = vec![300.15];
        entry.corner = Some(Corner::Tt);
        manifest.devices.push(entry);
    }
    Model::new(spec, manifest).expect("the sample is consistent")
}

fn saved(model: &Model) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("model");
    model.save(&path).expect("the folder is writable");
    (dir, path)
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("the file is text");
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(path, text.replacen(from, to, 1)).expect("the file is writable");
}

#[test]
fn a_model_reads_back_bit_for_bit_and_saves_to_the_same_bytes() {
    for population in [false, true] {
        let mut model = sample(population, -1.0);
        let errors = gummel_device::metrics::current_errors(
            &[1.0],
            &[1.0],
            &[1.0],
            gummel_device::metrics::StrongSet::new(Geometry::new(1e-6, 1e-6), Polarity::N, 1e-12),
            1e-12,
        );
        model.manifest.devices[0].errors = Some(errors);
        model.manifest.metrics.insert("rel_rms".into(), gummel_device::metrics::Spread::over([0.1 + 0.2]));
        model.manifest.config.insert("steps".into(), 40.into());
        let (_keep, path) = saved(&model);
        let back = Model::load(&path).expect("a fresh folder loads");
        assert_eq!(back, model);
        let (_keep2, again) = saved(&back);
        for file in ["manifest.toml", "weights.safetensors"] {
            assert_eq!(fs::read(path.join(file)).ok(), fs::read(again.join(file)).ok());
        }
    }
}

#[test]
fn saving_replaces_an_older_model_but_nothing_else() {
    let model = sample(false, 1.0);
    let (keep, path) = saved(&model);
    let mut other = model.clone();
    other.manifest.notes = "second".into();
    other.save(&path).expect("a model folder may be replaced");
    assert_eq!(Model::load(&path).expect("it loads").manifest.notes, "second");
    assert_eq!(fs::read_dir(keep.path()).expect("readable").count(), 1, "temporary folders are gone");

    let foreign = keep.path().join("thesis");
    fs::create_dir(&foreign).expect("writable");
    fs::write(foreign.join("chapter1.tex"), "precious").expect("writable");
    assert!(matches!(model.save(&foreign), Err(ModelError::Occupied { .. })));
    assert_eq!(fs::read_to_string(foreign.join("chapter1.tex")).ok().as_deref(), Some("precious"));
}

#[test]
fn a_failed_save_leaves_the_older_model() {
    let model = sample(false, 1.0);
    let (_keep, path) = saved(&model);
    let mut broken = model.clone();
    broken.spec.branches[0].layers[0].bias[2] = f64::NAN;
    let message = broken.save(&path).expect_err("NaN is refused").to_string();
    assert!(message.contains("branch 0: layer 0: bias 2 is NaN"), "{message}");
    assert_eq!(Model::load(&path).expect("the old one is whole"), model);
}

#[test]
fn every_kind_of_damage_is_named() {
    let model = sample(false, 1.0);
    let message = |damage: &dyn Fn(&Path)| {
        let (_keep, path) = saved(&model);
        damage(&path);
        Model::load(&path).expect_err("damage is refused").to_string()
    };
    let manifest =
        |from: &'static str, to: &'static str| message(&|p: &Path| edit(&p.join("manifest.toml"), from, to));
    let weights = |change: fn(&mut Vec<u8>)| {
        message(&|p: &Path| {
            let file = p.join("weights.safetensors");
            let mut bytes = fs::read(&file).expect("readable");
            change(&mut bytes);
            fs::write(file, bytes).expect("writable");
        })
    };
    for (found, expected) in [
        (
            message(&|p: &Path| fs::remove_file(p.join("weights.safetensors")).expect("removable")),
            "weights.safetensors is missing",
        ),
        (manifest("format = 4", "format = 99"), "model format 99, this version reads up to 4"),
        (manifest("format = 4", "form = 1"), "'format = N' is missing"),
        (manifest("family = ", "familie = "), "missing field `family`"),
        (manifest("polarity = \"n\"", "polarity = \"q\""), "line "),
        (manifest("layers = [5, 4]", "layers = [6, 4]"), "expected F64 [6, 3]"),
        (manifest("kind = \"channel\"", "kind = \"canal\""), "unknown output kind 'canal'"),
        (weights(|b| b.truncate(b.len() - 9)), "is damaged"),
        (weights(|b| b.truncate(0)), "is damaged"),
        (
            weights(|b| {
                let n = b.len();
                b[n - 4] ^= 1;
            }),
            "blake3",
        ),
        (
            weights(|b| {
                let n = b.len();
                b[n - 8..].copy_from_slice(&f64::INFINITY.to_le_bytes());
            }),
            "is inf, expected a finite number",
        ),
    ] {
        assert!(found.contains(expected), "expected '{expected}' in: {found}");
    }
}

#[test]
fn an_unknown_device_is_answered_with_near_names() {
    let message = sample(false, 1.0)
        .instance(&DeviceQuery::named("W10u_L0.12u"))
        .expect_err("there is none")
        .to_string();
    assert!(message.contains("nearest: W10u_L0.13u"), "{message}");
}

#[test]
fn overrides_change_the_place_and_nonsense_is_refused() {
    let model = sample(true, 1.0);
    let query = DeviceQuery::named("W10u_L0.13u");
    let bias = [1.0, 1.0, 0.0, 0.0];
    let id = |q: DeviceQuery| model.instance(&q).map(|i| i.current(bias));
    let nominal = id(query.clone()).expect("it exists");
    assert!(id(query.clone().at_temperature(398.15)).expect("valid") != nominal);
    assert!(id(query.clone().at_corner(Corner::Ff)).expect("valid") != nominal);
    assert!(id(query.clone().with_geometry(20e-6, 0.13e-6)).expect("valid") > 1.9 * nominal);
    for bad in [f64::NAN, 0.0, -1.0, f64::INFINITY] {
        assert!(matches!(
            id(query.clone().at_temperature(bad)),
            Err(ModelError::Place { what: "temperature", .. })
        ));
    }
    let place = model.spec.devices[0].place;
    assert!(model.instance_at(&place).is_ok());
    assert!(matches!(sample(false, 1.0).instance_at(&place), Err(ModelError::NoPopulation { .. })));
}

#[test]
fn curves_and_arrays_agree_with_single_points() {
    let model = sample(false, -1.0);
    let device = model.instance(&DeviceQuery::named("W10u_L0.13u")).expect("it exists");
    let sweep = Sweep {
        swept: Terminal::Gate,
        held: Bias { vd: -1.0, ..Bias::default() },
        values: vec![0.0, -0.5, -1.0],
    };
    let ids = curve(&device, "x", &sweep, Quantity::Id, 300.15);
    assert_eq!((ids.origin, ids.values.len()), (Origin::Fitted, 3));
    assert!(ids.values[2] < ids.values[1] && ids.values[1] < 0.0, "a p-channel drain current is negative");
    let biases = array![[-1.0, 0.0, 0.0, 0.0], [-1.0, -0.5, 0.0, 0.0], [-1.0, -1.0, 0.0, 0.0]];
    let table = predict(&device, biases.view(), Quantity::ALL).expect("four columns");
    assert_eq!(table.column(0).to_vec(), ids.values);
    for row in table.rows() {
        let currents: f64 = row.iter().take(4).sum();
        assert!(currents.abs() < 1e-12 * row[0].abs() + 1e-30, "Kirchhoff");
    }
    let three = Array2::zeros((2, 3));
    assert!(matches!(predict(&device, three.view(), &[]), Err(ModelError::BiasColumns { found: 3 })));
}

#[test]
fn the_manifest_reads_well() {
    let mut model = sample(true, 1.0);
    model.spec.devices.truncate(1);
    model.manifest.devices.truncate(1);
    let (_keep, path) = saved(&model);
    let text = fs::read_to_string(path.join("manifest.toml")).expect("readable");
    expect_test::expect![[r#"
        format = 4

        [weights]
        blake3 = "9f89ae246d5d07b295997231a1094a05c9e90d6741901f9b4183d20fe730d5c3"

        [model]
        gummel = "0.1.0"
        created = "2026-01-01"
        technology = "demo"
        family = "nmos"
        polarity = "n"
        seed = 7
        notes = ""
        data = []

        [model.metrics]

        [model.config]

        [[model.devices]]
        name = "W10u_L0.13u"
        site = ""
        corner = "tt"
        floor = 0.000000000001
        leakage = 0.0
        temperatures = [300.15]
        points = 0

        [model.devices.geometry]
        w = 0.00001
        l = 0.00000013
        nf = 1.0
        mult = 1.0

        [[structure.branches]]
        symmetric = true
        smoothing = 0.01
        center = [0.5, 0.5, -0.4]
        scale = [1.0, 1.0, 1.0]
        layers = [5, 4]
        population = ["1", "inv_l", "tau", "speed"]
        deviation = ["1"]

        [[structure.branches.statics]]
        covariate = "tau"
        scale = 0.5

        [[structure.branches.outputs]]
        kind = "channel"
        scale = 0.00002
        per_geometry = true

        [[structure.branches.outputs]]
        kind = "gate"
        scale = 0.0000000000001
        per_geometry = false

        [[structure.branches.outputs]]
        kind = "bulk"
        scale = 0.00000000000001
        per_geometry = false

        [[structure.branches]]
        symmetric = true
        smoothing = 0.01
        center = [0.5, 0.5, -0.4]
        scale = [1.0, 1.0, 1.0]
        layers = [5, 4]
        population = ["1", "inv_l", "tau", "speed"]
        deviation = ["1"]

        [[structure.branches.statics]]
        covariate = "tau"
        scale = 0.5

        [[structure.branches.outputs]]
        kind = "gate_charge"
        scale = 0.000000000000005
        per_geometry = true

        [[structure.branches.outputs]]
        kind = "bulk_charge"
        scale = 0.000000000000002
        per_geometry = true

        [[structure.branches.outputs]]
        kind = "channel_charge"
        scale = 0.000000000000002
        per_geometry = true

        [[structure.devices]]
        name = "W10u_L0.13u"
        w = 0.00001
        l = 0.00000013
        mult = 1.0
        temperature = 300.15
        speed = 0.0
        skew = 0.0
        range = [[0.0, 1.5], [0.0, 1.5], [-1.2, 0.0]]
    "#]]
    .assert_eq(&text);
}

/// A population of the right sizes: heads known to 0.1 in each number.
fn population(model: &Model) -> crate::Population {
    let (m, n) = (model.spec.branches[0].own_len(), model.spec.devices.len());
    let diagonal: Vec<f64> = (0..m * m).map(|k| if k % (m + 1) == 0 { 0.01 } else { 0.0 }).collect();
    let heads = crate::HeadPopulation {
        reach: 1.0,
        shared: 0.9,
        calibration: 1.0,
        covariance: diagonal.clone(),
        noise: vec![0.005; n],
        new_noise: 0.01,
        posterior: vec![diagonal; n],
    };
    crate::Population { voltage_offset: 2e-4, outputs: vec![heads; model.spec.branches[0].outputs.len()] }
}

#[test]
fn a_population_travels_with_its_model_and_tells_how_sure_it_is() {
    let mut model = sample(true, -1.0);
    let query = DeviceQuery::named(model.spec.devices[0].name.clone());
    let without = model.uncertainty(&query).expect_err("nothing is known");
    assert!(without.to_string().contains("population.safetensors"), "{without}");
    model.population = Some(population(&model));
    let (_root, dir) = saved(&model);
    let back = Model::load(&dir).expect("load");
    assert_eq!(back.population, model.population);
    let sure = back.uncertainty(&query).expect("a population");
    let at = [-1.0, -1.0, 0.0, 0.0];
    let (narrow, wide) = (sure.interval(at, 0.5), sure.interval(at, 0.99));
    assert!(narrow.value < 0.0, "a p-channel current into the drain is negative");
    assert!(wide.low < narrow.low && narrow.low < narrow.value && narrow.value < narrow.high);
    assert!(narrow.high < wide.high && narrow.in_range);
    let instance = back.instance(&query).expect("the device");
    let channel = instance.eval(at).output(gummel_kernel::OutputKind::Channel).value;
    assert!((narrow.value + channel).abs() <= 1e-12 * channel, "{} and {channel}", narrow.value);
    let zero = sure.interval([0.0, -1.0, 0.0, 0.0], 0.9);
    assert!(zero.low < 0.0 && zero.high > 0.0 && zero.value == 0.0);
}

#[test]
fn a_slope_that_is_not_known_widens_intervals_away_from_the_reference_alone() {
    let mut model = sample(true, 1.0);
    model.spec.branches[0].deviation.terms.push([0, 0, 0, 0, 1, 0, 0]);
    for device in &mut model.spec.devices {
        let own = &mut device.deviation[0];
        own.iter_mut().for_each(|head| *head = head.iter().flat_map(|c| [*c, 0.0]).collect());
    }
    model.population = Some(population(&model));
    let (_root, dir) = saved(&model);
    let back = Model::load(&dir).expect("load");
    assert_eq!(back.population, model.population);
    let deviation = |kelvin: f64| {
        let query = DeviceQuery {
            temperature: Some(kelvin),
            ..DeviceQuery::named(model.spec.devices[0].name.clone())
        };
        back.uncertainty(&query).expect("a population").interval([0.6, 0.6, 0.0, 0.0], 0.9).deviation
    };
    // Every number is known to 0.1, and so is its change per 100 K.
    let (still, warm) = (deviation(300.15), deviation(400.15));
    // Activations are a little other ones there.
    assert!((1.2..1.7).contains(&(warm / still)), "{still} and {warm}");
}

#[test]
fn a_population_of_other_sizes_or_another_model_is_refused() {
    let mut model = sample(false, 1.0);
    let mut wrong = population(&model);
    wrong.outputs[0].posterior.pop();
    model.population = Some(wrong);
    let folder = tempfile::tempdir().expect("folder");
    let error = model.save(folder.path().join("model")).expect_err("a device is missing");
    assert!(error.to_string().contains("devices, expected"), "{error}");
    model.population = Some(population(&model));
    let (_root, dir) = saved(&model);
    let path = dir.join("population.safetensors");
    let mut bytes = std::fs::read(&path).expect("read");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).expect("write");
    let error = Model::load(&dir).expect_err("an edited file");
    assert!(error.to_string().contains("blake3"), "{error}");
    std::fs::remove_file(&path).expect("remove");
    let error = Model::load(&dir).expect_err("a missing file");
    assert!(error.to_string().contains("population.safetensors"), "{error}");
}

#[test]
fn limits_and_a_knee_survive_and_older_formats_have_none() {
    let mut model = sample(true, 1.0);
    for older in ["format = 1", "format = 2", "format = 3"] {
        let (_keep, path) = saved(&model);
        edit(&path.join("manifest.toml"), "format = 4", older);
        assert_eq!(Model::load(&path).expect("older formats load for ever"), model);
    }
    model.spec = Sample { layers: vec![5, 4], bounded: true, population: true, ..Sample::default() }.spec();
    let (_keep, path) = saved(&model);
    let back = Model::load(&path).expect("load");
    assert_eq!(back, model);
    let branch = &back.spec.branches[0];
    assert!(
        branch.hull.is_some() && branch.features.saturation == Some(2.5) && branch.features.knee == Some(0.2)
    );
}
