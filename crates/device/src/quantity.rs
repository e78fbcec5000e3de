//! Quantities a device has at a bias: terminal currents, conductances, charges and capacitances.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

macro_rules! quantities {
    ($($(#[$doc:meta])* $name:ident = $column:literal, $unit:literal, $text:literal;)*) => {
        /// A quantity with its SPICE operating-point name.
        ///
        /// Terminal currents and charges count INTO the device, as a source-measure unit reads them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum Quantity { $($(#[$doc])* $name,)* }

        impl Quantity {
            /// Every quantity, in declaration order.
            pub const ALL: &[Quantity] = &[$(Quantity::$name,)*];

            /// Column name in tables and files (`id`, `gm`, `cgg` ...).
            pub fn column(self) -> &'static str {
                match self { $(Quantity::$name => $column,)* }
            }

            /// SI unit symbol (`A`, `S`, `C`, `F`).
            pub fn unit(self) -> &'static str {
                match self { $(Quantity::$name => $unit,)* }
            }

            /// Words for an axis label, without the unit.
            pub fn text(self) -> &'static str {
                match self { $(Quantity::$name => $text,)* }
            }
        }
    };
}

quantities! {
    /// Drain current, A.
    Id = "id", "A", "Drain current";
    /// Gate current, A.
    Ig = "ig", "A", "Gate current";
    /// Source current, A.
    Is = "is", "A", "Source current";
    /// Bulk current, A.
    Ib = "ib", "A", "Bulk current";
    /// Transconductance d id / d vgs, S.
    Gm = "gm", "S", "Transconductance";
    /// Output conductance d id / d vds, S.
    Gds = "gds", "S", "Output conductance";
    /// Body transconductance d id / d vbs, S.
    Gmb = "gmb", "S", "Body transconductance";
    /// Gate charge, C.
    Qg = "qg", "C", "Gate charge";
    /// Drain charge, C.
    Qd = "qd", "C", "Drain charge";
    /// Source charge, C.
    Qs = "qs", "C", "Source charge";
    /// Bulk charge, C.
    Qb = "qb", "C", "Bulk charge";
    /// d qg / d vg, F.
    Cgg = "cgg", "F", "Gate capacitance";
    /// d qg / d vd, F.
    Cgd = "cgd", "F", "Gate-drain capacitance";
    /// d qg / d vs, F.
    Cgs = "cgs", "F", "Gate-source capacitance";
    /// d qd / d vg, F.
    Cdg = "cdg", "F", "Drain-gate capacitance";
    /// d qd / d vd, F.
    Cdd = "cdd", "F", "Drain capacitance";
    /// d qb / d vg, F.
    Cbg = "cbg", "F", "Bulk-gate capacitance";
}

/// An unknown quantity name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown quantity '{found}'; expected one of: {}", Quantity::ALL.iter().map(|q| q.column()).collect::<Vec<_>>().join(" "))]
pub struct UnknownQuantity {
    /// The name as found.
    pub found: String,
}

impl FromStr for Quantity {
    type Err = UnknownQuantity;

    fn from_str(s: &str) -> Result<Self, UnknownQuantity> {
        Quantity::ALL
            .iter()
            .copied()
            .find(|q| q.column().eq_ignore_ascii_case(s))
            .ok_or_else(|| UnknownQuantity { found: s.to_owned() })
    }
}
