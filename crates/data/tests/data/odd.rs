//! Odd files as people bring them: sheets of numbers, logarithms, magnitudes, merged headings, spreadsheets' marks.

use crate::files::{numbers, read_files, read_one, words};
use gummel_data::{Flags, IvTable, ReadOptions, read};

/// Gate voltages, drain voltages and currents of the little sheet that most files below hold.
const VG: [f64; 3] = [0.0, 0.6, 1.2];
const VD: [f64; 2] = [0.1, 1.2];
const ID: [[f64; 3]; 2] = [[1e-9, 2e-6, 9e-6], [2e-9, 3e-5, 2.5e-4]];

fn flags(table: &IvTable) -> Vec<Flags> {
    let column = table.frame().column("flags").expect("the column");
    column.u32().expect("integers").iter().map(|v| Flags(v.unwrap_or(0))).collect()
}

/// The six points, in any order, of a file read with default options; `sign` is that of the channel.
pub(crate) fn holds(name: &str, text: &str, sign: f64) -> IvTable {
    let table = read_one(name, text.as_bytes(), &ReadOptions::default());
    let (vg, vd, id) = (numbers(&table, "vg"), numbers(&table, "vd"), numbers(&table, "id"));
    assert_eq!(vg.len(), 6, "{name}: {text}");
    for (k, drain) in VD.iter().enumerate() {
        for (j, gate) in VG.iter().enumerate() {
            let row = (0..6).find(|r| vg[*r] == sign * gate && vd[*r] == sign * drain);
            let row =
                row.unwrap_or_else(|| panic!("{name}: no row at {gate} {drain}: {vg:?} {vd:?}\n{text}"));
            let error = id[row] / (sign * ID[k][j]) - 1.0;
            assert!(error.abs() < 1e-9, "{name}: {} at {gate} {drain}\n{text}", id[row]);
        }
    }
    table
}

#[test]
fn sheets_with_one_bias_down_and_another_across() {
    let down_vg = "0,1e-9,2e-9\n0.6,2e-6,3e-5\n1.2,9e-6,2.5e-4\n";
    let down_vd = "0.1,1e-9,2e-6,9e-6\n1.2,2e-9,3e-5,2.5e-4\n";
    let microamperes = "0,1e-3,2e-3\n0.6,2,30\n1.2,9,250\n";
    let says = Flags::NONE;
    let silent = Flags::ASSUMED_QUANTITY;
    for (name, text, expected) in [
        ("corner", format!("VGS\\VDS,0.1,1.2\n{down_vg}"), silent),
        ("slash", format!("Vgs (V) / Vds (mV),100,1200\n{down_vg}"), silent),
        ("turned", format!("Vd\\Vg,0,0.6,1.2\n{down_vd}"), silent),
        ("arrows", format!("Vgs→ Vds↓,0,0.6,1.2\n{down_vd}"), silent),
        ("quantity", format!("Id [uA]: Vgs\\Vds,0.1,1.2\n{microamperes}"), says),
        ("units", format!("VGS\\VDS,0.1 V,1.2 V\n{down_vg}"), silent),
        ("named", format!("Vg,Vd=0.1,Vd=1.2\n{down_vg}"), silent),
        ("both", format!("VGS\\VDS,VDS = 0.1 V,VDS = 1.2 V\n{down_vg}"), silent),
        ("at", format!("Vg,Id@Vd=0.1,Id@Vd=1.2\n{down_vg}"), says),
        ("hung", format!("Vg,Id_Vd=0.1,Id_Vd=1.2\n{down_vg}"), says),
        ("title", format!("Id (uA) vs Vgs (V) for Vds (V) =\nVgs (V),0.1,1.2\n{microamperes}"), says),
        ("two lines", format!("Id (A),Vds (V),\nVgs (V),0.1,1.2\n{down_vg}"), says),
        ("above", format!(",Drain Voltage (V),\nGate Voltage (V),0.1,1.2\n{down_vg}"), silent),
        ("merged", format!("Vgs,Id (A),\n,Vd=0.1,Vd=1.2\n{down_vg}"), says),
        ("merged two", format!("Vgs (V),Vds (V),\n,0.1,1.2\n{down_vg}"), silent),
        ("banner", format!(",Vd=0.1,Vd=1.2\nVg,Id,Id\n{down_vg}"), says),
        ("values above", format!("Vd (V),0.1,1.2\nVg,Id,Id\n{down_vg}"), says),
        ("remark behind", format!("VGS\\VDS,0.1,1.2,remark\n{}", down_vg.replace('\n', ",ok\n")), silent),
        ("trailing", format!("VGS\\VDS,0.1,1.2,,\n{}", down_vg.replace('\n', ",,\n")), silent),
        ("noted", format!("# lot 7, W=1u L=1u\nVb: 0\n\nVGS\\VDS,0.1,1.2\n\n{down_vg}"), silent),
    ] {
        let table = holds(&format!("{name}.csv"), &text, 1.0);
        let found = flags(&table)[0];
        assert_eq!(found.contains(silent), expected == silent, "{name}: {found}");
        let german = text.replace('.', "#").replace(',', ";").replace('#', ",");
        if !name.contains("noted") {
            holds(&format!("{name} german.csv"), &format!("\u{feff}{german}"), 1.0);
        }
    }
}

