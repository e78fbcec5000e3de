//! Properties of tick placement.

use super::*;
use proptest::prelude::*;

fn labels(ticks: &Ticks) -> Vec<&str> {
    ticks.major.iter().map(|(_, label)| label.as_str()).collect()
}

#[test]
fn voltages_get_round_steps_and_true_minus_signs() {
    let ticks = linear(-0.5, 1.35, 6, 0);
    assert_eq!(labels(&ticks), ["−0.5", "0.0", "0.5", "1.0"]);
    assert!(ticks.minor.iter().any(|v| (v - 0.1).abs() < 1e-12));
}

#[test]
fn microamperes_are_shown_in_the_chosen_prefix() {
    assert_eq!(labels(&linear(0.0, 4.2e-4, 5, -6)), ["0", "100", "200", "300", "400"]);
}

#[test]
fn twelve_decades_are_thinned_on_even_exponents() {
    let ticks = log(1e-13, 1e-1, 8);
    assert_eq!(labels(&ticks), ["10^{−12}", "10^{−10}", "10^{−8}", "10^{−6}", "10^{−4}", "10^{−2}"]);
    assert_eq!(ticks.minor.len(), 7);
}

#[test]
fn less_than_two_decades_are_labelled_between() {
    assert_eq!(labels(&log(1.5, 60.0, 8)), ["2", "5", "10", "20", "50"]);
    assert_eq!(labels(&log(0.04, 0.3, 8)), ["0.05", "0.1", "0.2"]);
    assert_eq!(labels(&log(1.5e-9, 2.5e-8, 8)), ["2×10^{−9}", "5×10^{−9}", "10^{−8}", "2×10^{−8}"]);
}

#[test]
fn numbers_are_short() {
    for (value, text) in
        [(0.6, "0.6"), (-1.8, "−1.8"), (0.05, "0.05"), (0.0, "0"), (1234.0, "1234"), (2.5e-9, "2.5×10^{−9}")]
    {
        assert_eq!(short(value, 4), text);
    }
}

proptest! {
    #[test]
    fn linear_ticks_are_inside_even_and_distinct(
        low in -1e3..1e3f64, span in 1e-3..1e3f64, scale in -15..6i32, most in 2usize..12,
    ) {
        let factor = 10f64.powi(scale);
        let (low, high) = (low * factor, (low + span) * factor);
        let ticks = linear(low, high, most, scale);
        let slack = 1e-5 * (high - low);
        let limit = if most < 4 { most } else { most.max(5) };
        prop_assert!(ticks.major.len() <= limit);
        for v in ticks.major.iter().map(|(v, _)| *v).chain(ticks.minor.iter().copied()) {
            prop_assert!(v >= low - slack && v <= high + slack, "{v} outside {low}..{high}");
        }
        for w in ticks.major.windows(2) {
            prop_assert!(w[0].0 < w[1].0);
            prop_assert_ne!(&w[0].1, &w[1].1);
        }
        if most >= 4 {
            prop_assert!(ticks.major.len() >= 2, "only {:?}", ticks.major);
        }
    }

    #[test]
    fn linear_labels_read_back_as_their_values(low in -50.0..50.0f64, span in 0.01..500.0f64) {
        for (value, label) in linear(low, low + span, 6, 0).major {
            let read: f64 = label.replace('−', "-").parse().expect("a number");
            prop_assert!((read - value).abs() <= 1e-9 * span);
        }
    }

    #[test]
    fn log_ticks_are_inside_ascending_and_few(low in -16.0..4.0f64, decades in 0.05..18.0f64, most in 3usize..12) {
        let (low, high) = (10f64.powf(low), 10f64.powf(low + decades));
        let ticks = log(low, high, most);
        prop_assert!(!ticks.major.is_empty());
        prop_assert!(ticks.major.len() <= most.max(3) + 1);
        for v in ticks.major.iter().map(|(v, _)| *v).chain(ticks.minor.iter().copied()) {
            prop_assert!(v > 0.0 && v >= low * 0.999 && v <= high * 1.001);
        }
        for w in ticks.major.windows(2) {
            prop_assert!(w[0].0 < w[1].0);
            prop_assert_ne!(&w[0].1, &w[1].1);
        }
    }
}
