//! One file: bytes, format, sheet, identity, validation.

use std::fs::File;
use std::io::Read;

use super::parquet::{self, Parsed};
use super::{Metadata, ReadOptions, SourceFile, csv, easyexpert, mdm, plt, raw};
use crate::block::{self, Block, IDENTITY_COLUMNS};
use crate::heading::{ColumnMapping, Heading};
use crate::identity::{Fields, written};
use crate::input::Input;
use crate::sheet::Sheet;
use crate::source::Source;
use crate::stop::{PIECE, Stop};
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

/// Reads and validates one file, and looks all the time whether it is still wanted.
pub(crate) fn load(
    input: &Input,
    options: &ReadOptions,
    mapping: &ColumnMapping,
    metadata: &Metadata,
) -> Result<Loaded, DataError> {
    let stop = Stop(&options.stop);
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
        blake3: hash(&bytes, stop)?,
        rows: 0,
    };
    let parsed = match parse(format, Source { path: &input.name, bytes: &bytes, mapping, stop }) {
        Ok(Parsed::Table(table)) => {
            file.rows = table.len();
            return Ok(Loaded::Table { table, file });
        }
        Ok(Parsed::Sheet(sheet)) => Ok(*sheet),
        Err(error) => Err(error),
    };
    drop(bytes);
    let path = input.path.to_string_lossy().replace('\\', "/");
    let name = options.patterns.match_path(&path).unwrap_or_default();
    let split = parsed.and_then(|mut sheet| {
        let problem = sheet.problem.take();
        let mut table = constants(&mut sheet, mapping);
        table.extend(metadata.of(&path));
        Ok((block::split(&input.name, sheet, (&name, &table), stop)?, problem))
    });
    let (mut blocks, problem) = match split {
        // A folder of measurements often holds lists and notes as tables.
        Err(DataError::NoQuantity { found, .. }) if !input.explicit => {
            return Ok(Loaded::Skipped { reason: format!("a table without measurements: {found}") });
        }
        split => split?,
    };
    file.rows = blocks.iter().map(Block::rows).sum();
    for block in &mut blocks {
        stop.look()?;
        validate::validate_file(block, &options.flags);
    }
    if problem.is_some() {
        super::flag_truncated(&mut blocks);
    }
    Ok(Loaded::Blocks { blocks, file, problem })
}

/// Reads the content of a file.
fn parse(format: Format, source: Source<'_>) -> Result<Parsed, DataError> {
    let sheet = match format {
        Format::Mdm => mdm::read(source)?,
        Format::Csv => csv::read(source)?,
        Format::EasyExpert => easyexpert::read(source)?,
        Format::Raw => raw::read(source)?,
        Format::Plt => plt::read(source)?,
        Format::Parquet => return parquet::read(source),
    };
    Ok(Parsed::Sheet(Box::new(sheet)))
}

