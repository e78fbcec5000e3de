//! The model of two neurons in every printed format. After a wanted change: `UPDATE_EXPECT=1 cargo test`.

use expect_test::expect_file;
use gummel_export::{Selection, c, gmid, numpy, spice, verilog_a};

use crate::models::two_neurons;

#[test]
fn verilog_a() {
    let text = verilog_a::text(&two_neurons(), &Selection::default()).unwrap();
    expect_file!["../golden/two_neurons.va"].assert_eq(&text);
}

#[test]
fn c() {
    let text = c::text(&two_neurons(), &Selection::default()).unwrap();
    expect_file!["../golden/two_neurons.h"].assert_eq(&text);
}

#[test]
fn numpy() {
    let text = numpy::text(&two_neurons(), &Selection::default()).unwrap();
    expect_file!["../golden/two_neurons.py"].assert_eq(&text);
}

#[test]
fn spice() {
    let text = spice::text(&two_neurons(), &Selection::default(), spice::Names::Own).unwrap();
    expect_file!["../golden/two_neurons.sp"].assert_eq(&text);
}

#[test]
fn gmid() {
    let grid = gmid::Grid { vgs: vec![0.2, 0.6, 1.2], vds: vec![0.6], vbs: vec![0.0, -0.5] };
    let table = gmid::table(&two_neurons(), &Selection::default(), Some(&grid)).unwrap();
    expect_file!["../golden/two_neurons.csv"].assert_eq(&rounded(&table.csv()));
}

/// Numbers of a table to ten digits: instruction sets differ in the last ones.
fn rounded(csv: &str) -> String {
    let short = |field: &str| match field.parse::<f64>() {
        Ok(number) => format!("{number:.9e}"),
        Err(_) => field.to_owned(),
    };
    let line = |line: &str| line.split(',').map(short).collect::<Vec<_>>().join(",") + "\n";
    csv.lines().map(line).collect()
}

#[test]
fn gm_over_id_is_empty_below_the_noise_floor() {
    let mut model = two_neurons();
    model.manifest.devices.iter_mut().for_each(|d| d.floor = 1e-6);
    let grid = gmid::Grid { vgs: vec![0.2, 0.6], vds: vec![0.6], vbs: vec![0.0] };
    let table = gmid::table(&model, &Selection::default(), Some(&grid)).unwrap();
    let column = |name: &str| table.columns.iter().position(|c| *c == name).unwrap();
    for row in &table.rows {
        let (id, ratio) = (row[column("id")], row[column("gm_over_id")]);
        assert_eq!(ratio.is_nan(), id < 2e-6, "id {id}: {ratio}");
        assert!(row[column("gm")].is_finite());
    }
    assert_eq!(table.rows.iter().filter(|row| row[column("gm_over_id")].is_nan()).count(), 2);
}
