//! The same checks on a reference that is not ours: BSIM4 in ngspice, with the cards of demo130.

use std::path::{Path, PathBuf};

use expect_test::expect;
use gummel_device::{Corner, Geometry, si};

use crate::spice::{Card, SpiceFamily};
use crate::{Abilities, Ask, CHECKS, Limits, Measurements, Ngspice, Nominal, Plan, Units, Verdict, check};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// `GUMMEL_NGSPICE`, else `ngspice` on the path, else what `tests/ngspice.sh` left; says so when there is none.
pub(super) fn ngspice() -> Option<Ngspice> {
    let named = std::env::var_os("GUMMEL_NGSPICE").map(PathBuf::from);
    let fetched = Path::new(ROOT).join("target/ngspice/ngspice");
    let all = named.into_iter().chain(["ngspice".into(), fetched]);
    let found = all.map(Ngspice::new).find(Ngspice::answers);
    if found.is_none() {
        eprintln!("SKIPPED: no ngspice (set GUMMEL_NGSPICE or run tests/ngspice.sh)");
    }
    found
}

/// One n-channel transistor in five corners.
fn demo130(simulator: Ngspice) -> SpiceFamily {
    let geometry = Geometry::new(10e-6, 0.13e-6);
    let nominal = |corner: Corner, geometry: Geometry, temperatures: &[f64]| Nominal {
        name: format!("{}_{corner}", geometry.label()),
        geometry,
        site: String::new(),
        corner: Some(corner),
        floor: 1e-12,
        leakage: 0.0,
        temperatures: temperatures.to_vec(),
        range: [[-0.3, 1.35], [0.0, 1.2], [-1.2, 0.0]],
    };
    let mut nominals: Vec<Nominal> =
        Corner::ALL.into_iter().map(|c| nominal(c, geometry, &[300.15])).collect();
    // The other end of the family, for its range of sizes and temperatures.
    nominals.push(nominal(Corner::Tt, Geometry::new(1e-6, 1e-6), &[233.15, 398.15]));
    SpiceFamily {
        simulator,
        title: "demo130/nmos in BSIM4".to_owned(),
        sign: 1.0,
        nominals,
        abilities: Abilities { temperature: true, corner: false, geometry: true, units: true },
        card,
    }
}

fn card(_: &SpiceFamily, nominal: &Nominal, ask: &Ask) -> Card {
    let (g, q) = (nominal.geometry, &ask.query);
    let (w, l) = (q.w.unwrap_or(g.w), q.l.unwrap_or(g.l));
    let corner = nominal.corner.unwrap_or(Corner::Tt);
    let kelvin = q.temperature.unwrap_or(300.15);
    // ngspice has one option for both: it knows no shrink.
    let unit = ask.units.map_or(1.0, Units::metres);
    let (w, l) = (w / unit, l / unit);
    Card {
        models: format!(
            ".lib '{ROOT}/datasets/demo130/models/demo130.lib' {corner}\n.temp {}\n.options scale={unit:e}",
            si::celsius(kelvin)
        ),
        element: format!("m1 d g s b nmos w={w:e} l={l:e} m={}", q.mult.unwrap_or(g.mult)),
    }
}

/// Takes some 10 s of a free core, because ngspice starts anew for every thousand biases.
///
/// Left out: what needs measurements, the other polarity of the same card, and the unreasonable, where ngspice
/// finds no solution (junctions at 100 times the supply) or BSIM4 refuses to start.
#[test]
fn bsim4_in_ngspice_goes_through_the_same_checks() {
    let Some(simulator) = ngspice() else { return };
    let without = "reverse-polarity unreasonable-bias unreasonable-geometry unreasonable-temperature";
    let plan = Plan {
        devices: vec!["W10u_L0.13u_tt".into()],
        checks: CHECKS
            .iter()
            .map(|c| c.name)
            .filter(|n| !n.starts_with("accuracy") && !without.contains(*n))
            .map(str::to_owned)
            .collect(),
        // The simulator's tables round voltages at 1e-15 V, its currents end at 1e-21 A.
        limits: Limits { exchange: 1e-4, variants: 1e-3, ..Limits::default() },
        ..Plan::default()
    };
    let report = check(&demo130(simulator), &Measurements::new(), &plan).unwrap();
    for c in &report.checks {
        let w = &c.worst;
        println!("{}: {} {:?} at {:?}, {}", c.name, c.verdict.text(), w.number, w.worst, w.remark);
    }
    let with = |v: Verdict| -> String {
        let names: Vec<&str> = report.checks.iter().filter(|c| c.verdict == v).map(|c| c.name).collect();
        names.join("\n")
    };
    expect![[r#"
        dc-symmetry
        slope-ratio
        tree-top
        gm-id-plateau
        subthreshold-swing
        gds-sign
        gm-sign
        kinks-gm
        kinks-gm-slope
        kinks-gds
        passivity
        kirchhoff
        noise-saturation
        temperature-threshold
        temperature-leakage
        corner-order
        corner-spread
        scaling-width
        scaling-length
        common-mode
        multiplicity
        scale
        charge-conservation
        charge-loop"#]]
    .assert_eq(&with(Verdict::Pass));
    expect![[r#"
        gummel-symmetry
        ac-symmetry
        harmonics
        noise
        noise-shot"#]]
    .assert_eq(&with(Verdict::Fail));
    expect!["corner-scatter"].assert_eq(&with(Verdict::NotModelled));
}
