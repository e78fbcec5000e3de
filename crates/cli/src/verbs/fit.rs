//! `gummel fit`: from measured files to a run folder with model, figures and summary.

use anyhow::{Result, bail};
use gummel_data::{Dataset, DeviceData, Flags, Parts, Reading};
use gummel_device::metrics::Spread;
use gummel_device::si;
use gummel_model::Model;
use gummel_surrogate::{
    Checkpoint, FitConfig, Part, Sharing, TaskFit, TaskOf, combined, fit_in_parts, fit_tasks, resume_tasks,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::exit::Outcome;
use crate::families::by_family;
use crate::figures;
use crate::input::InputArgs;
use crate::parts;
use crate::progress::FitBar;
use crate::recipe::RecipeArgs;
use crate::run_folder::{
    self, DATA, FamilySummary, PLOTS, RunSummary, SUMMARY_MD, Staging, report, write_family,
};
use crate::session::Session;
use crate::table::{Grid, count};

/// Fit one model per family and write a run folder
///
/// Without inputs the bundled data set demo130-noisy is fitted. Ctrl-C stops at the best state and writes it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    recipe: RecipeArgs,
    /// Run folder [default: runs/RECIPE or runs/FAMILY, with a number when taken]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Go on from a run folder, with its recipe and (when no inputs are given) its data
    #[arg(long, value_name = "RUN", conflicts_with = "config")]
    resume: Option<PathBuf>,
    /// Hold about so many rows of one Parquet file in memory at a time; for sets larger than memory
    ///
    /// AdamW trains on all rows, part by part. Levenberg-Marquardt fits the first part, a stratified sample. Either
    /// is judged by all rows.
    #[arg(long, value_name = "ROWS", conflicts_with = "resume", value_parser = clap::value_parser!(u64).range(1000..))]
    stream: Option<u64>,
    /// Write no figures
    #[arg(long)]
    no_plots: bool,
    /// Format of the figures
    #[arg(long, value_name = "svg|png", default_value = "svg", value_parser = ["svg", "png"])]
    plot_format: String,
    /// Rows of the error table on the terminal; summary.md has all
    #[arg(long, value_name = "N", default_value_t = 15)]
    top: usize,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel fit                                                    the bundled data
  gummel fit measurements/ --family nmos --temperature 27       one family at one temperature
  gummel fit 'data/**/*.mdm' --config ihp --out runs/ihp        a built-in recipe
  gummel fit data.csv --mapping columns.toml --hidden 16,16     own columns, a smaller trunk
  gummel fit lot7.parquet --stream 500000 --solver adamw        a table larger than memory, part by part
  gummel fit data/ --solver adamw --device gpu                  train on a GPU
  gummel fit --resume runs/ihp                                  go on where a run stopped
  gummel fit demo130 --config corners                           a network per process corner, held close
  gummel fit new/ --trunk runs/nmos --hold frozen               heads only, on the trunk of another family
  gummel fit data/ --sharing single                             a network per device, on its own
  gummel fit data/ --sharing auto                               one trunk for all families that lose nothing by it

The run folder holds config.toml, history.csv, checkpoint.json, model/, plots/, summary.md and summary.json;
with several families, or a network for every task, each has a folder of its own inside.";

/// The result for machines.
#[derive(Serialize)]
struct Written {
    run: PathBuf,
    summary: RunSummary,
}

/// Reads, fits family by family, writes.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let (input, config) = what(&args)?;
    if args.stream.is_some() && config.sharing != Sharing::Hard {
        bail!("--stream fits one network per family; leave out --sharing, or --stream");
    }
    let parts = args.stream.map(|rows| parts::open(&input, rows as usize, config.seed)).transpose()?;
    let reading = match &parts {
        Some(parts) => parts::first(parts)?,
        None => input.read(session)?,
    };
    let data = Dataset::assemble(&reading.table, &reading.files, &config.selection)?;
    let families = by_family(&data);
    session.say(read_text(&reading, &families))?;

    let staging = Staging::new(&args.out.clone().unwrap_or_else(|| free_name(&args, &families)))?;
    let source = match &parts {
        // What is checked and drawn later is the part that memory holds.
        Some(_) => stored(&reading, &staging)?,
        None => source(&input, &reading, &staging, session)?,
    };
    let mut summary = RunSummary::new(&recipe_name(&args), &source, &reading);
    // From here on there is a state to keep; before, Ctrl-C simply ends the process.
    session.listen()?;
    let mut example = None;
    let mut pooled = match &config.sharing {
        Sharing::Auto(auto) if auto.tasks == TaskOf::Family && families.len() > 1 => {
            pooled(&args, &data, &config, session)?
        }
        _ => BTreeMap::new(),
    };
    for (family, part) in &families {
        // Families that were fitted together are there already.
        if session.interrupted() && !summary.families.is_empty() && !pooled.contains_key(family) {
            session.warn(&format!("{family} was not fitted: interrupted"));
            continue;
        }
        let folder = if families.len() == 1 { ".".to_owned() } else { folder_of(family, &families) };
        let tasks = match pooled.remove(family) {
            Some(fit) => vec![fit],
            None => fit_family(&args, family, part, parts.as_ref(), &config, session)?,
        };
        let Some(report) = combined(&tasks) else { continue };
        let whole = FamilySummary {
            family: family.clone(),
            folder: folder.clone(),
            split: config.split.clone(),
            report,
        };
        session.say(fit_text(&whole, args.top, session))?;
        for TaskFit { task, data, fit } in &tasks {
            let entry = match task.as_str() {
                "" => whole.clone(),
                task => FamilySummary {
                    family: format!("{family} {task}"),
                    folder: Path::new(&folder).join(figures::file_name(task)).display().to_string(),
                    report: fit.report.clone(),
                    ..whole.clone()
                },
            };
            let folder = staging.path().join(&entry.folder);
            write_family(&folder, staging.created(), fit, &config, &summary.of_family(&entry))?;
            if !args.no_plots {
                figures::write_all(&folder.join(PLOTS), &args.plot_format, &fit.model, data, &fit.report)?;
            }
            example.get_or_insert_with(|| grid_within(&fit.model));
            summary.families.push(entry);
        }
        if let Some(sharing) = whole.report.sharing.as_ref().filter(|_| !args.no_plots) {
            let plots = staging.path().join(&folder).join(PLOTS);
            figures::between_tasks(&plots, &args.plot_format, sharing)?;
        }
    }
    staging.write_summary(&summary)?;
    let run = staging.publish()?;
    session.say(next_text(&run, &summary, &example.unwrap_or_default(), args.no_plots))?;
    let outcome = Outcome::of_failures(summary.failures.len());
    session.result(&Written { run, summary })?;
    Ok(outcome)
}

