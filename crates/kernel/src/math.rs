//! Branch-free exp and tanh that vectorise, accurate to about one unit in the last place.
//!
//! `exp`: Cody-Waite reduction `x = k ln2 + r`, `|r| <= ln2 / 2`, and a polynomial of degree 11.
//! `tanh(x) = 1 - 2 / (exp(2x) + 1)`: absolute error below 4.5e-16.
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

/// `exp(r)` on `|r| <= ln2 / 2` as a polynomial, constant first.
///
/// 1, 1, 1/2 and then the interpolant of the remainder at nine Chebyshev nodes: truncation below 4e-17 relative.
pub(crate) const EXP: [f64; 12] = [
    1.0,
    1.0,
    0.5,
    0.166_666_666_666_666_66,
    0.041_666_666_666_651_36,
    0.008_333_333_333_332_155,
    0.001_388_888_890_588_154_2,
    0.000_198_412_698_543_386_1,
    2.480_153_638_869_076_6e-5,
    2.755_728_006_701_698e-6,
    2.761_380_686_153_829e-7,
    2.509_555_467_711_111_2e-8,
];
/// Adding 1.5 * 2^52 rounds to an integer and leaves it in the low bits of the mantissa.
pub(crate) const MAGIC: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts; the product of the first with an integer below 2^20 is exact.
pub(crate) const LN2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];

/// `exp(x)` with `x` clamped to `±`[`EXP_LIMIT`]; NaN stays NaN.
#[inline(always)]
pub fn exp<const FMA: bool>(x: f64) -> f64 {
    let x = if x > EXP_LIMIT { EXP_LIMIT } else { x };
    let x = if x < -EXP_LIMIT { -EXP_LIMIT } else { x };
    exp_within::<FMA>(x)
}

/// `exp(x)` for `|x|` up to [`EXP_LIMIT`].
#[inline(always)]
fn exp_within<const FMA: bool>(x: f64) -> f64 {
    let shifted = fma::<FMA>(x, std::f64::consts::LOG2_E, MAGIC);
    let k = shifted - MAGIC;
    let r = fma::<FMA>(k, -LN2[1], fma::<FMA>(k, -LN2[0], x));
    let mut p = EXP[11];
    for c in EXP[..11].iter().rev() {
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
    1.0 - 2.0 / (exp_within::<FMA>(2.0 * x) + 1.0)
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
