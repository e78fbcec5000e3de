//! From raw measurement files to a validated table, and from the table to the arrays a fit takes.
//!
//! [`read()`] turns files, folders and globs into an [`IvTable`]: one row per bias point, SI units, with
//! technology, family, device, geometry, temperature and flags. [`Dataset::assemble`] picks the devices of
//! a [`Selection`] out of it, [`Dataset::split`] holds some of them out.
//!
//! ```
//! use gummel_data::{Dataset, ReadOptions, Selection, read};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("SG13_nmos~W0u15_L0u13_S546_3~dc_idvg~300K.mdm");
//! std::fs::write(&file, "\
//! BEGIN_HEADER
//!  ICCAP_INPUTS
//!   vg V G GROUND SMU2 0.001 LIN 1 0 1.2 3 0.6
//!   vd V D GROUND SMU1 0.1 CON 1.2
//!  ICCAP_OUTPUTS
//!   id I D GROUND SMU1 B
//! END_HEADER
//! BEGIN_DB
//!  ICCAP_VAR vd 1.2
//!  #vg id
//!  0 1e-12
//!  0.6 2e-5
//!  1.2 9e-5
//! END_DB
//! ")?;
//! let reading = read(&[folder.path().to_path_buf()], &ReadOptions::default(), &|_| ())?;
//! let data = Dataset::assemble(&reading.table, &reading.files, &Selection::of("*/lv_nmos", 27.0))?;
//! assert_eq!(data.devices[0].id.name, "W0.15u_L0.13u");
//! assert_eq!(data.devices[0].id()[2], 9e-5);
//! # Ok(()) }
//! ```
//!
//! Reading order: [`mod@read`], [`mod@format`], [`pattern`], [`flags`], [`table`], [`mod@inspect`], [`stream`], [`parts`],
//! [`dataset`], [`error`].

mod block;
mod curves;
mod decode;
mod heading;
mod identity;
mod input;
mod name;
mod number;
mod random;
mod sheet;
mod signs;
mod source;
mod stop;
mod validate;

pub mod dataset;
pub mod error;
pub mod flags;
pub mod format;
pub mod inspect;
pub mod parts;
pub mod pattern;
pub mod read;
pub mod stream;
pub mod table;

pub use dataset::{CurveInfo, Dataset, DeviceData, Selection, Split};
pub use error::DataError;
pub use flags::Flags;
pub use format::Format;
pub use heading::ColumnMapping;
pub use inspect::{FamilySummary, Inspection, inspect};
pub use parts::Parts;
pub use pattern::{Pattern, Patterns};
pub use polars_arrow::ffi::ArrowArrayStream;
pub use read::{FileFailure, ReadOptions, ReadProgress, Reading, SourceFile, read};
pub use stream::{Conversion, convert, sample_parquet};
pub use table::{Column as ParquetColumn, Columns, IvTable, write_parquet};
pub use validate::FlagOptions;
