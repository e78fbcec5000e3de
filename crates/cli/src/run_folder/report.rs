//! A fit's report as tables and sentences, for the terminal and for `summary.md`.

use gummel_data::Split;
use gummel_device::metrics::Spread;
use gummel_surrogate::{DeviceReport, FitReport, ParameterCount, Part, StopReason};

use super::{FamilySummary, RunSummary};
use crate::table::{Grid, count, number, percent};

/// Errors of every device of one part, worst first.
pub fn devices(report: &FitReport, part: Part) -> Grid {
    let mut rows: Vec<&DeviceReport> = report.devices.iter().filter(|d| d.part == part).collect();
    // Devices without a strong point have no relative error and stand last.
    let rank = |d: &DeviceReport| if d.errors.rel_rms.is_nan() { -1.0 } else { d.errors.rel_rms };
    rows.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
    let mut grid = Grid::new(
        &["device", "points", "rel rms %", "median %", "decades", "nrmse %", "gm %", "gds %", "remark"],
        &[8],
    );
    for d in rows {
        let slope = |v: Option<f64>| v.map_or("-".to_owned(), percent);
        grid.row([
            d.name.clone(),
            d.errors.points.to_string(),
            percent(d.errors.rel_rms),
            percent(d.errors.median_rel),
            number(d.errors.log10_rms),
            percent(d.errors.nrmse),
            slope(d.gm_rel_l2),
            slope(d.gds_rel_l2),
            remark(d),
        ]);
    }
    grid
}

fn remark(device: &DeviceReport) -> String {
    let population = (!device.own_head).then(|| "by the population mean".to_owned());
    [population, device.verdict.clone()].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Median, percentiles and worst of each metric, for what the fit saw and what it did not see.
pub fn summary(report: &FitReport) -> Grid {
    let mut grid = Grid::new(&["error over devices", "data", "median", "p10", "p90", "worst"], &[1]);
    let parts: Vec<_> = report.summaries.iter().map(|s| (part(s.part), s.rows())).collect();
    // The same metric of both parts stands together, so that they can be compared.
    for k in 0..parts.first().map_or(0, |(_, rows)| rows.len()) {
        for (of, rows) in &parts {
            let (name, Spread { median, p10, p90, worst }) = rows[k];
            let (label, show) = metric(name);
            let values = [median, p10, p90, worst].map(show);
            grid.row([label.to_owned(), (*of).to_owned()].into_iter().chain(values));
        }
    }
    grid
}

/// Words and number format of a metric.
fn metric(name: &'static str) -> (&'static str, fn(f64) -> String) {
    match name {
        "rel_rms" => ("current, relative rms (strong) %", percent),
        "median_rel" => ("current, relative median (strong) %", percent),
        "log10_rms" => ("current, rms in decades", number),
        "nrmse" => ("current, rms over maximum %", percent),
        "gm_rel_l2" => ("gm, relative L2 %", percent),
        "gds_rel_l2" => ("gds, relative L2 %", percent),
        other => (other, number),
    }
}

/// Name of a part of the data.
pub fn part(part: Part) -> &'static str {
    match part {
        Part::Train => "fitted",
        Part::HeldOut => "held out",
    }
}

/// What was kept from the fit.
pub fn split(split: &Split) -> String {
    let share = |fraction: &f64| format!("{} %", number(100.0 * fraction));
    match split {
        Split::None => "nothing is held out: the errors are those of points the fit saw".to_owned(),
        Split::Points { fraction, seed } => {
            format!("{} of every device's points are held out (seed {seed})", share(fraction))
        }
        Split::Curves { fraction, seed } => {
            format!("{} of every device's curves are held out (seed {seed})", share(fraction))
        }
        Split::Devices { fraction, seed } => {
            format!("{} of the devices are held out (seed {seed})", share(fraction))
        }
        Split::Geometries { fraction, seed } => {
            format!("{} of the geometries are held out (seed {seed})", share(fraction))
        }
        Split::Named { devices } => format!("the devices {} are held out", devices.join(", ")),
        Split::Temperatures { celsius } => {
            let celsius: Vec<String> = celsius.iter().map(f64::to_string).collect();
            format!("all points at {} °C are held out", celsius.join(", "))
        }
    }
}

/// Number of parameters in words.
pub fn parameters(p: ParameterCount) -> String {
    let total = p.trunk + p.population + p.per_device * p.devices;
    format!(
        "{}: {} in the trunk, {} in the population, {} for each of {}",
        count(total, "parameter"),
        p.trunk,
        p.population,
        p.per_device,
        count(p.devices, "device")
    )
}

/// Why the fit ended.
pub fn stopped(reason: StopReason) -> &'static str {
    match reason {
        StopReason::Converged => "converged",
        StopReason::Steps => "ended at the step limit",
        StopReason::Time => "ended at the time limit",
        StopReason::Interrupted => "interrupted; the best state was kept",
        StopReason::Stalled => "ended where no step improves the fit",
    }
}

/// The run as a Markdown page.
pub fn markdown(run: &RunSummary) -> String {
    let mut page = format!(
        "# Fit with recipe {}\n\ngummel {}, {}, {}.\n",
        run.recipe,
        run.gummel,
        count(run.files, "file"),
        count(run.rows, "row")
    );
    if !run.failures.is_empty() {
        page += "\n## Files that could not be read\n\n";
        page += &run.failures.iter().map(|f| format!("* {}\n", f.error)).collect::<String>();
    }
    for family in &run.families {
        page += &family_markdown(family);
    }
    page
}

fn family_markdown(family: &FamilySummary) -> String {
    let report = &family.report;
    let steps = report.history.last().map_or(0, |h| h.step);
    let mut page = format!("\n## {}\n\n", family.family);
    page += &format!("* {}\n* {}\n", parameters(report.parameters), split(&family.split));
    page += &format!("* {} steps in {:.1} s, {}\n", steps, report.seconds, stopped(report.stopped));
    page += &report.decisions.iter().map(|d| format!("* {d}\n")).collect::<String>();
    if family.folder == "." {
        page += "\n![measured and fitted curves](plots/gallery.svg)\n";
    }
    page += &format!("\n{}", summary(report).markdown());
    for p in [Part::Train, Part::HeldOut] {
        let grid = devices(report, p);
        if !grid.is_empty() {
            page += &format!("\n### Devices, {} points\n\n{}", part(p), grid.markdown());
        }
    }
    page
}
