//! `gummel fit` and what stands on its run folder.

use crate::lab::Lab;

const RUN_FILES: [&str; 6] =
    ["checkpoint.json", "config.toml", "history.csv", "model", "summary.json", "summary.md"];

#[test]
fn a_family_becomes_a_run_folder() {
    let lab = Lab::new();
    let ran = lab.gummel("fit data --config quick.toml").code(0);
    let text = ran.out();
    for part in [
        "read 8 files",
        "ihp-sg13g2/lv_nmos",
        "worst first",
        "gm, relative L2 %",
        "wrote runs/lv_nmos",
        "next:",
    ] {
        assert!(text.contains(part), "no '{part}' in\n{text}");
    }
    assert!(text.lines().all(|l| l.chars().count() <= 100), "wider than the terminal:\n{text}");
    let mut files = RUN_FILES.to_vec();
    files.insert(4, "plots");
    assert_eq!(lab.list("runs/lv_nmos"), files);
    let plots = lab.list("runs/lv_nmos/plots");
    for kind in ["gallery", "transfer", "output", "gm", "gds", "gm-over-id", "parity", "error-map", "history"]
    {
        assert!(plots.iter().any(|p| p.starts_with(kind) && p.ends_with(".svg")), "no {kind} in {plots:?}");
    }
    assert!(lab.read("runs/lv_nmos/summary.md").contains("| W10u_L10u |"));
    assert!(lab.read("runs/lv_nmos/history.csv").starts_with("step,stage,loss,seconds\n"));

    lab.gummel("fit data --config quick.toml --no-plots").code(0);
    assert_eq!(lab.list("runs"), ["lv_nmos", "lv_nmos-2"], "a taken name gets a number");
}

#[test]
fn the_same_fit_gives_the_same_model() {
    let lab = Lab::new();
    lab.gummel("fit data --config quick.toml --no-plots --out a").code(0);
    lab.gummel("fit data --config a/config.toml --no-plots --out b").code(0);
    assert_eq!(
        lab.read("a/model/manifest.toml"),
        lab.read("b/model/manifest.toml"),
        "the run's own recipe repeats it"
    );
    lab.gummel("fit data --config quick.toml --no-plots --seed 3 --out b").code(0);
    assert_ne!(
        lab.read("a/model/manifest.toml"),
        lab.read("b/model/manifest.toml"),
        "another seed, another model"
    );
}

#[test]
fn a_model_says_the_day_on_which_it_was_made() {
    let lab = Lab::new();
    let fit = "fit data --config quick.toml --no-plots --out run";
    lab.gummel(fit).code(0);
    assert!(lab.read("run/model/manifest.toml").contains("created = \"2001-09-09\""));
    lab.gummel("export run --to c --out model.h").code(0);
    assert!(
        lab.read("model.h").contains("model frozen by gummel")
            && lab.read("model.h").contains(" on 2001-09-09")
    );
    lab.measure_into("new", "nmos", 3.0, 0.5, 1.0);
    lab.gummel_at(Some("1709164800"), "adapt run new --points 20 --out grown").code(0);
    assert!(lab.read("grown/manifest.toml").contains("created = \"2024-02-29\""));
    lab.gummel_at(None, fit).code(0);
    let manifest = lab.read("run/model/manifest.toml");
    let day = manifest.split("created = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a day");
    let year: u32 = day.split('-').next().and_then(|y| y.parse().ok()).expect("a year");
    assert!(year >= 2026 && day.len() == "2026-01-31".len(), "{day}");
    let wrong = lab.gummel_at(Some("yesterday"), fit).code(1).err();
    assert!(
        wrong.contains("SOURCE_DATE_EPOCH is \"yesterday\", expected whole seconds since 1970"),
        "{wrong}"
    );
}

#[test]
fn families_get_a_model_each() {
    let lab = Lab::new().with_pmos();
    let json = lab.gummel("fit data --config quick.toml --no-plots --json --out both").code(0).json();
    let families = json["summary"]["families"].as_array().expect("families");
    let names: Vec<_> = families.iter().map(|f| f["family"].as_str().expect("name")).collect();
    assert_eq!(names, ["ihp-sg13g2/lv_nmos", "ihp-sg13g2/lv_pmos"]);
    for family in families {
        let median = family["report"]["summaries"][0]["rel_rms"]["median"].as_f64().expect("median");
        assert!(median < 0.05, "a smooth device is met within 5 %, not {median}");
    }
    assert_eq!(lab.list("both"), ["lv_nmos", "lv_pmos", "summary.json", "summary.md"]);
    assert_eq!(lab.list("both/lv_pmos"), RUN_FILES);
    lab.gummel("predict both/lv_nmos --all --grid vgs=0:1.2:0.1,vds=1.2 --out curves.parquet").code(0);
    let bytes = std::fs::read(lab.path("curves.parquet")).expect("file");
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "a Parquet file, as its name says");
    let several = lab.gummel("predict both --all --grid vgs=1,vds=1").code(1);
    assert!(several.err().contains("both/lv_nmos, both/lv_pmos"), "{}", several.err());
    let p = lab.gummel("predict both/lv_pmos --all --grid vgs=-1.2,vds=-1.2 --quantities id").code(0).out();
    assert!(p.lines().skip(1).all(|l| l.rsplit(',').next().is_some_and(|i| i.starts_with('-'))), "{p}");
}