/// Inputs and configuration, from the command line or from the run to go on with.
fn what(args: &Args) -> Result<(InputArgs, FitConfig)> {
    let Some(run) = &args.resume else { return Ok((args.input.clone(), args.recipe.resolve()?)) };
    let summary = RunSummary::load(run)?;
    let folder = summary.families.first().map_or(".", |f| f.folder.as_str());
    let mut config = run_folder::config(&run.join(folder))?;
    args.recipe.apply(&mut config)?;
    let input = if args.input.inputs.is_empty() { summary.input } else { args.input.clone() };
    Ok((input, config))
}

/// Where the data can be read again; a table that only memory holds is put into the run.
fn source(input: &InputArgs, reading: &Reading, staging: &Staging, session: &Session) -> Result<InputArgs> {
    if let Some(source) = input.source(session)? {
        return Ok(source);
    }
    stored(reading, staging)
}

/// Puts the table into the run.
fn stored(reading: &Reading, staging: &Staging) -> Result<InputArgs> {
    reading.table.to_parquet(&staging.path().join(DATA))?;
    Ok(InputArgs { inputs: vec![staging.target().join(DATA)], ..InputArgs::default() })
}

/// Fits of all families by name, where the data say which of them share a trunk.
fn pooled(
    args: &Args,
    data: &Dataset,
    config: &FitConfig,
    session: &Session,
) -> Result<BTreeMap<String, TaskFit>> {
    let checkpoints = args.resume.as_ref().map_or(Ok(BTreeMap::new()), |run| checkpoints(run))?;
    let mut bar = FitBar::new(session, "families");
    let fits = resume_tasks(data, config, &checkpoints, &mut bar)?;
    // One network serves the whole family.
    Ok(fits.into_iter().map(|fit| (fit.task.clone(), TaskFit { task: String::new(), ..fit })).collect())
}

