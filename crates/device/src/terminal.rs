//! Terminals of three- and four-terminal devices and of junctions.

use serde::{Deserialize, Serialize};

/// A terminal of a device; SPICE's one-letter name is [`Terminal::letter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Terminal {
    /// Drain of a MOS transistor.
    Drain,
    /// Gate of a MOS transistor.
    Gate,
    /// Source of a MOS transistor.
    Source,
    /// Bulk (body, well) of a MOS transistor.
    Bulk,
    /// Collector of a bipolar transistor.
    Collector,
    /// Base of a bipolar transistor.
    Base,
    /// Emitter of a bipolar transistor.
    Emitter,
    /// Substrate of a bipolar transistor or a resistor.
    Substrate,
    /// Anode of a junction.
    Anode,
    /// Cathode of a junction.
    Cathode,
}

impl Terminal {
    /// The four MOS terminals in SPICE order: drain, gate, source, bulk.
    pub const MOS: [Terminal; 4] = [Terminal::Drain, Terminal::Gate, Terminal::Source, Terminal::Bulk];

    /// SPICE's one-letter name (`d g s b c b e s a k`); base and bulk share `b`, source and substrate `s`.
    pub fn letter(self) -> char {
        match self {
            Terminal::Drain => 'd',
            Terminal::Gate => 'g',
            Terminal::Source | Terminal::Substrate => 's',
            Terminal::Bulk | Terminal::Base => 'b',
            Terminal::Collector => 'c',
            Terminal::Emitter => 'e',
            Terminal::Anode => 'a',
            Terminal::Cathode => 'k',
        }
    }

    /// Column name of the terminal's voltage in an I-V table: `vd`, `vg`, `vs`, `vb` ...
    pub fn voltage_column(self) -> String {
        format!("v{}", self.letter())
    }
}
