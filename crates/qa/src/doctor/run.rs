//! Runs the simulator on a deck: its log, and the table it wrote.

use std::path::PathBuf;

use super::netlist::{Netlist, Step};
use crate::QaError;
use crate::ngspice::{Ngspice, numbers, work_folder};

/// Columns of a file: one command of a very large circuit would have thousands of words.
const COLUMNS: usize = 40;

/// The simulator and where it works.
pub(super) struct Bench {
    pub(super) simulator: Ngspice,
    /// Folder of the netlist: relative names in it are found from here.
    pub(super) folder: PathBuf,
}

/// What an analysis left behind.
pub(super) struct Ran {
    pub(super) log: String,
    /// Scale (time or swept quantity), then a voltage per node, row by row.
    pub(super) rows: Vec<Vec<f64>>,
}

impl Bench {
    /// The log of a deck.
    ///
    /// # Errors
    /// When the simulator cannot be started.
    pub(super) fn log(&self, deck: &str) -> Result<String, QaError> {
        self.run(deck).map(|(log, _)| log)
    }

    /// Runs an analysis and gathers the voltages of `nodes`.
    ///
    /// # Errors
    /// When the simulator cannot be started.
    pub(super) fn analysis(&self, netlist: &Netlist, step: &Step, nodes: &[String]) -> Result<Ran, QaError> {
        let (log, work) = self.run(&step.deck(netlist, nodes, COLUMNS))?;
        let mut rows: Vec<Vec<f64>> = Vec::new();
        for k in 0..nodes.len().div_ceil(COLUMNS) {
            let expected = nodes[k * COLUMNS..].len().min(COLUMNS) + 1;
            let text = std::fs::read_to_string(work.path().join(format!("out{k}.txt"))).unwrap_or_default();
            let part: Vec<Vec<f64>> = text.lines().map(numbers).filter(|r| r.len() == expected).collect();
            if k == 0 {
                rows = part;
                continue;
            }
            rows.truncate(part.len());
            for (row, more) in rows.iter_mut().zip(part) {
                row.extend(more.into_iter().skip(1));
            }
        }
        Ok(Ran { log, rows })
    }

    /// Files of the deck land in a folder of their own, names in the circuit are found from the netlist's.
    fn run(&self, deck: &str) -> Result<(String, tempfile::TempDir), QaError> {
        let work = work_folder()?;
        let path = work.path().join("doctor.cir");
        let deck = deck.replace("wrdata out", &format!("wrdata {}/out", work.path().display()));
        std::fs::write(&path, deck).map_err(QaError::io("write", &path))?;
        // The start-up file of whoever runs it may belong to the circuit.
        Ok((self.simulator.batch(&path, &self.folder, None)?, work))
    }
}
