//! Eight doubles as vector registers: portable, AVX2 with FMA, and AVX-512.
//!
//! Evaluation bodies are generic in [`Vector`] and `#[inline(always)]`; [`dispatch_vector`] compiles one copy
//! per instruction set and picks it at run time. Compilers vectorise the fit's long loops by themselves,
//! but not the short ones of a single bias, hence the explicit registers here.

use crate::math::{EXP, LANES, LN2, Lanes, MAGIC};

/// Eight doubles.
///
/// Methods of the processor-specific types may only run where [`crate::Isa::detect`] found the
/// instructions; [`dispatch_vector`] is the only place that names those types.
pub(crate) trait Vector: Copy {
    /// Registers that one of these takes.
    const REGISTERS: usize;
    /// Registers there are.
    const AVAILABLE: usize;

    fn splat(x: f64) -> Self;
    fn load(x: &Lanes) -> Self;
    /// Three doubles and zeros.
    fn three(x: [f64; 3]) -> Self;
    fn store(self, out: &mut Lanes);
    fn add(self, b: Self) -> Self;
    fn sub(self, b: Self) -> Self;
    fn mul(self, b: Self) -> Self;
    fn div(self, b: Self) -> Self;
    fn sqrt(self) -> Self;
    /// `1 / self` of numbers from 1 to 1e300, to the last bit or the one before.
    fn reciprocal(self) -> Self;
    /// `self * b + c`.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// The smaller of `limit` and `self`; NaN in `self` stays.
    fn at_most(self, limit: f64) -> Self;
    /// The larger of `limit` and `self`; NaN in `self` stays.
    fn at_least(self, limit: f64) -> Self;
    /// `2^k` where the low bits of the mantissa of `self` hold the integer `k`.
    fn power_of_two(self) -> Self;

    #[inline(always)]
    fn zero() -> Self {
        Self::splat(0.0)
    }

    /// Lanes 0 to 2.
    #[inline(always)]
    fn firsts(self) -> [f64; 3] {
        let mut lanes = [0.0; LANES];
        self.store(&mut lanes);
        [lanes[0], lanes[1], lanes[2]]
    }

    /// Sum of the lanes.
    #[inline(always)]
    fn sum(self) -> f64 {
        let mut s = [0.0; LANES];
        self.store(&mut s);
        ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]))
    }

    /// Sums of the lanes of four vectors.
    #[inline(always)]
    fn sums(four: [Self; 4]) -> [f64; 4] {
        [four[0].sum(), four[1].sum(), four[2].sum(), four[3].sum()]
    }
}

/// `exp(x)` for `|x|` up to 700 (see [`crate::math::exp`] for the method).
#[inline(always)]
pub(crate) fn exp<V: Vector>(x: V) -> V {
    let shifted = rounded(x, std::f64::consts::LOG2_E);
    let k = shifted.sub(V::splat(MAGIC));
    let r = k.mul_add(V::splat(-LN2[1]), k.mul_add(V::splat(-LN2[0]), x));
    series(r).mul(shifted.power_of_two())
}

/// `x * log2` as an integer, in the low bits of the mantissa.
#[inline(always)]
fn rounded<V: Vector>(x: V, log2: f64) -> V {
    x.mul_add(V::splat(log2), V::splat(MAGIC))
}

/// `exp(r)` for `|r|` up to `ln(2) / 2`, by Estrin's scheme: a third of the latency of Horner's, which is what a single bias
/// waits for.
#[inline(always)]
fn series<V: Vector>(r: V) -> V {
    let r2 = r.mul(r);
    let r4 = r2.mul(r2);
    let low = line(2, r).mul_add(r2, line(0, r));
    let middle = line(6, r).mul_add(r2, line(4, r));
    let high = line(10, r).mul_add(r2, line(8, r));
    high.mul_add(r4.mul(r4), middle.mul_add(r4, low))
}