#[test]
fn sheets_below_each_other_hold_their_own_body_voltage() {
    let sheet = "VGS\\VDS,0.1,1.2\n0,1e-9,2e-9\n1.2,9e-6,2.5e-4\n";
    let text = format!("Id (A)\nVbs = 0 V\n{sheet}\nVbs = -0.5 V\n{sheet}");
    let table = read_one("body.csv", text.as_bytes(), &ReadOptions::default());
    let (vb, id) = (numbers(&table, "vb"), numbers(&table, "id"));
    assert_eq!(vb, [0.0, 0.0, -0.5, -0.5, 0.0, 0.0, -0.5, -0.5]);
    assert_eq!((id[1], id[7]), (9e-6, 2.5e-4));
    assert!(!flags(&table)[0].contains(Flags::ASSUMED_QUANTITY));
}

#[test]
fn logarithms_and_magnitudes_become_currents_and_say_so() {
    for (name, vg, vd, id) in [
        ("log", "Vg", "Vd", "log10(Id)"),
        ("excel", "VGS (V)", "VDS (V)", "LOG(ABS(ID))"),
        ("bars", "Vg", "Vd", "log|Id| (A)"),
        ("nano", "Vg", "Vd", "log10(|Id| [nA])"),
        ("natural", "Vg", "Vd", "ln(Id)"),
        ("abs", "Vg", "Vd", "abs(Id) (A)"),
        ("micro", "Vg", "Vd", "|Id|/uA"),
        ("expert", "Vg", "Vd", "absId"),
    ] {
        let written = |i: f64| match name {
            "nano" => (i / 1e-9).log10(),
            "natural" => i.ln(),
            "micro" => i / 1e-6,
            "abs" | "expert" => i,
            _ => i.log10(),
        };
        for (channel, sign) in [("n", 1.0), ("p", -1.0)] {
            let mut text = format!("# W=1u L=1u type={channel}\n{vg},{vd},{id}\n");
            for (drain, row) in VD.iter().zip(ID) {
                for (gate, i) in VG.iter().zip(row) {
                    text += &format!("{},{},{:.15e}\n", sign * gate, sign * drain, written(i));
                }
            }
            let table = holds(&format!("{name}.csv"), &text, sign);
            assert!(flags(&table).iter().all(|f| f.contains(Flags::ASSUMED_SIGN)), "{name}");
        }
    }
}

#[test]
fn a_p_channel_device_may_be_recorded_in_magnitudes_throughout() {
    let text = "type=p W=1u L=1u\n|Vgs|,|Vds|,|Id|\n0,0.1,1e-9\n0.6,0.1,2e-6\n1.2,0.1,9e-6\n0,1.2,2e-9\n0.6,1.2,3e-5\n1.2,1.2,2.5e-4\n";
    holds("all.csv", text, -1.0);
}

#[test]
fn what_the_current_itself_says_wins_over_its_logarithm() {
    let text = "Vg,Vd,log10(Id),Id,|Id|\n0,0.1,-9,-1e-9,1e-9\n0.6,0.1,-6,2e-6,2e-6\n";
    let table = read_one("three.csv", text.as_bytes(), &ReadOptions::default());
    assert_eq!(numbers(&table, "id"), [-1e-9, 2e-6]);
    assert_eq!(numbers(&table, "log10_id"), [-9.0, -6.0]);
    assert!(!flags(&table)[0].contains(Flags::ASSUMED_SIGN));
}

#[test]
fn marks_of_spreadsheets_and_instruments_are_missing_values() {
    let text = "sep=,\nVg,Vd,Id\n0,0.1,#N/A\n0.6,0.1,9.91E+37\n−0.1,0.1,1e-9\n1.2,0.1,9e-6,by hand\n";
    let table = read_one("marks.csv", text.as_bytes(), &ReadOptions::default());
    let (vg, id, flags) = (numbers(&table, "vg"), numbers(&table, "id"), flags(&table));
    assert!(id[0].is_nan() && id[1].is_nan());
    assert!(flags[0].contains(Flags::NON_FINITE) && flags[1].contains(Flags::NON_FINITE));
    assert_eq!((vg[2], id[2], id[3]), (-0.1, 1e-9, 9e-6));
}