/// BLAKE3, hexadecimal.
fn hash(bytes: &[u8], stop: Stop<'_>) -> Result<String, DataError> {
    let mut hasher = blake3::Hasher::new();
    for piece in bytes.chunks(PIECE) {
        stop.look()?;
        hasher.update(piece);
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// Constants of a mapping: identity fields to give back, the others become columns of the sheet.
fn constants(sheet: &mut Sheet, mapping: &ColumnMapping) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in &mapping.constants {
        let heading = Heading::meant(name, mapping);
        let number = csv::condition(&format!("{name}={value}"), mapping);
        match (heading, number) {
            (_, Some((column, value))) if !IDENTITY_COLUMNS.contains(&column.as_str()) => {
                sheet.columns.retain(|(n, _)| *n != column);
                sheet.columns.push((column, vec![value; sheet.line.len()]));
            }
            (_, Some((column, value))) => {
                let text = written(&column, value);
                fields.insert(column, text);
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
    let limit = options.max_file_bytes;
    let too_large = |found: u64| DataError::TooLarge { path: input.name.clone(), found, limit };
    if size > limit {
        return Err(too_large(size));
    }
    let io = |e| DataError::io(&input.path, e);
    let mut file = File::open(&input.path).map_err(io)?;
    let mut bytes = Vec::with_capacity(size as usize + 1);
    while file.by_ref().take(PIECE as u64).read_to_end(&mut bytes).map_err(io)? > 0 {
        Stop(&options.stop).look()?;
        // Pipes and devices do not say how long they are.
        if bytes.len() as u64 > limit {
            return Err(too_large(bytes.len() as u64));
        }
    }
    let marks: [&[u8]; 3] = [b"\xEF\xBB\xBF", b"\xFF\xFE", b"\xFE\xFF"];
    let content = marks.iter().find_map(|mark| bytes.strip_prefix(*mark)).unwrap_or(&bytes);
    if content.iter().all(u8::is_ascii_whitespace) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use polars::df;
    use polars::prelude::ParquetWriter;
    use std::io::Cursor;
    use std::sync::atomic::AtomicBool;

    /// A small file of every format.
    fn files() -> Vec<(Format, Vec<u8>)> {
        let mdm = "BEGIN_HEADER\n ICCAP_INPUTS\n  vg V G GROUND SMU2 0.001 LIN 1 0 1 2 1\n ICCAP_OUTPUTS\n  \
                   id I D GROUND SMU1 B\nEND_HEADER\nBEGIN_DB\n #vg id\n 0 1e-9\n 1 1e-6\nEND_DB\n";
        let expert = "SetupTitle,IdVg\nTestParameter,Channel.VName,Vg\nDataName,Vg,Id\nDataValue,0,1e-9\nDataValue,1,1e-6\n";
        let head = "Title: t\nPlotname: DC\nFlags: real\nNo. Variables: 2\nNo. Points: 2\nVariables:\n 0 v-sweep voltage\n 1 i(vd) current\n";
        let ascii = format!("{head}Values:\n 0 0\n -1e-9\n 1 1\n -1e-6\n");
        let mut binary = format!("{head}Binary:\n").into_bytes();
        [0.0f64, -1e-9, 1.0, -1e-6].iter().for_each(|v| binary.extend(v.to_le_bytes()));
        let plt = "DF-ISE text\nInfo { type = xyplot datasets = [ \"gate OuterVoltage\" \"drain TotalCurrent\" ] }\n\
                   Data { 0 1e-9\n 1 1e-6 }\n";
        let mut frame = df!("vg" => [0.0, 1.0], "id" => [1e-9, 1e-6]).expect("columns of one length");
        let mut parquet = Cursor::new(Vec::new());
        ParquetWriter::new(&mut parquet).finish(&mut frame).expect("written to memory");
        let text = |t: &str| t.as_bytes().to_vec();
        let utf16 = "vg;id\n0;1e-9\n1;1e-6\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        vec![
            (Format::Mdm, text(mdm)),
            (Format::Csv, text("vg,id\n0,1e-9\n1,1e-6\n")),
            (Format::Csv, utf16),
            (Format::EasyExpert, text(expert)),
            (Format::Raw, text(&ascii)),
            (Format::Raw, binary),
            (Format::Plt, text(plt)),
            (Format::Parquet, parquet.into_inner()),
        ]
    }

    #[test]
    fn every_reader_gives_up_inside_a_file() {
        let mapping = ColumnMapping::default();
        let (wanted, unwanted) = (AtomicBool::new(false), AtomicBool::new(true));
        for (format, bytes) in files() {
            let source = |flag| Source { path: "f", bytes: &bytes, mapping: &mapping, stop: Stop(flag) };
            let rows = match parse(format, source(&wanted)) {
                Ok(Parsed::Sheet(sheet)) => sheet.rows(),
                Ok(Parsed::Table(table)) => table.len(),
                Err(error) => panic!("{format:?}: {error}"),
            };
            assert_eq!(rows, 2, "{format:?}");
            let stopped = parse(format, source(&unwanted)).map(|_| ());
            assert!(matches!(stopped, Err(DataError::Stopped)), "{format:?}: {stopped:?}");
        }
    }
}
