//! A Parquet table in parts that are alike, for sets larger than memory.

use polars::prelude::*;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};

use crate::stream::{count_rows, rows_of};
use crate::{DataError, Format, IvTable, SourceFile};

/// Rows in a row that stay together, so that most neighbours on a curve do.
const STRETCH: usize = 16;

/// A Parquet table cut into parts, each of which has its share of every device.
///
/// Of every so many stretches of 16 rows as there are parts, each part has one, drawn at random: a part is a stratified
/// sample of the table, without the bias that a fixed stride would have where sweeps repeat. A device with rows for two
/// stretches of every part is in all of them. Memory holds one part at a time; reading one streams the file.
#[derive(Clone, Debug)]
pub struct Parts {
    path: PathBuf,
    rows: usize,
    parts: usize,
    seed: u64,
}

impl Parts {
    /// Cuts the table in `path` into parts of about `rows_at_once` rows.
    ///
    /// # Errors
    /// [`DataError::Io`] and [`DataError::Table`] when the file is no Parquet table.
    pub fn open(path: &Path, rows_at_once: usize, seed: u64) -> Result<Parts, DataError> {
        let rows = count_rows(path)?;
        let parts = rows.div_ceil(rows_at_once.max(STRETCH)).max(1);
        Ok(Parts { path: path.to_owned(), rows, parts, seed })
    }

    /// Rows of the whole table.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of parts.
    pub fn count(&self) -> usize {
        self.parts
    }

    /// Rows of one part, in file order. A curve that was cut counts as several.
    ///
    /// # Errors
    /// [`DataError::Io`], [`DataError::Table`], and [`DataError::Column`] for a table that is no I-V table.
    pub fn read(&self, part: usize) -> Result<IvTable, DataError> {
        let chosen = self.rows_of(part);
        let mut frame = rows_of(&self.path, chosen.clone())?;
        if let Ok(curve) = frame.column("curve").and_then(|c| c.cast(&DataType::UInt32)) {
            let given = curve.u32().map_err(DataError::table(self.path.display().to_string()))?;
            let pieces = pieces(&chosen, given.iter());
            frame
                .with_column(Column::new("curve".into(), pieces))
                .map_err(DataError::table(self.path.display().to_string()))?;
        }
        IvTable::from_frame(frame)
    }

    /// The file as a source of measurements, hashed.
    ///
    /// # Errors
    /// [`DataError::Io`] when it cannot be read.
    pub fn source(&self) -> Result<SourceFile, DataError> {
        let io = |e| DataError::io(&self.path, e);
        let file = std::fs::File::open(&self.path).map_err(io)?;
        let bytes = file.metadata().map_err(io)?.len();
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(file).map_err(io)?;
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        Ok(SourceFile {
            path: name.to_string_lossy().into_owned(),
            format: Some(Format::Parquet),
            bytes,
            blake3: hasher.finalize().to_hex().to_string(),
            rows: self.rows,
        })
    }

    /// Row numbers of a part, ascending.
    fn rows_of(&self, part: usize) -> Vec<u32> {
        let mut rows = Vec::with_capacity(self.rows / self.parts + STRETCH);
        let mut order: Vec<usize> = Vec::new();
        for (group, first) in (0..self.rows).step_by(self.parts * STRETCH).enumerate() {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed.wrapping_add(group as u64));
            order.clear();
            order.extend(0..self.parts);
            order.shuffle(&mut rng);
            let begin = (first + order[part] * STRETCH).min(self.rows);
            let end = (begin + STRETCH).min(self.rows);
            rows.extend(begin as u32..end as u32);
        }
        rows
    }
}

/// A number for every piece of a curve: rows that follow each other in the table and on the curve.
fn pieces(rows: &[u32], curves: impl Iterator<Item = Option<u32>>) -> Vec<u32> {
    let (mut piece, mut last) = (0, None);
    rows.iter()
        .zip(curves)
        .map(|(row, curve)| {
            if last.is_some_and(|(r, c)| c != curve || r + 1 != *row) {
                piece += 1;
            }
            last = Some((*row, curve));
            piece
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_every_row_once_and_each_has_its_share_of_every_stretch() {
        for (rows, parts) in [(0, 1), (1, 1), (15, 3), (16 * 7 * 5 + 3, 7), (4096, 4)] {
            let table = Parts { path: PathBuf::new(), rows, parts, seed: 5 };
            let mut seen = vec![0; rows];
            for part in 0..parts {
                let of_part = table.rows_of(part);
                assert!(of_part.is_sorted());
                of_part.iter().for_each(|r| seen[*r as usize] += 1);
                for group in
                    of_part.chunk_by(|a, b| a / (parts * STRETCH) as u32 == b / (parts * STRETCH) as u32)
                {
                    assert!(group.len() <= STRETCH, "{rows} rows, {parts} parts");
                }
            }
            assert!(seen.iter().all(|n| *n == 1), "{rows} rows, {parts} parts");
        }
    }

    #[test]
    fn a_cut_curve_is_two_pieces() {
        let curves = [1, 1, 2, 2, 2, 1].map(Some);
        assert_eq!(pieces(&[0, 1, 2, 5, 6, 7], curves.into_iter()), [0, 0, 1, 2, 2, 3]);
    }
}
