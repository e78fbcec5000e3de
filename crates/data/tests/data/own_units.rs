//! Numbers with units of their own, and columns that several tables side by side have in common.

use crate::files::{numbers, read_files, read_one};
use gummel_data::ReadOptions;

fn table(text: &str) -> gummel_data::IvTable {
    read_one("own.csv", text.as_bytes(), &ReadOptions::default())
}

#[test]
fn a_unit_in_a_cell_counts_and_that_of_the_heading_does_not() {
    let own = table(
        "Vg [mV],Vd [V],Id [uA],W [um],L [um]\n5 mV,1.2,3,10u,0.13\n0.5 V,50 mV,4 nA,10 um,0.13u\n700,1.2 V,5u,10,0.13\n",
    );
    for (column, expected) in [
        ("vg", [5e-3, 0.5, 0.7]),
        ("vd", [1.2, 0.05, 1.2]),
        ("id", [3e-6, 4e-9, 5e-6]),
        ("w", [10e-6; 3]),
        ("l", [0.13e-6; 3]),
    ] {
        assert_eq!(numbers(&own, column), expected, "{column}");
    }
    let comma = table("Vg [mV];Vd [V];Id [uA]\n5,5 mV;1,2;3\n10,5;1,2;4,5 nA\n");
    assert_eq!(numbers(&comma, "vg"), [5.5e-3, 10.5e-3]);
    assert_eq!(numbers(&comma, "id"), [3e-6, 4.5e-9]);
    let sheet = table("Vgs (V) / Vds (mV),100 mV,1.2 V\n0,1e-9,2e-9\n1,1e-6,2e-6\n");
    assert_eq!(numbers(&sheet, "vd"), [0.1, 0.1, 1.2, 1.2]);
    let kelvin = table("T = 300K\nVg,Vd,Id\n0,1,1e-9\n1,1,1e-6\n");
    assert_eq!(numbers(&kelvin, "temperature"), [300.0; 2]);
}

#[test]
fn a_unit_that_does_not_fit_the_heading_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    for (text, expected) in [
        (
            "Vg [V],Vd [V],Id [A]\n0,1,1e-9\n0.2 A,1,1e-6\n",
            "a.csv:3: found '0.2 A', expected a number in column 'Vg [V]'",
        ),
        (
            "Vg,Vd,Id (uA/um),W\n0,1,1,1u\n1,1,5 uA,1u\n",
            "a.csv:3: found '5 uA', expected a number in column 'Id (uA/um)'",
        ),
    ] {
        let reading = read_files(folder.path(), &[("a.csv", text.as_bytes())], &ReadOptions::default());
        let error = reading.failures[0].error.to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn what_one_of_several_tables_has_belongs_to_all() {
    let runs = table("Vg,Vd,Id(1),Id(2),W,L\n0,1,1e-9,2e-9,1u,0.13u\n1,1,1e-6,2e-6,1u,0.13u\n");
    assert_eq!(numbers(&runs, "id"), [1e-9, 1e-6, 2e-9, 2e-6]);
    assert_eq!(numbers(&runs, "vg"), [0.0, 1.0, 0.0, 1.0]);
    assert_eq!(numbers(&runs, "vd"), [1.0; 4]);
    assert_eq!(numbers(&runs, "w"), [1e-6; 4]);
    let sides = table("Vd,Vg,Id,Vg,Id\n1,0,1e-9,0.5,2e-9\n1,1,1e-6,1.5,2e-6\n1,2,1e-5\n");
    assert_eq!(numbers(&sides, "vg"), [0.0, 1.0, 2.0, 0.5, 1.5]);
    assert_eq!(numbers(&sides, "vd"), [1.0; 5]);
}