/// Two terms of the polynomial. No closure, see `registers`.
#[inline(always)]
fn line<V: Vector>(n: usize, r: V) -> V {
    V::splat(EXP[n + 1]).mul_add(r, V::splat(EXP[n]))
}

/// `tanh(x)`, exactly ±1 beyond |x| = 20; NaN stays NaN.
#[inline(always)]
pub(crate) fn tanh<V: Vector>(x: V) -> V {
    tanh_within(x.at_most(20.0).at_least(-20.0))
}

/// Largest magnitude of what [`tanh_within`] takes: beyond 354 the power of two no longer fits a double.
pub(crate) const TANH_LIMIT: f64 = 300.0;

/// [`tanh`] of numbers up to [`TANH_LIMIT`] in magnitude; NaN stays NaN.
///
/// One constant for ln 2 is enough: what `2x - k ln 2` is off by weighs `(1 - tanh^2) / 2`, which falls faster than `k` grows.
#[inline(always)]
pub(crate) fn tanh_within<V: Vector>(x: V) -> V {
    let shifted = rounded(x, 2.0 * std::f64::consts::LOG2_E);
    let k = shifted.sub(V::splat(MAGIC));
    let r = k.mul_add(V::splat(-std::f64::consts::LN_2), x.add(x));
    let denominator = series(r).mul_add(shifted.power_of_two(), V::splat(1.0));
    denominator.reciprocal().mul_add(V::splat(-2.0), V::splat(1.0))
}

/// No assumption about the processor beyond the target triple.
#[derive(Clone, Copy)]
pub(crate) struct Portable(Lanes);

impl Portable {
    #[inline(always)]
    fn zip(self, b: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Portable(std::array::from_fn(|k| f(self.0[k], b.0[k])))
    }
}

