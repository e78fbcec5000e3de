//! `gummel predict` and `gummel plot` on a fitted run.

use crate::lab::Lab;

fn fitted() -> Lab {
    let lab = Lab::new();
    lab.gummel("fit data --config quick.toml --no-plots --out run").code(0);
    lab
}

#[test]
fn predictions_follow_the_grid_and_the_table() {
    let lab = fitted();
    let grid = lab.gummel("predict run --device W1u_L1u --grid vgs=0:1.2:0.6,vds=0.05/1.2").code(0).out();
    let lines: Vec<&str> = grid.lines().collect();
    assert_eq!(lines[0], "device,temperature,vgs,vds,vbs,id,gm,gds");
    assert_eq!(lines.len(), 1 + 3 * 2);
    assert!(lines[6].starts_with("W1u_L1u,300.15,1.2,1.2,0,"));

    lab.write("biases.csv", "vd,vg,vs,vb\n1.2,1.2,0,0\n");
    let line = "predict run/model --device W1u_L1u --table biases.csv --out one.csv --json";
    assert_eq!(lab.gummel(line).code(0).json()["rows"], 1);
    assert_eq!(lab.read("one.csv").lines().nth(1), Some(lines[6]), "grid and table agree");

    let all = lab.gummel("predict run --all --grid vgs=1.2,vds=1.2 --quantities id").code(0).out();
    assert_eq!(all.lines().count(), 1 + 4);
    let wide = lab
        .gummel("predict run --device W1u_L1u --w 2u --grid vgs=1.2,vds=1.2 --quantities id")
        .code(0)
        .out();
    let id =
        |text: &str| text.lines().nth(1).and_then(|l| l.rsplit(',').next()?.parse::<f64>().ok()).expect("id");
    let one = lab.gummel("predict run --device W1u_L1u --grid vgs=1.2,vds=1.2 --quantities id").code(0).out();
    assert!((id(&wide) / id(&one) - 2.0).abs() < 0.5, "twice the width, about twice the current");
}

#[test]
fn wrong_questions_are_answered_with_what_there_is() {
    let lab = fitted();
    let unknown = lab.gummel("predict run --device W1u_L2u --grid vgs=1,vds=1").code(1);
    assert!(unknown.err().contains("nearest: W1u_L1u"), "{}", unknown.err());
    lab.gummel("predict run --device W1u_L1u").code(2);
    lab.gummel("predict run --grid vgs=1,vds=1").code(2);
    let quantity = lab.gummel("predict run --all --grid vgs=1,vds=1 --quantities ids").code(2);
    assert!(quantity.err().contains("expected one of: id"), "{}", quantity.err());
    let json = lab.gummel("predict run --all --grid vgs=1,vds=1 --json").code(1);
    assert!(json.err().contains("--out") && json.out().is_empty());
    let folder = lab.gummel("predict data --all --grid vgs=1,vds=1").code(1);
    assert!(folder.err().contains("neither a run folder nor a model folder"), "{}", folder.err());
}

#[test]
fn every_kind_of_figure_is_drawn() {
    let lab = fitted();
    for kind in
        ["gallery", "transfer", "output", "gm", "gds", "gm-over-id", "parity", "error-map", "history", "raw"]
    {
        lab.gummel(&format!("plot run --kind {kind} --out {kind}.svg")).code(0);
        assert!(lab.read(&format!("{kind}.svg")).starts_with("<svg"), "{kind}");
    }
    let json = lab.gummel("plot run --kind gm --device W10u_L10u --json").code(0).json();
    assert_eq!(json["out"], "gm_W10u_L10u.svg");
    assert!(lab.path("gm_W10u_L10u.svg").is_file());
}

#[test]
fn a_model_alone_is_drawn_without_points() {
    let lab = fitted();
    std::fs::rename(lab.path("run/model"), lab.path("alone")).expect("move");
    lab.gummel("plot alone --kind transfer --out t.svg").code(0);
    assert!(!lab.read("t.svg").contains("measured"));
    let gallery = lab.gummel("plot alone --kind gallery").code(1);
    assert!(gallery.err().contains("--data"), "{}", gallery.err());
    lab.gummel("plot alone --kind gallery --data data --out g.svg").code(0);
    assert!(lab.read("g.svg").contains("measured"));
    let format = lab.gummel("plot alone --kind transfer --out t.pdf").code(1);
    assert!(format.err().contains("svg or png"), "{}", format.err());
}

#[test]
fn moved_data_are_asked_for() {
    let lab = fitted();
    std::fs::rename(lab.path("data"), lab.path("elsewhere")).expect("move");
    let lost = lab.gummel("plot run").code(1);
    assert!(lost.err().contains("--data"), "{}", lost.err());
    lab.gummel("plot run --data elsewhere").code(0);
}

#[test]
fn corners_have_figures_and_positions_far_from_them_are_warned_of() {
    let lab = Lab::new();
    let fit =
        "fit demo130 --family nmos --temperature 27 --devices W10u_L0.13u* --config quick.toml --out run";
    lab.gummel(fit).code(0);
    for kind in ["corners", "corner-distances", "corner-map"] {
        assert!(lab.read(&format!("run/plots/{kind}.svg")).starts_with("<svg"), "{kind}");
        lab.gummel(&format!("plot run --kind {kind} --out {kind}.svg")).code(0);
        let svg = lab.read(&format!("{kind}.svg"));
        for corner in ["tt", "ff", "ss", "sf", "fs"] {
            assert!(svg.lines().any(|line| line.trim() == corner), "{kind} does not name {corner}");
        }
    }
    // A model alone is drawn as lines.
    lab.gummel("plot run/model --kind corners --device W10u_L0.13u_ff --out alone.svg").code(0);
    let far = lab.gummel("corners run --at 5,0 --at 0.5,0 --out far").code(0);
    assert!(far.err().contains("1 position of 2 further than 1.5 from tt, e.g. 5,0"), "{}", far.err());
    assert!(!lab.gummel("corners run --at 0.5,0 --out near").code(0).err().contains("further"));
}

#[test]
fn a_conversion_of_nothing_fails_and_leaves_what_is_there() {
    let lab = Lab::new();
    lab.write("empty.csv", "");
    lab.write("all.parquet", "an older one");
    let ran = lab.gummel("data convert empty.csv --out all.parquet").code(1);
    assert!(ran.err().contains("empty.csv: the file is empty"), "{}", ran.err());
    assert!(
        ran.err().contains("no row of measurements in 1 file; all.parquet was not written"),
        "{}",
        ran.err()
    );
    assert_eq!(lab.read("all.parquet"), "an older one");
}
