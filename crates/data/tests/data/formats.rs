//! Every format, in the spellings of several laboratories, gives the same points.

use crate::files::{Transistor, numbers, read_one, sound, words};
use gummel_data::{ColumnMapping, Dataset, ReadOptions, Selection};
use gummel_device::{Quantity, Terminal};

/// Three points of two curves, as vg, vd, id.
const POINTS: [(f64, f64, f64); 6] = [
    (0.0, 0.1, 1e-9),
    (0.6, 0.1, 2e-6),
    (1.2, 0.1, 9e-6),
    (0.0, 1.2, 2e-9),
    (0.6, 1.2, 3e-5),
    (1.2, 1.2, 2.5e-4),
];

fn holds_the_points(name: &str, content: &[u8], options: &ReadOptions) {
    let table = read_one(name, content, options);
    let (vg, vd, id) = (numbers(&table, "vg"), numbers(&table, "vd"), numbers(&table, "id"));
    let found: Vec<(f64, f64, f64)> = (0..vg.len()).map(|i| (vg[i], vd[i], id[i])).collect();
    assert_eq!(found, POINTS, "{}", String::from_utf8_lossy(content));
    let curves = table.frame().column("curve").expect("column").u32().expect("integers").iter().flatten();
    assert_eq!(curves.collect::<Vec<u32>>(), [0, 0, 0, 1, 1, 1]);
}

#[test]
fn separated_values_of_many_laboratories() {
    let long =
        "Vg [V],Vd [V],Id [uA]\n0,0.1,1e-3\n0.6,0.1,2\n1.2,0.1,9\n0,1.2,2e-3\n0.6,1.2,30\n1.2,1.2,250\n";
    let german = "Gate Voltage (V);Drain Voltage (mV);Drain Current (A)\n0;100;1E-9\n0,6;100;2E-6\n1,2;100;9E-6\n\
                  0;1200;2E-9\n0,6;1200;3E-5\n1,2;1200;2,5E-4\n";
    let wide = "VGS (V)\tID(VD=0.1 V) [A]\tI_D [A] @ V_DS = 1.2V\n0\t1e-9\t2e-9\n0.6\t2e-6\t3e-5\n1.2\t9e-6\t2.5e-4\n";
    let blocks = "lot: 7\nVd = 0.1 V\nvg,id\n0,1e-9\n0.6,2e-6\n1.2,9e-6\n\nVd = 1.2 V\nvg,id\n0,2e-9\n0.6,3e-5\n1.2,2.5e-4\n";
    let beside =
        "vg,vd,id,vg,vd,id\n0,0.1,1e-9,0,1.2,2e-9\n0.6,0.1,2e-6,0.6,1.2,3e-5\n1.2,0.1,9e-6,1.2,1.2,2.5e-4\n";
    let units_below =
        "vg,vd,id\nV,V,nA\n0,0.1,1\n0.6,0.1,2000\n1.2,0.1,9000\n0,1.2,2\n0.6,1.2,30000\n1.2,1.2,250000\n";
    let commented =
        "# vg vd id\n0 0.1 1e-9\n0.6 0.1 2e-6\n1.2 0.1 9e-6\n0 1.2 2e-9\n0.6 1.2 3e-5\n1.2 1.2 2.5e-4\n";
    let options = ReadOptions::default();
    for (k, text) in [long, german, wide, blocks, beside, units_below, commented].into_iter().enumerate() {
        let name = format!("case{k}.csv");
        holds_the_points(&name, text.as_bytes(), &options);
        holds_the_points(&name, text.replace('\n', "\r\n").as_bytes(), &options);
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        holds_the_points(&name, &[&[0xFF, 0xFE], utf16.as_slice()].concat(), &options);
    }
}

#[test]
fn headings_that_the_table_uses_itself_are_kept_beside_it() {
    let text =
        "vg,vd,id,curve,line,floor\n0,0.1,1e-9,7,1,1e-14\n0.6,0.1,2e-6,7,2,1e-14\n1.2,0.1,9e-6,7,3,1e-14\n";
    let table = read_one("own.csv", text.as_bytes(), &ReadOptions::default());
    assert_eq!(numbers(&table, "curve_given"), [7.0; 3]);
    assert_eq!(numbers(&table, "line_given"), [1.0, 2.0, 3.0]);
    assert_eq!(numbers(&table, "floor_given"), [1e-14; 3]);
}

