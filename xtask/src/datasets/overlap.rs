//! Gate overlap: what ngspice's operating point leaves out of BSIM4's terminal charges.
//!
//! `@m1[qg]`, `@m1[cgg]` and the others are those of the intrinsic channel. The overlaps of the cards are
//! bias independent (`cgsl = cgdl = cf = cgbo = 0`), so that with `Cd`, `Cs` in farads
//!
//! `qg += Cd (vg - vd) + Cs (vg - vs)`, `qd -= Cd (vg - vd)`,
//! `cgg += Cd + Cs`, `cgd -= Cd`, `cgs -= Cs`, `cdg -= Cd`, `cdd += Cd`.
//!
//! `Cd` and `Cs` are the difference between the capacitances of an AC analysis, which has everything, and
//! those of the operating point.

use anyhow::{Context, Result};
use std::f64::consts::TAU;

use super::deck::{OVERLAP_FREQUENCY, column};

/// Overlap capacitances of gate with drain and source, F.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Overlap {
    drain: f64,
    source: f64,
}

impl Overlap {
    /// From the lines `NAME = VALUE` that the deck of [`super::deck::overlap`] prints.
    ///
    /// # Errors
    /// A value is missing.
    pub(crate) fn from_log(log: &str) -> Result<Self> {
        let value = |name: &str| -> Result<f64> {
            log.lines()
                .filter_map(|line| line.split_once('='))
                .find(|(n, _)| n.trim() == name)
                .and_then(|(_, v)| v.trim().parse().ok())
                .with_context(|| format!("ngspice did not print '{name}':\n{log}"))
        };
        let (cgg, cdg, cbg) = (value("@m1[cgg]")?, value("@m1[cdg]")?, value("@m1[cbg]")?);
        // The columns of a capacitance matrix add up to zero.
        let csg = -(cgg + cdg + cbg);
        // Branch currents of the sources count out of the device; 1 V drives the gate.
        let total = |name: &str| value(name).map(|i| -i / (TAU * OVERLAP_FREQUENCY));
        Ok(Overlap { drain: cdg - total("imag(i(vd))")?, source: csg - total("imag(i(vs))")? })
    }

    /// Adds the overlap to a row of terminal quantities in the order of [`super::deck::COLUMNS`].
    pub(crate) fn add_to(self, row: &mut [f64]) {
        let [vd, vg, vs] = [row[0], row[1], row[2]];
        let Overlap { drain, source } = self;
        for (name, change) in [
            ("qg", drain * (vg - vd) + source * (vg - vs)),
            ("qd", -drain * (vg - vd)),
            ("cgg", drain + source),
            ("cgd", -drain),
            ("cgs", -source),
            ("cdg", -drain),
            ("cdd", drain),
        ] {
            row[column(name)] += change;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlap_is_what_ac_has_more_than_the_operating_point() {
        let omega = TAU * OVERLAP_FREQUENCY;
        let log = format!(
            "@m1[cgg] = 5e-15\n@m1[cdg] = -2e-15\n@m1[cbg] = -1e-15\nimag(i(vd)) = {:e}\nimag(i(vs)) = {:e}\n",
            2.3e-15 * omega,
            2.4e-15 * omega
        );
        let Overlap { drain, source } = Overlap::from_log(&log).unwrap();
        assert!((drain - 0.3e-15).abs() < 1e-21 && (source - 0.4e-15).abs() < 1e-21);
        assert!(Overlap::from_log("@m1[cgg] = 5e-15").unwrap_err().to_string().contains("@m1[cdg]"));
    }
}
