//! `cargo xtask book`: builds the documentation with mdBook as a library, so that no tool needs installing.

use anyhow::{Context, Result};
use mdbook_driver::MDBook;
use std::path::Path;

/// Builds `docs/` into `target/book`.
///
/// # Errors
/// The configuration, the table of contents or a page cannot be read or rendered.
pub(crate) fn run(root: &Path) -> Result<()> {
    let book = MDBook::load(root.join("docs")).context("cannot load docs/book.toml")?;
    book.build().context("cannot build the book")?;
    println!("book: {}", root.join("target/book/index.html").display());
    Ok(())
}
