//! `gummel check`: physics and accuracy of a model, as a table, as JSON, as an exit code.

use anyhow::{Context, Result, bail};
use gummel_device::si;
use gummel_qa::{Case, CheckReport, Limits, Plan, Report, Standing, Verdict};
use std::path::PathBuf;

use crate::exit::Outcome;
use crate::judged::{self, ExportArgs};
use crate::run_folder::Fitted;
use crate::session::Session;
use crate::table::{Grid, count, number};

/// Judge a fitted model: physics, smoothness, accuracy, and the card of the published benchmark
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Run folder or model folder
    #[arg(required_unless_present = "print_limits")]
    model: Option<PathBuf>,
    /// Measurements to judge accuracy by, when they are not where the run was made from
    #[arg(long, value_name = "FILE", num_args = 1..)]
    data: Vec<PathBuf>,
    /// Judge physics alone, read no measurements
    #[arg(long, conflicts_with = "data")]
    no_data: bool,
    /// Device by name (may be repeated); all by default
    #[arg(long, value_name = "NAME")]
    device: Vec<String>,
    /// Checks by name; all by default
    #[arg(long, value_delimiter = ',', value_name = "NAME,NAME")]
    only: Vec<String>,
    /// TOML file with limits that differ from the defaults
    #[arg(long, value_name = "FILE")]
    limits: Option<PathBuf>,
    #[command(flatten)]
    exports: ExportArgs,
    /// Print all limits with their defaults as TOML and end
    #[arg(long)]
    print_limits: bool,
    /// Exit with code 4 when a check fails: any, or those named; with untested, also when one could not be tested
    #[arg(long, value_delimiter = ',', value_name = "any|untested|NAME,NAME")]
    fail_on: Vec<String>,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel check runs/nmos
  gummel check runs/nmos/model --data measurements/ --fail-on any
  gummel check runs/nmos --device W10u_L0.13u --only gds-sign,gummel-symmetry
  gummel check runs/nmos --exports                     simulators too
  gummel check runs/nmos --exports --with runs/pmos    and circuits of both
  gummel check runs/nmos --fail-on gm-sign,gds-sign,passivity --json
  gummel check runs/nmos --exports --fail-on any,untested
  gummel check --print-limits > limits.toml

Every check has a number and a bound. A row of the card passes only when all checks behind it do; what is not
modelled or could not be tested is said and never counts as passed. A device is usable when all its checks pass,
usable with warnings when none of those fails that forbid its use (accuracy, signs, conservation, ...), not judged
without data. --json has every device and condition.";

/// What `--fail-on` takes beside names of checks.
const ANY: &str = "any";
const UNTESTED: &str = "untested";

/// Judges and prints.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    if args.print_limits {
        session.emit(toml::to_string(&Limits::default())?.as_bytes())?;
        return Ok(Outcome::Done);
    }
    let named = || args.fail_on.iter().filter(|n| *n != ANY && *n != UNTESTED);
    judged::known(args.only.iter().chain(named()), &args.exports)?;
    if let Some(name) = named().find(|n| !args.only.is_empty() && !args.only.contains(n)) {
        bail!(
            "--fail-on {name}: this check is not made, because --only {} leaves it out; name it there too",
            args.only.join(",")
        );
    }
    let fitted = Fitted::open(args.model.as_deref().context("name a run folder or a model folder")?)?;
    let measured = match args.no_data {
        true => None,
        false => fitted.measurements(&args.data, session)?,
    };
    let plan = Plan {
        limits: args.limits.as_deref().map_or(Ok(Limits::default()), Limits::load)?,
        devices: args.device,
        checks: args.only.clone(),
        stop: session.stop(),
    };
    let measured = judged::curves(&fitted.model, measured.as_ref());
    let report = judged::judge(&fitted.model, &measured, &plan, &args.exports)?;
    session.say(text(&report, args.only.is_empty(), session))?;
    session.result(&report)?;
    let names = |word: &str| args.fail_on.iter().any(|f| f == word);
    let ends = |c: &CheckReport| match c.verdict {
        Verdict::Fail => names(ANY) || names(c.name),
        Verdict::NotTested => names(UNTESTED),
        Verdict::Pass | Verdict::NotModelled => false,
    };
    Ok(if report.checks.iter().any(ends) { Outcome::CheckFailed } else { Outcome::Done })
}

