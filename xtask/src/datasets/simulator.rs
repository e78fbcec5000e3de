//! ngspice: where it is, and one device's sweeps out of it.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Row;
use super::deck::{self, Device, Grid};
use super::overlap::Overlap;

/// An ngspice with a folder for its files.
pub(crate) struct Simulator {
    program: PathBuf,
    library: PathBuf,
    work: PathBuf,
}

impl Simulator {
    /// `GUMMEL_NGSPICE`, else `ngspice` on the path, else what `tests/ngspice.sh` unpacks.
    ///
    /// # Errors
    /// None of them is there.
    pub(crate) fn find(root: &Path, work: &Path) -> Result<Self> {
        let program = if let Some(path) = std::env::var_os("GUMMEL_NGSPICE") {
            path.into()
        } else if Command::new("ngspice").arg("--version").output().is_ok_and(|o| o.status.success()) {
            PathBuf::from("ngspice")
        } else {
            let script = root.join("tests/ngspice.sh");
            let out = Command::new("sh").arg(&script).output().context("cannot run tests/ngspice.sh")?;
            ensure!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
            String::from_utf8(out.stdout)?.trim().into()
        };
        let library = root.join("datasets/demo130/models/demo130.lib");
        Ok(Simulator { program, library, work: work.to_owned() })
    }

    /// All sweeps of a device in terminal quantities.
    ///
    /// # Errors
    /// ngspice cannot be run, or prints something else than the columns of the deck.
    pub(crate) fn sweep(&self, device: &Device, grid: Grid) -> Result<Vec<Row>> {
        let overlap = Overlap::from_log(&self.run(&deck::overlap(device, &self.library))?)?;
        let out = self.work.join("out.txt");
        let mut rows = Vec::new();
        for sweep in deck::sweeps(grid) {
            let log = self.run(&deck::netlist(device, &self.library, &sweep, &out))?;
            let text = std::fs::read_to_string(&out)
                .with_context(|| format!("no sweep of {} came out of ngspice:\n{log}", device.file()))?;
            std::fs::remove_file(&out)?;
            for line in text.lines().filter(|l| !l.trim().is_empty()) {
                let numbers: Vec<f64> = line.split_whitespace().filter_map(|t| t.parse().ok()).collect();
                ensure!(
                    numbers.len() == deck::COLUMNS.len() + 1,
                    "ngspice printed {} columns: {line}",
                    numbers.len()
                );
                let mut values = device.terminal_convention(&numbers[1..]);
                overlap.add_to(&mut values);
                rows.push(Row { sweep: sweep.name, values });
            }
        }
        ensure!(!rows.is_empty(), "no bias point for {}", device.file());
        Ok(rows)
    }

    /// Runs a deck in batch mode; returns what ngspice said.
    fn run(&self, deck: &str) -> Result<String> {
        let netlist = self.work.join("deck.sp");
        std::fs::write(&netlist, deck)?;
        // BSIM4 leaves a file of its parameter checks in the current folder.
        let log = Command::new(&self.program)
            .arg("-b")
            .arg(&netlist)
            .current_dir(&self.work)
            .output()
            .context("cannot run ngspice")?;
        Ok(String::from_utf8_lossy(&log.stdout).into_owned() + &String::from_utf8_lossy(&log.stderr))
    }
}
