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
    expect_file!["../golden/two_neurons.csv"].assert_eq(&table.csv());
}