fn fit_family(
    args: &Args,
    family: &str,
    data: &Dataset,
    parts: Option<&Parts>,
    config: &FitConfig,
    session: &Session,
) -> Result<Vec<TaskFit>> {
    let mut bar = FitBar::new(session, family);
    if let Some(parts) = parts {
        let source = parts::OfFamily { parts, selection: &config.selection, family };
        let fit = fit_in_parts(data, &source, config, &mut bar)?;
        return Ok(vec![TaskFit { task: String::new(), data: data.clone(), fit }]);
    }
    let Some(run) = &args.resume else { return Ok(fit_tasks(data, config, &mut bar)?) };
    let own = checkpoints(run)?.into_iter().filter_map(|(name, c)| Some((of_task(&name, family)?, c)));
    let own: BTreeMap<String, Checkpoint> = own.collect();
    if own.is_empty() {
        session.warn(&format!("{} has no fit of {family} to go on with; it is fitted anew", run.display()));
    }
    Ok(resume_tasks(data, config, &own, &mut bar)?)
}

/// States of all networks of a run by family, a task's name behind it where the family has several.
fn checkpoints(run: &Path) -> Result<BTreeMap<String, Checkpoint>> {
    let of = |f: FamilySummary| Ok((f.family, run_folder::checkpoint(&run.join(&f.folder))?));
    RunSummary::load(run)?.families.into_iter().map(of).collect()
}

/// The task of `family` that a network of this name is of: what is behind the family's name.
fn of_task(network: &str, family: &str) -> Option<String> {
    let task = network.strip_prefix(family)?;
    if task.is_empty() { Some(String::new()) } else { task.strip_prefix(' ').map(str::to_owned) }
}

/// Folder of a family inside a run: its name, with the technology when two technologies share it.
fn folder_of(family: &str, families: &BTreeMap<String, Dataset>) -> String {
    let last = |f: &str| f.rsplit('/').next().unwrap_or(f).to_owned();
    let name = last(family);
    let shared = families.keys().filter(|f| last(f) == name).count() > 1;
    figures::file_name(&if shared { family.replace('/', "_") } else { name })
}

fn recipe_name(args: &Args) -> String {
    match &args.resume {
        Some(run) => format!("of {}", run.display()),
        None => args.recipe.config.clone(),
    }
}

/// `runs/NAME`, with the first number that is free when the name is taken.
fn free_name(args: &Args, families: &BTreeMap<String, Dataset>) -> PathBuf {
    let name = match families.keys().next() {
        Some(family) if families.len() == 1 => family.rsplit('/').next().unwrap_or(family).to_owned(),
        Some(family) => family.split('/').next().unwrap_or(family).to_owned(),
        None => args.recipe.config.clone(),
    };
    let name = figures::file_name(&name);
    let runs = Path::new("runs");
    std::iter::once(runs.join(&name))
        .chain((2..).map(|k| runs.join(format!("{name}-{k}"))))
        .find(|p| !p.exists())
        .unwrap_or_else(|| runs.join(name))
}

