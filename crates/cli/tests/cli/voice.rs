//! Help, JSON, quietness and exit codes of every verb.

use crate::lab::Lab;

#[test]
fn usage_errors_have_their_own_exit_code() {
    let lab = Lab::new();
    lab.gummel("").code(2);
    lab.gummel("fit --no-such-flag").code(2);
    lab.gummel("nosuchverb").code(2);
    lab.gummel("fit data --temperature warm").code(2);
    assert!(lab.gummel("--version").code(0).out().starts_with("gummel "));
    let missing = lab.gummel("fit nothing-here").code(1);
    assert!(missing.err().starts_with("error: ") && missing.out().is_empty());
    assert!(!missing.err().contains("backtrace"));
}

#[test]
fn json_is_alone_on_standard_output() {
    let lab = Lab::new();
    let ran = lab.gummel("fit data --config quick.toml --no-plots --json").code(0);
    assert_eq!(ran.json()["run"], "runs/lv_nmos");
    assert!(ran.err().contains("read 8 files"), "text goes to standard error");
    let quiet = lab.gummel("fit data --config quick.toml --no-plots --json --quiet").code(0);
    assert!(quiet.json().is_object() && quiet.err().is_empty(), "{}", quiet.err());
}

#[test]
fn quiet_says_nothing() {
    let lab = Lab::new();
    let ran = lab.gummel("fit data --config quick.toml --no-plots -q").code(0);
    assert_eq!((ran.out(), ran.err()), (String::new(), String::new()));
}

#[test]
fn completions_name_the_verbs() {
    let lab = Lab::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = lab.gummel(&format!("completions {shell}")).code(0).out();
        assert!(["fit", "predict", "plot"].iter().all(|v| script.contains(v)), "{shell}");
    }
}