#[test]
fn files_that_fail_are_named_and_the_others_fitted() {
    let lab = Lab::new();
    lab.write("data/broken.mdm", "BEGIN_HEADER\nnonsense\n");
    let ran = lab.gummel("fit data --config quick.toml --no-plots --json").code(3);
    assert!(ran.err().contains("broken.mdm"), "{}", ran.err());
    assert_eq!(ran.json()["summary"]["failures"][0]["path"], "broken.mdm");
    let strict = lab.gummel("fit data --config quick.toml --no-plots --strict --out strict").code(1);
    assert!(strict.err().contains("broken.mdm"));
    assert!(!lab.path("strict").exists(), "a failed fit leaves nothing");
}

#[test]
fn a_run_goes_on_where_it_stopped() {
    let lab = Lab::new();
    lab.gummel("fit data --config quick.toml --no-plots --out first").code(0);
    let loss = |run: &str| -> f64 {
        let history = lab.read(&format!("{run}/history.csv"));
        history.lines().last().and_then(|l| l.split(',').nth(2)).and_then(|l| l.parse().ok()).expect("loss")
    };
    let ran = lab.gummel("fit --resume first --no-plots --out second").code(0);
    assert!(ran.out().contains("read 8 files"), "the run knows its data");
    assert!(loss("second") <= loss("first") * 1.05, "{} after {}", loss("second"), loss("first"));
    let other = lab.gummel("fit --resume first --hidden 4,4 --no-plots").code(1);
    assert!(other.err().contains("checkpoint"), "{}", other.err());
}

#[test]
fn a_folder_that_is_no_run_is_left_alone() {
    let lab = Lab::new();
    let ran = lab.gummel("fit data --config quick.toml --no-plots --out data").code(1);
    assert!(ran.err().contains("no run folder"), "{}", ran.err());
    assert_eq!(lab.list("data").len(), 8);
}

#[test]
fn nothing_selected_says_what_there_is() {
    let lab = Lab::new();
    let ran = lab.gummel("fit data --family pmos").code(1);
    assert!(ran.err().contains("lv_nmos"), "{}", ran.err());
    let recipe = lab.gummel("fit data --config nowhere.toml").code(1);
    assert!(recipe.err().contains("default, ihp, sky130"), "{}", recipe.err());
    let gpu = lab.gummel("fit data --device gpu").code(1);
    assert!(gpu.err().contains("--solver adamw"), "{}", gpu.err());
}

#[test]
fn a_table_larger_than_memory_is_fitted_part_by_part() {
    let lab = Lab::new();
    lab.gummel("data convert demo130-noisy --out all.parquet").code(0);
    let rows = lab.gummel("inspect all.parquet --json").code(0).json()["points"].as_u64().expect("points");
    lab.write(
        "adamw.toml",
        "[network]\nhidden = [12, 12]\n[solver]\nkind = \"adamw\"\nsteps = 400\nbatch = 256\n",
    );
    for recipe in ["quick", "adamw"] {
        let command = format!(
            "fit all.parquet --family nmos --temperature 27 --config {recipe}.toml --no-plots --stream 10000 --json --out {recipe}"
        );
        let json = lab.gummel(&command).code(0).json();
        let report = &json["summary"]["families"][0]["report"];
        let decisions = report["decisions"].as_array().expect("decisions");
        let told =
            decisions.iter().filter_map(|d| d.as_str()).find(|d| d.starts_with(&format!("{rows} rows in")));
        let told = told.unwrap_or_else(|| panic!("{decisions:?}"));
        assert!(told.contains("readings of all parts"), "{told}");
        let error: f64 = told
            .split("error ")
            .nth(1)
            .and_then(|t| t.split(' ').next())
            .expect("error")
            .parse()
            .expect("number");
        // Levenberg-Marquardt on one part meets all of them; some hundred steps of AdamW only begin to.
        let most = if recipe == "quick" { 5.0 } else { 60.0 };
        assert!(error > 0.0 && error < most, "{recipe}: {told}");
        // A fifth of the rows of one family at one of three temperatures.
        let fitted = report["summaries"][0]["points"].as_u64().expect("points");
        assert!(fitted < rows / 20, "{fitted} of {rows}");
        let judged: u64 = told
            .split(" readings")
            .next()
            .and_then(|t| t.rsplit(' ').next())
            .expect("readings")
            .parse()
            .expect("number");
        assert!(judged > 4 * fitted && judged <= rows / 6, "{judged} judged, {fitted} fitted");
        assert!(lab.list(recipe).contains(&"data.parquet".to_owned()), "the part that memory held is kept");
    }
    let refused = |command: &str, code: i32, part: &str| {
        let ran = lab.gummel(command).code(code);
        assert!(ran.err().contains(part), "{command}: {}", ran.err());
    };
    refused("fit data --config quick.toml --stream 2000", 1, "gummel data convert");
    refused("fit data all.parquet --config quick.toml --stream 2000", 1, "one Parquet file");
    refused("fit all.parquet --config quick.toml --sharing single --stream 2000", 1, "leave out --sharing");
    refused("fit all.parquet --stream 10", 2, "1000");
}

