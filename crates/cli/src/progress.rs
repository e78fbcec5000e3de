//! Live progress of reading, fetching and fitting on standard error.

use gummel_catalogue::FetchProgress;
use gummel_data::ReadProgress;
use gummel_surrogate::{Observer, Progress};
use indicatif::ProgressBar;

use crate::interrupt;
use crate::session::Session;

const READING: &str = "reading  [{bar:30}] {pos}/{len} files  {wide_msg}";
const FETCHING: &str = "fetching  [{bar:30}] {bytes}/{total_bytes}  {msg}  {bytes_per_sec}, {eta} left";
const FITTING: &str = "{prefix}  [{bar:30}] {pos}/{len} steps  {msg}  {elapsed}, at most {eta} left";

/// A bar over the files being read.
pub struct ReadBar(ProgressBar);

impl ReadBar {
    /// An empty bar.
    pub fn new(session: &Session) -> Self {
        ReadBar(session.bar(0, READING))
    }

    /// Shows how far reading is.
    pub fn show(&self, progress: ReadProgress<'_>) {
        self.0.set_length(progress.total as u64);
        self.0.set_position(progress.done as u64);
        self.0.set_message(progress.path.to_owned());
    }
}

impl Drop for ReadBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A bar over the bytes being fetched.
pub struct FetchBar(ProgressBar);

impl FetchBar {
    /// An empty bar.
    pub fn new(session: &Session) -> Self {
        FetchBar(session.bar(0, FETCHING))
    }

    /// Shows how far fetching is.
    pub fn show(&self, progress: FetchProgress) {
        self.0.set_length(progress.total_bytes);
        self.0.set_position(progress.bytes);
        self.0.set_message(format!("{}/{} files", progress.files, progress.total_files));
    }
}

impl Drop for FetchBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A bar over the steps of a fit; stops the fit on Ctrl-C.
pub struct FitBar(ProgressBar);

impl FitBar {
    /// A bar for the fit of `family`.
    pub fn new(session: &Session, family: &str) -> Self {
        let bar = session.bar(0, FITTING);
        bar.set_prefix(family.to_owned());
        FitBar(bar)
    }
}

impl Observer for FitBar {
    fn progress(&mut self, p: &Progress) {
        self.0.set_length(p.max_steps as u64);
        self.0.set_position(p.step as u64);
        // The loss is the mean weighted square of the residual, about the square of a relative error.
        self.0.set_message(format!("{}, loss {:.2e}, error {:.2} %", p.stage, p.loss, 100.0 * p.loss.sqrt()));
    }

    fn stop(&self) -> bool {
        interrupt::asked()
    }
}

impl Drop for FitBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
