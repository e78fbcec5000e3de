//! `gummel doctor`: what is wrong with a circuit that does not converge, and what to do.

use anyhow::Result;
use gummel_export::Tools;
use gummel_qa::Limits;
use gummel_qa::doctor::{Analysis, Diagnosis, Ending, Finding, Instruments, examine};
use std::fmt::Write;
use std::path::PathBuf;

use crate::exit::Outcome;
use crate::session::Session;
use crate::table::{Grid, Paint, count, number};

/// Run a circuit with exported models and say what is suspicious: device, bias, reason, remedy
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Netlist for ngspice that loads a library of `gummel export --to osdi`
    netlist: PathBuf,
    /// The ngspice that runs it: a program, or a path [default: GUMMEL_NGSPICE, else ngspice]
    #[arg(long, value_name = "PROGRAM")]
    simulator: Option<PathBuf>,
    /// Device library that the netlist itself does not load (may be repeated)
    #[arg(long, value_name = "FILE")]
    osdi: Vec<PathBuf>,
    /// TOML file with limits that differ from the defaults (`gummel check --print-limits`)
    #[arg(long, value_name = "FILE")]
    limits: Option<PathBuf>,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel doctor ring.cir
  gummel doctor ring.cir --simulator target/ngspice/ngspice
  gummel doctor ring.cir --json

WHAT IT LOOKS FOR:
  floating nodes, initial conditions that the circuit cannot have, negative gm and gds, biases outside
  the data, kinks, transients of models without charges, refusals

The exit code is 0 when nothing is suspicious and every analysis converged, else 4.";

/// Examines and prints.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let named = args.simulator.unwrap_or_else(|| Tools::default().ngspice.into());
    let instruments = Instruments {
        ngspice: named,
        libraries: args.osdi,
        limits: args.limits.as_deref().map_or(Ok(Limits::default()), Limits::load)?,
        stop: session.stop(),
    };
    let found = examine(&args.netlist, &instruments)?;
    session.say(text(&found, session))?;
    session.result(&found)?;
    let failed = found.analyses.iter().any(|a| matches!(a.ending, Ending::Failed | Ending::Refused));
    Ok(if failed || !found.findings.is_empty() { Outcome::CheckFailed } else { Outcome::Done })
}

fn text(found: &Diagnosis, session: &Session) -> String {
    let paint = session.paint();
    let mut out = paint.bold(&format!(
        "{}: {}, {}",
        found.netlist.display(),
        match found.analyses.len() {
            1 => "1 analysis".to_owned(),
            n => format!("{n} analyses"),
        },
        count(found.transistors, "exported transistor")
    ));
    out.push('\n');
    if !found.analyses.is_empty() {
        let mut grid = Grid::new(&["analysis", "ended", "points", "log"], &[1, 3]);
        for a in &found.analyses {
            grid.row([a.command.clone(), ended(a).to_owned(), a.points.to_string(), a.reasons.join("; ")]);
        }
        out += &format!("\n{}\n", grid.text(session.width()));
    }
    for remark in &found.remarks {
        // A String takes every line.
        let _ = writeln!(out, "\nnote: {remark}");
    }
    for (k, finding) in found.findings.iter().enumerate() {
        out += &paragraph(k + 1, finding, found, paint);
    }
    out + &match found.findings.len() {
        0 => "\nnothing suspicious".to_owned(),
        n => paint.yellow(&format!("\n{}", count(n, "suspicion"))),
    }
}

fn ended(analysis: &Analysis) -> &'static str {
    match analysis.ending {
        Ending::Converged => "converged",
        Ending::ConvergedLate => "converged late",
        Ending::Failed => "failed",
        Ending::Refused => "refused",
    }
}

fn paragraph(k: usize, f: &Finding, found: &Diagnosis, paint: Paint) -> String {
    let mut out = format!("\n{}\n", paint.yellow(&format!("{k}. {}: {}", f.cause.text(), f.subject)));
    let mut place = Vec::new();
    match f.instances.as_slice() {
        [] => {}
        [one] => place.push(one.clone()),
        [first, others @ ..] => place.push(format!("{first} and {} more", others.len())),
    }
    if let Some(analysis) = f.analysis.and_then(|k| found.analyses.get(k)) {
        place.push(format!("in '{}'", analysis.command));
    }
    if let Some(at) = f.at {
        place.push(format!("at {}", number(at)));
    }
    if let Some([vgs, vds, vbs]) = f.bias {
        let [vgs, vds, vbs] = [vgs, vds, vbs].map(|v| match v.abs() < 1e3 {
            true => format!("{v:.3}"),
            false => number(v),
        });
        place.push(format!("vgs = {vgs}, vds = {vds}, vbs = {vbs} V"));
    }
    for (what, text) in [("where", place.join(", ")), ("found", f.evidence.clone()), ("do", f.advice.clone())]
    {
        if !text.is_empty() {
            out += &format!("   {what:5}  {text}\n");
        }
    }
    out
}