/// What was read, as a table of families.
fn read_text(reading: &Reading, families: &BTreeMap<String, Dataset>) -> String {
    let mut text =
        format!("read {} with {}", count(reading.files.len(), "file"), count(reading.table.len(), "row"));
    if !reading.failures.is_empty() {
        text += &format!("; {} could not be read in full", count(reading.failures.len(), "file"));
    }
    let mut grid =
        Grid::new(&["family", "devices", "curves", "points", "°C", "floor A", "flagged points"], &[4, 6]);
    for (family, data) in families {
        let devices = &data.devices;
        let points: usize = devices.iter().map(DeviceData::len).sum();
        grid.row([
            family.clone(),
            devices.len().to_string(),
            devices.iter().map(|d| d.curves.len()).sum::<usize>().to_string(),
            points.to_string(),
            celsius(devices),
            si::format(Spread::over(devices.iter().map(|d| d.floor)).median, 2),
            flags(devices),
        ]);
    }
    format!("{text}\n\n{}\n", grid.text(100))
}

fn celsius(devices: &[DeviceData]) -> String {
    let all = devices.iter().flat_map(|d| d.curves.iter().map(|c| si::celsius(c.temperature).round() as i64));
    let distinct: std::collections::BTreeSet<i64> = all.collect();
    distinct.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")
}

fn flags(devices: &[DeviceData]) -> String {
    let counted = Flags::NAMED.iter().filter_map(|(flag, name)| {
        let n = devices.iter().flat_map(|d| &d.flags).filter(|f| f.contains(*flag)).count();
        (n > 0).then(|| format!("{name} {n}"))
    });
    counted.collect::<Vec<_>>().join(", ")
}

/// What a fit found: parameters, split, error tables, decisions.
fn fit_text(family: &FamilySummary, top: usize, session: &Session) -> String {
    let (report, paint) = (&family.report, session.paint());
    let steps = report.history.last().map_or(0, |h| h.step);
    let mut text = format!("{}\n", paint.bold(&family.family));
    text += &format!("  {}\n", report::parameters(report.parameters));
    text += &format!("  {}\n", report::split(&family.split));
    text += &format!("  {steps} steps in {:.1} s, {}\n", report.seconds, report::stopped(report.stopped));
    text += &report.decisions.iter().map(|d| format!("  {d}\n")).collect::<String>();
    for part in [Part::Train, Part::HeldOut] {
        let grid = report::devices(report, part);
        if grid.is_empty() {
            continue;
        }
        let (grid, cut) = grid.cut(top);
        let title = format!("devices, {} points, worst first", report::part(part));
        text += &format!("\n{}\n{}\n", paint.bold(&title), grid.text(session.width()));
        if cut > 0 {
            text += &format!("... {} in {SUMMARY_MD}; --top N shows more here\n", count(cut, "more device"));
        }
    }
    text + &format!("\n{}\n", report::summary(report).text(session.width()))
}

/// Where the result is and what to do with it.
fn next_text(run: &Path, summary: &RunSummary, grid: &str, no_plots: bool) -> String {
    let folders: Vec<String> = summary
        .families
        .iter()
        .map(|f| run.join(&f.folder).components().collect::<PathBuf>().display().to_string())
        .collect();
    let first = folders.first().cloned().unwrap_or_default();
    let mut text = format!("wrote {}\n\nnext:\n", folders.join(", "));
    if !no_plots {
        text += &format!("  look at {first}/{PLOTS}/ and {first}/{SUMMARY_MD}\n");
    }
    text += &format!("  gummel plot {first} --kind transfer --device NAME --out transfer.svg\n");
    text += &format!("  gummel predict {first} --all --grid {grid} --out curves.csv");
    text
}

/// A transfer curve within the fitted range, as `gummel predict --grid` takes it.
fn grid_within(model: &Model) -> String {
    let spec = &model.spec;
    let end = |axis: usize| {
        let largest = spec.devices.iter().map(|d| d.range[axis][1]).fold(0.0, f64::max);
        spec.sign * (100.0 * largest + 1e-6).floor() / 100.0
    };
    let (vgs, vds) = (end(0), end(1));
    // Some twenty points, steps that a person would choose.
    let step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].into_iter().find(|s| vgs.abs() / s < 40.0).unwrap_or(1.0);
    format!("vgs=0:{vgs}:{},vds={vds}", spec.sign * step)
}
