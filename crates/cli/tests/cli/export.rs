//! `gummel export` and `gummel verify` on a fitted run.

use crate::lab::Lab;

fn fitted() -> Lab {
    let lab = Lab::new();
    lab.gummel("fit data --config quick.toml --no-plots --out run").code(0);
    lab
}

#[test]
fn every_target_is_written_and_what_can_be_checked_is_the_model() {
    let lab = fitted();
    for (target, file) in [
        ("verilog-a", "sg13g2_nmos.va"),
        ("c", "sg13g2_nmos.h"),
        ("numpy", "sg13g2_nmos.py"),
        ("onnx", "sg13g2_nmos.onnx"),
        ("onnx-f32", "sg13g2_nmos_f32.onnx"),
        ("spice", "sg13g2_nmos.sp"),
        ("gmid", "sg13g2_nmos_gmid.csv"),
        ("osdi", "sg13g2_nmos.osdi"),
    ] {
        let said = lab.gummel(&format!("export run --to {target} --json")).code(0).json();
        let written = said["files"][0].as_str().expect("a file").to_owned();
        assert!(lab.path(&written).is_file() && written.ends_with(&file[6..]), "{target}: {written}");
    }
    lab.gummel("export run --to c --device W1u_L1u --out one.h").code(0);
    let verdict = lab.gummel("verify one.h --against run --points 2000 --json").code(0).json();
    assert_eq!((&verdict["passed"], &verdict["points"]), (&true.into(), &2000.into()));
    assert_eq!(verdict["differences"].as_array().map(Vec::len), Some(8));
    assert!(lab.gummel("verify one.h --against run").code(0).out().contains("same model"));

    lab.gummel("export run --to gmid --grid vgs=0:1.2:0.1,vds=0.6 --out t.csv").code(0);
    assert_eq!(lab.read("t.csv").lines().count(), 1 + 4 * 13);
    lab.gummel("export run --to gmid --grid vgs=0:1.2:0.1,vds=0.6 --out t.parquet").code(0);
    assert!(std::fs::read(lab.path("t.parquet")).expect("file").starts_with(b"PAR1"));
}

#[test]
fn the_help_of_verify_has_the_limits_that_it_holds_exports_to() {
    let said = Lab::new().gummel("verify --help").code(0).out();
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for limit in ["c 1e-12", "onnx-f32 1e-5", "osdi 1e-9", "spice 1e-6"] {
        assert!(words.contains(limit), "{limit}: {said}");
    }
}

#[test]
fn a_changed_export_fails_the_check() {
    let lab = fitted();
    lab.gummel("export run --to c --out model.h").code(0);
    let text = lab.read("model.h");
    lab.write("model.h", &text.replacen("z2_0 = tanh(", "z2_0 = tanh(1e-6 + ", 1));
    let said = lab.gummel("verify model.h --against run --points 500").code(1);
    assert!(
        said.out().contains("NOT the same model") && said.err().contains("differs from"),
        "{}",
        said.out()
    );
}

#[test]
fn wrong_exports_are_refused_and_leave_nothing() {
    let lab = fitted();
    let before = lab.list("");
    let error = |line: &str| lab.gummel(line).code(1).err();
    assert!(error("export run --to osci").contains("unknown target 'osci'; expected one of: verilog-a c"));
    assert!(error("export run --to c --device W1u_L2u").contains("nearest: W1u_L1u"));
    assert!(error("export run run --to c").contains("takes one model, found 2"));
    assert!(error("export run --to osdi --device W1u_L1u").contains("choose in the netlist"));
    assert!(error("export run --to onnx --inputs vgs").contains("'vgs' is no input"));
    for (flag, target) in [
        ("--inputs w", "c"),
        ("--grid vgs=0:1:0.1,vds=0.6", "onnx"),
        ("--using osdi", "spice"),
        ("--abi 0.4", "verilog-a"),
        ("--name nch", "lib"),
    ] {
        let said = error(&format!("export run --to {target} {flag}"));
        assert!(said.contains(&format!("{target} does not use it")), "{said}");
    }
    assert!(error("export run --to c --temperature nan").contains("expected a finite positive number"));
    assert!(error("export run --to c --temperature -300").contains("expected a finite positive number"));
    assert!(error("export run --to c --temperature 125").contains("does not change with temperature"));
    assert!(error("export run --to spice --corner ff").contains("does not change with corner"));
    assert!(error("export run --to c --out no/such/folder/m.h").contains("cannot write no/such/folder/m.h"));
    assert!(error("export data --to c").contains("neither a run folder nor a model folder"));
    assert!(error("verify missing.h --against run").contains("cannot read missing.h"));
    assert!(error("verify quick.toml --against run").contains("found no line 'gummel-export"));
    lab.gummel("export --to c").code(2);
    lab.gummel("verify one.h").code(2);

    let manifest = lab.read("run/model/manifest.toml");
    lab.write("run/model/manifest.toml", &manifest.replacen("format = 4", "format = 99", 1));
    assert!(error("export run --to c").contains("update gummel"));
    lab.write("run/model/manifest.toml", &manifest);
    let weights = lab.path("run/model/weights.safetensors");
    let good = std::fs::read(&weights).expect("weights");
    let mut bytes = good.clone();
    let last = bytes.len() - 5;
    bytes[last] ^= 1;
    std::fs::write(&weights, &bytes).expect("write");
    assert!(error("export run --to verilog-a").contains("blake3"));
    let end = bytes.len();
    bytes[end - 8..].copy_from_slice(&f64::NAN.to_le_bytes());
    std::fs::write(&weights, &bytes).expect("write");
    assert!(error("export run --to onnx").contains("expected a finite number"));
    std::fs::write(&weights, &good[..good.len() / 2]).expect("write");
    assert!(error("export run --to spice").contains("is damaged"));
    assert_eq!(lab.list(""), before, "no file was left behind");
}
