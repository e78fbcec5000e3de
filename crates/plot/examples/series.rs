//! A figure of numbers in a CSV file (columns series, x, y), on logarithmic axes: the figures of docs/src/benchmarks.md.
//!
//! `cargo run --release -p gummel-plot --example series -- IN.csv OUT.svg TITLE X-LABEL X-UNIT Y-LABEL Y-UNIT`

use gummel_plot::{Axis, HistorySeries, Style, draw};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [from, to, title, x, x_unit, y, y_unit] = args.as_slice() else {
        return Err("expected IN.csv OUT.svg TITLE X-LABEL X-UNIT Y-LABEL Y-UNIT".into());
    };
    let mut series: Vec<HistorySeries> = Vec::new();
    for (n, line) in std::fs::read_to_string(from)?.lines().enumerate().skip(1) {
        let wrong = || format!("{from}, line {}: found '{line}', expected series,x,y", n + 1);
        let [name, x, y] = line.split(',').collect::<Vec<_>>()[..] else { return Err(wrong().into()) };
        let (x, y): (f64, f64) = (x.parse().map_err(|_| wrong())?, y.parse().map_err(|_| wrong())?);
        let k = series.iter().position(|s| s.name == name).unwrap_or(series.len());
        if k == series.len() {
            series.push(HistorySeries { name: name.to_owned(), ..HistorySeries::default() });
        }
        series[k].x.push(x);
        series[k].loss.push(y);
    }
    let (x, y) = (Axis::log(x, x_unit), Axis::log(y, y_unit));
    draw::history(title, &series, x, y, &Style::default())?.save(to)?;
    Ok(())
}
