//! Curves of Sentaurus Device: names of contacts, currents per width, files that break off.

use crate::files::{numbers, read_files, read_one, words};
use gummel_data::{ColumnMapping, Flags, Format, ReadOptions, Reading};

/// Two points of a transfer curve, lines broken where they may be.
pub(crate) const FILE: &str = r#"DF-ISE text

Info {
  version   = 1.0
  type      = xyplot
  datasets  = [
    "time"
    "gate OuterVoltage" "gate InnerVoltage" "gate TotalCurrent" "gate Charge"
    "drain OuterVoltage" "drain InnerVoltage" "drain eCurrent" "drain TotalCurrent" "drain Charge"
    "source OuterVoltage" "source TotalCurrent" "substrate OuterVoltage" "substrate TotalCurrent" ]
  functions = [
    Time OuterVoltage InnerVoltage TotalCurrent Charge
    OuterVoltage InnerVoltage eCurrent TotalCurrent Charge
    OuterVoltage TotalCurrent OuterVoltage TotalCurrent ]
}

Data {
      0.00000000000000E+00
      0.00000000000000E+00   0.01000000000000E+00   1.00000000000000E-16  -2.50000000000000E-16
      5.00000000000000E-02   4.90000000000000E-02   1.00000000000000E-09   1.00000000000000E-09   1.00000000000000E-16
      0.00000000000000E+00  -1.00000000000000E-09  -5.00000000000000E-01   2.00000000000000E-15
      1.00000000000000E+00   1.20000000000000E+00   1.19000000000000E+00   0.00000000000000E+00   7.50000000000000E-15
      5.00000000000000E-02   4.00000000000000E-02   6.00000000000000E-05   6.00000000000000E-05   1.00000000000000E-16
      0.00000000000000E+00  -6.00000000000000E-05  -5.00000000000000E-01   3.00000000000000E-15
}
"#;

/// A mapping of constants and headings.
fn mapping(constants: &[(&str, &str)], columns: &[(&str, &str)]) -> ReadOptions {
    let pairs = |of: &[(&str, &str)]| of.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let mapping =
        ColumnMapping { constants: pairs(constants), columns: pairs(columns), ..ColumnMapping::default() };
    ReadOptions { mapping: Some(mapping), ..ReadOptions::default() }
}

fn read_in_folder(name: &str, content: &[u8], options: &ReadOptions) -> Reading {
    let folder = tempfile::tempdir().expect("a folder");
    read_files(folder.path(), &[(name, content)], options)
}

fn failure(name: &str, text: &str, options: &ReadOptions) -> String {
    let reading = read_in_folder(name, text.as_bytes(), options);
    assert_eq!((reading.failures.len(), reading.files.len()), (1, 0), "{text}");
    reading.failures[0].error.to_string()
}

#[test]
fn currents_and_charge_are_per_micrometre_of_a_constant_width() {
    let wide = mapping(&[("w", "10u"), ("l", "0.13u")], &[]);
    for text in [FILE.to_owned(), FILE.replace('\n', "\r\n"), FILE.replace('\n', " ")] {
        let table = read_one("n12_des.plt", text.as_bytes(), &wide);
        assert_eq!(numbers(&table, "vg"), [0.0, 1.2]);
        assert_eq!(numbers(&table, "vd"), [0.05, 0.05]);
        assert_eq!(numbers(&table, "vs"), [0.0, 0.0]);
        assert_eq!(numbers(&table, "vb"), [-0.5, -0.5]);
        for (column, expected) in [
            ("id", [1e-8, 6e-4]),
            ("ig", [1e-15, 0.0]),
            ("is", [-1e-8, -6e-4]),
            ("ib", [2e-14, 3e-14]),
            ("qg", [-2.5e-15, 7.5e-14]),
        ] {
            for (found, expected) in numbers(&table, column).into_iter().zip(expected) {
                assert!((found - expected).abs() <= 1e-13 * expected.abs(), "{column}: {found} {expected}");
            }
        }
        // What has no meaning of its own keeps its name and its numbers.
        assert_eq!(numbers(&table, "time"), [0.0, 1.0]);
        assert_eq!(numbers(&table, "gate_innervoltage"), [0.01, 1.19]);
        assert_eq!(numbers(&table, "drain_ecurrent"), [1e-9, 6e-5]);
        assert_eq!(numbers(&table, "drain_charge"), [1e-16, 1e-16]);
        assert_eq!(words(&table, "origin"), ["simulated"; 2]);
    }
    let table = read_one("n12_des.plt", FILE.as_bytes(), &wide);
    let lines = table.frame().column("line").expect("column").u32().expect("integers").iter().flatten();
    assert_eq!(lines.collect::<Vec<u32>>(), [18, 22]);
}

