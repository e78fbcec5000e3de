//! `gummel check` and `gummel report`: tables, JSON, exit codes, limits, damaged models.

use expect_test::expect;

use crate::lab::Lab;

fn made_up() -> Lab {
    Lab::new().with_made_up()
}

#[test]
fn the_table_names_verdict_number_bound_and_place() {
    let lab = made_up();
    let only = "gm-sign,gds-sign,gm-id-plateau,corner-order,charge-loop,accuracy";
    let said = lab.gummel(&format!("check nmos --only {only}")).code(0).out();
    expect![[r#"
        made-up/nmos, 2 devices

        check           verdict        number   bound          failed   worst at
        ----------------------------------------------------------------------------------------------------
        accuracy        not tested          -   <= 0.05        -        no measured sweeps under this
                                                                        condition (give them with --data)
        gm-id-plateau   pass            0.456   <= 1.02        0/2      W10u_L0.13u 27 C vg 0.218 vd 0.05
        gds-sign        pass           0.0132   >= -1e-6 1/V   0/2      W10u_L0.13u 27 C vg 0.638 vd 0.688
                                                                        vb -1.2
        gm-sign         pass            0.249   >= -1e-6 1/V   0/2      W2u_L0.5u 27 C vg 1.5 vd 0.063
        corner-order    not modelled        -   >= 0.999       -        one corner only
        charge-loop     not modelled        -   <= 1e-5        -        no charges

        no   benchmark of 2025                                  answer         evidence
        ----------------------------------------------------------------------------------------------------
        1    Thermodynamics                                     pass in part   gm-id-plateau pass (0.456)
        2    DC currents of all terminals, linear and           not tested     accuracy not tested
             logarithmic
        3    Charges and capacitances                           not modelled   charge-loop not modelled
        8    All geometries                                     not tested     accuracy not tested
        9    All temperatures                                   not tested     accuracy not tested
        12   Monotonic over bias, geometry, temperature         pass in part   gm-sign pass (0.249),
                                                                               gds-sign pass (0.0132)
        14   Asymptotically correct                             pass in part   gm-id-plateau pass (0.456)
        19   Tunable to specification corners                   not modelled   corner-order not modelled

        no check failed
    "#]]
    .assert_eq(&said);
}

#[test]
fn json_has_every_case_and_every_row() {
    let lab = made_up();
    let report = lab.gummel("check nmos --no-data --json").code(0).json();
    let keys = |value: &serde_json::Value| -> String {
        value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>().join(" ")
    };
    let case = &report["checks"][0]["cases"][0];
    let row = &report["card"][0];
    let schema = [&report, &report["checks"][0], case, row, &row["evidence"][0]].map(keys).join("\n");
    expect![[r#"
        card checks devices family gummel limits standings
        bound cases definition failed name passed source title unit verdict worst
        corner device number remark temperature verdict worst
        answer covers_part evidence number remark title
        check number verdict"#]]
    .assert_eq(&schema);
    let checks = report["checks"].as_array().expect("checks");
    assert!(checks.iter().all(|c| c["cases"].as_array().is_some_and(|cases| cases.len() == 2)));
    let verdicts = ["pass", "fail", "not_modelled", "not_tested"];
    assert!(checks.iter().all(|c| verdicts.contains(&c["verdict"].as_str().expect("verdict"))));
    assert_eq!(report["card"].as_array().map(Vec::len), Some(21));
    // One device is one case.
    let name = checks[0]["cases"][0]["device"].as_str().expect("name");
    let one = lab.gummel(&format!("check nmos --only gm-sign --device {name} --json")).code(0).json();
    assert_eq!(one["devices"], 1);
    assert_eq!(one["checks"].as_array().map(Vec::len), Some(1));
    assert_eq!(one["checks"][0]["cases"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_whole_report_says_of_every_device_whether_it_may_be_used() {
    let lab = made_up();
    lab.write("hard.toml", "kirchhoff = -1\n");
    let said = lab.gummel("check nmos --no-data --limits hard.toml").code(0).out();
    let of = said.split("may it be used").nth(1).expect("a table of devices");
    let row = of.lines().find(|l| l.starts_with("not usable")).expect("a row");
    assert!(row.contains("kirchhoff"), "{of}");
    let report = lab.gummel("check nmos --no-data --json").code(0).json();
    let standings = report["standings"].as_array().expect("standings");
    assert_eq!(standings.len(), 2);
    assert!(
        standings.iter().all(|s| s["verdict"] == "not_judged" || s["verdict"] == "not_usable"),
        "{report}"
    );
}

#[test]
fn the_exit_code_follows_the_checks_that_were_named() {
    let lab = made_up();
    lab.write("hard.toml", "kirchhoff = -1\n");
    let check =
        |rest: &str| lab.gummel(&format!("check nmos --limits hard.toml --only kirchhoff,gm-sign {rest}"));
    check("").code(0);
    check("--fail-on gm-sign").code(0);
    check("--fail-on gm-sign,kirchhoff").code(4);
    let failed = check("--fail-on any").code(4).out();
    assert!(failed.contains("1 check failed: kirchhoff"), "{failed}");
    lab.gummel("check nmos --only kirchhoff,gm-sign --fail-on any").code(0);
    // What was not tested is not passed, and no failure either, unless one says so.
    lab.gummel("check nmos --only accuracy --fail-on any").code(0);
    lab.gummel("check nmos --only accuracy --fail-on untested").code(4);
    lab.gummel("check nmos --only gm-sign --fail-on any,untested").code(0);
    let never = lab.gummel("check nmos --only gm-sign --fail-on gds-sign").code(1).err();
    assert!(
        never.contains("gds-sign: this check is not made, because --only gm-sign leaves it out"),
        "{never}"
    );
}

#[test]
fn wrong_questions_say_what_there_is() {
    let lab = made_up();
    let error = |line: &str| lab.gummel(line).code(1).err();
    let unknown = error("check nmos --only gm-sing");
    assert!(unknown.contains("no check 'gm-sing'; expected one of accuracy, "), "{unknown}");
    assert!(unknown.contains("with --exports one of round-trip-c, round-trip-numpy"), "{unknown}");
    assert!(error("check nmos --fail-on all").contains("no check 'all'"));
    let later = error("check nmos --only circuit-ring");
    assert!(later.contains("'circuit-ring' is one of exports; add --exports"), "{later}");
    let device = error("check nmos --device W9u_L9u");
    assert!(device.contains("no device 'W9u_L9u' in made-up/nmos"), "{device}");
    let same = error("check nmos --exports --with nmos --only circuit-ring");
    assert!(same.contains("made-up/nmos is a n-channel model like the one that is judged"), "{same}");
    let other = error("check nmos --exports --with nothing --only circuit-ring");
    assert!(other.contains("--with") && other.contains("nothing is neither a run folder"), "{other}");
    lab.gummel("check nmos --with pmos").code(2);
    lab.gummel("check nmos --no-data --data data").code(2);
    lab.gummel("check").code(2);
}

#[test]
fn limits_are_printed_read_back_and_checked() {
    let lab = made_up();
    let printed = lab.gummel("check --print-limits").code(0).out();
    lab.write("limits.toml", &printed);
    lab.gummel("check nmos --limits limits.toml --only gm-sign --fail-on any").code(0);
    lab.write("typo.toml", "accuracy = 0.02\ngumel_symmetry = 0.1\n");
    for verb in ["check nmos --only gm-sign", "report nmos --out page.html"] {
        let unknown = lab.gummel(&format!("{verb} --limits typo.toml")).code(1).err();
        for part in ["typo.toml", "line 2", "unknown field `gumel_symmetry`", "--print-limits"] {
            assert!(unknown.contains(part), "{part}: {unknown}");
        }
    }
    assert!(!lab.path("page.html").exists());
    lab.write("word.toml", "accuracy = \"good\"\n");
    let word = lab.gummel("check nmos --limits word.toml").code(1).err();
    assert!(word.contains("word.toml") && word.contains("expected f64"), "{word}");
    let missing = lab.gummel("check nmos --limits none.toml").code(1).err();
    assert!(missing.contains("cannot read none.toml"), "{missing}");
}

#[test]
fn damaged_models_are_one_clear_error_and_leave_no_page() {
    let lab = made_up();
    let both = |part: &str| {
        for line in ["check nmos", "report nmos --out page.html"] {
            let ran = lab.gummel(line).code(1);
            assert!(ran.err().contains(part) && ran.out().is_empty(), "{line}: {}", ran.err());
        }
        assert!(!lab.path("page.html").exists());
    };
    let (manifest, weights) = (lab.path("nmos/manifest.toml"), lab.path("nmos/weights.safetensors"));
    let (text, bytes) =
        (std::fs::read_to_string(&manifest).expect("manifest"), std::fs::read(&weights).expect("weights"));
    std::fs::write(&weights, &bytes[..bytes.len() / 2]).expect("write");
    both("weights.safetensors is damaged");
    std::fs::remove_file(&weights).expect("remove");
    both("weights.safetensors");
    std::fs::write(&weights, &bytes).expect("write");
    std::fs::write(&manifest, &text[..text.len() / 2]).expect("write");
    both("manifest.toml");
    std::fs::remove_file(&manifest).expect("remove");
    both("nmos is neither a run folder nor a model folder");
}

#[test]
fn a_report_is_one_file_and_says_what_failed() {
    let lab = made_up();
    lab.write("hard.toml", "kirchhoff = -1\n");
    let said = lab.gummel("report nmos --limits hard.toml --out page.html --json").code(0).json();
    assert_eq!(said["out"], "page.html");
    assert!(said["failed"].as_array().is_some_and(|f| f.contains(&"kirchhoff".into())), "{said}");
    let page = lab.read("page.html");
    assert_eq!(said["bytes"], page.len());
    assert!(page.starts_with("<!doctype html>") && page.contains("made-up/nmos"));
    let lost = lab.gummel("report nmos --out no/such/folder/page.html").code(1).err();
    assert!(lost.contains("no/such/folder/page.html"), "{lost}");
}

#[test]
fn exports_run_circuits_with_the_other_polarity() {
    if std::env::var_os("GUMMEL_NGSPICE").is_none() {
        eprintln!("SKIPPED: circuits need ngspice; GUMMEL_NGSPICE is not set");
        return;
    }
    let lab = made_up();
    let line = "check nmos --exports --with pmos --only circuit-mirror,circuit-ring,noise --json";
    let report = lab.gummel(line).code(0).json();
    let of = |name: &str| {
        let checks = report["checks"].as_array().expect("checks");
        checks.iter().find(|c| c["name"] == name).unwrap_or_else(|| panic!("{name}: {report}"))["verdict"]
            .clone()
    };
    assert_eq!([of("circuit-mirror"), of("circuit-ring"), of("noise")], ["pass", "not_modelled", "pass"]);
    assert_eq!(report["card"][6]["answer"], "in_part", "thermal noise alone");
}
