//! Names of terminals in mdm files, of simulators and of EasyEXPERT records, and what headers hold for them.

use crate::files::{numbers, read_files, read_one, words};
use gummel_data::{ColumnMapping, Flags, ReadOptions};

/// An mdm file of two points with these inputs, outputs and columns.
fn mdm(inputs: &str, outputs: &str, values: &str, block: &str) -> String {
    format!(
        "BEGIN_HEADER\n ICCAP_INPUTS\n{inputs}\n ICCAP_OUTPUTS\n{outputs}\n ICCAP_VALUES\n{values}\nEND_HEADER\n\nBEGIN_DB\n{block}\nEND_DB\n"
    )
}

const SWEEP: &str = "  vg V G GROUND SMU2 0.1 LIN 1 0 1 2 1";

#[test]
fn laboratories_name_their_inputs_and_outputs() {
    let size = "  mosfet.W \"10u\"\n  DEVICE_L \"0.13u\"\n  TEMP \"300.15\"";
    for (input, output, columns) in [
        ("VGS V G GROUND SMU2 0.1 LIN 1 0 1 2 1", "IDS I D GROUND SMU1 B", "VGS IDS"),
        ("Vgate V G GROUND SMU2 0.1 LIN 1 0 1 2 1", "Idrain I D GROUND SMU1 B", "Vgate Idrain"),
        ("vg V G GROUND SMU2 0.1 LIN 1 0 1 2 1", "id.m I D GROUND SMU1 B", "vg id.m"),
    ] {
        let inputs = format!("  {input}\n  VDS V D GROUND SMU1 0.1 CON 1.2");
        let text = mdm(&inputs, &format!("  {output}"), size, &format!(" #{columns}\n 0 1e-9\n 1 1e-6"));
        let table = read_one("a.mdm", text.as_bytes(), &ReadOptions::default());
        let column = |name: &str| numbers(&table, name);
        assert_eq!((column("vg"), column("id")), (vec![0.0, 1.0], vec![1e-9, 1e-6]), "{columns}");
        assert_eq!(column("vd"), [1.2; 2], "constants stand in the header");
        assert_eq!((column("w")[0], column("l")[0], column("temperature")[0]), (1e-5, 1.3e-7, 300.15));
    }
}

#[test]
fn inputs_follow_others_and_mappings_name_the_rest() {
    let inputs = format!("{SWEEP}\n  vd V D GROUND SMU1 0.1 SYNC 2 0.1 vg");
    let text = mdm(&inputs, "  strom I D GROUND SMU1 B", "", " #vg strom\n 0 1e-3\n 1 1");
    let mapping =
        ColumnMapping { columns: [("istrom".into(), "id [mA]".into())].into(), ..ColumnMapping::default() };
    let options = ReadOptions { mapping: Some(mapping), ..ReadOptions::default() };
    let table = read_one("a.mdm", text.as_bytes(), &options);
    assert_eq!((numbers(&table, "vd"), numbers(&table, "id")), (vec![0.1, 2.1], vec![1e-6, 1e-3]));

    let folder = tempfile::tempdir().expect("a folder");
    let reading =
        read_files(folder.path(), &[("a.csv", b"Vg,Vd,Id (arb)\n0,1,2\n")], &ReadOptions::default());
    let said = format!("{:?} {:?}", reading.failures, reading.skipped);
    assert!(reading.table.is_empty() && said.contains("id_arb"), "no current is no transistor: {said}");
}

#[test]
fn mdm_files_that_an_editor_has_touched_are_read() {
    let inputs = format!("{SWEEP}\n  vd V D GROUND SMU1 0.1 LIST 2 2 0.1 1.2\nUSER_VALUES\n  note x y z");
    let block = " ICCAP_VAR vd 0.1\n #vg id\n 0 1e-9\n 1 1e-6\nEND_DB\nBEGIN_DB\n ICCAP_VAR vd 1.2\n #vg id\n 0 2e-9\n 1 2e-6";
    let text = mdm(&inputs, "  id I D GROUND SMU1 B", "", block);
    let wide: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    for bytes in [text.as_bytes().to_vec(), [b"\xEF\xBB\xBF", text.as_bytes()].concat(), wide] {
        let table = read_one("a.mdm", &bytes, &ReadOptions::default());
        assert_eq!(numbers(&table, "id"), [1e-9, 1e-6, 2e-9, 2e-6]);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let open = text.replacen("END_DB\n", "", 1);
    let reading = read_files(folder.path(), &[("open.mdm", open.as_bytes())], &ReadOptions::default());
    assert_eq!(numbers(&reading.table, "vd"), [0.1, 0.1, 1.2, 1.2], "nothing is lost");
    let error = reading.failures[0].error.to_string();
    assert!(error.contains("found BEGIN_DB, expected END_DB before it"), "{error}");
}

#[test]
fn simulators_count_currents_through_their_sources() {
    for head in ["v(g),v(d),i(vdrain)", "V(gate),V(drain),vd#branch", "vgs,vds,I(Vds)"] {
        let text = format!("{head}\n0,1.2,-1e-9\n1,1.2,-1e-6\n");
        let table = read_one("a.csv", text.as_bytes(), &ReadOptions::default());
        assert_eq!(numbers(&table, "id"), [1e-9, 1e-6], "{head}");
    }
    let spice = read_one("a.txt", b"vgs\tvds\tId(M1)\n0\t1.2\t1e-9\n1\t1.2\t1e-6\n", &ReadOptions::default());
    assert_eq!(numbers(&spice, "id"), [1e-9, 1e-6]);
}

#[test]
fn a_transistor_does_not_give_power() {
    let text = b"# PMOS\nVsg,Vsd,Id\n0,1.2,2e-9\n1,1.2,1e-6\n2,1.2,1e-5\n";
    let table = read_one("a.csv", text, &ReadOptions::default());
    assert_eq!((numbers(&table, "vd"), numbers(&table, "id")), (vec![-1.2; 3], vec![-2e-9, -1e-6, -1e-5]));
    assert_eq!(words(&table, "polarity"), ["p"; 3]);
    let flags = table.frame().column("flags").expect("the column").u32().expect("integers").get(0);
    assert!(Flags(flags.unwrap_or(0)).contains(Flags::ASSUMED_SIGN));
}

#[test]
fn records_of_easyexpert_say_their_device_and_keep_failed_readings_apart() {
    let record = |target: &str| {
        format!(
            "SetupTitle, x\nTestParameter, Vd, 1.2\nMetaData, TestTarget, {target}\nDimension1, 3\nDataName, Vg, Id, Status\n\
             DataValue, 0, 1e-9, ok\nDataValue, 1, 199.999E+36, ok\nDataValue, 2, OVERFLOW, C\n"
        )
    };
    let text = record("W=10um L=0.13um") + &record("W=5um L=0.13um");
    let table = read_one("a.csv", text.as_bytes(), &ReadOptions::default());
    assert_eq!(numbers(&table, "w"), [[1e-5; 3], [5e-6; 3]].concat());
    assert_eq!(numbers(&table, "vd"), [1.2; 6]);
    let id = numbers(&table, "id");
    assert!(id[0] == 1e-9 && id[1].is_nan() && id[2].is_nan(), "{id:?}");
    let german = record("x").replace(", ", "; ").replace("1.2", "1,2");
    let table = read_one("a.csv", german.as_bytes(), &ReadOptions::default());
    assert_eq!(numbers(&table, "vd"), [1.2; 3]);
}
