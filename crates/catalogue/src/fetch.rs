//! Downloads a public data set: several files at once, verified, resumed, never half-written.

use rayon::prelude::*;
use std::cell::Cell;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::transfer::{Source, sha256, write_error};
use crate::{CatalogueError, Entry};

/// How to download.
#[derive(Clone, Debug)]
pub struct FetchOptions {
    /// Another base address (`http://`, `https://`, `file://`) or a local folder with the same paths.
    pub base: Option<String>,
    /// Files at once.
    pub jobs: usize,
}

impl Default for FetchOptions {
    fn default() -> Self {
        FetchOptions { base: None, jobs: 8 }
    }
}

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchProgress {
    /// Files done.
    pub files: usize,
    /// Files in all.
    pub total_files: usize,
    /// Bytes at hand, of files that were there already as well.
    pub bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
}

/// What a download did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct FetchReport {
    /// Files downloaded now.
    pub fetched: usize,
    /// Files that were there already, with the right hash.
    pub present: usize,
    /// Bytes downloaded now.
    pub bytes: u64,
}

/// Brings every file of `entry` below `destination`.
///
/// Files that are there with the right hash are kept; partial ones go on where they were cut.
/// `observe` is called from several threads.
///
/// # Errors
/// The first [`CatalogueError`]; everything fetched until then is kept for the next run.
pub fn fetch(
    entry: &Entry,
    destination: &Path,
    options: &FetchOptions,
    observe: &(dyn Fn(FetchProgress) + Sync),
) -> Result<FetchReport, CatalogueError> {
    let source = Source::new(options.base.as_deref().unwrap_or(&entry.base_url));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.jobs.max(1)).build();
    let total_bytes = entry.files.iter().map(|f| f.bytes).sum();
    let (files, bytes, news) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let (present, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let first_error = Mutex::new(None);
    let tell = || {
        observe(FetchProgress {
            files: files.load(Ordering::Relaxed),
            total_files: entry.files.len(),
            bytes: bytes.load(Ordering::Relaxed),
            total_bytes,
        });
    };
    let one = |file: &crate::entry::RemoteFile| -> Result<(), CatalogueError> {
        let target = destination.join(&file.path);
        if sha256(&target).is_ok_and(|h| h == file.sha256) {
            present.fetch_add(1, Ordering::Relaxed);
            bytes.fetch_add(file.bytes, Ordering::Relaxed);
        } else {
            let folder = target.parent().unwrap_or(destination);
            std::fs::create_dir_all(folder).map_err(write_error(folder))?;
            let at_hand = Cell::new(0);
            let received = source.get(file, &target, &|now: u64| {
                // The count may fall; unsigned numbers that wrap around add up all the same.
                bytes.fetch_add(now.wrapping_sub(at_hand.replace(now)), Ordering::Relaxed);
                tell();
            })?;
            news.fetch_add(received, Ordering::Relaxed);
        }
        files.fetch_add(1, Ordering::Relaxed);
        tell();
        Ok(())
    };
    let all = || {
        entry.files.par_iter().for_each(|file| {
            if failed.load(Ordering::Relaxed) {
                return;
            }
            if let Err(error) = one(file) {
                failed.store(true, Ordering::Relaxed);
                if let Ok(mut first) = first_error.lock() {
                    first.get_or_insert(error);
                }
            }
        });
    };
    match pool {
        Ok(pool) => pool.install(all),
        // Without a pool of its own the download shares the global one.
        Err(_) => all(),
    }
    if let Some(error) = first_error.into_inner().ok().flatten() {
        return Err(error);
    }
    let present = present.into_inner();
    Ok(FetchReport { fetched: entry.files.len() - present, present, bytes: news.into_inner() })
}
