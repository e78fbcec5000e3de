//! Sharing that the data decide, and who helps whom, as the program tells it.

use crate::lab::Lab;

#[test]
fn the_summary_says_which_families_share_a_trunk_and_why() {
    let lab = Lab::new().with_pmos();
    let ran =
        lab.gummel("fit data --config quick.toml --no-plots --sharing auto --json --out both").code(0).json();
    let families = ran["summary"]["families"].as_array().expect("families");
    let names: Vec<_> = families.iter().map(|f| f["family"].as_str().expect("name")).collect();
    assert_eq!(names, ["ihp-sg13g2/lv_nmos", "ihp-sg13g2/lv_pmos"]);
    for family in families {
        let grouping = &family["report"]["grouping"];
        let tasks: usize = grouping["groups"]
            .as_array()
            .expect("groups")
            .iter()
            .map(|g| g.as_array().expect("names").len())
            .sum();
        assert_eq!(tasks, 2, "{grouping}");
        let trial = &grouping["trials"][0];
        assert_eq!(trial["tasks"].as_array().expect("tasks").len(), 2);
        let [low, high] = [0, 1].map(|k| trial["changes"][0]["interval"][k].as_f64().expect("interval"));
        let change = trial["changes"][0]["change"].as_f64().expect("change");
        assert!(low <= change && change <= high, "{trial}");
        let kept = trial["kept"].as_bool().expect("kept");
        let highs = [0, 1].map(|k| trial["changes"][k]["interval"][1].as_f64().expect("interval"));
        assert_eq!(kept, highs.iter().all(|h| *h <= 0.01), "{trial}");
    }
    let told = lab.read("both/summary.md");
    assert!(told.contains("share a trunk") || told.contains("a trunk of its own"), "{told}");
    // Each family is a run of its own.
    lab.gummel("predict both/lv_pmos --all --grid vgs=-1.2,vds=-1.2 --quantities id").code(0);
    // Who shares with whom is known, so that only the groups are fitted further.
    let on = lab.gummel("fit --resume both --no-plots --json --out on").code(0).json();
    let grouping = |ran: &serde_json::Value| ran["summary"]["families"][0]["report"]["grouping"].clone();
    assert_eq!(grouping(&on), grouping(&ran));
    let refused = lab.gummel("fit --resume both --sharing hard").code(1);
    assert!(refused.err().contains("goes on with the sharing it has"), "{}", refused.err());
}

#[test]
fn networks_fitted_alone_go_on() {
    let lab = Lab::new();
    let fit = "fit data --config quick.toml --devices W1u* --no-plots --sharing single --out first";
    lab.gummel(fit).code(0);
    let tasks = |run: &str| {
        let summary: serde_json::Value =
            serde_json::from_str(&lab.read(&format!("{run}/summary.json"))).expect("JSON");
        summary["families"].as_array().expect("families").len()
    };
    lab.gummel("fit --resume first --no-plots --out second").code(0);
    assert!(tasks("first") > 1);
    assert_eq!(tasks("second"), tasks("first"));
}

#[test]
fn who_helps_whom_is_a_matrix_with_figures() {
    let lab = Lab::new().with_pmos();
    let compare = "compare data --config quick.toml --hold-out 0.8";
    let found = lab.gummel(&format!("{compare} --transfer family --json --plot m.svg")).code(0).json();
    let [matrix] = found.as_array().expect("matrices").as_slice() else { panic!("{found}") };
    assert_eq!(matrix["tasks"][1], "ihp-sg13g2/lv_pmos");
    assert!(matrix["change"][0][0].is_null() && matrix["change"][0][1]["change"].is_f64(), "{matrix}");
    assert_eq!(matrix["fits"], 3);
    let cosine = &matrix["conflict"]["layers"][0]["cosine"];
    assert!((cosine[0][0].as_f64().expect("cosine") - 1.0).abs() < 1e-9, "{cosine}");
    for figure in ["m.svg", "m-trunk.svg", "m-layer-1.svg", "m-layer-2.svg"] {
        assert!(lab.read(figure).contains("lv_pmos"), "{figure}");
    }
    let text = lab.gummel(&format!("{compare} --family */lv_nmos --devices W1u* --transfer device")).code(0);
    assert!(text.out().contains("fitted together with the column"), "{}", text.out());
    let refused = |command: &str, code: i32, part: &str| {
        let ran = lab.gummel(command).code(code);
        assert!(ran.err().contains(part), "{command}: {}", ran.err());
    };
    refused(&format!("{compare} --family */lv_nmos --transfer corner"), 1, "two or more");
    refused("compare data --transfer family --hold-out 0.5,0.8", 1, "one fraction");
    refused("compare data --transfer family --ways hard", 2, "--ways");
}
