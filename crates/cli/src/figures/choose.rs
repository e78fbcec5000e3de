//! The few curves of a device that make a readable figure.

use gummel_device::{Curve, Terminal};
use std::collections::BTreeMap;

/// Room temperature, K: the temperature shown when there are several.
const ROOM: f64 = 300.15;

/// At most `most` of the curves that sweep `swept`, at the temperature nearest to 27 °C.
///
/// Gate sweeps: at vbs = 0 with several vds, or else at one vds with several vbs.
/// Drain sweeps: at vbs = 0 (or the most frequent vbs) with several vgs.
pub(super) fn curves(all: &[Curve], swept: Terminal, most: usize) -> Vec<Curve> {
    let candidates: Vec<&Curve> =
        all.iter().filter(|c| c.sweep.swept == swept && c.sweep.values.len() > 1).collect();
    let temperature = nearest_to_room(candidates.iter().map(|c| c.temperature));
    let mut distinct: BTreeMap<(i64, i64), &Curve> = BTreeMap::new();
    for curve in candidates.into_iter().filter(|c| (c.temperature - temperature).abs() < 0.5) {
        let slot = distinct.entry(held(curve)).or_insert(curve);
        // Of two sweeps at one bias the longer one shows more.
        if curve.values.len() > slot.values.len() {
            *slot = curve;
        }
    }
    let chosen = match swept {
        Terminal::Gate => alike(&distinct, |k| k.1, 0).filter(|c| c.len() > 1).or_else(|| {
            let vds = most_frequent(&distinct, |k| k.0)?;
            alike(&distinct, |k| k.0, vds)
        }),
        _ => alike(&distinct, |k| k.1, 0).or_else(|| {
            let vbs = most_frequent(&distinct, |k| k.1)?;
            alike(&distinct, |k| k.1, vbs)
        }),
    };
    evenly(chosen.unwrap_or_default(), most)
}

/// The temperature nearest to 27 °C, K; 27 °C when there is none.
pub(super) fn nearest_to_room(temperatures: impl Iterator<Item = f64>) -> f64 {
    temperatures.min_by(|a, b| (a - ROOM).abs().total_cmp(&(b - ROOM).abs())).unwrap_or(ROOM)
}

/// The held voltages in millivolts: (vds, vbs) of a gate sweep, (vgs, vbs) of a drain sweep.
fn held(curve: &Curve) -> (i64, i64) {
    let h = curve.sweep.held;
    let other = if curve.sweep.swept == Terminal::Gate { h.vds() } else { h.vgs() };
    ((other * 1e3).round() as i64, (h.vbs() * 1e3).round() as i64)
}

type Distinct<'a> = BTreeMap<(i64, i64), &'a Curve>;

fn alike<'a>(curves: &Distinct<'a>, part: impl Fn(&(i64, i64)) -> i64, value: i64) -> Option<Vec<&'a Curve>> {
    let chosen: Vec<&Curve> = curves.iter().filter(|(k, _)| part(k) == value).map(|(_, c)| *c).collect();
    (!chosen.is_empty()).then_some(chosen)
}

/// The most frequent value of a held voltage; of equally frequent ones the largest magnitude.
fn most_frequent(curves: &Distinct<'_>, part: impl Fn(&(i64, i64)) -> i64) -> Option<i64> {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    curves.keys().for_each(|k| *counts.entry(part(k)).or_default() += 1);
    counts.into_iter().max_by_key(|(v, n)| (*n, v.abs())).map(|(v, _)| v)
}

/// At most `most` of the curves, evenly spread, with the strongest bias among them.
fn evenly(mut curves: Vec<&Curve>, most: usize) -> Vec<Curve> {
    curves.sort_by_key(|c| {
        let (a, b) = held(c);
        (a.abs(), b.abs())
    });
    let n = curves.len();
    let taken = n.min(most);
    let index = |i: usize| if taken < 2 { n - 1 } else { i * (n - 1) / (taken - 1) };
    (0..taken).map(|i| curves[index(i)].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gummel_device::{Bias, Origin, Quantity, Sweep};

    fn curve(swept: Terminal, held: Bias, temperature: f64) -> Curve {
        Curve {
            device: "d".into(),
            sweep: Sweep { swept, held, values: vec![0.0, 1.0] },
            quantity: Quantity::Id,
            values: vec![0.0, 1e-6],
            temperature,
            origin: Origin::Measured,
        }
    }

    fn gate(vds: f64, vbs: f64, t: f64) -> Curve {
        curve(Terminal::Gate, Bias::from_source(0.0, vds, vbs), t)
    }

    #[test]
    fn transfer_shows_several_vds_else_several_vbs() {
        let several =
            [gate(0.1, 0.0, 300.0), gate(1.2, 0.0, 300.0), gate(1.2, -0.5, 300.0), gate(0.6, 0.0, 398.0)];
        let vds: Vec<f64> = curves(&several, Terminal::Gate, 6).iter().map(|c| c.sweep.held.vds()).collect();
        assert_eq!(vds, [0.1, 1.2]);
        let one_vds = [gate(0.1, 0.0, 300.0), gate(0.1, -0.6, 300.0), gate(0.1, -1.2, 300.0)];
        assert_eq!(curves(&one_vds, Terminal::Gate, 6).len(), 3);
        assert!(curves(&one_vds, Terminal::Drain, 6).is_empty());
    }

    #[test]
    fn many_curves_are_thinned_with_the_strongest_kept() {
        let many: Vec<Curve> = (0..13)
            .map(|i| curve(Terminal::Drain, Bias::from_source(-0.1 * f64::from(i), 0.0, 0.0), 300.0))
            .collect();
        let vgs: Vec<f64> = curves(&many, Terminal::Drain, 4).iter().map(|c| c.sweep.held.vgs()).collect();
        assert_eq!(vgs.len(), 4);
        assert!((vgs[3] + 1.2).abs() < 1e-12);
    }
}
