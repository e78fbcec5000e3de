//! Families and devices: what a task of the surrogate is named after.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::{Corner, Geometry};

/// Channel (or junction) polarity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Polarity {
    /// n-channel, NPN.
    N,
    /// p-channel, PNP.
    P,
}

impl Polarity {
    /// +1 for n, -1 for p: the factor that maps voltages and currents on the n-channel mirror.
    pub fn sign(self) -> f64 {
        match self {
            Polarity::N => 1.0,
            Polarity::P => -1.0,
        }
    }
}

impl fmt::Display for Polarity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Polarity::N => "n",
            Polarity::P => "p",
        })
    }
}

/// A device type of one technology, e.g. `ihp-sg13g2/lv_nmos`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Family {
    /// Technology, e.g. `ihp-sg13g2`.
    pub technology: String,
    /// Device type inside it, e.g. `lv_nmos`.
    pub name: String,
    /// Polarity of the channel.
    pub polarity: Polarity,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.technology, self.name)
    }
}

/// One measured (or simulated) transistor: a family member with geometry, place and corner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceId {
    /// Family it belongs to.
    pub family: Family,
    /// Unique name inside the family, e.g. `W10u_L0.13u` or `W7u_L8u@8404_3_4`.
    pub name: String,
    /// Drawn geometry.
    pub geometry: Geometry,
    /// Die or site label; empty when there is only one.
    pub site: String,
    /// Process corner, where the data have one.
    pub corner: Option<Corner>,
}