/// The tables; of `whole` reports all rows of the card and what is said of every device, else the rows that were touched.
fn text(report: &Report, whole: bool, session: &Session) -> String {
    let paint = session.paint();
    let mut checks = Grid::new(&["check", "verdict", "number", "bound", "failed", "worst at"], &[1, 3, 4, 5]);
    for c in &report.checks {
        let n = c.worst.number;
        let counted = format!("{}/{}", c.failed, c.passed + c.failed);
        checks.row([
            c.name.to_owned(),
            c.verdict.text().to_owned(),
            n.map_or("-".to_owned(), number),
            format!("{} {}", c.bound.text(), c.unit).trim().to_owned(),
            n.map_or("-".to_owned(), |_| counted),
            // Where there is no number, or no finite one, the reason says more than the place.
            n.filter(|n| n.is_finite()).map_or_else(|| c.worst.remark.clone(), |_| place(&c.worst)),
        ]);
    }
    let mut card = Grid::new(&["no", "benchmark of 2025", "answer", "evidence"], &[1, 2, 3]);
    for row in report.card.iter().filter(|r| whole || !r.evidence.is_empty()) {
        let evidence: Vec<String> = row
            .evidence
            .iter()
            .map(|e| match e.number {
                Some(n) => format!("{} {} ({})", e.check, e.verdict.text(), number(n)),
                None => format!("{} {}", e.check, e.verdict.text()),
            })
            .collect();
        let evidence = match evidence.as_slice() {
            [] => row.remark.to_owned(),
            // What is missing belongs to the answer.
            all if row.covers_part => {
                format!("{}; {}", all.join(", "), row.remark)
            }
            all => all.join(", "),
        };
        card.row([row.number.to_string(), row.title.to_owned(), row.answer.text().to_owned(), evidence]);
    }
    let failed: Vec<&str> =
        report.checks.iter().filter(|c| c.verdict == Verdict::Fail).map(|c| c.name).collect();
    let verdict = match failed.as_slice() {
        [] => "no check failed".to_owned(),
        names => paint.yellow(&format!("{} failed: {}", count(names.len(), "check"), names.join(", "))),
    };
    let title = paint.bold(&format!("{}, {}", report.family, count(report.devices, "device")));
    let mut parts = vec![title, checks.text(session.width()), card.text(session.width())];
    if whole {
        parts.push(standings(&report.standings).text(session.width()));
    }
    parts.retain(|part| !part.is_empty());
    parts.push(verdict);
    parts.join("\n\n")
}

/// Devices by what is said of them, the worst first.
fn standings(all: &[Standing]) -> Grid {
    let mut groups: Vec<(&Standing, Vec<String>)> = Vec::new();
    for s in all {
        let name = s.corner.map_or_else(|| s.device.clone(), |corner| format!("{} at {corner}", s.device));
        let alike =
            |g: &Standing| (g.verdict, &g.failing, &g.warnings) == (s.verdict, &s.failing, &s.warnings);
        match groups.iter_mut().find(|(g, _)| alike(g)) {
            Some((_, names)) => names.push(name),
            None => groups.push((s, vec![name])),
        }
    }
    groups.sort_by_key(|(s, _)| std::cmp::Reverse(s.verdict));
    let mut table = Grid::new(&["may it be used", "failing", "devices"], &[1, 2]);
    for (s, names) in groups {
        let failing: Vec<&str> = s.failing.iter().chain(&s.warnings).copied().collect();
        let failing = if failing.is_empty() { "-".to_owned() } else { failing.join(", ") };
        table.row([s.verdict.text().to_owned(), failing, names.join(", ")]);
    }
    table
}

/// Device, condition and bias of a case: `W10u_L0.13u 27 C ff vg 0.6 vd 1.2 vb -0.3`.
fn place(case: &Case) -> String {
    let mut text = format!("{} {:.0} C", case.device, si::celsius(case.temperature));
    if let Some(corner) = case.corner {
        text += &format!(" {corner}");
    }
    let Some([vd, vg, vs, vb]) = case.worst else { return text };
    for (name, v) in [("vg", vg), ("vd", vd), ("vs", vs), ("vb", vb)] {
        // Millivolts are enough to find the place; a grounded source or bulk need not be said.
        let v = (v * 1e3).round() / 1e3;
        if v != 0.0 || name == "vg" || name == "vd" {
            text += &format!(" {name} {}", v + 0.0);
        }
    }
    text
}