#[test]
fn a_mapping_gives_meaning_to_own_headings() {
    let mut mapping = ColumnMapping::default();
    for (from, to) in [("Kanal A", "vg"), ("Kanal B", "vd [mV]"), ("Strom", "id [nA]")] {
        mapping.columns.insert(from.to_owned(), to.to_owned());
    }
    mapping.constants.insert("w".to_owned(), "10u".to_owned());
    mapping.constants.insert("family".to_owned(), "nch".to_owned());
    let options = ReadOptions { mapping: Some(mapping), ..ReadOptions::default() };
    let text = "Kanal A,Kanal B,Strom\n0,100,1\n0.6,100,2000\n1.2,100,9000\n0,1200,2\n0.6,1200,30000\n1.2,1200,250000\n";
    holds_the_points("own.csv", text.as_bytes(), &options);
    let table = read_one("own.csv", text.as_bytes(), &options);
    assert_eq!((numbers(&table, "w")[0], words(&table, "family")[0].as_str()), (10e-6, "nch"));
}

#[test]
fn rows_of_several_devices_are_told_apart() {
    let text = "device,site,W (um),L (nm),T (C),corner,vg,vd,id\nM1,A,1,130,27,tt,0,1,1e-9\nM1,A,1,130,27,tt,1,1,1e-4\n\
                M2,B,2,130,85,ff,0,1,2e-9\nM2,B,2,130,85,ff,1,1,2e-4\n";
    let table = read_one("lot.csv", text.as_bytes(), &ReadOptions::default());
    assert_eq!(words(&table, "device"), ["M1@A", "M1@A", "M2@B", "M2@B"]);
    assert_eq!(words(&table, "corner"), ["tt", "tt", "ff", "ff"]);
    assert_eq!(numbers(&table, "temperature"), [300.15, 300.15, 358.15, 358.15]);
    assert_eq!(numbers(&table, "w")[3], 2e-6);
}

#[test]
fn a_remark_may_hold_geometry_polarity_and_temperature() {
    let rows = "vg,vd,id\n0,0.1,1e-9\n0.6,0.1,2e-6\n1.2,0.1,9e-6\n";
    for remark in ["# w=10u l=0.13u type=p T=-40 C\n", "w = 10u, l = 0.13u, type = p, T = -40 C\n"] {
        let table = read_one("dut.csv", format!("{remark}{rows}").as_bytes(), &ReadOptions::default());
        assert_eq!((numbers(&table, "w")[0], numbers(&table, "l")[2]), (10e-6, 0.13e-6), "{remark}");
        assert!((numbers(&table, "temperature")[1] - 233.15).abs() < 1e-9, "{remark}");
        assert_eq!(words(&table, "polarity")[0], "p", "{remark}");
    }
}

#[test]
fn a_line_above_tables_side_by_side_holds_a_voltage_for_each() {
    for above in ["Vgs=0.4,,Vgs=0.8,", "# Vgs=0.4,,Vgs=0.8,"] {
        let text = format!(
            "w=1u l=1u\n{above}\nVds,Ids,Vds,Ids\n0,0,0,0\n0.6,1e-6,0.6,3e-5\n1.2,1.1e-6,1.2,3.3e-5\n"
        );
        let table = read_one("side.csv", text.as_bytes(), &ReadOptions::default());
        assert_eq!(numbers(&table, "vg"), [0.4, 0.4, 0.4, 0.8, 0.8, 0.8], "{above}");
        assert_eq!(numbers(&table, "vd"), [0.0, 0.6, 1.2, 0.0, 0.6, 1.2], "{above}");
        assert_eq!(numbers(&table, "id")[4], 3e-5, "{above}");
        assert_eq!(numbers(&table, "w")[5], 1e-6, "{above}");
    }
}

#[test]
fn a_mapping_gives_headings_of_numbers_a_voltage() {
    let mut mapping = ColumnMapping::default();
    for (from, to) in [("Vd\\Vg", "vd"), ("0.4", "id [uA] (vg=0.4)"), ("0.8", "id [uA] (vg=0.8)")] {
        mapping.columns.insert(from.to_owned(), to.to_owned());
    }
    let options = ReadOptions { mapping: Some(mapping), ..ReadOptions::default() };
    let table = read_one("matrix.csv", b"Vd\\Vg,0.4,0.8\n0,0,0\n0.6,1,30\n1.2,1.1,33\n", &options);
    assert_eq!(numbers(&table, "vg"), [0.4, 0.4, 0.4, 0.8, 0.8, 0.8]);
    assert_eq!(numbers(&table, "id")[4], 30e-6);
}

#[test]
fn currents_per_width_become_currents_of_the_device() {
    let text = "# w=10u l=0.1u m=2\nVg,Vd,Ids/W [uA/um]\n0,1,1e-3\n0.5,1,20\n1,1,500\n";
    let table = read_one("norm.csv", text.as_bytes(), &ReadOptions::default());
    let expected = [2e-8, 4e-4, 1e-2];
    numbers(&table, "id").iter().zip(expected).for_each(|(i, e)| assert!((i / e - 1.0).abs() < 1e-12, "{i}"));
}

