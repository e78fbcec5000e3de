//! The functions of geometry, temperature and corner that the population's mean is made of.

use std::collections::BTreeSet;

use gummel_device::{CornerPosition, DeviceId};
use gummel_kernel::basis::Exponents;
use gummel_kernel::{Basis, Covariate};

use crate::config::Population;
use crate::posterior::mean::FEWEST_SIZES;

/// Basis phi: the polynomial of the geometry, as far as the devices determine it, and the corner plane.
pub(crate) fn population(devices: &[&DeviceId], kind: Population) -> Basis {
    let mut basis = Basis::constant();
    if kind == Population::Mean {
        return basis;
    }
    let distinct = |f: &dyn Fn(&DeviceId) -> f64| {
        devices.iter().map(|d| f(d).to_bits()).collect::<BTreeSet<u64>>().len()
    };
    let (lengths, widths) = (distinct(&|d| d.geometry.l), distinct(&|d| d.geometry.w));
    // Exponents over ln_l, ln_w, inv_l, inv_w; later terms need more distinct geometries.
    let candidates: [([u8; 4], usize, usize); 14] = [
        ([1, 0, 0, 0], 2, 1),
        ([0, 1, 0, 0], 1, 2),
        ([0, 0, 1, 0], 3, 1),
        ([0, 0, 0, 1], 1, 3),
        ([1, 1, 0, 0], 3, 3),
        ([0, 0, 1, 1], 4, 4),
        ([2, 0, 0, 0], 5, 1),
        ([0, 0, 2, 0], 6, 1),
        ([0, 1, 1, 0], 4, 4),
        ([1, 0, 0, 1], 4, 4),
        // What a narrow channel does, and that it does otherwise in a long one.
        ([0, 0, 0, 2], 5, 5),
        ([0, 2, 0, 0], 5, 5),
        ([1, 2, 0, 0], 5, 5),
        ([1, 0, 1, 0], 7, 5),
    ];
    // More functions than half of the devices would only describe the devices themselves, unless what comes after the fit
    // sets them.
    let sizes: BTreeSet<[u64; 2]> =
        devices.iter().map(|d| [d.geometry.w, d.geometry.l].map(f64::to_bits)).collect();
    let one_corner =
        distinct(&|d| d.corner.map_or(0.0, |c| c.position().speed + 10.0 * c.position().skew)) == 1;
    let most = match one_corner && sizes.len() >= FEWEST_SIZES {
        true => usize::MAX,
        false => (devices.len() / 2).max(1),
    };
    for (e, min_l, min_w) in candidates {
        if basis.len() < most && lengths >= min_l && widths >= min_w {
            basis.terms.push([e[0], e[1], e[2], e[3], 0, 0, 0]);
        }
    }
    // An axis of the corner plane needs two values for its linear term and three for its square.
    let values = |f: &dyn Fn(CornerPosition) -> f64| {
        let positions = devices.iter().filter_map(|d| Some(f(d.corner?.position()).to_bits()));
        positions.collect::<BTreeSet<u64>>().len()
    };
    let (speeds, skews) = (values(&|p| p.speed), values(&|p| p.skew));
    for (e, least, there) in
        [([1, 0], 2, speeds), ([0, 1], 2, skews), ([2, 0], 3, speeds), ([0, 2], 3, skews)]
    {
        if there >= least {
            basis.terms.push([0, 0, 0, 0, 0, e[0], e[1]]);
            basis.terms.push([0, 0, 1, 0, 0, e[0], e[1]]);
        }
    }
    basis
}

/// The constant and the linear functions of length in `basis`, each times temperature: threshold and mobility fall
/// with it, in short devices otherwise than in long ones.
pub(crate) fn warmed(basis: &Basis) -> Vec<Exponents> {
    let linear = |[l, w, inv_l, inv_w, tau, speed, skew]: &Exponents| {
        l + inv_l <= 1 && [w, inv_w, tau, speed, skew].into_iter().all(|e| *e == 0)
    };
    basis.terms.iter().filter(|e| linear(e)).map(times_tau).collect()
}

/// `term` without a temperature, times tau.
pub(crate) fn times_tau(term: &Exponents) -> Exponents {
    let mut warm = *term;
    warm[Covariate::Tau as usize] = 1;
    warm
}

#[cfg(test)]
mod tests {
    use super::*;
    use gummel_device::{Corner, Family, Geometry, Polarity};

    /// Exponents of speed and skew in the population of four sizes at every one of `corners`.
    fn of_corners(corners: &[Corner]) -> BTreeSet<[u8; 2]> {
        let family = Family { technology: "test".into(), name: "nmos".into(), polarity: Polarity::N };
        let at = |corner: &Corner, l: f64| DeviceId {
            family: family.clone(),
            name: format!("{l}_{corner}"),
            geometry: Geometry::new(1e-6, l),
            site: String::new(),
            corner: Some(*corner),
        };
        let ids: Vec<DeviceId> =
            corners.iter().flat_map(|c| [1e-7, 2e-7, 1e-6, 1e-5].map(|l| at(c, l))).collect();
        let basis = population(&ids.iter().collect::<Vec<_>>(), Population::Geometry);
        basis.terms.iter().map(|t| [t[5], t[6]]).filter(|e| *e != [0, 0]).collect()
    }

    #[test]
    fn corners_bring_the_functions_that_they_determine() {
        let [tt, ff, ss, sf, fs] = Corner::ALL;
        assert!(of_corners(&[tt]).is_empty());
        assert_eq!(of_corners(&[tt, ff]), [[1, 0]].into());
        assert_eq!(of_corners(&[tt, ff, ss]), [[1, 0], [2, 0]].into());
        assert_eq!(of_corners(&[tt, ff, ss, sf]), [[1, 0], [2, 0], [0, 1]].into());
        assert_eq!(of_corners(&[tt, ff, ss, sf, fs]), [[1, 0], [2, 0], [0, 1], [0, 2]].into());
    }
}
