//! The report page in headless Chromium: no errors, sliders move curves, tables sort, keyboard and phone work.
//!
//! Needs node with npm and Chromium; the driver (playwright-core, no browser of its own) is installed once under
//! `target/browser`. `GUMMEL_CHROMIUM` names the browser when it is not on the path.

use std::path::{Path, PathBuf};
use std::process::Command;

use gummel_device::{Bias, Corner, Curve, Geometry, Origin, Polarity, Quantity, Sweep, Terminal};
use gummel_kernel::{Place, Sample};
use gummel_model::{DeviceEntry, DeviceQuery, Manifest, Model, curve};

use crate::{Measurements, Plan, check, page};

const DRIVER: &str = "playwright-core@1.56.1";
const DEVICES: usize = 38;

/// Node's modules with the driver, and Chromium; says what is missing.
fn browser() -> Option<(PathBuf, PathBuf)> {
    let answers =
        |program: &str| Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    let skip = |what: &str| {
        eprintln!("SKIPPED: no {what} for the test of the report page");
        None
    };
    let named = std::env::var("GUMMEL_CHROMIUM").ok();
    let names = ["chromium", "chromium-browser", "google-chrome"].map(str::to_owned);
    let Some(chromium) = named.into_iter().chain(names).find(|n| answers(n)) else { return skip("Chromium") };
    if !answers("node") || !answers("npm") {
        return skip("node with npm");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/browser");
    if !folder.join("node_modules/playwright-core").is_dir() {
        std::fs::create_dir_all(&folder).ok()?;
        let install = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder)
            .arg(DRIVER)
            .output();
        if !install.is_ok_and(|o| o.status.success()) {
            return skip("playwright-core (npm could not install it)");
        }
    }
    Some((folder, chromium.into()))
}

/// A made-up family of 38 devices with all that a model can have, twelve geometries of it at three corners, and sweeps one per
/// cent off.
fn family() -> (Model, Measurements) {
    let mut spec = Sample {
        devices: DEVICES,
        leakage: true,
        charges: true,
        population: true,
        bounded: true,
        ..Sample::default()
    }
    .spec();
    let mut manifest = Manifest::new("made-up", "nmos", Polarity::N);
    "</script><b>not markup</b>".clone_into(&mut manifest.notes);
    "2026-01-31".clone_into(&mut manifest.created);
    for k in 0..DEVICES {
        let first = spec.devices[k - k % 3].place;
        let device = &mut spec.devices[k];
        device.name += &format!("@{k}");
        let corner = (k < DEVICES - DEVICES % 3).then(|| [Corner::Tt, Corner::Ff, Corner::Ss][k % 3]);
        if let Some(corner) = corner {
            let position = corner.position();
            device.place = Place { speed: position.speed, skew: position.skew, ..first };
        }
        let geometry = Geometry::new(device.place.w, device.place.l);
        let temperatures = vec![device.place.temperature, 398.15];
        let entry = DeviceEntry::new(&device.name, geometry, 1e-12);
        manifest.devices.push(DeviceEntry { temperatures, corner, ..entry });
    }
    let model = Model::new(spec, manifest).unwrap();
    let mut measured = Measurements::new();
    for entry in &model.manifest.devices {
        let curves: &mut Vec<Curve> = measured.entry(entry.name.clone()).or_default();
        for t in &entry.temperatures {
            let instance = model.instance(&DeviceQuery::named(&entry.name).at_temperature(*t)).unwrap();
            let mut add = |swept, held| {
                let sweep = Sweep { swept, held, values: (0..34).map(|i| 0.04 * f64::from(i)).collect() };
                let mut c = curve(&instance, &entry.name, &sweep, Quantity::Id, *t);
                c.values.iter_mut().enumerate().for_each(|(i, v)| *v *= 1.0 + 0.01 * (i as f64).sin());
                curves.push(Curve { origin: Origin::Measured, ..c });
            };
            for vds in [0.05, 0.6, 1.2] {
                add(Terminal::Gate, Bias::from_source(0.0, vds, 0.0));
            }
            for vgs in [0.3, 0.45, 0.6, 0.75, 0.9, 1.05, 1.2] {
                add(Terminal::Drain, Bias::from_source(vgs, 0.0, 0.0));
            }
        }
    }
    (model, measured)
}

#[test]
fn the_report_page_works_in_a_browser() {
    let Some((driver, chromium)) = browser() else { return };
    let (model, measured) = family();
    let report = check(&model, &measured, &Plan::default()).unwrap();
    let text = page(&model, &report, &measured);
    let work = tempfile::tempdir().unwrap();
    let file = work.path().join("report.html");
    std::fs::write(&file, &text).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/page.cjs");
    let out = Command::new("node")
        .arg(script)
        .arg(&file)
        .env("NODE_PATH", driver.join("node_modules"))
        .env("GUMMEL_CHROMIUM", chromium)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{said}\n{}", String::from_utf8_lossy(&out.stderr));
    assert!(said.contains("all well"), "{said}");
    println!("{said}");
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let (model, measured) = family();
    let report =
        check(&model, &measured, &Plan { checks: vec!["gm-sign".into()], ..Plan::default() }).unwrap();
    let text = page(&model, &report, &measured);
    for outside in ["src=\"http", "href=\"http", "@import", "url(http"] {
        assert!(!text.contains(outside), "{outside}");
    }
    assert!(!text.contains("</script><b>"), "data must not end their element");
    assert!(text.contains("Leon Sorokin"), "the plotting library's licence travels with it");
    assert!(!text.contains("{{"), "every mark of the template is filled");
}
