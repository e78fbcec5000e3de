//! Bias points from a grid or a CSV file, as rows of `vd vg vs vb`.

use anyhow::{Context, Result, bail};
use gummel_device::{Bias, si};
use ndarray::Array2;
use std::path::Path;

use crate::grid::BiasGrid;

/// The points of a grid, shape `(n, 4)`.
pub fn of_grid(grid: &BiasGrid) -> Array2<f64> {
    rows(&grid.biases())
}

/// The points of a CSV file with columns `vgs,vds[,vbs]` or `vd,vg,vs,vb` (volts; `vs` and `vb` may be missing).
///
/// # Errors
/// With file, line, found and expected.
pub fn read(path: &Path) -> Result<Array2<f64>> {
    let name = path.display();
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_path(path)
        .with_context(|| format!("cannot read {name}"))?;
    let headings: Vec<String> = reader
        .headers()
        .with_context(|| format!("cannot read {name}"))?
        .iter()
        .map(str::to_ascii_lowercase)
        .collect();
    let find = |column: &str| headings.iter().position(|h| h == column);
    let columns = match (find("vgs"), find("vds"), find("vg"), find("vd")) {
        (Some(g), Some(d), ..) => [Some(d), Some(g), None, find("vbs")],
        (_, _, Some(g), Some(d)) => [Some(d), Some(g), find("vs"), find("vb")],
        _ => bail!("{name}: found the columns {}, expected vgs,vds[,vbs] or vd,vg,vs,vb", headings.join(",")),
    };
    let mut biases = Vec::new();
    for (k, record) in reader.records().enumerate() {
        let record = record.with_context(|| format!("cannot read {name}"))?;
        let mut v = [0.0; 4];
        for (value, column) in v.iter_mut().zip(columns) {
            let Some(c) = column else { continue };
            let cell = record.get(c).unwrap_or_default();
            let line = record.position().map_or(k as u64 + 2, csv::Position::line);
            *value = si::parse(cell).with_context(|| format!("{name}:{line}: column {}", headings[c]))?;
        }
        biases.push(Bias::from(v));
    }
    if biases.is_empty() {
        bail!("{name}: found no bias, expected one a line");
    }
    Ok(rows(&biases))
}

fn rows(biases: &[Bias]) -> Array2<f64> {
    Array2::from_shape_fn((biases.len(), 4), |(i, k)| biases[i].to_array()[k])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("file");
        file.write_all(text.as_bytes()).expect("write");
        file
    }

    #[test]
    fn both_kinds_of_columns_are_read() {
        let source = read(file("Vgs, Vds\n0.6, 1.2\n# a remark\n500m,50m\n").path()).expect("biases");
        assert_eq!(source, ndarray::arr2(&[[1.2, 0.6, 0.0, 0.0], [0.05, 0.5, 0.0, 0.0]]));
        let ground = read(file("vd,vg,vs,vb\n1.2,0.6,0.1,-0.3\n").path()).expect("biases");
        assert_eq!(ground, ndarray::arr2(&[[1.2, 0.6, 0.1, -0.3]]));
    }

    #[test]
    fn wrong_tables_name_line_and_column() {
        for (text, word) in [
            ("a,b\n1,2\n", "expected vgs,vds"),
            ("vgs,vds\n", "found no bias"),
            ("vgs,vds\n1,2\n1,x\n", ":3: column vds"),
            ("vgs,vds\n1,2\n1\n", "found record with 1 fields"),
        ] {
            let error = format!("{:#}", read(file(text).path()).unwrap_err());
            assert!(error.contains(word), "{text:?}: {error}");
        }
    }
}
