//! Fits on measured silicon; limits are looser than docs/src/benchmarks.md so that they guard, not measure.

use gummel_data::Split;
use gummel_surrogate::{FitConfig, Part, fit};

use crate::sample::{dataset, silicon};

#[test]
fn ihp_lv_nmos_at_27_celsius_is_fitted_with_one_head_per_device() {
    let Some(path) = silicon("ihp") else { return };
    let data = dataset(path, "*/lv_nmos", 27.0);
    let report = fit(&data, &FitConfig::default(), &mut ()).unwrap().report;
    let s = &report.summaries[0];
    assert!(s.devices >= 20, "{} devices", s.devices);
    assert!(s.median_rel.median < 6e-3, "median relative error {:?}", s.median_rel);
    assert!(s.nrmse.median < 3e-3, "nRMSE {:?}", s.nrmse);
    assert!(s.gm_rel_l2.median < 0.03 && s.gds_rel_l2.median < 0.04, "{:?} {:?}", s.gm_rel_l2, s.gds_rel_l2);
}

#[test]
fn sky130_nfet_is_met_at_points_the_fit_did_not_see() {
    let Some(path) = silicon("sky130") else { return };
    let data = dataset(path, "sky130/nfet_01v8", 25.0);
    let config = FitConfig { split: Split::Points { fraction: 0.2, seed: 0 }, ..FitConfig::default() };
    let report = fit(&data, &config, &mut ()).unwrap().report;
    let s = report.summaries.iter().find(|s| s.part == Part::HeldOut).unwrap();
    assert!(s.rel_rms.median < 0.03, "{:?}", s.rel_rms);
    assert!(s.nrmse.median < 4e-3, "{:?}", s.nrmse);
}
