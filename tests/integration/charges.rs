//! Charges of a simulated technology over a wide range of voltage and temperature.

use gummel_device::{Corner, Quantity};
use gummel_surrogate::{ConstraintsConfig, FitConfig, LmConfig, Solver, charges, fit};

use crate::sample::gf180;

#[test]
fn capacitances_are_met_at_every_temperature_by_a_trunk_as_large_as_they_need() {
    let Some(data) = gf180("gf180mcu/nmos*", Corner::Tt) else { return };
    let mut config = FitConfig::default();
    // Only the charges matter here.
    config.network.hidden = vec![6, 6];
    config.constraints = ConstraintsConfig { steps: 0, ..ConstraintsConfig::default() };
    config.solver = Solver::Lm(LmConfig { max_steps: 2, subset_steps: 5, ..LmConfig::default() });
    let fitted = fit(&data, &config, &mut ()).unwrap();
    let errors = charges::charge_errors(&fitted.model, &data).unwrap();
    assert!(errors.iter().any(|e| e.quantity == Quantity::Cgd), "{errors:?}");
    for e in &errors {
        assert!(e.error.median < 0.02, "{}: {:?}", e.quantity.column(), e.error);
        assert!(e.error.worst < 0.04, "{}: {:?}", e.quantity.column(), e.error);
    }
    let told = &fitted.report.decisions;
    assert!(told.iter().any(|d| d.starts_with("trunk of charges of 12,")), "{told:?}");
}
