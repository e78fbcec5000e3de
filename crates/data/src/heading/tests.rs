//! Headings of laboratories, each with the column, factor and offset that it means.

use super::*;

fn read(text: &str) -> String {
    match Heading::read(text, &ColumnMapping::default()) {
        Ok(Some(h)) => {
            let lost = ["", " magnitude", " logarithm"][h.loss() as usize];
            let per_width = if h.later == Some(Later::TimesWidth) { " per width" } else { "" };
            format!("{} {:e} {}{per_width}{lost}", h.column, h.factor, h.offset)
        }
        Ok(None) => "left out".to_owned(),
        Err(e) => format!("{} != {}", e.found, e.expected),
    }
}

#[test]
fn laboratory_spellings() {
    for (heading, expected) in [
        ("Vg [V]", "vg 1e0 0"),
        ("Id(uA)", "id 1e-6 0"),
        ("I_D/mA", "id 1e-3 0"),
        ("V_GS (mV)", "vg 1e-3 0"),
        ("Drain Current (A)", "id 1e0 0"),
        ("\"Gate Voltage, V\"", "vg 1e0 0"),
        ("-Id", "id -1e0 0"),
        ("Vsd [V]", "vd -1e0 0"),
        ("id_a", "id 1e0 0"),
        ("w_um", "w 1e-6 0"),
        ("temp_c", "temperature 1e0 273.15"),
        ("T (K)", "temperature 1e0 0"),
        ("Temp [°C]", "temperature 1e0 273.15"),
        ("Id [µA]", "id 1e-6 0"),
        ("Cgg [fF]", "cgg 1e-15 0"),
        ("gm (mS)", "gm 1e-3 0"),
        ("gm [mA/V]", "gm 1e-3 0"),
        ("I(D)", "id 1e0 0"),
        ("op_gmbs", "gmb 1e0 0"),
        // A lone s is read as siemens, whose factor is one as well.
        ("Elapsed Time (s)", "elapsed_time 1e0 0"),
        ("ID", "id 1e0 0"),
        ("DrainI(12)", "id 1e0 0"),
        ("GateV.1", "vg 1e0 0"),
        ("Id #2", "id 1e0 0"),
        ("UDS [mV]", "vd 1e-3 0"),
        ("V(1)", "v_1 1e0 0"),
        ("Id (uA/um)", "id 1e0 0 per width"),
        ("IDS/W [mA/mm]", "id 1e0 0 per width"),
        ("gm/W [uS/um]", "gm 1e0 0 per width"),
        ("Jd [A/m]", "jd 1e0 0"),
        ("Id/W [uA]", "heading 'Id/W [uA]' with unit 'uA' != a unit of current per width such as uA/um"),
        ("|Id| (uA)", "id 1e-6 0 magnitude"),
        ("abs(Id) [A]", "id 1e0 0 magnitude"),
        ("ABS(Drain Current [mA])", "id 1e-3 0 magnitude"),
        ("absId", "id 1e0 0 magnitude"),
        ("|Vgs|", "vg 1e0 0 magnitude"),
        ("log10(Id)", "id 1e0 0 logarithm"),
        ("LOG(|I_D|/uA)", "id 1e-6 0 logarithm"),
        ("log10 Id (A)", "id 1e0 0 logarithm"),
        ("lg(Ids/W [uA/um])", "id 1e0 0 per width logarithm"),
        ("ln(abs(Ig))", "ig 1e0 0 logarithm"),
        ("log(f)", "freq 1e0 0 logarithm"),
        ("abs(log10(|Id|))", "id 1e0 0 logarithm"),
        ("log(log(Id))", "log_log_id 1e0 0"),
        ("log10(noise)", "log10_noise 1e0 0"),
        ("logic", "logic 1e0 0"),
        ("absolute", "absolute 1e0 0"),
        ("Id [V]", "heading 'Id [V]' with unit 'V' != a unit of current such as A, mA, uA or nA"),
    ] {
        assert_eq!(read(heading), expected, "{heading}");
    }
}

#[test]
fn no_depth_of_functions_is_too_much() {
    let deep = format!("{}Id{}", "abs(".repeat(100_000), ")".repeat(100_000));
    let heading = Heading::read(&deep, &ColumnMapping::default()).expect("read").expect("kept");
    assert!(!heading.known);
}

#[test]
fn a_unit_behind_a_number_wins_over_that_of_the_heading() {
    let heading = |t: &str| Heading::read(t, &ColumnMapping::default()).expect("valid").expect("kept");
    for (name, cell, value) in [
        ("Vg [mV]", "5 mV", Some(5e-3)),
        ("Vg [mV]", "1.2 V", Some(1.2)),
        ("Vsd [mV]", "50m", Some(-50e-3)),
        ("Id [uA]", "10u", Some(10e-6)),
        ("Id", "3 nA", Some(3e-9)),
        ("W [um]", "10u", Some(10e-6)),
        ("W [um]", "0.13 um", Some(0.13e-6)),
        ("L", "5e-6 m", Some(5e-6)),
        ("T [K]", "27 °C", Some(300.15)),
        ("T [C]", "300K", Some(300.0)),
        ("T", "-40 C", Some(233.15)),
        ("freq", "60 Hz", Some(60.0)),
        ("gm [mS]", "2 mA/V", Some(2e-3)),
        ("chuck", "3 V", Some(3.0)),
        ("Vg [mV]", "5 mA", None),
        ("W", "5 mV", None),
        ("L [um]", "2 uA", None),
        ("Id (uA/um)", "5 uA", None),
        ("T", "5m", None),
    ] {
        assert_eq!(heading(name).quantity(cell), value, "'{cell}' below '{name}'");
    }
}

#[test]
fn bare_lengths_and_temperatures_are_told_by_size() {
    let heading = |t: &str| Heading::read(t, &ColumnMapping::default()).expect("valid").expect("kept");
    assert_eq!(heading("W").value(10.0), 10e-6);
    assert_eq!(heading("W").value(10e-6), 10e-6);
    assert_eq!(heading("temp").value(27.0), 300.15);
    assert_eq!(heading("temp").value(300.15), 300.15);
    assert_eq!(heading("w [um]").value(0.13), 0.13e-6);
}

#[test]
fn logarithms_are_undone() {
    let heading = |t: &str| Heading::read(t, &ColumnMapping::default()).expect("valid").expect("kept");
    assert!((heading("log10(Id)").value(-6.0) / 1e-6 - 1.0).abs() < 1e-12);
    assert!((heading("log10(Id [uA])").value(-3.0) / 1e-9 - 1.0).abs() < 1e-12);
    assert!((heading("ln(Id)").value(-13.815510557964274) / 1e-6 - 1.0).abs() < 1e-12);
    assert_eq!(heading("log10(|Id|)").value(f64::NEG_INFINITY), 0.0);
    assert_eq!(heading("log10(Id)").waits().collect::<Vec<_>>(), [Later::Sign]);
}

#[test]
fn a_mapping_renames_and_leaves_out() {
    let mut mapping = ColumnMapping::default();
    mapping.columns.insert("Strom 2".to_owned(), "id [uA]".to_owned());
    mapping.columns.insert("Zeit".to_owned(), String::new());
    let id = Heading::read("strom 2", &mapping).expect("valid").expect("kept");
    assert_eq!((id.column.as_str(), id.value(3.0)), ("id", 3e-6));
    assert_eq!(Heading::read("Zeit", &mapping), Ok(None));
}
