//! Ctrl-C: the first asks the work to stop at its best state, the second ends the process.

use anyhow::{Context, Result};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);
static INSTALLED: OnceLock<Result<(), String>> = OnceLock::new();

/// Exit code of a process that a second Ctrl-C ended, as shells have it.
const EXIT_INTERRUPTED: i32 = 130;

/// Starts listening; may be called any number of times.
///
/// # Errors
/// When the system refuses a handler.
pub fn listen() -> Result<()> {
    let installed = INSTALLED.get_or_init(|| {
        ctrlc::set_handler(|| {
            if ASKED.swap(true, Ordering::SeqCst) {
                std::process::exit(EXIT_INTERRUPTED);
            }
        })
        .map_err(|e| e.to_string())
    });
    installed.clone().map_err(anyhow::Error::msg).context("cannot listen to Ctrl-C")
}

/// True once Ctrl-C was pressed.
pub fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}