#[test]
fn odd_shapes_of_tables() {
    let rows = "0,0.1,1e-9\n0.6,0.1,2e-6\n1.2,0.1,9e-6\n0,1.2,2e-9\n0.6,1.2,3e-5\n1.2,1.2,2.5e-4\n";
    let (first, second) = rows.split_at(rows.find("0,1.2").expect("there"));
    let heading = "Vg (V),Vd (V),Id (A)\n";
    for (name, text) in [
        ("repeated headings", format!("{heading}{first}{heading}{second}")),
        ("blank lines", format!("\n\n{heading}\n{first}\n\n{second}\n\n")),
        ("comments inside", format!("! by hand\n{heading}{first}# half time\n{second}// end\n")),
        ("blanks and decimal commas", format!("Vg Vd Id\n{}", rows.replace(',', " ").replace('.', ","))),
        (
            "quoted",
            format!("{heading}{rows}")
                .lines()
                .map(|l| format!("\"{}\"\n", l.replace(',', "\",\"")))
                .collect(),
        ),
        ("end mark", format!("{heading}{rows}END\n")),
        (
            "index first",
            format!("Index,{heading}{}", rows.lines().map(|l| format!("1,{l}\n")).collect::<String>()),
        ),
        (
            "german",
            format!("Gatespannung;Drainspannung;Drainstrom\n{}", rows.replace(',', ";").replace('.', ",")),
        ),
        (
            "held with commas",
            format!("Vg;Id (Vd=0,1 V);Id (Vd=1,2 V)\n{}", "0;1e-9;2e-9\n0,6;2e-6;3e-5\n1,2;9e-6;2,5e-4\n"),
        ),
        ("tabs", format!("{heading}{rows}").replace(',', "\t")),
        ("old line ends", format!("{heading}{rows}").replace('\n', "\r")),
        (
            "prefixes",
            "Vg,Vd,Id\n0,100m,1n\n600m,100m,2u\n1.2,100m,9u\n0,1.2,2n\n600m,1.2,30u\n1.2,1.2,250u\n"
                .to_owned(),
        ),
    ] {
        holds(&format!("{name}.csv"), &text, 1.0);
        let utf16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect();
        let table = read_one("utf16.csv", &utf16, &ReadOptions::default());
        assert_eq!(table.len(), 6, "{name}");
        assert_eq!(words(&table, "origin")[0], "measured");
    }
}

