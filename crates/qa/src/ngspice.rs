//! ngspice as a function: a deck goes in, a log and the rows of a table come out.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use gummel_export::child::run;
use tempfile::TempDir;

use crate::QaError;

/// An ngspice.
#[derive(Clone, Debug)]
pub struct Ngspice {
    program: PathBuf,
    stop: Arc<AtomicBool>,
}

/// What a run left.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Standard output and standard error.
    pub log: String,
    /// Rows of the table that the deck wrote to `out.txt`, the scale first; empty when there is none. A word that is
    /// no number is not a number.
    pub table: Vec<Vec<f64>>,
}

impl Ngspice {
    /// The program of that name or path.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Ngspice { program: program.into(), stop: Arc::default() }
    }

    /// The same, killed once `stop` is raised while it runs.
    pub fn until(self, stop: &Arc<AtomicBool>) -> Self {
        Ngspice { stop: stop.clone(), ..self }
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Whether it starts.
    pub fn answers(&self) -> bool {
        Command::new(&self.program).arg("--version").output().is_ok_and(|o| o.status.success())
    }

    /// Runs a deck in an empty folder, without the start-up file of whoever runs it.
    ///
    /// # Errors
    /// When the folder cannot be made or the simulator cannot be started; [`QaError::Stopped`].
    pub fn run(&self, deck: &str) -> Result<Run, QaError> {
        let work = work_folder()?;
        let path = work.path().join("deck.cir");
        std::fs::write(&path, deck).map_err(QaError::io("write", &path))?;
        let log = self.batch(&path, work.path(), Some(work.path()))?;
        let table = std::fs::read_to_string(work.path().join("out.txt")).unwrap_or_default();
        Ok(Run { log, table: table.lines().map(numbers).collect() })
    }

    /// The log of a deck that is run in `folder`, with the start-up file in `home`, or in that of whoever runs it.
    ///
    /// # Errors
    /// When the simulator cannot be started; [`QaError::Stopped`].
    pub(crate) fn batch(&self, deck: &Path, folder: &Path, home: Option<&Path>) -> Result<String, QaError> {
        let mut command = Command::new(&self.program);
        command.arg("-b").arg(deck).current_dir(folder);
        command.envs(home.map(|home| ("HOME", home)));
        let ran = run(&mut command, "", &self.stop).map_err(QaError::io("start", &self.program))?;
        let ran = ran.ok_or(QaError::Stopped)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(text(&ran.stdout) + "\n" + &text(&ran.stderr))
    }

    /// That a run did not give what it should have.
    pub(crate) fn failed(&self, reason: String, run: &Run) -> QaError {
        QaError::Simulator { program: self.program.clone(), reason, log: run.last_lines(12) }
    }
}

impl Run {
    /// Column `k` of the table; empty when no table came out.
    pub fn column(&self, k: usize) -> Vec<f64> {
        self.table.iter().map(|row| row.get(k).copied().unwrap_or(f64::NAN)).collect()
    }

    /// All numbers that were printed as `name = number`, in their order.
    pub fn printed<'a>(&'a self, name: &'a str) -> impl Iterator<Item = f64> + 'a {
        self.log.lines().filter_map(move |line| {
            let (found, value) = line.split_once(" = ")?;
            (found.trim() == name).then(|| value.trim().parse().unwrap_or(f64::NAN))
        })
    }

    /// The last `count` lines of the log.
    pub(crate) fn last_lines(&self, count: usize) -> String {
        let lines: Vec<&str> = self.log.lines().filter(|l| !l.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }
}

/// The numbers of a line; a word that is none is not a number.
pub(crate) fn numbers(line: &str) -> Vec<f64> {
    line.split_whitespace().map(|w| w.parse().unwrap_or(f64::NAN)).collect()
}

/// An empty folder whose name has no capitals: some simulators fold the case of names in commands.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn work_folder() -> Result<TempDir, QaError> {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    loop {
        let name = format!("gummel-qa-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        match tempfile::Builder::new().prefix(&name).rand_bytes(0).tempdir() {
            // What an earlier process of the same number left behind.
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            made => return made.map_err(QaError::io("make a folder in", &std::env::temp_dir())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_numbers_are_found_by_their_name() {
        let log = "i(vd) = -1e-3\nv(out) = 0.5\ni(vd) = 2\nnoise = nothing\n".to_owned();
        let run = Run { log, table: vec![vec![0.0, 1.0], vec![1.0]] };
        assert_eq!(run.printed("i(vd)").collect::<Vec<_>>(), [-1e-3, 2.0]);
        assert!(run.printed("noise").all(f64::is_nan));
        assert_eq!(run.printed("v(in)").count(), 0);
        assert_eq!(run.column(0), [0.0, 1.0]);
        assert!(run.column(1)[1].is_nan());
        assert_eq!(run.last_lines(1), "noise = nothing");
    }

    #[test]
    fn a_simulator_that_is_not_there_is_an_error_and_folders_go_away() {
        let none = Ngspice::new("/no/such/ngspice");
        assert!(!none.answers());
        assert!(none.run("title\n.end\n").unwrap_err().to_string().contains("cannot start /no/such/ngspice"));
        let (one, two) = (work_folder().unwrap(), work_folder().unwrap());
        assert_ne!(one.path(), two.path());
        let gone = one.path().to_owned();
        drop(one);
        assert!(!gone.exists());
    }
}
