//! Ticks of linear and logarithmic axes: where they stand and what they say.
//!
//! Linear steps are 1, 2 or 5 times a power of ten. Logarithmic axes mark decades and label them as
//! powers of ten; when fewer than two decades are in view, 2 and 5 times a power of ten are labelled too.

/// The ticks of one axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ticks {
    /// Values and labels (markup) of the long ticks, ascending.
    pub(crate) major: Vec<(f64, String)>,
    /// Values of the short ticks, ascending.
    pub(crate) minor: Vec<f64>,
}

/// A number as axes print it: fixed decimals, true minus sign, no negative zero.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| c == '0' || c == '.') => digits.to_owned(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// `value` with at most `digits` significant digits, trailing zeros dropped, true minus sign.
pub(crate) fn short(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".to_owned() } else { "–".to_owned() };
    }
    let exponent = value.abs().log10().floor() as i32;
    if !(-4..6).contains(&exponent) {
        let mantissa = short(value / 10f64.powi(exponent), digits);
        return format!("{mantissa}×{}", power(exponent));
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    let text = fixed(value, decimals);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// Markup of a power of ten.
pub(crate) fn power(exponent: i32) -> String {
    format!("10^{{{}}}", fixed(f64::from(exponent), 0))
}

/// Ticks of a linear axis from `low` to `high` (`low < high`) with at most `most` long ones, five where
/// fewer would mean a single one; labels show the value divided by ten to `exponent`.
pub(crate) fn linear(low: f64, high: f64, most: usize, exponent: i32) -> Ticks {
    let decade = ((high - low) / most.max(1) as f64).log10().floor() as i32;
    let ladder: Vec<(f64, i32, i32)> = (decade - 1..=decade + 2)
        .flat_map(|decade| [(1.0, decade, 5), (2.0, decade, 4), (5.0, decade, 5)])
        .collect();
    let count = |(factor, decade, _): &(f64, i32, i32)| count(low, high, factor * 10f64.powi(*decade));
    let fit = ladder.iter().position(|step| count(step) <= most).unwrap_or(ladder.len() - 1);
    let single = most >= 4 && fit > 0 && count(&ladder[fit]) < 2;
    let (factor, decade, split) = ladder[if single { fit - 1 } else { fit }];
    let step = Step { factor, decade };
    let decimals = (exponent - decade).max(0) as usize;
    let major =
        step.multiples(low, high, 1.0).map(|v| (v, fixed(v / 10f64.powi(exponent), decimals))).collect();
    let minor = step.multiples(low, high, f64::from(split)).collect();
    Ticks { major, minor }
}

/// `factor` times ten to `decade`; multiples of it are computed without accumulating rounding errors.
struct Step {
    factor: f64,
    decade: i32,
}

impl Step {
    /// Multiples of the step divided by `split`, inside `low..=high` up to rounding.
    fn multiples(&self, low: f64, high: f64, split: f64) -> impl Iterator<Item = f64> {
        let (first, last) = bounds(low, high, self.factor * 10f64.powi(self.decade) / split);
        let (factor, decade) = (self.factor, self.decade);
        (first..=last).map(move |k| {
            let numerator = k as f64 * factor;
            match decade < 0 {
                true => numerator / (10f64.powi(-decade) * split),
                false => numerator * 10f64.powi(decade) / split,
            }
        })
    }
}

fn bounds(low: f64, high: f64, step: f64) -> (i64, i64) {
    ((low / step - 1e-6).ceil() as i64, (high / step + 1e-6).floor() as i64)
}

fn count(low: f64, high: f64, step: f64) -> usize {
    let (first, last) = bounds(low, high, step);
    (last - first + 1).max(0) as usize
}

/// Ticks of a logarithmic axis from `low` to `high` (`0 < low < high`) with at most `most` labels.
pub(crate) fn log(low: f64, high: f64, most: usize) -> Ticks {
    let (first, last) = (ceil10(low), floor10(high));
    let decades = (last - first + 1).max(0) as usize;
    if decades < 2 {
        return within_decade(low, high, most);
    }
    let most = most.max(2);
    let stride = decades.div_ceil(most).max(1) as i32;
    let major =
        (first..=last).filter(|e| e.rem_euclid(stride) == 0).map(|e| (10f64.powi(e), power(e))).collect();
    let minor = match stride {
        1 if decades <= 10 => mantissas(low, high, &[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]),
        1 => Vec::new(),
        _ => (first..=last).filter(|e| e.rem_euclid(stride) != 0).map(|e| 10f64.powi(e)).collect(),
    };
    Ticks { major, minor }
}

/// Labels inside less than two decades: 1, 2, 5 times a power of ten, or linear steps when even
/// these are too few.
fn within_decade(low: f64, high: f64, most: usize) -> Ticks {
    let values = mantissas(low, high, &[1.0, 2.0, 5.0]);
    let (first, last) = (floor10(low), floor10(high));
    // Labels share one power of ten unless they are plain numbers.
    let plain = first >= -3 && last <= 3;
    if values.len() < 2 || values.len() > most.max(3) {
        let exponent = if plain { 0 } else { last };
        let mut ticks = linear(low, high, most.max(2), exponent);
        ticks.major.retain(|(v, _)| *v > 0.0);
        ticks.minor.retain(|v| *v > 0.0);
        if exponent != 0 {
            for (_, label) in &mut ticks.major {
                *label = format!("{label}×{}", power(exponent));
            }
        }
        return ticks;
    }
    let label = |v: f64| {
        let e = floor10(v * (1.0 + 1e-9));
        let mantissa = (v / 10f64.powi(e)).round();
        match (plain, mantissa == 1.0) {
            (true, _) => fixed(v, (-e).max(0) as usize),
            (false, true) => power(e),
            (false, false) => format!("{}×{}", fixed(mantissa, 0), power(e)),
        }
    };
    let major = values.into_iter().map(|v| (v, label(v))).collect();
    Ticks { major, minor: mantissas(low, high, &[3.0, 4.0, 6.0, 7.0, 8.0, 9.0]) }
}

fn mantissas(low: f64, high: f64, factors: &[f64]) -> Vec<f64> {
    let slack = 1e-9;
    (floor10(low) - 1..=floor10(high))
        .flat_map(|e| factors.iter().map(move |f| if e < 0 { f / 10f64.powi(-e) } else { f * 10f64.powi(e) }))
        .filter(|v| *v >= low * (1.0 - slack) && *v <= high * (1.0 + slack))
        .collect()
}

fn floor10(v: f64) -> i32 {
    (v.log10() + 1e-9).floor() as i32
}

fn ceil10(v: f64) -> i32 {
    (v.log10() - 1e-9).ceil() as i32
}

#[cfg(test)]
mod tests;