#[test]
fn a_fit_begins_with_the_trunk_of_another_family() {
    let lab = Lab::new().with_pmos();
    lab.gummel("fit data --family */lv_nmos --config quick.toml --no-plots --out known").code(0);
    let frozen = lab
        .gummel(
            "fit data --family */lv_pmos --config quick.toml --no-plots --trunk known --hold frozen --out p",
        )
        .code(0);
    assert!(frozen.out().contains("trunk of ihp-sg13g2/lv_nmos, kept as it is"), "{}", frozen.out());
    let held = lab
        .gummel(
            "fit data --family */lv_pmos --config quick.toml --no-plots --trunk known --hold 1,0.1 --out h",
        )
        .code(0);
    assert!(held.out().contains("held near what it was"), "{}", held.out());
    assert!(lab.read("h/config.toml").contains("from = \"known\""));
    // Networks held to a given trunk and to each other.
    for hold in ["0.1", "frozen"] {
        let both = format!("--trunk known --hold {hold} --sharing soft --out both_{hold}");
        let tied =
            lab.gummel(&format!("fit data --family */lv_pmos --config quick.toml --no-plots {both}")).code(0);
        assert!(tied.out().contains("networks, parameters held close to each other"), "{}", tied.out());
        let network =
            lab.list(&format!("both_{hold}")).into_iter().find(|f| f.starts_with('W')).expect("networks");
        let trunk = |model: &str| {
            gummel_model::Model::load(lab.path(model)).expect("a model").spec.branches[0].layers.clone()
        };
        let (own, given) = (trunk(&format!("both_{hold}/{network}/model")), trunk("known/model"));
        assert_eq!(own[1] == given[1], hold == "frozen", "bounds leave a frozen trunk what it was");
    }
    let adamw = "[solver]\nkind = \"adamw\"\nsteps = 100\nbatch = 512\n";
    lab.write("adamw.toml", &format!("{adamw}[charges]\nfit = \"off\"\n"));
    lab.write("weighed.toml", &format!("{adamw}balance = \"dwa\"\n"));
    let by_adamw = "fit data --family */lv_pmos --no-plots --trunk known --hold 0.1 --config";
    let held = lab.gummel(&format!("{by_adamw} adamw.toml --out a")).code(0);
    assert!(held.out().contains("held near what it was with strength 0.1"), "{}", held.out());
    let weighed = lab.gummel(&format!("{by_adamw} weighed.toml")).code(1);
    assert!(weighed.err().contains("balance, conflicts = dwa, ignored"), "{}", weighed.err());
    let refused = |command: &str, part: &str| {
        let ran = lab.gummel(&format!("fit data --family */lv_pmos --config quick.toml {command}")).code(1);
        assert!(ran.err().contains(part), "{command}: {}", ran.err());
    };
    refused("--trunk known --hold 1,1,1,1,1,1,1", "at most");
    refused("--hold frozen", "add --trunk MODEL");
    refused("--trunk absent", "absent");
    let negative = lab.gummel("fit data --config quick.toml --trunk known --hold -1").code(2);
    assert!(negative.err().contains("strengths from 0 on"), "{}", negative.err());
}

#[test]
fn the_bundled_trunk_is_held_as_tightly_as_the_data_ask_for() {
    let lab = Lab::new();
    let ran = lab.gummel("fit data --config quick.toml --no-plots --trunk bundled --out run").code(0);
    assert!(ran.out().contains("trunk of demo130/mos, held near what it was with strength"), "{}", ran.out());
    assert!(ran.out().contains("held-out curves: 10: "), "{}", ran.out());
    assert!(lab.read("run/config.toml").contains("from = \"bundled\""));
}

#[test]
fn positions_between_corners_need_corners_and_are_numbers() {
    let lab = Lab::new();
    lab.gummel("fit data --config quick.toml --no-plots --out run").code(0);
    let refused = |command: &str, code: i32, part: &str| {
        let ran = lab.gummel(&format!("corners run --out moved {command}")).code(code);
        assert!(ran.err().contains(part), "{command}: {}", ran.err());
    };
    refused("--at 0.5,0", 1, "not fitted to several process corners");
    refused("", 1, "--draw N");
    refused("--at fast", 2, "e.g. 0.5,0");
    refused("--draw 3 --correlation 2", 1, "from -1 to 1");
    assert!(!lab.path("moved").exists());
}
