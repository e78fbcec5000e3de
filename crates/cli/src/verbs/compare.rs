//! `gummel compare`: does sharing help? One table of the ways to share, judged on unseen points.

use anyhow::{Context, Result, bail};
use gummel_data::{Dataset, Split};
use gummel_plot::{Axis, LineFigure, Series, Style, lines};
use gummel_surrogate::{Contender, FitConfig, Part, Standing, compare, contenders};
use serde::Serialize;
use std::path::PathBuf;

mod transfer;

use crate::exit::Outcome;
use crate::families::by_family;
use crate::input::InputArgs;
use crate::progress::FitBar;
use crate::recipe::{RecipeArgs, TaskName};
use crate::run_folder::report;
use crate::session::Session;
use crate::table::{Grid, percent};

/// Compare ways of sharing between devices and corners
///
/// Fits every family with each device alone, with one shared trunk and with tied networks, and judges all of them on
/// the same points that none of them saw.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    recipe: RecipeArgs,
    /// Ways to compare, the baseline first: single hard soft corners auto trunk recipe [default: those the data allow]
    #[arg(long, value_delimiter = ',', value_name = "WAY,WAY")]
    ways: Vec<String>,
    /// Fractions of every device's points to hold out, one comparison each [default: the recipe's split]
    #[arg(long, value_delimiter = ',', value_name = "F,F")]
    hold_out: Vec<f64>,
    /// Who helps whom: fit every two tasks together and each alone, instead of comparing ways
    #[arg(long, value_name = "TASK", value_enum, conflicts_with = "ways")]
    transfer: Option<TaskName>,
    /// Figure (svg or png): of the error over the number of points that were fitted, which needs several --hold-out; with
    /// --transfer of the matrix, and FILE-trunk, FILE-layer-1 ... of how the tasks pull at each layer
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel compare                                        the bundled data
  gummel compare demo130 --family nmos --temperature 27 process corners as well
  gummel compare data/ --config ihp --family lv_nmos --hold-out 0.98,0.95,0.9,0.5 --plot sharing.svg
  gummel compare pfet.csv --trunk runs/nmos --ways single,hard,trunk --hold-out 0.97,0.5
  gummel compare demo130 --family nmos --corner tt --transfer device --hold-out 0.95 --plot transfer.svg

WAYS (auto and recipe only where they are named):
  single   a network for every device, fitted alone
  hard     one trunk for all devices, a head for each
  soft     a network for every device, parameters held close to their mean
  corners  a network for every process corner, held close to a plane over speed and skew
  trunk    one trunk, begun with that of --trunk and held to it as --hold says
  auto     one trunk for as many devices as lose nothing by it
  recipe   what the table [sharing] of the recipe says

COLUMNS:
  change   mean over devices, current, gm and gds of the error over that of the first way, less one: below zero
           sharing helps (delta-m with the other sign)
  95 %     interval of that mean, from the scatter over devices
  worse    devices whose current is met worse than by the first way";

/// One comparison of one family.
#[derive(Serialize)]
struct Compared {
    family: String,
    hold_out: Option<f64>,
    /// Fitted points per device.
    points: f64,
    standings: Vec<Standing>,
}

/// The recipe with a fraction of every device's points held out, where one is asked for.
fn holding_out(config: &FitConfig, fraction: Option<f64>) -> FitConfig {
    let mut config = config.clone();
    if let Some(fraction) = fraction {
        config.split = Split::Points { fraction, seed: config.seed };
    }
    config
}

