//! What a dataset and a configuration must be before they make a problem.

use std::collections::BTreeSet;

use gummel_data::Dataset;
use gummel_device::Quantity;

use super::kind_of;
use crate::config::{FitConfig, check_layers};
use crate::error::FitError;

/// # Errors
/// [`FitError::Empty`], [`FitError::SeveralFamilies`] or [`FitError::Config`].
pub(super) fn check(data: &Dataset, config: &FitConfig) -> Result<(), FitError> {
    if data.devices.is_empty() {
        return Err(FitError::Empty);
    }
    let families: BTreeSet<String> = data.devices.iter().map(|d| d.id.family.to_string()).collect();
    if families.len() > 1 {
        let names = families.iter().cloned().collect::<Vec<_>>().join(", ");
        return Err(FitError::SeveralFamilies { found: families.len(), names });
    }
    check_layers("network.hidden", &config.network.hidden, "[20, 20]")?;
    for (key, value) in [
        ("network.smoothing", config.network.smoothing),
        ("residual.relative", config.residual.relative),
        ("residual.floor", config.residual.floor.unwrap_or(1.0)),
    ] {
        if !(value > 0.0 && value.is_finite()) {
            return Err(FitError::Config {
                key,
                found: value.to_string(),
                expected: "a positive number".into(),
            });
        }
    }
    // Charges come last: what cannot be is said before the currents are fitted.
    config.charges.check()?;
    let knee = config.network.knee;
    if knee != 0.0 && !(1e-3..=1e3).contains(&knee) {
        return Err(FitError::Config {
            key: "network.knee",
            found: knee.to_string(),
            expected: "0.001 to 1000 V, or 0 for none".into(),
        });
    }
    let reach = config.network.reach;
    if reach != 0.0 && !(1.2..=1e3).contains(&reach) {
        return Err(FitError::Config {
            key: "network.reach",
            found: reach.to_string(),
            expected: "1.2 to 1000 times the half-range of the data, or 0 for no end".into(),
        });
    }
    let quantities = &config.tasks.quantities;
    if !quantities.contains(&Quantity::Id) || quantities.iter().any(|q| kind_of(*q).is_none()) {
        return Err(FitError::Config {
            key: "tasks.quantities",
            found: format!("{:?}", quantities.iter().map(|q| q.column()).collect::<Vec<_>>()),
            expected: "id, and ig or ib where wanted (is follows from Kirchhoff)".into(),
        });
    }
    Ok(())
}
