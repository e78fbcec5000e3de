//! File formats, told from content.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::read::plt;

/// A format that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// IC-CAP measured data, `.mdm`.
    Mdm,
    /// Comma-, semicolon- or tab-separated values.
    Csv,
    /// Keysight EasyEXPERT exports, `.csv`.
    EasyExpert,
    /// ngspice and LTspice raw files.
    Raw,
    /// Curves of Sentaurus Device, `.plt`.
    Plt,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 6] =
        [Format::Mdm, Format::Csv, Format::EasyExpert, Format::Raw, Format::Plt, Format::Parquet];

    /// Lower-case name, as in configuration files.
    pub fn name(self) -> &'static str {
        match self {
            Format::Mdm => "mdm",
            Format::Csv => "csv",
            Format::EasyExpert => "easyexpert",
            Format::Raw => "raw",
            Format::Plt => "plt",
            Format::Parquet => "parquet",
        }
    }

    /// The format that `bytes` look like; `None` when they look like none.
    pub fn sniff(bytes: &[u8]) -> Option<Format> {
        if bytes.starts_with(b"PAR1") {
            return Some(Format::Parquet);
        }
        let start: Vec<u8> = bytes.iter().take(4096).copied().filter(|b| *b != 0).collect();
        let text = String::from_utf8_lossy(&start).to_ascii_lowercase();
        let text = text.trim_start_matches(['\u{feff}', '\u{fffd}']).trim_start();
        if text.starts_with(plt::FIRST_LINE) {
            return Some(Format::Plt);
        }
        let has_line = |word: &str| text.lines().any(|l| l.trim_start().starts_with(word));
        if has_line("begin_header") || text.starts_with("! version") {
            return Some(Format::Mdm);
        }
        if text.starts_with("title:") && (has_line("plotname:") || has_line("flags:") || has_line("date:")) {
            return Some(Format::Raw);
        }
        if ["setuptitle", "primitivetest", "testparameter", "dataname"].iter().any(|w| has_line(w)) {
            return Some(Format::EasyExpert);
        }
        let number = |w: &str| w.parse::<f64>().is_ok();
        let numbers = |l: &str| l.split_whitespace().filter(|w| number(w)).count() >= 2;
        let separated = text.lines().any(|l| l.contains([',', ';', '\t']) || numbers(l));
        let printable = start.iter().filter(|b| **b >= 32 || b.is_ascii_whitespace()).count();
        let is_text = !start.is_empty() && printable * 100 >= start.len() * 99;
        (is_text && separated).then_some(Format::Csv)
    }

    /// True for file name extensions under which data are expected.
    pub(crate) fn is_data_extension(path: &str) -> bool {
        let extension = path.rsplit_once('.').map_or("", |(_, e)| e).to_ascii_lowercase();
        ["mdm", "csv", "tsv", "raw", "plt", "parquet", "dat", "txt"].contains(&extension.as_str())
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
