//! Smooth functions of geometry, temperature and corner over which heads vary.
//!
//! A basis is a list of products of powers of dimensionless covariates. With `um` one micrometre:
//!
//! | covariate | definition |
//! |---|---|
//! | `ln_l` | ln(L / um) |
//! | `ln_w` | ln(W / um) |
//! | `inv_l` | 0.13 um / L |
//! | `inv_w` | 0.15 um / W |
//! | `tau` | (T - 300.15 K) / 100 K |
//! | `speed`, `skew` | position in the corner plane |

use crate::spec::Place;

const MICROMETRE: f64 = 1e-6;

/// A dimensionless coordinate of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covariate {
    /// ln(L / 1 um).
    LnL,
    /// ln(W / 1 um).
    LnW,
    /// 0.13 um / L.
    InvL,
    /// 0.15 um / W.
    InvW,
    /// (T - 300.15 K) / 100 K.
    Tau,
    /// Common speed of n and p.
    Speed,
    /// Skew of n against p.
    Skew,
}

impl Covariate {
    /// Every covariate, in the order of [`Basis`] exponents.
    pub const ALL: [Covariate; 7] = [
        Covariate::LnL,
        Covariate::LnW,
        Covariate::InvL,
        Covariate::InvW,
        Covariate::Tau,
        Covariate::Speed,
        Covariate::Skew,
    ];

    /// Name used in files.
    pub fn name(self) -> &'static str {
        ["ln_l", "ln_w", "inv_l", "inv_w", "tau", "speed", "skew"][self as usize]
    }

    /// The covariate with the given file name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }

    /// Value at `place`.
    pub fn at(self, place: &Place) -> f64 {
        match self {
            Covariate::LnL => (place.l / MICROMETRE).ln(),
            Covariate::LnW => (place.w / MICROMETRE).ln(),
            Covariate::InvL => 0.13 * MICROMETRE / place.l,
            Covariate::InvW => 0.15 * MICROMETRE / place.w,
            Covariate::Tau => (place.temperature - 300.15) / 100.0,
            Covariate::Speed => place.speed,
            Covariate::Skew => place.skew,
        }
    }
}

/// Exponents of one product, one per entry of [`Covariate::ALL`]; all zero is the constant 1.
pub type Exponents = [u8; 7];

/// A list of products of covariates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    /// One row of exponents per basis function.
    pub terms: Vec<Exponents>,
}

impl Basis {
    /// The constant alone.
    pub fn constant() -> Self {
        Basis { terms: vec![[0; 7]] }
    }

    /// Number of basis functions.
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// True when there is no function at all.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether any function changes with `covariate`.
    pub fn depends_on(&self, covariate: Covariate) -> bool {
        self.terms.iter().any(|t| t[covariate as usize] > 0)
    }

    /// Values of all functions at `place`, appended to nothing: a fresh vector of length [`Basis::len`].
    pub fn at(&self, place: &Place) -> Vec<f64> {
        let c = Covariate::ALL.map(|c| c.at(place));
        self.terms
            .iter()
            .map(|e| e.iter().zip(c).map(|(&n, c)| if n == 0 { 1.0 } else { c.powi(i32::from(n)) }).product())
            .collect()
    }
}

/// Numbers of heads (row-major, `rows` rows) times the values of a basis.
pub fn times(numbers: &[f64], values: &[f64], rows: usize) -> Vec<f64> {
    let n = values.len();
    (0..rows).map(|r| numbers[r * n..][..n].iter().zip(values).map(|(b, v)| b * v).sum()).collect()
}

/// What every number of [`times`] is multiplied by where its rows are summed with `weights`: `weights[r] values[j]`, row-major.
pub fn factors(weights: &[f64], values: &[f64]) -> Vec<f64> {
    weights.iter().flat_map(|w| values.iter().map(move |v| w * v)).collect()
}