/// Compares.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let config = args.recipe.resolve()?;
    if let Some(bad) = args.hold_out.iter().find(|f| !(0.0 < **f && **f < 1.0)) {
        bail!("--hold-out {bad}: expected fractions between 0 and 1");
    }
    if args.transfer.is_none() && args.plot.is_some() && args.hold_out.len() < 2 {
        bail!("--plot shows the error over the number of points; give several fractions with --hold-out");
    }
    let reading = args.input.read(session)?;
    let data = Dataset::assemble(&reading.table, &reading.files, &config.selection)?;
    session.listen()?;
    if let Some(tasks) = args.transfer {
        transfer::run(tasks.into(), &data, config, &args.hold_out, args.plot.as_deref(), session)?;
        return Ok(Outcome::of_failures(reading.failures.len()));
    }
    let mut all = Vec::new();
    for (family, part) in &by_family(&data) {
        let ways = ways(&args.ways, part, &config)?;
        let fractions = if args.hold_out.is_empty() {
            vec![None]
        } else {
            args.hold_out.iter().copied().map(Some).collect()
        };
        for hold_out in fractions {
            let config = holding_out(&config, hold_out);
            let (train, _) = part.split(&config.split);
            let points = train.devices.iter().map(gummel_data::DeviceData::len).sum::<usize>() as f64
                / train.devices.len().max(1) as f64;
            let mut bar = FitBar::new(session, family);
            let standings = compare(part, &config, &ways, &mut bar)?;
            if standings.len() < ways.len() {
                let names: Vec<&str> = ways[standings.len()..].iter().map(|w| w.name.as_str()).collect();
                session.warn(&format!("{family}: interrupted before {} could be judged", names.join(", ")));
            }
            let compared = Compared { family: family.clone(), hold_out, points, standings };
            session.say(text(&compared, session))?;
            all.push(compared);
        }
    }
    if let Some(path) = &args.plot {
        lines(path, &figure(&all), &Style::column())?;
        session.say(format!("wrote {}", path.display()))?;
    }
    session.result(&all)?;
    Ok(Outcome::of_failures(reading.failures.len()))
}

fn ways(names: &[String], data: &Dataset, config: &FitConfig) -> Result<Vec<Contender>> {
    let known = contenders(data, config);
    if names.is_empty() {
        return Ok(known.into_iter().filter(|c| !["auto", "recipe"].contains(&c.name.as_str())).collect());
    }
    let find = |name: &String| {
        let found = known.iter().find(|c| c.name == *name).cloned();
        let list = known.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(" ");
        found.with_context(|| format!("no way of sharing '{name}' here; expected {list}"))
    };
    names.iter().map(find).collect()
}

fn text(compared: &Compared, session: &Session) -> String {
    let Some(first) = compared.standings.first() else { return String::new() };
    let mut grid = Grid::new(
        &[
            "sharing", "numbers", "s", "rms %", "p90 %", "worst %", "gm %", "gds %", "change %", "95 %",
            "worse",
        ],
        &[0],
    );
    for s in &compared.standings {
        let m = &s.summary;
        grid.row([
            s.name.clone(),
            s.parameters.to_string(),
            format!("{:.1}", s.seconds),
            percent(m.rel_rms.median),
            percent(m.rel_rms.p90),
            percent(m.rel_rms.worst),
            percent(m.gm_rel_l2.median),
            percent(m.gds_rel_l2.median),
            s.change.map_or("-".to_owned(), |c| signed(c.mean)),
            s.change.and_then(|c| c.interval).map_or("-".to_owned(), between),
            s.change.map_or("-".to_owned(), |c| format!("{}/{}", c.worse, c.devices)),
        ]);
    }
    let title = format!(
        "{}: {:.0} points a device fitted, {} points judged, medians over {} devices",
        compared.family,
        compared.points,
        report::part(first.summary.part),
        first.summary.devices
    );
    let remark = match first.summary.part {
        Part::Train => {
            "\nnothing was held out: these are errors of points the fits saw; --hold-out 0.5 says more\n"
        }
        Part::HeldOut => "",
    };
    format!("{}\n{}{remark}", session.paint().bold(&title), grid.text(session.width()))
}

/// A relative change in per cent.
fn signed(change: f64) -> String {
    format!("{:+.1}", 100.0 * change)
}

/// Ends of an interval of a relative change in per cent.
fn between([low, high]: [f64; 2]) -> String {
    format!("{}..{}", signed(low), signed(high))
}

/// Median error over the number of fitted points, a line per family and way.
fn figure(all: &[Compared]) -> LineFigure {
    let several = all.iter().any(|c| c.family != all[0].family);
    let mut series: Vec<Series> = Vec::new();
    for compared in all {
        for s in &compared.standings {
            let name = if several { format!("{} {}", compared.family, s.name) } else { s.name.clone() };
            let point = (compared.points, 100.0 * s.summary.rel_rms.median);
            match series.iter_mut().find(|known| known.name == name) {
                Some(known) => {
                    known.x.push(point.0);
                    known.y.push(point.1);
                }
                None => series.push(Series::line(name, vec![point.0], vec![point.1])),
            }
        }
    }
    LineFigure {
        x: Axis::log("fitted points per device", ""),
        y: Axis::log("relative RMS error of unseen points", "%"),
        series,
        ..LineFigure::default()
    }
}
