//! One file: bytes, format, sheet, identity, validation.

use super::parquet::{self, Parquet};
use super::{Metadata, ReadOptions, SourceFile, csv, easyexpert, mdm, plt, raw};
use crate::block::{self, Block, IDENTITY_COLUMNS};
use crate::heading::{ColumnMapping, Heading};
use crate::identity::Fields;
use crate::input::Input;
use crate::sheet::Sheet;
use crate::{DataError, Format, IvTable, validate};

/// What one file gave.
pub(crate) enum Loaded {
    /// Rows by device, and why some are missing.
    Blocks {
        /// The rows.
        blocks: Vec<Block>,
        /// The file.
        file: SourceFile,
        /// Why the file is incomplete, when it is.
        problem: Option<DataError>,
    },
    /// A Parquet file that is an I-V table already.
    Table {
        /// The table.
        table: IvTable,
        /// The file.
        file: SourceFile,
    },
    /// A file of a folder that holds no measurements.
    Skipped {
        /// Why it was passed over.
        reason: String,
    },
}

/// Reads and validates one file.
pub(crate) fn load(
    input: &Input,
    options: &ReadOptions,
    mapping: &ColumnMapping,
    metadata: &Metadata,
) -> Result<Loaded, DataError> {
    let bytes = bytes_of(input, options)?;
    let sniffed = options.format.or_else(|| Format::sniff(&bytes));
    // In a folder, prose with commas is no table: separated values need a name that says so.
    let prose = !input.explicit && sniffed == Some(Format::Csv) && !Format::is_data_extension(&input.name);
    let format = match sniffed.filter(|_| !prose) {
        Some(format) => format,
        None if !input.explicit && !Format::is_data_extension(&input.name) => {
            return Ok(Loaded::Skipped { reason: "no known data format".to_owned() });
        }
        None => return Err(unrecognised(input, &bytes)),
    };
    let mut file = SourceFile {
        path: input.name.clone(),
        format: Some(format),
        bytes: bytes.len() as u64,
        blake3: blake3::hash(&bytes).to_hex().to_string(),
        rows: 0,
    };
    let parsed = match format {
        Format::Mdm => mdm::read(&input.name, &bytes),
        Format::Csv => csv::read(&input.name, &bytes, mapping),
        Format::EasyExpert => easyexpert::read(&input.name, &bytes, mapping),
        Format::Raw => raw::read(&input.name, &bytes, mapping),
        Format::Plt => plt::read(&input.name, &bytes, mapping),
        Format::Parquet => match parquet::read(&input.name, bytes, mapping)? {
            Parquet::Sheet(sheet) => Ok(*sheet),
            Parquet::Table(table) => {
                file.rows = table.len();
                return Ok(Loaded::Table { table, file });
            }
        },
    };
    let path = input.path.to_string_lossy().replace('\\', "/");
    let name = options.patterns.match_path(&path).unwrap_or_default();
    let split = parsed.and_then(|mut sheet| {
        let problem = sheet.problem.take();
        let mut table = constants(&mut sheet, mapping);
        table.extend(metadata.of(&path));
        Ok((block::split(&input.name, sheet, &name, &table)?, problem))
    });
    let (mut blocks, problem) = match split {
        // A folder of measurements often holds lists and notes as tables.
        Err(DataError::NoQuantity { found, .. }) if !input.explicit => {
            return Ok(Loaded::Skipped { reason: format!("a table without measurements: {found}") });
        }
        split => split?,
    };
    file.rows = blocks.iter().map(Block::rows).sum();
    blocks.iter_mut().for_each(|b| validate::validate_file(b, &options.flags));
    if problem.is_some() {
        super::flag_truncated(&mut blocks);
    }
    Ok(Loaded::Blocks { blocks, file, problem })
}

/// Constants of a mapping: identity fields to give back, the others become columns of the sheet.
fn constants(sheet: &mut Sheet, mapping: &ColumnMapping) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in &mapping.constants {
        let heading = Heading::read(name, mapping).ok().flatten();
        let number = csv::condition(&format!("{name}={value}"), mapping);
        match (heading, number) {
            (_, Some((column, value))) if !IDENTITY_COLUMNS.contains(&column.as_str()) => {
                sheet.columns.retain(|(n, _)| *n != column);
                sheet.columns.push((column, vec![value; sheet.line.len()]));
            }
            (_, Some((column, value))) => {
                fields.insert(column, format!("{value:e}"));
            }
            (Some(heading), None) => {
                fields.insert(heading.column, value.clone());
            }
            (None, None) => {}
        }
    }
    fields
}

fn bytes_of(input: &Input, options: &ReadOptions) -> Result<Vec<u8>, DataError> {
    let size = std::fs::metadata(&input.path).map_err(|e| DataError::io(&input.path, e))?.len();
    if size > options.max_file_bytes {
        return Err(DataError::TooLarge {
            path: input.name.clone(),
            found: size,
            limit: options.max_file_bytes,
        });
    }
    let bytes = std::fs::read(&input.path).map_err(|e| DataError::io(&input.path, e))?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(DataError::Empty { path: input.name.clone() });
    }
    Ok(bytes)
}

fn unrecognised(input: &Input, bytes: &[u8]) -> DataError {
    let found = match bytes {
        [b'P', b'K', 3, 4, ..] => "a zip archive or spreadsheet".to_owned(),
        [0x1f, 0x8b, ..] => "a gzip archive".to_owned(),
        _ if bytes.iter().take(4096).any(|b| *b == 0) => "binary data".to_owned(),
        _ => {
            let line = bytes.split(|b| *b == b'\n').find(|l| !l.trim_ascii().is_empty()).unwrap_or_default();
            format!(
                "a text that starts with '{}'",
                String::from_utf8_lossy(&line[..line.len().min(40)]).trim()
            )
        }
    };
    DataError::Unrecognised {
        path: input.name.clone(),
        found,
        expected: "IC-CAP mdm, CSV or TSV, EasyEXPERT CSV, SPICE raw, Sentaurus plt or Parquet".to_owned(),
        hint: "unpack archives, export spreadsheets as CSV, or name the format".to_owned(),
    }
}
