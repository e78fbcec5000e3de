//! Numbers from curves of circuits: crossings, steps the wrong way, gain, the square in a butterfly.

/// Abscissas at which `y` falls through `level`, between the rows.
pub fn falling(x: &[f64], y: &[f64], level: f64) -> Vec<f64> {
    (1..y.len().min(x.len()))
        .filter(|&k| y[k - 1] > level && y[k] <= level)
        .map(|k| x[k - 1] + (x[k] - x[k - 1]) * (y[k - 1] - level) / (y[k - 1] - y[k]))
        .collect()
}

/// Abscissas at which `y` rises through `level`.
pub fn rising(x: &[f64], y: &[f64], level: f64) -> Vec<f64> {
    falling(x, &y.iter().map(|y| -y).collect::<Vec<_>>(), -level)
}

/// The largest step upwards from a row to the next; zero for a curve that never rises.
pub fn largest_rise(y: &[f64]) -> f64 {
    y.windows(2).map(|w| w[1] - w[0]).fold(0.0, f64::max)
}

/// The largest slope between neighbouring rows, whatever its sign.
pub fn largest_slope(x: &[f64], y: &[f64]) -> f64 {
    let pairs = x.windows(2).zip(y.windows(2));
    pairs.map(|(x, y)| ((y[1] - y[0]) / (x[1] - x[0])).abs()).fold(0.0, f64::max)
}

/// Side of the largest square inside a lobe of the butterfly of a falling curve `y(x)` and its mirror image, V.
///
/// Along the diagonals `y = x + u` the curve meets at one point and its mirror image at another; the square between
/// them has the side of their distance over the square root of two, in x (Seevinck, List, Lohstroh, Static-noise
/// margin analysis of MOS SRAM cells, IEEE JSSC 22(5), 1987).
pub fn noise_margin(x: &[f64], y: &[f64]) -> f64 {
    let (Some(first), Some(last)) = (x.first(), x.last()) else { return 0.0 };
    if x.len() < 2 {
        return 0.0;
    }
    // Falling curve: x - y rises, so each diagonal is met once.
    let on_diagonal = |u: f64| {
        let k = (1..x.len()).find(|&k| x[k] - y[k] >= -u).unwrap_or(x.len() - 1);
        let (a, b) = (x[k - 1] - y[k - 1] + u, x[k] - y[k] + u);
        x[k - 1] + (x[k] - x[k - 1]) * (-a / (b - a)).clamp(0.0, 1.0)
    };
    // The mirror image (y, x) meets y = x + u where the curve meets y = x - u, with coordinates exchanged.
    (0..600)
        .map(|i| (last - first) * f64::from(i) / 600.0)
        .map(|u| (on_diagonal(-u) - u - on_diagonal(u)).abs())
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossings_lie_between_the_rows() {
        let (x, y) = ([0.0, 1.0, 2.0, 3.0], [0.0, 2.0, 0.0, 1.0]);
        assert_eq!(rising(&x, &y, 0.5), [0.25, 2.5]);
        assert_eq!(falling(&x, &y, 0.5), [1.75]);
    }

    #[test]
    fn steps_and_slopes_are_the_largest() {
        assert_eq!(largest_rise(&[3.0, 2.0, 2.5, 1.0]), 0.5);
        assert_eq!(largest_rise(&[3.0, 2.0, 2.0]), 0.0);
        assert_eq!(largest_slope(&[0.0, 0.5, 1.0], &[1.0, 0.0, 0.5]), 2.0);
    }

    #[test]
    fn a_step_has_half_a_square_and_a_line_has_none() {
        // Ideal inverter: the lobes are squares of half the supply.
        let x: Vec<f64> = (0..=1200).map(|i| f64::from(i) / 1000.0).collect();
        let step: Vec<f64> = x.iter().map(|x| if *x < 0.6 { 1.2 } else { 0.0 }).collect();
        assert!((noise_margin(&x, &step) - 0.6).abs() < 5e-3, "{}", noise_margin(&x, &step));
        let line: Vec<f64> = x.iter().map(|x| 1.2 - x).collect();
        assert!(noise_margin(&x, &line) < 1e-9);
        assert_eq!(noise_margin(&[], &[]), 0.0);
    }
}
