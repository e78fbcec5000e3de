//! `gummel compare --transfer`: who helps whom, and how tasks pull at each layer of the trunk they share.

use anyhow::{Result, bail};
use gummel_data::Dataset;
use gummel_plot::{HeatLabels, Style, heat_matrix};
use gummel_surrogate::{Effect, FitConfig, TaskOf, Transfer, transfer};
use serde::Serialize;
use std::path::{Path, PathBuf};

use super::{between, holding_out, signed};
use crate::families::by_family;
use crate::progress::FitBar;
use crate::session::Session;
use crate::table::{Grid, percent};

/// Most tasks: their pairs grow with the square.
const MOST: usize = 30;

/// The matrix of one family, or of all families.
#[derive(Serialize)]
struct Matrix {
    family: String,
    hold_out: Option<f64>,
    #[serde(flatten)]
    transfer: Transfer,
}

/// Fits all pairs, prints the matrices, draws them.
pub(super) fn run(
    tasks: TaskOf,
    data: &Dataset,
    config: FitConfig,
    hold_out: &[f64],
    plot: Option<&Path>,
    session: &Session,
) -> Result<()> {
    let hold_out = match hold_out {
        [] => None,
        [only] => Some(*only),
        _ => bail!("--transfer: expected one fraction with --hold-out, found {}", hold_out.len()),
    };
    let config = holding_out(&config, hold_out);
    let parts = match tasks {
        TaskOf::Family => [("all families".to_owned(), data.clone())].into(),
        _ => by_family(data),
    };
    let mut all = Vec::new();
    for (family, part) in &parts {
        let names: std::collections::BTreeSet<String> = part.devices.iter().map(|d| tasks.name(d)).collect();
        if names.len() > MOST {
            bail!(
                "{family} has {} tasks and {} pairs of them, expected at most {MOST} tasks; choose some with --devices, or \
                 another task with --transfer",
                names.len(),
                names.len() * (names.len() - 1) / 2
            );
        }
        let mut bar = FitBar::new(session, family);
        let found = transfer(part, &config, tasks, &mut bar)?;
        drop(bar);
        session.say(text(family, &found, session))?;
        if let Some(path) = plot {
            let own = if parts.len() > 1 { with(path, family) } else { path.to_owned() };
            for written in draw(&own, &found)? {
                session.say(format!("wrote {}", written.display()))?;
            }
        }
        all.push(Matrix { family: family.clone(), hold_out, transfer: found });
    }
    session.result(&all)
}

/// `path` with `-word` before its extension.
fn with(path: &Path, word: &str) -> PathBuf {
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let extension = path.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!("{stem}-{}.{extension}", crate::figures::file_name(word)))
}

/// Figures of the matrix and of every layer; their paths.
fn draw(path: &Path, found: &Transfer) -> Result<Vec<PathBuf>> {
    let style = Style::default();
    let change = |e: &Option<Effect>| e.as_ref().map_or(f64::NAN, |e| 100.0 * e.change);
    let values: Vec<f64> = found.change.iter().flatten().map(change).collect();
    let labels = HeatLabels {
        title: "Who helps whom".to_owned(),
        rows: "error of".to_owned(),
        columns: "fitted together with".to_owned(),
        values: "change of the unseen error, %".to_owned(),
    };
    heat_matrix(path, &found.tasks, &found.tasks, &values, &labels, &style)?;
    let mut written = vec![path.to_owned()];
    for layer in &found.conflict.layers {
        let labels = HeatLabels {
            title: format!("How tasks pull at the {}", layer.layer.replace("layer", "trunk's layer")),
            values: "cosine of the steps they ask for".to_owned(),
            ..HeatLabels::default()
        };
        let path = with(path, &layer.layer.replace(' ', "-"));
        heat_matrix(&path, &found.tasks, &found.tasks, &layer.cosine.concat(), &labels, &style)?;
        written.push(path);
    }
    Ok(written)
}

fn text(family: &str, found: &Transfer, session: &Session) -> String {
    let bold = |text: String| session.paint().bold(&text);
    let effect = |e: &Option<Effect>| e.as_ref().map_or("-".to_owned(), |e| signed(e.change));
    let range = |e: &Option<Effect>| e.as_ref().and_then(|e| e.interval).map_or("-".to_owned(), between);
    let mut summary =
        Grid::new(&["task", "fitted", "judged", "alone %", "with all %", "95 %", "best partner"], &[6]);
    for (k, task) in found.tasks.iter().enumerate() {
        let partners = found.tasks.iter().zip(&found.change[k]).filter_map(|(t, e)| Some((t, (*e)?)));
        let best = partners.min_by(|a, b| a.1.change.total_cmp(&b.1.change));
        let best = best.map_or("-".to_owned(), |(t, e)| {
            let interval = e.interval.map_or(String::new(), |i| format!(" ({})", between(i)));
            format!("{t} {}{interval}", signed(e.change))
        });
        summary.row([
            task.clone(),
            found.fitted[k].to_string(),
            found.judged[k].to_string(),
            percent(found.alone[k]),
            effect(&found.together[k]),
            range(&found.together[k]),
            best,
        ]);
    }
    let mut text = format!(
        "{}\n{}\n",
        bold(format!(
            "{family}: unseen error of every task alone, and its change with all others, {} fits",
            found.fits
        )),
        summary.text(session.width())
    );
    let headings: Vec<String> = (1..=found.tasks.len()).map(|k| k.to_string()).collect();
    let titles: Vec<&str> = std::iter::once("%").chain(headings.iter().map(String::as_str)).collect();
    let mut matrix = Grid::new(&titles, &[]);
    for (k, task) in found.tasks.iter().enumerate() {
        let cells = found.change[k].iter().map(effect);
        matrix.row(std::iter::once(format!("{} {task}", k + 1)).chain(cells));
    }
    let title = "change of the unseen error of the row, fitted together with the column".to_owned();
    text += &format!("\n{}\n{}\n", bold(title), matrix.text(session.width()));
    for layer in &found.conflict.layers {
        let titles: Vec<&str> =
            ["cosine", "pull %"].into_iter().chain(headings.iter().map(String::as_str)).collect();
        let mut grid = Grid::new(&titles, &[]);
        for (k, task) in found.tasks.iter().enumerate() {
            let cells = layer.cosine[k].iter().map(|c| format!("{c:+.2}"));
            let first = [format!("{} {task}", k + 1), percent(layer.pull[k])];
            grid.row(first.into_iter().chain(cells));
        }
        let title = format!("how the tasks pull at the {} that all share", layer.layer);
        text += &format!("\n{}\n{}\n", bold(title), grid.text(session.width()));
    }
    text
}