impl Vector for Portable {
    // Pairs of doubles, as on x86-64 without AVX.
    const REGISTERS: usize = 4;
    const AVAILABLE: usize = 16;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Portable([x; LANES])
    }
    #[inline(always)]
    fn load(x: &Lanes) -> Self {
        Portable(*x)
    }
    #[inline(always)]
    fn three([a, b, c]: [f64; 3]) -> Self {
        Portable([a, b, c, 0.0, 0.0, 0.0, 0.0, 0.0])
    }
    #[inline(always)]
    fn store(self, out: &mut Lanes) {
        *out = self.0;
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        self.zip(b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        self.zip(b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        self.zip(b, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        self.zip(b, |a, b| a / b)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Portable(self.0.map(f64::sqrt))
    }
    #[inline(always)]
    fn reciprocal(self) -> Self {
        Self::splat(1.0).div(self)
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        self.mul(b).add(c)
    }
    #[inline(always)]
    fn at_most(self, limit: f64) -> Self {
        Portable(self.0.map(|x| if x > limit { limit } else { x }))
    }
    #[inline(always)]
    fn at_least(self, limit: f64) -> Self {
        Portable(self.0.map(|x| if x < limit { limit } else { x }))
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        Portable(self.0.map(|x| f64::from_bits((x.to_bits() << 52).wrapping_add(1f64.to_bits()))))
    }
}

/// Makes a tuple of registers a [`Vector`]: two registers of four doubles or one of eight from a processor's intrinsics.
///
/// No closures: they would be compiled without the instruction set and called instead of inlined.
#[cfg(target_arch = "x86_64")]
macro_rules! registers {
    (
        $name:ident($($field:tt at $offset:literal),*) = $registers:literal of $available:literal,
        $splat:ident $load:ident $store:ident $add:ident $sub:ident $mul:ident $div:ident $sqrt:ident $fma:ident
        $min:ident $max:ident $folded:ident $widened:ident $reciprocal:ident, $to_int:ident $to_double:ident $shift:ident $add_int:ident $splat_int:ident
    ) => {
        // SAFETY of every block: the instructions exist (see `Vector`); loads and stores stay inside
        // the eight doubles of a `Lanes`.
        impl Vector for $name {
            const REGISTERS: usize = $registers;
            const AVAILABLE: usize = $available;

            #[inline(always)]
            fn splat(x: f64) -> Self {
                let x = unsafe { $splat(x) };
                $name { $($field: x),* }
            }
            #[inline(always)]
            fn load(x: &Lanes) -> Self {
                $name { $($field: unsafe { $load(x.as_ptr().add($offset)) }),* }
            }
            #[inline(always)]
            fn three([a, b, c]: [f64; 3]) -> Self {
                unsafe { $widened(_mm256_setr_pd(a, b, c, 0.0)) }
            }
            #[inline(always)]
            fn store(self, out: &mut Lanes) {
                $(unsafe { $store(out.as_mut_ptr().add($offset), self.$field) };)*
            }
            #[inline(always)]
            fn add(self, b: Self) -> Self {
                $name { $($field: unsafe { $add(self.$field, b.$field) }),* }
            }
            #[inline(always)]
            fn sub(self, b: Self) -> Self {
                $name { $($field: unsafe { $sub(self.$field, b.$field) }),* }
            }
            #[inline(always)]
            fn mul(self, b: Self) -> Self {
                $name { $($field: unsafe { $mul(self.$field, b.$field) }),* }
            }
            #[inline(always)]
            fn div(self, b: Self) -> Self {
                $name { $($field: unsafe { $div(self.$field, b.$field) }),* }
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $name { $($field: unsafe { $sqrt(self.$field) }),* }
            }
            #[inline(always)]
            fn reciprocal(self) -> Self {
                $name { $($field: unsafe { $reciprocal(self.$field) }),* }
            }
            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                $name { $($field: unsafe { $fma(self.$field, b.$field, c.$field) }),* }
            }
            // The second operand wins when one is NaN.
            #[inline(always)]
            fn at_most(self, limit: f64) -> Self {
                $name { $($field: unsafe { $min($splat(limit), self.$field) }),* }
            }
            #[inline(always)]
            fn at_least(self, limit: f64) -> Self {
                $name { $($field: unsafe { $max($splat(limit), self.$field) }),* }
            }
            #[inline(always)]
            fn sum(self) -> f64 {
                unsafe { sum_quad($folded(self)) }
            }
            #[inline(always)]
            fn sums([a, b, c, d]: [Self; 4]) -> [f64; 4] {
                unsafe { sum_quads($folded(a), $folded(b), $folded(c), $folded(d)) }
            }
            #[inline(always)]
            fn power_of_two(self) -> Self {
                let one = unsafe { $splat_int(1f64.to_bits().cast_signed()) };
                $name { $($field: unsafe { $to_double($add_int($shift::<52>($to_int(self.$field)), one)) }),* }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Lanes, Vector};
    use std::arch::x86_64::*;

    /// AVX2 with FMA.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2(__m256d, __m256d);

    /// AVX-512 F.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx512(__m512d);

    /// Lanes 0..4 plus lanes 4..8.
    ///
    /// # Safety
    /// AVX is there.
    #[inline(always)]
    unsafe fn folded_256(x: Avx2) -> __m256d {
        unsafe { _mm256_add_pd(x.0, x.1) }
    }

    /// Lanes 0..4 plus lanes 4..8.
    ///
    /// # Safety
    /// AVX-512 F is there.
    #[inline(always)]
    unsafe fn folded_512(x: Avx512) -> __m256d {
        unsafe { _mm256_add_pd(_mm512_castpd512_pd256(x.0), _mm512_extractf64x4_pd::<1>(x.0)) }
    }

    /// Four lanes and zeros.
    ///
    /// # Safety
    /// AVX is there.
    #[inline(always)]
    unsafe fn widened_256(x: __m256d) -> Avx2 {
        Avx2(x, unsafe { _mm256_setzero_pd() })
    }

    /// Four lanes and zeros.
    ///
    /// # Safety
    /// AVX-512 F is there.
    #[inline(always)]
    unsafe fn widened_512(x: __m256d) -> Avx512 {
        Avx512(unsafe { _mm512_zextpd256_pd512(x) })
    }

    /// `1 / x`, by the processor's division.
    ///
    /// # Safety
    /// AVX is there.
    #[inline(always)]
    unsafe fn divided_256(x: __m256d) -> __m256d {
        unsafe { _mm256_div_pd(_mm256_set1_pd(1.0), x) }
    }

    /// `1 / x` from an estimate `r` that is `e = 1 - x r < 2^-14` off: `r (1 + e) (1 + e^2)`. A division of eight doubles holds up
    /// all others for four times as long.
    ///
    /// # Safety
    /// AVX-512 F is there.
    #[inline(always)]
    unsafe fn refined_512(x: __m512d) -> __m512d {
        unsafe {
            let r = _mm512_rcp14_pd(x);
            let e = _mm512_fnmadd_pd(x, r, _mm512_set1_pd(1.0));
            let near = _mm512_fmadd_pd(r, e, r);
            _mm512_fmadd_pd(near, _mm512_mul_pd(e, e), near)
        }
    }

    /// Sum of the lanes, in the order of [`sum_quads`].
    ///
    /// # Safety
    /// AVX is there.
    #[inline(always)]
    unsafe fn sum_quad(a: __m256d) -> f64 {
        unsafe {
            let pairs = _mm256_hadd_pd(a, a);
            _mm_cvtsd_f64(_mm_add_sd(_mm256_castpd256_pd128(pairs), _mm256_extractf128_pd::<1>(pairs)))
        }
    }

    /// Sum of each register's lanes: pairs within the halves of two registers, then the halves.
    ///
    /// # Safety
    /// AVX is there.
    #[inline(always)]
    unsafe fn sum_quads(a: __m256d, b: __m256d, c: __m256d, d: __m256d) -> [f64; 4] {
        let mut out = [0.0; 4];
        unsafe {
            let (ab, cd) = (_mm256_hadd_pd(a, b), _mm256_hadd_pd(c, d));
            let low = _mm256_permute2f128_pd::<0x20>(ab, cd);
            let high = _mm256_permute2f128_pd::<0x31>(ab, cd);
            _mm256_storeu_pd(out.as_mut_ptr(), _mm256_add_pd(low, high));
        }
        out
    }

    registers! {
        Avx2(0 at 0, 1 at 4) = 2 of 16,
        _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_add_pd _mm256_sub_pd _mm256_mul_pd
        _mm256_div_pd _mm256_sqrt_pd _mm256_fmadd_pd _mm256_min_pd _mm256_max_pd folded_256 widened_256 divided_256,
        _mm256_castpd_si256 _mm256_castsi256_pd _mm256_slli_epi64 _mm256_add_epi64 _mm256_set1_epi64x
    }
    registers! {
        Avx512(0 at 0) = 1 of 32,
        _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_add_pd _mm512_sub_pd _mm512_mul_pd
        _mm512_div_pd _mm512_sqrt_pd _mm512_fmadd_pd _mm512_min_pd _mm512_max_pd folded_512 widened_512 refined_512,
        _mm512_castpd_si512 _mm512_castsi512_pd _mm512_slli_epi64 _mm512_add_epi64 _mm512_set1_epi64
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

/// Defines `fn name(isa, args)`, which runs `body::<V>(args)` compiled for `isa`.
///
/// The bodies are never inlined: each is compiled once, in this crate, and not again in every crate that evaluates.
macro_rules! dispatch_vector {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? = $body:ident) => {
        $(#[$doc])*
        #[inline]
        $vis fn $name(isa: $crate::isa::Isa, $($arg: $ty),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[inline(never)]
                #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
                fn avx512($($arg: $ty),*) $(-> $ret)? { $body::<$crate::simd::Avx512>($($arg),*) }
                #[inline(never)]
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $ty),*) $(-> $ret)? { $body::<$crate::simd::Avx2>($($arg),*) }
                match isa {
                    // SAFETY: `Isa::detect` checked these features on this processor.
                    $crate::isa::Isa::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    $crate::isa::Isa::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::isa::Isa::Baseline => {}
                }
            }
            #[inline(never)]
            fn portable($($arg: $ty),*) $(-> $ret)? { $body::<$crate::simd::Portable>($($arg),*) }
            let _ = isa;
            portable($($arg),*)
        }
    };
}
pub(crate) use dispatch_vector;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Isa;

    dispatch_vector! {
        /// Hyperbolic tangent and reciprocal of every number.
        fn both(x: &[Lanes], tanhs: &mut [Lanes], reciprocals: &mut [Lanes]) = both_body
    }

    #[inline(always)]
    fn both_body<V: Vector>(x: &[Lanes], tanhs: &mut [Lanes], reciprocals: &mut [Lanes]) {
        for ((x, t), r) in x.iter().zip(tanhs).zip(reciprocals) {
            let x = V::load(x);
            tanh(x).store(t);
            x.reciprocal().store(r);
        }
    }

    fn of(isa: Isa, x: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let lanes: Vec<Lanes> = x.as_chunks::<LANES>().0.to_vec();
        let (mut t, mut r) = (lanes.clone(), lanes.clone());
        both(isa, &lanes, &mut t, &mut r);
        (t.concat(), r.concat())
    }

    #[test]
    fn tanh_agrees_with_the_standard_library_on_every_instruction_set() {
        let x: Vec<f64> = (-400_000..400_000).map(|i| f64::from(i) * 1.001e-4).collect();
        for isa in Isa::available() {
            for (x, t) in x.iter().zip(of(isa, &x).0) {
                assert!((t - x.tanh()).abs() < 4.5e-16 && t.abs() <= 1.0, "{isa:?}: tanh({x}) is not {t}");
            }
            let special = [0.0, -0.0, 30.0, -30.0, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
            let t = of(isa, &special).0;
            assert_eq!(t[..7], [0.0, 0.0, 1.0, -1.0, 1.0, 1.0, -1.0], "{isa:?}");
            assert!(t[7].is_nan());
        }
    }

    dispatch_vector! {
        /// Hyperbolic tangent of every number, none beyond the limit.
        fn within(x: &[Lanes], tanhs: &mut [Lanes]) = within_body
    }

    #[inline(always)]
    fn within_body<V: Vector>(x: &[Lanes], tanhs: &mut [Lanes]) {
        for (x, t) in x.iter().zip(tanhs) {
            tanh_within(V::load(x)).store(t);
        }
    }

    #[test]
    fn tanh_needs_no_clamps_up_to_its_limit() {
        let x: Vec<f64> = (0..400_000).map(|i| TANH_LIMIT * (f64::from(i) / 199_999.5 - 1.0)).collect();
        let lanes: Vec<Lanes> = x.as_chunks::<LANES>().0.to_vec();
        for isa in Isa::available() {
            let mut t = lanes.clone();
            within(isa, &lanes, &mut t);
            for (x, t) in x.iter().zip(t.as_flattened()) {
                assert!((t - x.tanh()).abs() < 4.5e-16 && t.abs() <= 1.0, "{isa:?}: tanh({x}) is not {t}");
            }
        }
    }

    #[test]
    fn reciprocals_are_those_of_a_division_to_the_last_bit_or_the_one_before() {
        let x: Vec<f64> = (0..800_000u32)
            .map(|i| 1.000_087_f64.powi((i % 16_000) as i32) * 4f64.powi(10 * (i / 16_000) as i32))
            .collect();
        for isa in Isa::available() {
            for (x, r) in x.iter().zip(of(isa, &x).1) {
                assert!((r * x - 1.0).abs() <= 2.0 * f64::EPSILON, "{isa:?}: 1 / {x} is not {r}");
            }
        }
    }
}
