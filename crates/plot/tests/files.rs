//! Figures as files: a golden SVG and what happens when writing fails.

use expect_test::expect_file;
use gummel_device::{Bias, Curve, Origin, Quantity, Sweep, Terminal};
use gummel_plot::{PlotError, Style, draw, transfer};

fn curve(vds: f64, values: [f64; 4], origin: Origin) -> Curve {
    Curve {
        device: "W10u_L0.13u".into(),
        sweep: Sweep {
            swept: Terminal::Gate,
            held: Bias::from_source(0.0, vds, 0.0),
            values: vec![0.0, 0.4, 0.8, 1.2],
        },
        quantity: Quantity::Id,
        values: values.to_vec(),
        temperature: 300.15,
        origin,
    }
}

fn measured() -> Vec<Curve> {
    vec![
        curve(0.05, [1e-11, 2e-6, 5e-5, 9e-5], Origin::Measured),
        curve(1.2, [3e-10, 3e-5, 4e-4, 9e-4], Origin::Measured),
    ]
}

fn fitted() -> Vec<Curve> {
    vec![
        curve(0.05, [2e-11, 2e-6, 5e-5, 9e-5], Origin::Fitted),
        curve(1.2, [3e-10, 3e-5, 4e-4, 9e-4], Origin::Fitted),
    ]
}

#[test]
fn transfer_figure_is_the_golden_one() {
    let style = Style { embed_font: false, ..Style::default() };
    let svg = draw::transfer(&measured(), &fitted(), &style).expect("a figure").svg().expect("an SVG");
    expect_file!["golden/transfer.svg"].assert_eq(&svg);
}

#[test]
fn files_appear_complete_in_both_formats_with_the_font_inside_the_svg() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, start) in [("a.svg", &b"<svg "[..]), ("b.PNG", &b"\x89PNG"[..])] {
        let path = folder.path().join(name);
        transfer(&path, &measured(), &fitted(), &Style::default()).expect("a file");
        assert!(std::fs::read(&path).expect("the file").starts_with(start), "{name}");
    }
    let svg = std::fs::read_to_string(folder.path().join("a.svg")).expect("the file");
    assert!(svg.contains("@font-face") && svg.contains("font/woff2"));
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 2, "temporary files are left");
}

#[test]
fn wrong_extensions_and_missing_folders_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let save = |name: &str| transfer(folder.path().join(name), &measured(), &[], &Style::default());
    let error = save("figure.pdf").expect_err("no PDF");
    assert!(matches!(&error, PlotError::UnknownFormat { found, .. } if found == "pdf"), "{error}");
    assert!(matches!(save("figure"), Err(PlotError::UnknownFormat { .. })));
    let error = save("missing/figure.svg").expect_err("no folder");
    assert!(matches!(&error, PlotError::Io { .. }), "{error}");
    assert!(error.to_string().contains("missing/figure.svg"));
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
}