#[test]
fn what_cannot_be_told_is_an_error_with_a_way_out() {
    for (name, text, expected) in [
        ("axis.csv", "Vgs,0.1,1.2\n0,1e-9,2e-9\n1,1e-6,2e-6\n", "'Vgs\\Vds' or 'Vgs\\Vbs'"),
        ("bias.csv", "Vg,Id@0.1V,Id@1.2V\n0,1e-9,2e-9\n", "'Id (Vd=0.1V)'"),
        ("base.csv", "Vg,Vd,log(Id)\n0,1,-60.2\n1,1,-9.1\n", "ln(Id)"),
        ("half.csv", "vg,vd,id\n0,5,0,1,1\n1,0,0,1,2\n", "columns"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let reading = read_files(folder.path(), &[(name, text.as_bytes())], &ReadOptions::default());
        let said: Vec<String> = reading.failures.iter().map(|f| f.error.to_string()).collect();
        let passed: Vec<String> = reading.skipped.iter().map(|(_, why)| why.clone()).collect();
        let all = format!("{said:?} {passed:?}").replace("\\\\", "\\");
        assert!(all.contains(expected), "{name}: {all}");
        assert!(reading.table.is_empty(), "{name}");
    }
}

#[test]
fn a_failed_number_about_the_device_is_flagged_and_a_word_may_be_a_name() {
    let rows = "vg,vd,id\n0,0.1,1e-9\n0.6,0.1,2e-6\n1.2,0.1,9e-6\n";
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("list.tsv");
    let said = "file\tdevice\tw\tl\tnf\na.csv\topen\t10u\toverflow\t2\nb.csv\tnone\t10u\t0.13u\t-\nc.csv\tOverflow\t#REF!\t0.13u\t\n";
    std::fs::write(&list, said).expect("written");
    let options = ReadOptions { metadata: Some(list), ..ReadOptions::default() };
    let data = folder.path().join("data");
    let files = [("a.csv", rows.as_bytes()), ("b.csv", rows.as_bytes()), ("c.csv", rows.as_bytes())];
    let table = read_files(&data, &files, &options).table;
    let (device, marks) = (words(&table, "device"), flags(&table));
    assert_eq!([&device[0], &device[3], &device[6]], ["open", "W10u_L0.13u", "Overflow"]);
    let unread = |row: usize| marks[row].contains(Flags::UNREAD_METADATA);
    assert_eq!([unread(0), unread(3), unread(6)], [true, false, true]);
    let unknown = |row: usize| marks[row].contains(Flags::NO_GEOMETRY);
    assert_eq!([unknown(0), unknown(3), unknown(6)], [true, false, true]);

    let columns = "device,w,l,vg,vd,id\nopen,10u,0.13u,0,0.1,1e-9\nopen,10u,0.13u,1,0.1,1e-6\n\
                   T2,OVERFLOW,0.13u,0,0.1,1e-9\nT2,OVERFLOW,0.13u,1,0.1,2e-6\nT3,,0.13u,0,0.1,3e-9\n";
    let table = read_one("columns.csv", columns.as_bytes(), &ReadOptions::default());
    assert_eq!(words(&table, "device"), ["open", "open", "T2", "T2", "T3"]);
    let unread: Vec<bool> = flags(&table).iter().map(|f| f.contains(Flags::UNREAD_METADATA)).collect();
    assert_eq!(unread, [false, false, true, true, false]);
}

#[test]
fn cells_with_units_thousands_failures_and_line_ends_inside() {
    let down = "0,0.1,1e-9\n0.6,0.1,2e-6\n1.2,0.1,9e-6\n0,1.2,2e-9\n0.6,1.2,3e-5\n1.2,1.2,2.5e-4\n";
    for (name, text) in [
        ("units.csv", "Vg,Vd,Id\n0V,0.1V,1nA\n0.6V,0.1 V,2uA\n1.2V,0.1V,9 uA\n0V,1.2V,2e-9A\n0.6V,1.2V,30uA\n1.2V,1.2V,0.25mA\n".to_owned()),
        ("thousands.csv", "Vg,Vd,Id (nA)\n0,0.1,1\n0.6,0.1,\"2,000.0\"\n1.2,0.1,9'000\n0,1.2,2\n0.6,1.2,\"30,000.00\"\n1.2,1.2,\"250,000.0\"\n".to_owned()),
        ("wrapped.csv", format!("\"Gate\nvoltage (V)\",Vd,\"Id\n(A)\"\n{down}")),
        ("mixed.csv", format!("Vg,Vd,Id\r{}", down.replacen('\n', "\r", 2).replacen('\n', "\r\n", 2))),
        ("inches.csv", format!("# on an 8\" wafer\nVg,Vd,Id\n{down}")),
    ] {
        holds(name, &text, 1.0);
    }
    let failed =
        "Vg,Vd,Id\n0,0.1,------\n0.6,0.1,OVLD\n1.2,0.1,9e-6\n0,1.2,#####\n0.6,1.2,1.#QNAN\n1.2,1.2,2.5e-4\n";
    let table = read_one("failed.csv", failed.as_bytes(), &ReadOptions::default());
    let missing: Vec<bool> = numbers(&table, "id").iter().map(|i| i.is_nan()).collect();
    assert_eq!(missing, [true, true, false, true, true, false]);
}

#[test]
fn what_cannot_be_read_says_which_cell_or_heading() {
    let error = |text: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("f.csv");
        std::fs::write(&path, text).expect("written");
        let reading = read(&[path], &ReadOptions::default(), &|_| ()).expect("the file is there");
        reading.failures[0].error.to_string()
    };
    let ambiguous = error("Vg,Vd,Id\n0,0.1,\"1,090\"\n");
    assert!(ambiguous.contains("f.csv:2: found '1,090', expected a number in column 'Id'"), "{ambiguous}");
    let cell = error("Device,Vg,Vd,Id,Temp\nT1,0,0.1,1e-9,cold\nT1,1,0.1,1e-6,cold\n");
    assert!(cell.contains("f.csv:2: found 'cold', expected a number in column 'Temp'"), "{cell}");
    for factor in ["Id/A*1e-6", "Id (A) x 10^6"] {
        let error = error(&format!("Vg,Vd,{factor}\n0,0.1,1\n1,0.1,2\n"));
        assert!(error.contains(&format!("f.csv:1: found heading '{factor}' with a factor")), "{error}");
    }
    let headings = error("\"Keysight\",\"B2912A\"\n\nPoint,CH1 Voltage,CH2 Current\n1,0,1e-9\n2,1,1e-6\n");
    assert!(headings.contains("'Point, CH1 Voltage, CH2 Current' above the numbers of line 4"), "{headings}");
}
