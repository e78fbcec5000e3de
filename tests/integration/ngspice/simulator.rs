//! ngspice as a function: a deck goes in, a log and tables come out.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::tools::obtained;

/// An ngspice that loads OSDI libraries.
pub(super) struct Simulator {
    program: PathBuf,
}

/// What a run left.
pub(super) struct Run {
    /// Standard output and standard error.
    pub(super) log: String,
    /// Rows of the table that the deck wrote to `out.txt`, the scale first; empty when there is none.
    pub(super) table: Vec<Vec<f64>>,
}

impl Simulator {
    /// The simulator, found or fetched once; says why when there is none.
    pub(super) fn find() -> Option<&'static Simulator> {
        static FOUND: OnceLock<Result<Simulator, String>> = OnceLock::new();
        match FOUND.get_or_init(locate) {
            Ok(simulator) => Some(simulator),
            Err(reason) => {
                println!("SKIPPED: no ngspice with OSDI: {reason}");
                None
            }
        }
    }

    /// The program.
    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// Runs `deck` in `folder`.
    pub(super) fn run(&self, folder: &Path, deck: &str) -> Run {
        std::fs::write(folder.join("deck.cir"), deck).unwrap();
        let output = Command::new(&self.program)
            .args(["-b", "deck.cir"])
            .current_dir(folder)
            .env("HOME", folder)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let log = text(&output.stdout) + &text(&output.stderr);
        let table = std::fs::read_to_string(folder.join("out.txt")).unwrap_or_default();
        let row = |line: &str| line.split_whitespace().map(|x| x.parse().unwrap()).collect();
        Run { table: table.lines().map(row).collect(), log }
    }
}

fn locate() -> Result<Simulator, String> {
    Ok(Simulator { program: obtained("GUMMEL_NGSPICE", "ngspice.sh")?.into() })
}

impl Run {
    /// Column `k` of the table.
    pub(super) fn column(&self, k: usize) -> Vec<f64> {
        assert!(!self.table.is_empty(), "no table came out:\n{}", self.log);
        self.table.iter().map(|row| row[k]).collect()
    }

    /// The number printed as `name = number`.
    pub(super) fn printed(&self, name: &str) -> f64 {
        let prefix = format!("{name} = ");
        let found = self.log.lines().find_map(|l| l.strip_prefix(prefix.as_str())?.trim().parse().ok());
        found.unwrap_or_else(|| panic!("'{name}' was not printed:\n{}", self.log))
    }
}
