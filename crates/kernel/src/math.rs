//! Branch-free exp and tanh that vectorise, accurate to about one unit in the last place.
//!
//! `exp`: Cody-Waite reduction `x = k ln2 + r`, `|r| <= ln2 / 2`, and the Taylor polynomial of degree 13
//! (truncation below 5e-18 relative). `tanh(x) = 1 - 2 / (exp(2x) + 1)`: absolute error below 4.5e-16.
//! The standard library's versions call libm, which no compiler vectorises.

/// Lanes of one vector step; eight doubles fill one AVX-512 or two AVX2 registers.
pub const LANES: usize = 8;

/// A block of [`LANES`] doubles that the compiler keeps in vector registers.
pub type Lanes = [f64; LANES];

/// Largest argument of the exponential; `exp(700)` is 1e304, far above any current.
pub const EXP_LIMIT: f64 = 700.0;

/// `a b + c`, fused where the caller was compiled for a processor with FMA.
#[inline(always)]
pub(crate) fn fma<const FMA: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// Coefficients 1/n! for n = 13 down to 0.
pub(crate) const TAYLOR: [f64; 14] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

/// `exp(x)` with `x` clamped to `±`[`EXP_LIMIT`]; NaN stays NaN.
#[inline(always)]
pub fn exp<const FMA: bool>(x: f64) -> f64 {
    // Adding 1.5 * 2^52 rounds to an integer and leaves it in the low bits of the mantissa.
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    const LN2_HI: f64 = 6.931_471_803_691_238e-1;
    const LN2_LO: f64 = 1.908_214_929_270_587_7e-10;
    let x = if x > EXP_LIMIT { EXP_LIMIT } else { x };
    let x = if x < -EXP_LIMIT { -EXP_LIMIT } else { x };
    let shifted = fma::<FMA>(x, std::f64::consts::LOG2_E, MAGIC);
    let k = shifted - MAGIC;
    let r = fma::<FMA>(k, -LN2_LO, fma::<FMA>(k, -LN2_HI, x));
    let mut p = TAYLOR[0];
    for c in &TAYLOR[1..] {
        p = fma::<FMA>(p, r, *c);
    }
    let scale = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1f64.to_bits()));
    p * scale
}

/// `tanh(x)`, exactly ±1 beyond |x| = 20; NaN stays NaN.
#[inline(always)]
pub fn tanh<const FMA: bool>(x: f64) -> f64 {
    let x = if x > 20.0 { 20.0 } else { x };
    let x = if x < -20.0 { -20.0 } else { x };
    1.0 - 2.0 / (exp::<FMA>(2.0 * x) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep() -> impl Iterator<Item = f64> {
        (-400_000..=400_000).map(|i| f64::from(i) * 1.001e-3)
    }

    #[test]
    fn exp_agrees_with_the_standard_library_to_an_ulp_or_two() {
        for x in sweep() {
            for e in [exp::<false>(x), exp::<true>(x)] {
                assert!((e / x.exp() - 1.0).abs() < 5e-16, "exp({x})");
            }
        }
        assert!(
            exp::<false>(1e9).is_finite() && exp::<false>(-1e9) >= 0.0 && exp::<false>(f64::NAN).is_nan()
        );
    }

    #[test]
    fn tanh_agrees_with_the_standard_library_and_never_leaves_its_range() {
        for x in sweep() {
            let t = tanh::<false>(x);
            assert!((t - x.tanh()).abs() < 4.5e-16 && t.abs() <= 1.0, "tanh({x})");
        }
        assert!(tanh::<false>(f64::NAN).is_nan());
    }
}
