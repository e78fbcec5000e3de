//! What files say beside their numbers: biases, sizes, temperatures and names, in remarks, headings and names of files.

use crate::files::{numbers, read_files, read_one, words};
use crate::odd::holds;
use gummel_data::{IvTable, ReadOptions};

/// `Vg, Id` at 0.1 V of drain voltage, then at 1.2 V.
const LINEAR: &str = "0,1e-9\n0.6,2e-6\n1.2,9e-6\n";
const SATURATED: &str = "0,2e-9\n0.6,3e-5\n1.2,2.5e-4\n";

fn table(text: &str) -> IvTable {
    read_one("a.csv", text.as_bytes(), &ReadOptions::default())
}

#[test]
fn a_bias_holds_for_the_rows_below_however_it_is_said() {
    for said in [
        "Vds = {}",
        "# Vds: {} V",
        "VDS(V) = {}",
        "# Vds [V]: {}",
        "Drain voltage = {} V",
        "Vds,{}",
        "Vds,{},V",
        "Vds (V),{}",
        "# Vds: {} V, by hand",
    ] {
        let at = |volts: &str| said.replace("{}", volts);
        // Headings once for all blocks, for every block, and below the bias.
        holds("one.csv", &format!("Vg,Id\n{}\n{LINEAR}{}\n{SATURATED}", at("0.1"), at("1.2")), 1.0);
        holds("two.csv", &format!("{}\nVg,Id\n{LINEAR}\n{}\nVg,Id\n{SATURATED}", at("0.1"), at("1.2")), 1.0);
    }
}

