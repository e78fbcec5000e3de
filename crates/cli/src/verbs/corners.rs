//! `gummel corners`: a model of devices between the process corners that were fitted.

use anyhow::{Result, bail};
use gummel_device::CornerPosition;
use gummel_model::Scatter;
use serde::Serialize;
use std::path::PathBuf;

use crate::created::today;
use crate::exit::Outcome;
use crate::run_folder::Fitted;
use crate::session::Session;
use crate::table::count;

/// Make a model of devices at other positions in the corner plane, named or drawn
///
/// Corners are a plane over speed (1 at ff, -1 at ss) and skew (1 at fs, -1 at sf); tt is its origin. The new model has
/// every geometry at every position, each a device that any other verb takes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Run folder or model folder of a family that was fitted at several corners
    model: PathBuf,
    /// A position; may be repeated
    #[arg(long, value_name = "SPEED,SKEW", value_parser = position, allow_hyphen_values = true)]
    at: Vec<CornerPosition>,
    /// How many positions to draw from a normal distribution around tt
    #[arg(long, value_name = "N")]
    draw: Option<usize>,
    /// Standard deviations of speed and skew that are drawn with
    #[arg(long, value_name = "SPEED,SKEW", value_parser = sigma, default_value = "0.333,0.333")]
    sigma: [f64; 2],
    /// Correlation of speed and skew that is drawn with
    #[arg(long, value_name = "RHO", default_value_t = 0.0, allow_negative_numbers = true)]
    correlation: f64,
    /// Seed of the draw
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder of the new model
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel corners runs/corners --at 0.5,0 --out halfway          halfway between tt and ff
  gummel corners runs/corners --draw 50 --out lots              50 lots, corners at three sigma
  gummel predict lots --all --grid vgs=0:1.2:0.05,vds=1.2       their curves
  gummel export lots --to osdi --out lots.osdi                  all of them in one device library";

/// What was made.
#[derive(Serialize)]
struct Made {
    out: PathBuf,
    positions: Vec<CornerPosition>,
    devices: Vec<String>,
}

fn numbers(text: &str) -> Option<[f64; 2]> {
    let (a, b) = text.split_once(',')?;
    let both = [a, b].map(|v| v.trim().parse::<f64>().ok().filter(|v| v.is_finite()));
    Some([both[0]?, both[1]?])
}

fn position(text: &str) -> Result<CornerPosition, String> {
    let found = numbers(text).map(|[speed, skew]| CornerPosition { speed, skew });
    found.ok_or_else(|| "expected speed and skew, e.g. 0.5,0 for halfway between tt and ff".to_owned())
}

fn sigma(text: &str) -> Result<[f64; 2], String> {
    let found = numbers(text).filter(|s| s.iter().all(|v| *v >= 0.0));
    found.ok_or_else(|| "expected two standard deviations, e.g. 0.333,0.2".to_owned())
}

/// Distance from tt up to which positions are near what was fitted: the named corners are at one.
const NEAR: f64 = 1.5;

/// Warns of positions that no fitted corner vouches for.
fn warn_of_far(positions: &[CornerPosition], session: &Session) {
    let far: Vec<&CornerPosition> = positions.iter().filter(|p| p.speed.hypot(p.skew) > NEAR).collect();
    if let Some(first) = far.first() {
        session.warn(&format!(
            "{} of {} further than {NEAR} from tt, e.g. {},{}: named corners are at 1, and what lies beyond them is \
             extrapolated",
            count(far.len(), "position"),
            positions.len(),
            first.speed,
            first.skew
        ));
    }
}

/// Moves, saves, says.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let model = Fitted::open(&args.model)?.model;
    if !(-1.0..=1.0).contains(&args.correlation) {
        bail!("--correlation is {}, expected a number from -1 to 1", args.correlation);
    }
    let scatter = Scatter { sigma: args.sigma, correlation: args.correlation };
    let mut positions = args.at;
    positions.extend(scatter.draw(args.draw.unwrap_or(0), args.seed));
    if positions.is_empty() {
        bail!("no position; name some with --at SPEED,SKEW or draw some with --draw N");
    }
    warn_of_far(&positions, session);
    let mut moved = model.at_positions(&positions)?;
    moved.manifest.created = today()?;
    moved.save(&args.out)?;
    let devices: Vec<String> = moved.spec.devices.iter().map(|d| d.name.clone()).collect();
    let what = format!("{} at {}", count(devices.len(), "device"), count(positions.len(), "position"));
    session.say(format!("wrote {}: {what}, e.g. {}", args.out.display(), devices[0]))?;
    session.result(&Made { out: args.out, positions, devices })?;
    Ok(Outcome::Done)
}
