//! Process corners: five named ones, and the plane of speed and skew they span.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A named process corner; the first letter is the n-channel device, the second the p-channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Corner {
    /// Typical n, typical p.
    Tt,
    /// Fast n, fast p.
    Ff,
    /// Slow n, slow p.
    Ss,
    /// Slow n, fast p.
    Sf,
    /// Fast n, slow p.
    Fs,
}

/// A position in the corner plane; `tt` is the origin, the named corners are at distance one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CornerPosition {
    /// Common speed of n and p: +1 at `ff`, -1 at `ss`.
    pub speed: f64,
    /// Difference of n and p: +1 at `fs` (fast n), -1 at `sf`.
    pub skew: f64,
}

impl Corner {
    /// All five, in the order of the issue books: tt ff ss sf fs.
    pub const ALL: [Corner; 5] = [Corner::Tt, Corner::Ff, Corner::Ss, Corner::Sf, Corner::Fs];

    /// Lower-case name: `tt`, `ff`, `ss`, `sf`, `fs`.
    pub fn name(self) -> &'static str {
        match self {
            Corner::Tt => "tt",
            Corner::Ff => "ff",
            Corner::Ss => "ss",
            Corner::Sf => "sf",
            Corner::Fs => "fs",
        }
    }

    /// Position in the corner plane.
    pub fn position(self) -> CornerPosition {
        let (speed, skew) = match self {
            Corner::Tt => (0.0, 0.0),
            Corner::Ff => (1.0, 0.0),
            Corner::Ss => (-1.0, 0.0),
            Corner::Sf => (0.0, -1.0),
            Corner::Fs => (0.0, 1.0),
        };
        CornerPosition { speed, skew }
    }
}

impl fmt::Display for Corner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An unknown corner name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown corner '{found}'; expected tt (typical), ff (fast), ss (slow), sf or fs")]
pub struct UnknownCorner {
    /// The name as found.
    pub found: String,
}

impl FromStr for Corner {
    type Err = UnknownCorner;

    fn from_str(s: &str) -> Result<Self, UnknownCorner> {
        match s.to_ascii_lowercase().as_str() {
            "tt" | "typ" | "typical" | "nom" | "nominal" => Ok(Corner::Tt),
            "ff" | "fast" => Ok(Corner::Ff),
            "ss" | "slow" => Ok(Corner::Ss),
            "sf" => Ok(Corner::Sf),
            "fs" => Ok(Corner::Fs),
            _ => Err(UnknownCorner { found: s.to_owned() }),
        }
    }
}
