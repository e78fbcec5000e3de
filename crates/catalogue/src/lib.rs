//! Data sets that come with gummel, and public silicon that it can download.
//!
//! ```
//! let demo = gummel_catalogue::bundled("demo130-noisy").unwrap();
//! assert!(demo.parquet.starts_with(b"PAR1"));
//! assert!(gummel_catalogue::entries().iter().any(|e| e.name == "ihp-sg13g2"));
//! ```
//!
//! Reading order: [`mod@bundled`], [`mod@entry`], [`mod@fetch`], [`error`].

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod bundled;
pub mod entry;
pub mod error;
pub mod fetch;
mod transfer;

pub use bundled::{BUNDLED, Bundled, bundled};
pub use entry::{Entry, entries, entry};
pub use error::CatalogueError;
pub use fetch::{FetchOptions, FetchProgress, FetchReport, fetch};
