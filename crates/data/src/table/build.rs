//! From blocks of rows to one frame: identities once per block, spread by index; columns in parallel.

use polars::prelude::*;
use rayon::prelude::*;
use std::collections::BTreeSet;

use super::{COLUMNS, IvTable};
use crate::block::Block;
use crate::identity::Identity;
use crate::{DataError, Flags};

/// One table of all blocks, in order.
pub(crate) fn from_blocks(blocks: &[Block]) -> Result<IvTable, DataError> {
    let rows: usize = blocks.iter().map(Block::rows).sum();
    let mut spread: Vec<IdxSize> = Vec::with_capacity(rows);
    for (k, block) in blocks.iter().enumerate() {
        spread.resize(spread.len() + block.rows(), k as IdxSize);
    }
    let per_block = identities(blocks)?;
    let per_row = gather(&per_block, &spread)?;

    let mut columns = per_row.columns().to_vec();
    let integers = |name: &str, of: fn(&Block) -> Vec<u32>| {
        let values: Vec<u32> = blocks.iter().flat_map(of).collect();
        Column::new(name.into(), values)
    };
    columns.push(integers("curve", |b| b.curve.clone()));
    columns.push(integers("line", |b| b.line.clone()));
    columns.push(integers("flags", |b| b.flags.iter().map(|Flags(bits)| *bits).collect()));
    let names = measured_names(blocks);
    columns.par_extend(names.par_iter().map(|name| measured(name, blocks)));

    let frame = DataFrame::new(rows, columns).map_err(DataError::table("table"))?;
    let order: Vec<&str> = COLUMNS
        .iter()
        .map(|(n, _)| *n)
        .chain(names.iter().map(String::as_str).filter(|n| !COLUMNS.iter().any(|(c, _)| c == n)))
        .collect();
    let frame = frame.select(order).map_err(DataError::table("table"))?;
    IvTable::from_frame(frame)
}

/// One row per block.
fn identities(blocks: &[Block]) -> Result<DataFrame, DataError> {
    let words = |name: &str, of: fn(&Block) -> Option<&str>| {
        let values: StringChunked = blocks.iter().map(of).collect();
        values.with_name(name.into()).into_column()
    };
    let numbers = |name: &str, of: fn(&Identity) -> f64| {
        let values: Float64Chunked =
            blocks.iter().map(|b| Some(of(&b.identity)).filter(|v| !v.is_nan())).collect();
        values.with_name(name.into()).into_column()
    };
    let floors: Float64Chunked = blocks.iter().map(|b| Some(b.floor).filter(|v| !v.is_nan())).collect();
    let columns = vec![
        words("technology", |b| Some(&b.identity.technology)),
        words("family", |b| Some(&b.identity.family)),
        words("polarity", |b| {
            b.identity.polarity.map(|p| if p == gummel_device::Polarity::N { "n" } else { "p" })
        }),
        words("device", |b| Some(&b.identity.device)),
        words("site", |b| Some(&b.identity.site)),
        numbers("w", |i| i.w),
        numbers("l", |i| i.l),
        numbers("nf", |i| i.nf),
        numbers("mult", |i| i.mult),
        numbers("temperature", |i| i.temperature),
        words("corner", |b| b.identity.corner.as_deref()),
        words("sweep", |b| Some(&b.identity.sweep)),
        floors.with_name("floor".into()).into_column(),
        words("file", |b| Some(&b.file)),
        words("origin", |b| Some(if b.identity.simulated { "simulated" } else { "measured" })),
    ];
    DataFrame::new(blocks.len(), columns).map_err(DataError::table("identities"))
}

/// Measured columns of any block, in alphabetical order, and the eight terminal columns in any case.
fn measured_names(blocks: &[Block]) -> Vec<String> {
    let mut names: BTreeSet<&str> = ["vd", "vg", "vs", "vb", "id", "ig", "is", "ib"].into();
    names.extend(blocks.iter().flat_map(|b| b.columns.iter().map(|(n, _)| n.as_str())));
    names.into_iter().map(str::to_owned).collect()
}

/// One measured column over all blocks; NaN and absence become null.
///
/// Neighbouring blocks without the column become one chunk of nulls, whose memory is never touched:
/// most columns of a mixed folder are absent from most of its files.
fn measured(name: &str, blocks: &[Block]) -> Column {
    let mut column = Float64Chunked::full_null(name.into(), 0);
    for run in blocks.chunk_by(|a, b| a.column(name).is_some() == b.column(name).is_some()) {
        let rows = run.iter().map(Block::rows).sum();
        let chunk = if run[0].column(name).is_some() {
            let mut values: Vec<f64> = Vec::with_capacity(rows);
            run.iter().filter_map(|b| b.column(name)).for_each(|v| values.extend_from_slice(v));
            nullable(name, values)
        } else {
            Float64Chunked::full_null(name.into(), rows)
        };
        // Appending fails only when lengths overflow, which vectors of these lengths cannot.
        let _ = column.append_owned(chunk);
    }
    column.into_column()
}

/// Values with NaN turned into null.
fn nullable(name: &str, values: Vec<f64>) -> Float64Chunked {
    if values.iter().any(|v| v.is_nan()) {
        let some = |v: f64| Some(v).filter(|v| !v.is_nan());
        Float64Chunked::from_iter_options(name.into(), values.into_iter().map(some))
    } else {
        Float64Chunked::from_vec(name.into(), values)
    }
}

/// The rows of `frame` at `rows`, in that order.
pub(super) fn gather(frame: &DataFrame, rows: &[IdxSize]) -> Result<DataFrame, DataError> {
    let rows = IdxCa::from_slice("row".into(), rows);
    frame.take(&rows).map_err(DataError::table("gathering rows"))
}

/// Adds the columns of `other` that `frame` lacks, all null.
pub(super) fn add_missing_columns(frame: &mut DataFrame, other: &DataFrame) -> Result<(), DataError> {
    let height = frame.height();
    for column in other.columns() {
        if frame.column(column.name()).is_err() {
            let nulls = Column::full_null(column.name().clone(), height, column.dtype());
            frame.with_column(nulls).map_err(DataError::table("concatenation"))?;
        }
    }
    Ok(())
}