#[test]
fn currents_of_three_dimensions_are_named_in_amperes() {
    let columns = ["gate", "drain", "source", "substrate"].map(|c| (c, format!("{c} TotalCurrent")));
    let columns: Vec<(&str, &str)> =
        columns.iter().zip(["ig", "id", "is", "ib"]).map(|((_, from), to)| (from.as_str(), to)).collect();
    let columns = [columns, vec![("gate Charge", "qg [C]")]].concat();
    let table = read_one("n12_des.plt", FILE.as_bytes(), &mapping(&[], &columns));
    assert_eq!(numbers(&table, "id"), [1e-9, 6e-5]);
    assert_eq!(numbers(&table, "qg"), [-2.5e-16, 7.5e-15]);
}

#[test]
fn contacts_are_named_as_in_the_workbench() {
    let wide = mapping(&[("w", "1u")], &[]);
    for [gate, drain, source, bulk] in [
        ["ngate", "ndrain", "nsource", "pwell"],
        ["Gate", "Drain", "Source", "Body"],
        ["gate_contact", "drain_contact", "source_contact", "bulk"],
    ] {
        let text = format!(
            "DF-ISE text\nInfo {{ datasets=[\"{drain} OuterVoltage\" \"{drain} TotalCurrent\" \"{gate} InnerVoltage\"\n\
             \"{source} OuterVoltage\" \"{bulk} OuterVoltage\"] }}\nData {{ 0.9 2D-3 0.5 0 -0.25 }}\n"
        );
        let table = read_one("a.plt", text.as_bytes(), &wide);
        let row = ["vd", "id", "vg", "vs", "vb"].map(|c| numbers(&table, c)[0]);
        assert_eq!(row, [0.9, 2e-3, 0.5, 0.0, -0.25], "{text}");
    }
    // Both transistors of an inverter have a gate: the second keeps its name.
    let text = "DF-ISE text\nInfo { datasets = [ \"ngate OuterVoltage\" \"pgate OuterVoltage\" \"drain TotalCurrent\" ] }\n\
                Data { 1 2 3e-6 }\n";
    let table = read_one("inverter.plt", text.as_bytes(), &wide);
    assert_eq!((numbers(&table, "vg"), numbers(&table, "pgate_outervoltage")), (vec![1.0], vec![2.0]));
}

#[test]
fn a_width_comes_from_the_file_name_too_and_must_be_known() {
    let error = failure("n12_des.plt", FILE, &ReadOptions::default());
    assert!(error.contains("expected the width of the device, because 'ig' is given per width"), "{error}");
    let patterns = "[[pattern]]\npath = \"{kind=nmos|pmos}_W{w:um}_L{l:um}_{sweep}_des.plt\"\nset = { family = \"{kind}\" }\n";
    let patterns = gummel_data::Patterns::from_toml("p.toml", patterns).expect("patterns").before_built_in();
    let options = ReadOptions { patterns, ..ReadOptions::default() };
    let reading = read_in_folder("nmos_W2_L0.5_idvg_des.plt", FILE.as_bytes(), &options);
    assert!(reading.failures.is_empty(), "{:?}", reading.failures);
    let ids = numbers(&reading.table, "id");
    assert!((ids[0] - 2e-9).abs() < 1e-20 && (ids[1] - 1.2e-4).abs() < 1e-16, "{ids:?}");
    assert_eq!(words(&reading.table, "family"), ["nmos"; 2]);
    assert_eq!(numbers(&reading.table, "l"), [0.5e-6; 2]);
}

