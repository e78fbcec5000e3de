//! The device library as one of the targets: [`crate::osdi`] writes it, a netlist chooses device and corner.

use std::path::Path;

use gummel_model::Model;

use crate::scope::Selection;
use crate::target::{ExportOptions, Written};
use crate::{ExportError, osdi};

/// Name of the target.
pub const TARGET: &str = "osdi";

/// Writes the library.
///
/// # Errors
/// [`ExportError::Osdi`]; [`ExportError::Unsuitable`] for a selection, which is the netlist's business.
pub fn write(models: &[&Model], options: &ExportOptions, path: &Path) -> Result<Written, ExportError> {
    if options.selection != Selection::default() {
        let reason = "holds all devices and corners; choose in the netlist: .model NAME TYPE device=\"...\" corner=\"ff\""
            .to_owned();
        return Err(ExportError::Unsuitable { target: TARGET, reason });
    }
    let report = osdi::write(models, path, &options.osdi)?;
    Ok(Written { files: vec![path.to_owned()], warning: None, example: Some(report.example()) })
}
