//! Live progress of reading, fetching and fitting, on standard error or for the program that runs the verb.

use gummel_catalogue::FetchProgress;
use gummel_data::ReadProgress;
use gummel_surrogate::{Observer, Progress};
use indicatif::ProgressBar;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::interrupt;
use crate::listener::Listener;
use crate::session::Session;

const READING: &str = "{prefix}  [{bar:30}] {pos}/{len} files  {wide_msg}";
const FETCHING: &str = "{prefix}  [{bar:30}] {bytes}/{total_bytes}  {msg}  {bytes_per_sec}, {eta} left";
const FITTING: &str = "{prefix}  [{bar:30}] {pos}/{len} steps  {msg}  {elapsed}, at most {eta} left";

/// A bar that is drawn on a terminal and told to whoever listens; it goes away when dropped.
pub struct Bar {
    drawn: ProgressBar,
    listener: Option<Arc<dyn Listener>>,
}

impl Bar {
    /// A bar that may be drawn.
    pub fn new(drawn: ProgressBar, listener: Option<Arc<dyn Listener>>) -> Self {
        Bar { drawn, listener }
    }

    /// Shows how far the work is.
    pub fn show(&self, done: u64, total: u64, message: String) {
        if let Some(listener) = &self.listener {
            listener.moved(&self.drawn.prefix(), done, total, &message);
        }
        self.drawn.set_length(total);
        self.drawn.set_position(done);
        self.drawn.set_message(message);
    }

    /// One step more is done.
    pub fn step(&self) {
        self.drawn.inc(1);
        if let Some(listener) = &self.listener {
            let total = self.drawn.length().unwrap_or_default();
            listener.moved(&self.drawn.prefix(), self.drawn.position(), total, "");
        }
    }

    /// True when the work is to stop at its best state.
    pub fn stops(&self) -> bool {
        self.listener.as_ref().map_or_else(interrupt::asked, |l| l.stop().load(Ordering::SeqCst))
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            let total = self.drawn.length().unwrap_or_default();
            listener.moved(&self.drawn.prefix(), total, total, "");
        }
        self.drawn.finish_and_clear();
    }
}

/// A bar over the files being read.
pub struct ReadBar(Bar);

impl ReadBar {
    /// An empty bar.
    pub fn new(session: &Session) -> Self {
        ReadBar(session.bar("reading", 0, READING))
    }

    /// Shows how far reading is.
    pub fn show(&self, progress: ReadProgress<'_>) {
        self.0.show(progress.done as u64, progress.total as u64, progress.path.to_owned());
    }
}

/// A bar over the bytes being fetched.
pub struct FetchBar(Bar);

impl FetchBar {
    /// An empty bar.
    pub fn new(session: &Session) -> Self {
        FetchBar(session.bar("fetching", 0, FETCHING))
    }

    /// Shows how far fetching is.
    pub fn show(&self, p: FetchProgress) {
        self.0.show(p.bytes, p.total_bytes, format!("{}/{} files", p.files, p.total_files));
    }
}

/// A bar over the steps of a fit; stops the fit on Ctrl-C.
pub struct FitBar(Bar);

impl FitBar {
    /// A bar for the fit of `family`.
    pub fn new(session: &Session, family: &str) -> Self {
        FitBar(session.bar(family, 0, FITTING))
    }
}

impl Observer for FitBar {
    fn progress(&mut self, p: &Progress) {
        // The loss is the mean weighted square of the residual, about the square of a relative error.
        let message = format!("{}, loss {:.2e}, error {:.2} %", p.stage, p.loss, 100.0 * p.loss.sqrt());
        self.0.show(p.step as u64, p.max_steps as u64, message);
    }

    fn stop(&self) -> bool {
        self.0.stops()
    }
}
