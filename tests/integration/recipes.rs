//! Every recipe in `configs/` is a configuration, and unknown keys are refused by name.

use gummel_surrogate::FitConfig;

#[test]
fn every_recipe_parses() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs");
    let mut n = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let parsed: Result<FitConfig, _> = toml::from_str(&text);
        assert!(parsed.is_ok(), "{}: {}", path.display(), parsed.unwrap_err());
        n += 1;
    }
    assert!(n >= 3);
}

#[test]
fn the_resolved_configuration_is_stored_and_reads_back() {
    let text = toml::to_string(&FitConfig::default()).unwrap();
    assert_eq!(toml::from_str::<FitConfig>(&text).unwrap(), FitConfig::default());
}

#[test]
fn an_unknown_key_is_named() {
    let error = toml::from_str::<FitConfig>("[network]\nhiden = [20]\n").unwrap_err();
    assert!(error.to_string().contains("hiden"), "{error}");
}
