//! An instance linearised at a bias: what a Newton iteration takes from it.

use crate::block::{ENTRIES, TERMINALS};

/// Currents, charges and their derivatives at one bias; devices in parallel together.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Linear {
    /// Where, V.
    pub bias: [f64; TERMINALS],
    /// Currents into the terminals, A.
    pub currents: [f64; TERMINALS],
    /// Charges of the terminals, C.
    pub charges: [f64; TERMINALS],
    /// Conductances row by row, S.
    pub conductances: [f64; ENTRIES],
    /// Capacitances row by row, F.
    pub capacitances: [f64; ENTRIES],
}

/// `start` plus the rows of `matrix` times `moved`.
pub fn along(
    start: &[f64; TERMINALS],
    matrix: &[f64; ENTRIES],
    moved: &[f64; TERMINALS],
) -> [f64; TERMINALS] {
    let rows = matrix.as_chunks::<TERMINALS>().0;
    std::array::from_fn(|r| rows[r].iter().zip(moved).fold(start[r], |sum, (m, d)| sum + m * d))
}
