//! Grids of biases as written on the command line: `vgs=0:1.2:0.05,vds=0.05/0.6/1.2,vbs=0`.

use anyhow::{Context, Result, bail};
use gummel_device::{Bias, si};
use std::str::FromStr;

/// Most points of a grid.
const MOST_POINTS: usize = 50_000_000;

/// Values of vgs, vds and vbs in volts; every combination is meant.
#[derive(Clone, Debug, PartialEq)]
pub struct BiasGrid {
    /// Gate-source voltages.
    pub vgs: Vec<f64>,
    /// Drain-source voltages.
    pub vds: Vec<f64>,
    /// Bulk-source voltages.
    pub vbs: Vec<f64>,
}

impl BiasGrid {
    /// All biases, vgs running fastest.
    pub fn biases(&self) -> Vec<Bias> {
        let mut biases = Vec::with_capacity(self.vgs.len() * self.vds.len() * self.vbs.len());
        for vbs in &self.vbs {
            for vds in &self.vds {
                biases.extend(self.vgs.iter().map(|vgs| Bias::from_source(*vgs, *vds, *vbs)));
            }
        }
        biases
    }
}

impl FromStr for BiasGrid {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (mut vgs, mut vds, mut vbs) = (None, None, None);
        for part in text.split(',') {
            let Some((name, values)) = part.split_once('=') else {
                bail!("'{part}' has no '='; expected e.g. vgs=0:1.2:0.05,vds=0.05/1.2,vbs=0");
            };
            let slot = match name.trim() {
                "vgs" => &mut vgs,
                "vds" => &mut vds,
                "vbs" => &mut vbs,
                other => bail!("'{other}' is no voltage of the grid; expected vgs, vds or vbs"),
            };
            if slot.replace(axis(values).with_context(|| format!("in '{part}'"))?).is_some() {
                bail!("{} is given twice", name.trim());
            }
        }
        let (Some(vgs), Some(vds)) = (vgs, vds) else {
            bail!("a grid needs vgs and vds, e.g. vgs=0:1.2:0.05,vds=1.2")
        };
        let vbs = vbs.unwrap_or_else(|| vec![0.0]);
        let points = vgs.len().saturating_mul(vds.len()).saturating_mul(vbs.len());
        if points > MOST_POINTS {
            bail!("the grid has {points} points, more than {MOST_POINTS}; use larger steps");
        }
        Ok(BiasGrid { vgs, vds, vbs })
    }
}

/// `start:stop:step`, or values separated by `/`.
fn axis(text: &str) -> Result<Vec<f64>> {
    let numbers = |separator| text.split(separator).map(|t| Ok(si::parse(t)?)).collect::<Result<Vec<f64>>>();
    if !text.contains(':') {
        return numbers('/');
    }
    let range = numbers(':')?;
    let [start, stop, step] = range[..] else { bail!("'{text}' is no range; expected start:stop:step") };
    if step == 0.0 || (stop - start) * step < 0.0 {
        bail!("step {step} never leads from {start} to {stop}");
    }
    // Half a step of slack keeps the end that rounding would lose; counting keeps errors from adding up.
    let n = ((stop - start) / step + 1e-6).floor();
    if n >= MOST_POINTS as f64 {
        bail!("'{text}' has {n} values, more than {MOST_POINTS}; use a larger step");
    }
    Ok((0..=n as usize).map(|i| round(start + i as f64 * step)).collect())
}

/// Nanovolts are enough; 0.15000000000000002 V in a table is not.
fn round(volts: f64) -> f64 {
    (volts * 1e9).round() / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_include_their_ends_and_lists_keep_their_order() {
        let grid: BiasGrid = "vgs=0:1.2:0.1,vds=50m/1.2".parse().expect("grid");
        assert_eq!(grid.vgs.len(), 13);
        assert_eq!((grid.vgs[3], grid.vgs[12]), (0.3, 1.2));
        assert_eq!((grid.vds.as_slice(), grid.vbs.as_slice()), (&[0.05, 1.2][..], &[0.0][..]));
        let biases = grid.biases();
        assert_eq!(biases.len(), 26);
        assert_eq!(biases[13], Bias::from_source(0.0, 1.2, 0.0));
        let down: BiasGrid = "vgs=0:-1.8:-0.9, vds=-1".parse().expect("grid");
        assert_eq!(down.vgs, [0.0, -0.9, -1.8]);
    }

    #[test]
    fn wrong_grids_say_what_is_wrong() {
        for (text, word) in [
            ("vgs=0:1", "start:stop:step"),
            ("vgs=0:1:-0.1,vds=1", "never leads"),
            ("vgs=0:1:0,vds=1", "never leads"),
            ("vgs=0", "needs vgs and vds"),
            ("vgs", "no '='"),
            ("vxs=1,vds=1", "expected vgs"),
            ("vgs=a,vds=1", "in 'vgs=a'"),
            ("vgs=0,vgs=1,vds=1", "twice"),
            ("vgs=0:1:1e-12,vds=1", "larger step"),
        ] {
            let error = format!("{:#}", text.parse::<BiasGrid>().unwrap_err());
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
