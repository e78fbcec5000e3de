//! What the data of charges and capacitances mean at rest: their level, and drain and source at the same voltage.
//!
//! The zero of a charge is free, at every temperature anew: a simulator sees differences only, and the model sets gate and bulk
//! charge to zero at zero bias. So levels of gate and bulk charge are taken away per temperature.
//!
//! In a symmetric device drain and source are alike where vds = 0: `cgd = cgs` and `cdg = csg`. Compact models that take the terminal at the higher
//! voltage for the drain break this: BSIM4 hands out derivatives of one side only (GF180 `nmos_3p3`, 10 um / 0.28 um, vgs = 0.3 V:
//! cgd = -2.3 fF and cgs = +0.9 fF, where both should be -0.7 fF). A model that is symmetric by construction meets their mean,
//! so the mean is what it is fitted to and compared with.

use std::collections::BTreeMap;

use gummel_data::DeviceData;
use gummel_device::Quantity;
use gummel_kernel::Features;

/// Below this `|vds|`, V, nothing can be told about drain and source: the smoothing of `|vds|`, 0 where they differ.
pub(super) fn near(features: &Features) -> f64 {
    if features.symmetric { features.smoothing } else { 0.0 }
}

/// Values of `what` at every point of `device`, as a device whose drain and source are alike would have them where
/// `|vds| < near` (V); the measured ones elsewhere, and everywhere for `near = 0`. NaN where there is no value.
pub(super) fn values(device: &DeviceData, what: Quantity, near: f64) -> Vec<f64> {
    let value = |q: Quantity, p: usize| device.quantities.get(&q).map_or(f64::NAN, |v| v[p]);
    let alike = |p: usize| match what {
        Quantity::Cgd | Quantity::Cgs => 0.5 * (value(Quantity::Cgd, p) + value(Quantity::Cgs, p)),
        // csg = -(cgg + cdg + cbg)
        Quantity::Cdg => -0.5 * (value(Quantity::Cgg, p) + value(Quantity::Cbg, p)),
        // Its partner css is not among the quantities.
        Quantity::Cdd => f64::NAN,
        _ => value(what, p),
    };
    let at = |p: usize| if device.bias_at(p).vds().abs() < near { alike(p) } else { value(what, p) };
    (0..device.len()).map(at).collect()
}

/// Takes from `charge`, one value per point of `device`, what it is nearest to zero bias at the same temperature.
pub(super) fn level(device: &DeviceData, charge: &mut [f64]) {
    let size = |p: usize| {
        let bias = device.bias_at(p);
        bias.vgs().powi(2) + bias.vds().powi(2) + bias.vbs().powi(2)
    };
    let mut rest: BTreeMap<u64, usize> = BTreeMap::new();
    for p in (0..charge.len()).filter(|&p| charge[p].is_finite()) {
        let nearest = rest.entry(device.temperature[p].to_bits()).or_insert(p);
        if size(p) < size(*nearest) {
            *nearest = p;
        }
    }
    let levels: BTreeMap<u64, f64> = rest.into_iter().map(|(kelvin, p)| (kelvin, charge[p])).collect();
    for (p, q) in charge.iter_mut().enumerate() {
        *q -= levels.get(&device.temperature[p].to_bits()).copied().unwrap_or(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charges::tests::measured;

    #[test]
    fn at_rest_drain_and_source_share_what_one_side_was_given() {
        let device = measured();
        let near = |what| values(&device, what, 0.01);
        assert_eq!(near(Quantity::Cgd), [-0.75, 0.0]);
        assert_eq!(near(Quantity::Cgs), [-0.75, -1.0]);
        // csg = -(2 - 0.5 - 0.3) = -1.2 and cdg = -0.5 on one side: -0.85 on both.
        assert!((near(Quantity::Cdg)[0] + 0.85).abs() < 1e-12);
        assert!(near(Quantity::Cdd)[0].is_nan());
        assert_eq!(values(&device, Quantity::Cgd, 0.0), [-2.25, 0.0]);
    }

    #[test]
    fn charges_begin_at_zero_bias() {
        let device = measured();
        let mut charge = vec![5.0, 7.0];
        level(&device, &mut charge);
        assert_eq!(charge, [0.0, 2.0]);
    }
}
