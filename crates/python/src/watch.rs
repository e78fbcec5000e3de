//! Progress and Ctrl-C while a verb works outside the interpreter.

use gummel_cli::listener::Listener;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Longest time between two looks at the interpreter while steps come faster.
const PERIOD: Duration = Duration::from_millis(50);

/// Tells a Python function of progress and hears what Python wants to raise meanwhile.
pub(crate) struct Watch {
    /// `callback(title, done, total, message)`.
    callback: Option<Py<PyAny>>,
    last: Mutex<Option<Instant>>,
    stop: AtomicBool,
    raised: Mutex<Option<PyErr>>,
}

impl Watch {
    pub(crate) fn new(callback: Option<Py<PyAny>>) -> Self {
        Watch { callback, last: Mutex::new(None), stop: AtomicBool::new(false), raised: Mutex::new(None) }
    }

    /// What was raised meanwhile: KeyboardInterrupt, or an error of the callback.
    pub(crate) fn raised(&self) -> Option<PyErr> {
        lock(&self.raised).take()
    }

    /// Whether it is time to look again; the end of a piece of work is always told.
    fn is_due(&self, ended: bool) -> bool {
        let mut last = lock(&self.last);
        let due = ended || last.is_none_or(|t| t.elapsed() >= PERIOD);
        if due {
            *last = Some(Instant::now());
        }
        due
    }

    /// Runs the handlers of signals (in the main thread only, as Python has it) and the callback.
    fn look(&self, title: &str, done: u64, total: u64, message: &str) -> PyResult<()> {
        Python::attach(|py| {
            py.check_signals()?;
            match &self.callback {
                Some(callback) => callback.call1(py, (title, done, total, message)).map(drop),
                None => Ok(()),
            }
        })
    }
}

impl Listener for Watch {
    fn moved(&self, title: &str, done: u64, total: u64, message: &str) {
        if !self.is_due(done == total) || self.stops() && done != total {
            return;
        }
        if let Err(raised) = self.look(title, done, total, message) {
            self.stop.store(true, Ordering::SeqCst);
            // The first cause counts.
            lock(&self.raised).get_or_insert(raised);
        }
    }

    fn stops(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