#[test]
fn the_format_is_told_from_the_content() {
    assert_eq!(Format::sniff(FILE.as_bytes()), Some(Format::Plt));
    assert_eq!(Format::sniff(&[b"\xef\xbb\xbf", FILE.as_bytes()].concat()), Some(Format::Plt));
    assert_eq!(Format::Plt.name(), "plt");
    // A grid beside the curves is passed over in a folder, as other files without measurements are.
    let grid = "DF-ISE text\nInfo {\n type = grid\n}\nData { Vertices (1) { 0 0 } }\n";
    let reading = read_in_folder("n1_msh.grd", grid.as_bytes(), &ReadOptions::default());
    assert!(reading.failures.is_empty() && reading.skipped[0].1.contains("type 'grid'"), "{reading:?}");
}

#[test]
fn each_kind_of_damage_is_named_with_its_line() {
    let wide = mapping(&[("w", "1u")], &[]);
    for (name, text, expected) in [
        (
            "empty.plt",
            FILE.split("      0.000").next().unwrap_or_default().to_owned(),
            ":18: found the end of the file",
        ),
        (
            "bare.plt",
            "DF-ISE text\n\nInfo {\n}\nData {\n1 2\n}\n".to_owned(),
            "bare.plt:5: found no names of columns",
        ),
        (
            "none.plt",
            FILE.split("      0.000").next().unwrap_or_default().to_owned() + "}\n",
            "found no numbers",
        ),
        ("list.plt", FILE.replace("TotalCurrent\" ]", "TotalCurrent\""), "found a list without end"),
        (
            "word.plt",
            FILE.replace("7.5000", "7.5o00"),
            "word.plt:22: found '7.5o000000000000E-15', expected a number",
        ),
        ("open.plt", FILE.replace("[\n    \"time\"", "\n    \"time\""), "open.plt:6: found no list"),
        ("head.plt", FILE.split("Data").next().unwrap_or_default().to_owned(), "expected 'Data {'"),
    ] {
        let error = failure(name, &text, &wide);
        assert!(error.contains(expected), "{name}: {error}");
    }
    let forced = ReadOptions { format: Some(Format::Plt), ..wide };
    assert!(
        failure("other.plt", "vg,vd,id\n0,1,2\n", &forced).contains("other.plt:1: found another first line")
    );
    let unit = mapping(&[("w", "1u")], &[("drain TotalCurrent", "id [V]")]);
    assert!(failure("unit.plt", FILE, &unit).contains("heading 'id [V]' with unit 'V'"));
}

/// A file that a running simulation has not finished: complete rows are kept, half a number is not one.
#[test]
fn every_prefix_keeps_its_whole_rows_or_fails_with_a_reason() {
    let wide = mapping(&[("w", "1u")], &[]);
    let whole = read_one("n.plt", FILE.as_bytes(), &wide);
    let folder = tempfile::tempdir().expect("a folder");
    let names: Vec<String> = (0..FILE.len()).map(|n| format!("{n:04}.plt")).collect();
    let files: Vec<(&str, &[u8])> =
        names.iter().enumerate().map(|(n, name)| (name.as_str(), &FILE.as_bytes()[..n])).collect();
    let reading = read_files(folder.path(), &files, &wide);
    let mut kept = [0; 3];
    for failure in &reading.failures {
        assert!(!failure.error.to_string().is_empty());
        kept[failure.rows] += 1;
    }
    // Only the blank behind the closing brace is missing in the one prefix that is whole.
    assert_eq!(
        (reading.files.iter().filter(|f| f.rows == 2).count(), kept[2] > 0 && kept[1] > 300),
        (1 + kept[2], true)
    );
    let ids = numbers(&reading.table, "id");
    assert!(ids.iter().all(|id| numbers(&whole, "id").contains(id)));
    let flags = reading.table.frame().column("flags").expect("column").u32().expect("integers").clone();
    let cut = flags.iter().flatten().filter(|f| Flags(*f).contains(Flags::TRUNCATED)).count();
    assert_eq!(cut, kept[1] + 2 * kept[2]);
}
