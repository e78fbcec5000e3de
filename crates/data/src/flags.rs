//! Marks on measured points: what is doubtful about them, set by validation, never a reason to drop a row.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign, Not};
use std::str::FromStr;

/// A set of marks on one point, stored as the bits of an `u32`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flags(pub u32);

macro_rules! flags {
    ($($(#[$doc:meta])* $constant:ident = $bit:literal, $name:literal;)*) => {
        impl Flags {
            $($(#[$doc])* pub const $constant: Flags = Flags(1 << $bit);)*

            /// Every flag with its name, in order of bits.
            pub const NAMED: &[(Flags, &'static str)] = &[$((Flags::$constant, $name),)*];
        }
    };
}

flags! {
    /// The magnitude of the drain (or collector) current is below the noise floor of its file.
    BELOW_FLOOR = 0, "below_floor";
    /// A current sits at the compliance limit of its source.
    COMPLIANCE = 1, "compliance";
    /// The drain current, clearly above the floor, flows against the drain-source voltage.
    WRONG_SIGN = 2, "wrong_sign";
    /// The four terminal currents do not add up to zero within noise.
    KIRCHHOFF = 3, "kirchhoff";
    /// The curve falls or leaps repeatedly where a transistor's current cannot.
    JUMP = 4, "jump";
    /// Another file holds the same numbers.
    DUPLICATE = 5, "duplicate";
    /// The device conducts with the polarity opposite to its name.
    POLARITY = 6, "polarity";
    /// The current contradicts geometry and multiplicity when compared with the family's other devices.
    SIBLINGS = 7, "siblings";
    /// The drain carries no signal although the gate turns the device on.
    DEAD = 8, "dead";
    /// The gate conducts as a short does.
    SHORT = 9, "short";
    /// A value that is not a number or not finite where one is needed.
    NON_FINITE = 10, "non_finite";
    /// The file has fewer or more points or blocks than its header announces.
    TRUNCATED = 11, "truncated";
    /// Header and file name (or metadata table) disagree about the device.
    CONTRADICTION = 12, "contradiction";
    /// Width or length of the device is unknown.
    NO_GEOMETRY = 13, "no_geometry";
    /// The temperature is nowhere written and was assumed.
    ASSUMED_TEMPERATURE = 14, "assumed_temperature";
    /// Magnitudes or logarithms were recorded; the sign was taken from polarity and drain voltage.
    ASSUMED_SIGN = 15, "assumed_sign";
    /// The file does not say what its numbers are; drain currents in amperes were assumed.
    ASSUMED_QUANTITY = 16, "assumed_quantity";
    /// A cell says `overflow` or the like where a number about the device should be; the number counts as not said.
    UNREAD_METADATA = 17, "unread_metadata";
}

impl Flags {
    /// No flag.
    pub const NONE: Flags = Flags(0);

    /// True when no flag is set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True when every flag of `other` is set.
    pub fn contains(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// True when at least one flag of `other` is set.
    pub fn intersects(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }

    /// Names of the flags that are set, in order of bits.
    pub fn names(self) -> Vec<&'static str> {
        Flags::NAMED.iter().filter(|(f, _)| self.contains(*f)).map(|(_, n)| *n).collect()
    }
}

impl BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Flags) {
        self.0 |= other.0;
    }
}

impl BitAnd for Flags {
    type Output = Flags;
    fn bitand(self, other: Flags) -> Flags {
        Flags(self.0 & other.0)
    }
}

impl Not for Flags {
    type Output = Flags;
    fn not(self) -> Flags {
        Flags(!self.0)
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(" "))
    }
}

/// A flag name that does not exist.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown flag '{found}'; expected one of: {}", Flags::NAMED.iter().map(|(_, n)| *n).collect::<Vec<_>>().join(" "))]
pub struct UnknownFlag {
    /// The name as found.
    pub found: String,
}

impl FromStr for Flags {
    type Err = UnknownFlag;

    /// Reads names separated by spaces, commas or `|`; empty text is no flag.
    fn from_str(s: &str) -> Result<Self, UnknownFlag> {
        let mut all = Flags::NONE;
        for word in s.split([' ', ',', '|']).filter(|w| !w.is_empty()) {
            let known = Flags::NAMED.iter().find(|(_, n)| n.eq_ignore_ascii_case(word));
            all |= known.ok_or_else(|| UnknownFlag { found: word.to_owned() })?.0;
        }
        Ok(all)
    }
}

impl Serialize for Flags {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.names().serialize(s)
    }
}

impl<'de> Deserialize<'de> for Flags {
    /// From a list of names.
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(d)?;
        names.join(" ").parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_a_round_trip_and_bits_are_distinct() {
        let all = Flags::NAMED.iter().fold(Flags::NONE, |a, (f, _)| a | *f);
        assert_eq!(all.0.count_ones() as usize, Flags::NAMED.len());
        assert_eq!(all.to_string().parse(), Ok(all));
        assert_eq!("".parse(), Ok(Flags::NONE));
        assert_eq!("compliance,Jump".parse(), Ok(Flags::COMPLIANCE | Flags::JUMP));
        assert_eq!("colour".parse::<Flags>(), Err(UnknownFlag { found: "colour".to_owned() }));
    }
}