#[test]
fn several_values_belong_to_headings_that_repeat() {
    let rows = "0,1e-9,2e-9\n0.6,2e-6,3e-5\n1.2,9e-6,2.5e-4\n";
    for head in [
        "# Vds = 0.1, 1.2 V\nVg,Id,Id",
        "# Vds: 0.1; 1.2\nVg,Id(1),Id(2)",
        "Vg (V),Id (A),Id (A)\nVd (V),0.1,1.2",
        "Vg,Id,Id\nV,A,A\nVds,0.1 V,1.2 V",
        "Vg,Id_Vd_0.1V,Id_Vd_1.2V",
        "vg,id_vds0p1,id_vds1p2",
        "Vgs,Id Vds 100 mV,Id Vds 1200 mV",
    ] {
        holds("several.csv", &format!("{head}\n{rows}"), 1.0);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("# Vds = 0.05, 0.1, 1.2 V\nVg,Id,Id\n{rows}");
    let reading = read_files(folder.path(), &[("a.csv", text.as_bytes())], &ReadOptions::default());
    let error = reading.failures[0].error.to_string();
    assert!(error.contains("a.csv:1: found 3 values of Vds above 2 columns"), "{error}");
    // Only the ends of a sweep are no value.
    let swept = table("# Vd: 0.05 to 1.2 V, Vb = -0.5\nVg,Vd,Id\n0,0.1,1e-9\n1,0.1,1e-6\n");
    assert_eq!((numbers(&swept, "vd"), numbers(&swept, "vb")), (vec![0.1; 2], vec![-0.5; 2]));
}

#[test]
fn runs_are_told_by_their_numbers_and_copies_by_their_units() {
    let runs = "DrainI(1),DrainI(2),GateV(1),GateV(2),DrainV(1),DrainV(2)\n1e-9,2e-9,0,0,0.1,1.2\n2e-6,3e-5,0.6,0.6,0.1,1.2\n\
                9e-6,2.5e-4,1.2,1.2,0.1,1.2\n";
    holds("grouped.csv", runs, 1.0);
    let copies = "Vg,Vd,Id (A),Id (uA)\n0,0.1,1e-9,1e-3\n0.6,0.1,2e-6,2\n1.2,0.1,9e-6,9\n0,1.2,2e-9,2e-3\n0.6,1.2,3e-5,30\n\
                  1.2,1.2,2.5e-4,250\n";
    holds("copies.csv", copies, 1.0);
}

#[test]
fn sizes_and_temperatures_are_read_however_they_are_said() {
    let rows = "Vg,Vd,Id\n0,0.1,1e-9\n1,0.1,1e-6\n";
    for (said, w, l, kelvin) in [
        ("# W: 10um, L: 130nm, T: 27C", 1e-5, 1.3e-7, 300.15),
        ("Gate width (um),10\nGate length (um),0.13\nTemperature,300.15", 1e-5, 1.3e-7, 300.15),
        ("# W/L = 10u/0.13u, T = 27 deg C", 1e-5, 1.3e-7, 300.15),
        ("# W[um]=10 L[um]=0.13 temperature: 398.15K", 1e-5, 1.3e-7, 398.15),
        ("# W=1000u L=1u Temp: 125 degC", 1e-3, 1e-6, 398.15),
        ("# {\"W\": 1e-5, \"L\": 1.3e-7, \"temp_C\": -40}", 1e-5, 1.3e-7, 233.15),
    ] {
        let table = table(&format!("{said}\n{rows}"));
        let found = (numbers(&table, "w")[0], numbers(&table, "l")[0], numbers(&table, "temperature")[0]);
        assert_eq!(found, (w, l, kelvin), "{said}");
    }
    let columns = table("W (um),L (um),Vg,Vd,Id (mA/mm)\n2000,1,0,1,1\n2000,1,1,1,2\n");
    assert_eq!((numbers(&columns, "w")[1], numbers(&columns, "id")[1]), (2e-3, 4e-3));
    let time = table("# T = 27 C\nt,Vg,Vd,Id\n0.1,0,0.1,1e-9\n0.2,1,0.1,1e-6\n");
    assert_eq!(numbers(&time, "temperature"), [300.15; 2]);
}

#[test]
fn blocks_places_and_file_names_tell_devices_apart() {
    let block = "Vg,Vd,Id\n0,0.1,1e-9\n1,0.1,1e-6\n";
    let sizes = table(&format!("# W: 5um\n# L: 1um\n{block}# W: 10um\n{block}"));
    assert_eq!(numbers(&sizes, "w"), [5e-6, 5e-6, 1e-5, 1e-5]);
    let names = table(&format!("# Device: n1\n{block}# Device: n2\n{block}"));
    assert_eq!(words(&names, "device"), ["n1", "n1", "n2", "n2"]);
    let of = |wafer: u8| -> String {
        (0..3).map(|k| format!("A,{wafer},3,{k},1u,1u,{k},0.1,1e-{}\n", 9 - k)).collect()
    };
    let wafers = table(&format!("Lot,Wafer,DieX,Sample,W,L,Vg,Vd,Id\n{}{}", of(1), of(2)));
    assert_eq!(
        words(&wafers, "site"),
        [["wafer1"; 3], ["wafer2"; 3]].concat(),
        "a sample counts readings here"
    );
    assert_eq!(numbers(&wafers, "wafer"), [[1.0; 3], [2.0; 3]].concat());
    let kinds = table("Type,Vg,Vd,Id\nfwd,0,0.1,1e-9\nfwd,1,0.1,1e-6\n");
    assert_eq!(numbers(&kinds, "id"), [1e-9, 1e-6]);

    let folder = tempfile::tempdir().expect("a folder");
    let files = [
        ("nmos_W10_L0p13_T27.csv", block.as_bytes()),
        ("pmos_W10_L0p13_T27.csv", b"Vg,Vd,Id\n0,-0.1,-1e-9\n-1,-0.1,-1e-6\n".as_slice()),
        ("W=10um_L=130nm/m40C.csv", block.as_bytes()),
    ];
    let named = read_files(folder.path(), &files, &ReadOptions::default()).table;
    assert_eq!(numbers(&named, "w"), [1e-5; 6]);
    assert_eq!(numbers(&named, "l"), [1.3e-7; 6]);
    let temperatures: Vec<f64> = numbers(&named, "temperature").into_iter().step_by(2).collect();
    assert!(temperatures.contains(&233.15) && temperatures.contains(&300.15), "{temperatures:?}");
    let families: std::collections::BTreeSet<String> = words(&named, "family").into_iter().collect();
    assert_eq!(families.len(), 3, "polarities and folders are families: {families:?}");
}

#[test]
fn what_is_said_of_something_else_holds_nothing() {
    let block = "Vg,Vd,Id\n0,0.1,1e-9\n1,0.1,1e-6\n";
    for free in [
        "# Pulse length: 5",
        "# Max gm: 3e-3",
        "# Comment: T: 3",
        "# Averages m: 16",
        "# Channel: 1",
        "# Device: 1",
        "# Compare with pmos",
        "# Target Id: 1e-7",
        "# Line frequency: 50",
    ] {
        let plain = table(block);
        let table = table(&format!("{free}\n{block}"));
        assert_eq!(table.frame().width(), plain.frame().width(), "{free}");
        for column in ["w", "l", "mult", "temperature"] {
            let of = |t: &IvTable| numbers(t, column).iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(of(&table), of(&plain), "{free}: {column}");
        }
        assert_eq!(words(&table, "polarity"), words(&plain, "polarity"), "{free}");
    }
    let first = table("# Vd = 0.1 V, 25 °C\nVg,Id\n0,1e-9\n1,1e-6\n");
    assert_eq!(numbers(&first, "vd"), [0.1; 2]);
    let blanks = table("  Vg (V)   Vd (V)   Id (uA)\n 0   0.1   1e-3\n 1   0.1   1\n");
    assert_eq!((numbers(&blanks, "vd"), numbers(&blanks, "id")), (vec![0.1; 2], vec![1e-9, 1e-6]));
    let units = table("Vg,Id [A] (Vd=0.1),Id [mA] (Vd=1.2)\n0,1e-9,1e-6\n1,1e-6,1e-3\n");
    assert_eq!(numbers(&units, "id"), [1e-9, 1e-6, 1e-9, 1e-6]);
    let warm = table("w,l,t,Vg,Vd,Id\n1,1,27,0,0.1,1e-9\n1,1,125,0,0.1,1e-8\n");
    assert_eq!(numbers(&warm, "temperature"), [300.15, 398.15]);
    let charge = table("Vg,Vd,Qg,Id\n0,0.1,1.0E-15 C,1.0E-9 C\n1,0.1,2.0E-15 C,1.0E-9\n");
    assert_eq!(numbers(&charge, "qg"), [1e-15, 2e-15]);
    assert!(numbers(&charge, "id")[0].is_nan());
}

#[test]
fn a_number_that_was_cut_is_no_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let cut = b"Vg,Vd,Id\n0,1,1.5E-09\n1,1,1.5E-06\n2,1,1.5E-0";
    let reading = read_files(folder.path(), &[("cut.csv", cut)], &ReadOptions::default());
    assert_eq!(numbers(&reading.table, "id"), [1.5e-9, 1.5e-6]);
    assert!(reading.failures[0].error.to_string().contains("found '1.5E-0' in the last line"));
    for whole in ["1.5E-03", "0", "0.0"] {
        let table = table(&format!("Vg,Vd,Id\n0,1,1.5E-09\n1,1,1.5E-06\n2,1,{whole}"));
        assert_eq!(numbers(&table, "id").len(), 3, "{whole}");
    }
}

#[test]
fn statuses_of_analysers_and_words_for_failed_readings_are_no_currents() {
    let text =
        "Vg,Vd,Id\n0,1,NAI+1.5E-9\n1,1,CAI+1.5E-6\n2,1,>1mA\n3,1,Compliance\n4,1,1.5E-3 C\n5,1,1.5E-2 N\n";
    let id = numbers(&table(text), "id");
    assert_eq!((id[0], id[5]), (1.5e-9, 1.5e-2));
    assert!(id[1..5].iter().all(|v| v.is_nan()), "{id:?}");
    let capitals = table("VG(MV),VD(MV),ID(MA)\n600,100,2\n1200,100,3\n");
    assert_eq!((numbers(&capitals, "vg")[0], numbers(&capitals, "id")[0]), (0.6, 2e-3));
}
