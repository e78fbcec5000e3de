//! `gummel verify`: proof that an export computes the same as the model.

use anyhow::{Result, bail};
use gummel_export::verify::{self, Difference, Tools, Verdict, VerifyOptions};
use std::path::PathBuf;

use crate::exit::Outcome;
use crate::run_folder::Fitted;
use crate::session::Session;

/// Prove that an export computes the same as the model
#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub struct Args {
    /// File that `gummel export` wrote
    export: PathBuf,
    /// Run folder or model folder that it was made from
    #[arg(long, value_name = "MODEL")]
    against: PathBuf,
    /// The ngspice that runs it: a program, or a path [default: GUMMEL_NGSPICE, else ngspice]
    #[arg(long, value_name = "PROGRAM")]
    simulator: Option<PathBuf>,
    /// Number of biases over all devices, half of them outside the fitted range [default: thousands]
    #[arg(long, value_name = "N")]
    points: Option<usize>,
    /// Seed of the biases
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel verify nmos.h --against runs/nmos
  gummel verify demo130_nmos.va --against runs/nmos --points 20000
  gummel verify demo130_nmos.sp --against runs/nmos --simulator ngspice
  gummel verify demo.osdi --against runs/pmos --simulator target/ngspice/ngspice

WHAT IT NEEDS:
  c              a C compiler (CC, else cc)
  numpy          python with numpy (GUMMEL_PYTHON, else python3)
  onnx onnx-f32  python with onnxruntime and numpy (GUMMEL_PYTHON, else python3)
  verilog-a      python with verilogae and numpy
  spice osdi     ngspice (GUMMEL_NGSPICE, else ngspice; osdi needs 39 or newer)";

/// The examples, and the limits as the check has them.
fn help() -> String {
    let limits: Vec<String> =
        verify::limits().into_iter().map(|(target, limit)| format!("{target} {limit:e}")).collect();
    format!("{EXAMPLES}\n\nLIMITS, relative: {}.\nBeyond them the exit code is 1.", limits.join(", "))
}

/// Verifies.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let model = Fitted::open(&args.against)?.model;
    let mut tools = Tools { stop: session.stop(), ..Tools::default() };
    if let Some(simulator) = args.simulator {
        tools.ngspice = simulator.into();
    }
    let options = VerifyOptions { points: args.points, seed: args.seed, tools };
    let verdict = verify::verify(&args.export, &model, &options)?;
    if !verdict.same_weights {
        session.warn("the export was made from other weights than this model has");
    }
    session.say(text(&verdict))?;
    session.result(&verdict)?;
    if !verdict.passed {
        bail!("{} differs from {} by more than the limit", args.export.display(), args.against.display());
    }
    Ok(Outcome::Done)
}

fn text(verdict: &Verdict) -> String {
    let Verdict { target, tool, devices, points, .. } = verdict;
    let mut out =
        format!("{target} in {tool}: {points} biases, {devices} devices, largest relative difference\n");
    for (inside, words) in [(true, "within the fitted range:"), (false, "outside the fitted range:")] {
        out += &format!("{words}\n");
        let of_part = verdict.differences.iter().filter(|d| d.inside == inside);
        for Difference { quantity, largest, limit, device, bias: [vgs, vds, vbs], .. } in of_part {
            out += &format!(
                "  {quantity:9} {largest:8.1e} (limit {limit:.0e}) at {device} vgs={vgs:.4} vds={vds:.4} vbs={vbs:.4}\n"
            );
        }
    }
    out + if verdict.passed { "same model" } else { "NOT the same model" }
}
