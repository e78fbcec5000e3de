//! The summary as text for a terminal.

use gummel_device::si;
use std::fmt::Write;

use super::{FamilySummary, Inspection};

/// Headings of the table; all but the first column are aligned to the right.
const HEADINGS: [&str; 9] = ["family", "type", "devices", "geometries", "W", "L", "T (C)", "points", "floor"];

impl Inspection {
    /// A table of the families, their sweeps and flags, and the files that failed; lines no longer than
    /// `width` characters where words allow it.
    pub fn to_text(&self, width: usize) -> String {
        let rows: Vec<[String; 9]> = self.families.iter().map(row).collect();
        let widest = |column: usize| {
            let cells = rows.iter().map(|r| r[column].chars().count());
            cells.chain([HEADINGS[column].len()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..HEADINGS.len()).map(widest).collect();
        let line = |cells: &[String]| {
            let cells = cells.iter().zip(&widths).enumerate();
            let padded: Vec<String> = cells
                .map(|(k, (c, w))| if k == 0 { format!("{c:<w$}") } else { format!("{c:>w$}") })
                .collect();
            padded.join("  ").trim_end().to_owned()
        };
        let mut text = String::new();
        push(&mut text, &line(&HEADINGS.map(str::to_owned)));
        for (row, family) in rows.iter().zip(&self.families) {
            push(&mut text, &line(row));
            let counts = |of: &std::collections::BTreeMap<String, usize>| -> Vec<String> {
                of.iter().map(|(name, n)| format!("{name} {n}")).collect()
            };
            wrap(&mut text, "  sweeps ", &counts(&family.sweeps), width);
            if !family.corners.is_empty() {
                wrap(&mut text, "  corners ", &family.corners, width);
            }
            let flags: Vec<String> = family
                .flags
                .iter()
                .map(|(name, points)| {
                    let devices = family.flagged_devices.get(name).copied().unwrap_or(0);
                    format!("{name} {points} ({devices} of {})", family.devices.len())
                })
                .collect();
            if !flags.is_empty() {
                wrap(&mut text, "  flagged points (devices) ", &flags, width);
            }
        }
        push(&mut text, "");
        let megabytes = self.bytes as f64 / 1e6;
        let files = if self.files == 1 { "file" } else { "files" };
        push(&mut text, &format!("{} {files}, {megabytes:.1} MB, {} points", self.files, self.points));
        list(&mut text, &self.skipped, "passed over");
        list(&mut text, &self.failures, "failed");
        text
    }
}

fn row(family: &FamilySummary) -> [String; 9] {
    let span = |range: Option<(f64, f64)>| match range {
        None => "-".to_owned(),
        Some((a, b)) if a == b => si::format_exact(a),
        Some((a, b)) => format!("{}..{}", si::format_exact(a), si::format_exact(b)),
    };
    let celsius: Vec<String> = family.celsius.iter().map(|c| format!("{c:.0}")).collect();
    [
        family.family.clone(),
        family.polarity.clone(),
        family.devices.len().to_string(),
        family.geometries.to_string(),
        span(family.w),
        span(family.l),
        if celsius.len() > 5 {
            format!("{}..{} ({})", celsius[0], celsius[celsius.len() - 1], celsius.len())
        } else {
            celsius.join(" ")
        },
        family.points.to_string(),
        family.floor.map_or("-".to_owned(), |f| format!("{}A", si::format(f, 2))),
    ]
}

fn push(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

/// `head` and `words`, comma-separated, continued below `head`.
fn wrap(text: &mut String, head: &str, words: &[String], width: usize) {
    let mut line = head.to_owned();
    for (k, word) in words.iter().enumerate() {
        let comma = if k + 1 < words.len() { ", " } else { "" };
        if line.chars().count() + word.chars().count() + comma.len() > width.max(40)
            && line.trim() != head.trim()
        {
            push(text, line.trim_end());
            line = " ".repeat(head.chars().count());
        }
        line += word;
        line += comma;
    }
    push(text, &line);
}

fn list(text: &mut String, items: &[(String, String)], what: &str) {
    if items.is_empty() {
        return;
    }
    push(text, &format!("{} {what}:", items.len()));
    for (path, reason) in items {
        // Errors begin with the path themselves.
        let line = if reason.starts_with(path) { reason.clone() } else { format!("{path}: {reason}") };
        push(text, &format!("  {line}"));
    }
}
