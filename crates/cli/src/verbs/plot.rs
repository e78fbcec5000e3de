//! `gummel plot`: a figure of a run or a model.

use anyhow::{Context, Result, bail};
use gummel_plot::{Figure, Style};
use serde::Serialize;
use std::path::PathBuf;

use crate::exit::Outcome;
use crate::figures::{self, Kind, Subject};
use crate::run_folder::{Fitted, RunSummary};
use crate::session::Session;

/// Draw a figure of a fitted family or of one of its devices
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Run folder or model folder
    run: PathBuf,
    /// Kind of figure
    #[arg(long, value_enum, default_value = "gallery")]
    kind: Kind,
    /// Device by name; the first one by default
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Measurements to draw, when they are not where the run was made from
    #[arg(long, value_name = "FILE", num_args = 1..)]
    data: Vec<PathBuf>,
    /// One column of a paper: 3.5 inches wide, 8 pt type
    #[arg(long)]
    column: bool,
    /// SVG or PNG file [default: KIND.svg or KIND_DEVICE.svg]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel plot runs/nmos                                                   gallery.svg
  gummel plot runs/nmos --kind transfer --device W10u_L0.13u --out transfer.png
  gummel plot runs/nmos --kind error-map --device W10u_L0.13u
  gummel plot runs/corners --kind corners --device W10u_L0.13u_tt         five corners on one figure
  gummel plot runs/nmos/model --kind output --device W10u_L0.13u --data measurements/
  gummel plot runs/nmos --kind transfer --column --out figure1.svg        for a paper

Measured and simulated data are points, the model is lines. A model without a run and without --data
is drawn alone.";

/// The result for machines.
#[derive(Serialize)]
struct Drawn {
    out: PathBuf,
    kind: &'static str,
    device: Option<String>,
}

/// Draws and writes.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let fitted = Fitted::open(&args.run)?;
    let style = if args.column { Style::column() } else { Style::default() };
    let (figure, device) = match args.kind.is_of_device() {
        true => of_device(&args, &fitted, session, &style)?,
        false => (of_family(&args, &fitted, session, &style)?, None),
    };
    let Some(figure) = figure else {
        bail!("nothing to draw: {} has no curves for a {} figure", args.run.display(), args.kind.name())
    };
    let name = match &device {
        Some(device) => format!("{}_{}.svg", args.kind.name(), figures::file_name(device)),
        None => format!("{}.svg", args.kind.name()),
    };
    let out = args.out.unwrap_or_else(|| PathBuf::from(name));
    figure.save(&out)?;
    session.say(format!("wrote {}", out.display()))?;
    session.result(&Drawn { out, kind: args.kind.name(), device })?;
    Ok(Outcome::Done)
}

fn of_device(
    args: &Args,
    fitted: &Fitted,
    session: &Session,
    style: &Style,
) -> Result<(Option<Figure>, Option<String>)> {
    let data = fitted.measurements(&args.data, session)?;
    let first =
        || fitted.model.spec.devices.first().map(|d| d.name.clone()).context("the model has no device");
    let name = args.device.clone().map_or_else(first, Ok)?;
    let device = data.as_ref().and_then(|d| d.devices.iter().find(|d| d.id.name == name));
    let figure = match args.kind {
        Kind::Corners => figures::corner_fan(&fitted.model, data.as_ref(), &name, style)?,
        kind => Subject::new(Some(&fitted.model), device, &name)?.figure(kind, style)?,
    };
    Ok((figure, Some(name)))
}

fn of_family(args: &Args, fitted: &Fitted, session: &Session, style: &Style) -> Result<Option<Figure>> {
    let title = fitted.model.manifest.title();
    if args.device.is_some() {
        bail!("a {} figure shows the whole family; leave --device out", args.kind.name());
    }
    if args.kind == Kind::History {
        let run = fitted.run.as_ref().context("a model alone has no loss history; name its run folder")?;
        let summary = RunSummary::load(run)?;
        let report = summary.families.first().map(|f| &f.report);
        return report.map_or(Ok(None), |r| figures::history(&title, r, style));
    }
    match args.kind {
        Kind::CornerDistances => return figures::corner_distances(&fitted.model, style),
        Kind::CornerMap => return figures::corner_map(&fitted.model, style),
        _ => {}
    }
    let data = fitted.measurements(&args.data, session)?;
    let data = data.with_context(|| {
        format!("a {} figure needs measurements: name a run folder, or give --data FILES", args.kind.name())
    })?;
    match args.kind {
        Kind::Parity => figures::parity(&title, &fitted.model, &data, style),
        Kind::Raw => figures::gallery(&title, None, &data, style),
        _ => figures::gallery(&title, Some(&fitted.model), &data, style),
    }
}