#[test]
fn easyexpert_takes_held_voltages_from_the_parameters() {
    let text = "SetupTitle, IdVg\nPrimitiveTest, I/V Sweep\nTestParameter, Channel.VName, Vd, Vg, Vs, Vb\n\
                TestParameter, Channel.IName, Id, Ig, Is, Ib\nTestParameter, Channel.Mode, V, V, COMMON, V\n\
                TestParameter, Channel.Func, VAR2, VAR1, CONST, CONST\nTestParameter, Measurement.Secondary.Start, 0.1\n\
                TestParameter, Measurement.Secondary.Step, 1.1\nTestParameter, Measurement.Bias.Source, -0.5\n\
                Dimension1, 3, 3\nDimension2, 2, 2\nDataName, Vg, Id\nDataValue, 0, 1e-9\nDataValue, 0.6, 2e-6\n\
                DataValue, 1.2, 9e-6\nDataValue, 0, 2e-9\nDataValue, 0.6, 3e-5\nDataValue, 1.2, 2.5e-4\n";
    holds_the_points("ee.csv", text.as_bytes(), &ReadOptions::default());
    let table = read_one("ee.csv", text.as_bytes(), &ReadOptions::default());
    assert_eq!((numbers(&table, "vs")[0], numbers(&table, "vb")[5]), (0.0, -0.5));
}

#[test]
fn raw_files_ascii_and_binary() {
    let header = |kind: &str, flags: &str| {
        format!(
            "Title: x\nDate: today\nPlotname: DC transfer characteristic\nFlags: {flags}\nNo. Variables: 3\nNo. Points: 6\n\
             Variables:\n\t0\tv(g)\tvoltage\n\t1\tv(d)\tvoltage\n\t2\ti(vd)\tcurrent\n{kind}:\n"
        )
    };
    let mut ascii = header("Values", "real");
    let mut binary = header("Binary", "real").into_bytes();
    for (k, (vg, vd, id)) in POINTS.into_iter().enumerate() {
        ascii += &format!("{k}\t{vg:e}\n\t{vd:e}\n\t{:e}\n", -id);
        [vg, vd, -id].iter().for_each(|v| binary.extend(v.to_le_bytes()));
    }
    let options = ReadOptions::default();
    holds_the_points("a.raw", ascii.as_bytes(), &options);
    holds_the_points("b.raw", &binary, &options);
    assert_eq!(words(&read_one("a.raw", ascii.as_bytes(), &options), "origin")[0], "simulated");
    // Two plots in one file follow each other.
    let twice = read_one("c.raw", &[binary.clone(), binary].concat(), &options);
    assert_eq!(twice.len(), 12);
}

#[test]
fn complex_raw_files_give_real_and_imaginary_parts() {
    let text = "Title: x\nPlotname: AC Analysis\nFlags: complex\nNo. Variables: 2\nNo. Points: 2\nVariables:\n\
                \t0\tfrequency\tfrequency\n\t1\tv(out)\tvoltage\nValues:\n0\t1e6,0\n\t0.5,-0.25\n1\t1e7,0\n\t0.1,-0.75\n";
    let table = read_one("ac.raw", text.as_bytes(), &ReadOptions::default());
    assert_eq!(numbers(&table, "freq"), [1e6, 1e7]);
    assert_eq!(
        (numbers(&table, "vout_re"), numbers(&table, "vout_im")),
        (vec![0.5, 0.1], vec![-0.25, -0.75])
    );
}

#[test]
fn mdm_gives_one_device_with_all_its_curves() {
    let device = Transistor::new(10e-6, 0.13e-6);
    let table = read_one(
        "SG13_nmos~W10u0_L0u13_S546_3~dc_idvg~300K.mdm",
        sound(device).as_bytes(),
        &ReadOptions::default(),
    );
    let data = Dataset::assemble(&table, &[], &Selection::default()).expect("a device");
    let device_data = &data.devices[0];
    assert_eq!(device_data.id.name, "W10u_L0.13u");
    assert_eq!((device_data.len(), device_data.curves.len()), (100, 4));
    let curves = device_data.measured_curves(Quantity::Id);
    assert!(curves.iter().all(|c| c.sweep.swept == Terminal::Gate && c.values.len() == 25));
    // At each gate and body voltage there are only two drain voltages: too few for an output curve.
    assert!(device_data.curves_along(Quantity::Id, Terminal::Drain).is_empty());
    assert_eq!(device_data.curves_along(Quantity::Id, Terminal::Gate).len(), 4);
}
