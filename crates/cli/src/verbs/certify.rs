//! `gummel certify`: proof that gm and gds of every device of a model are positive, or biases where not.

use anyhow::Result;
use gummel_device::si;
use gummel_model::{Certificate, CertifyOptions, DeviceProof, SignProof};
use std::path::PathBuf;
use std::time::Instant;

use crate::exit::Outcome;
use crate::run_folder::Fitted;
use crate::session::Session;
use crate::table::{Grid, count, number, percent};

/// Prove that gm and gds are positive, or say where they are not
///
/// The proof covers every bias of a box around the measured one, not samples of it. It is stored in the model.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Run folder or model folder
    model: PathBuf,
    /// How far beyond the measured voltages, as a fraction of each end
    #[arg(long, value_name = "FRACTION", default_value_t = 0.25)]
    beyond: f64,
    /// Lowest gate-source voltage (of the n-channel mirror) asked for; below 0 the drain leaks to the bulk
    #[arg(long, value_name = "VOLTS", default_value_t = 0.0, allow_negative_numbers = true)]
    lowest_vgs: f64,
    /// Ask for the signs below the noise floor too
    #[arg(long)]
    below_floor: bool,
    /// Most boxes of biases looked at per device, temperature and sign
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    boxes: usize,
    /// Do not store the certificate in the model
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel certify runs/nmos
  gummel certify runs/nmos --beyond 0                     the measured box only
  gummel certify runs/nmos/model --boxes 10000000 --json

proved: the sign holds at every bias of that part of the box. below floor: the current is proved to be noise there.
open: neither; a lowest slope below zero names a bias where the sign fails.";

/// Proves, stores, prints.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let mut fitted = Fitted::open(&args.model)?;
    if !(args.beyond.is_finite() && args.beyond >= 0.0) {
        anyhow::bail!("--beyond is {}, expected a fraction such as 0.25", args.beyond);
    }
    let options = CertifyOptions {
        beyond: args.beyond,
        lowest_vgs: args.lowest_vgs,
        below_floor: args.below_floor,
        boxes: args.boxes.max(1),
    };
    let devices = fitted.model.manifest.devices.len() as u64;
    let bar = session.bar("proving", devices, "{prefix}  [{bar:30}] {pos}/{len} devices");
    let begun = Instant::now();
    let certificate = fitted.model.certify(&options, &|_| bar.step(), &session.stop())?;
    drop(bar);
    let seconds = begun.elapsed().as_secs_f64();
    session.say(table(&certificate).text(session.width()))?;
    session.say(verdict(&certificate, seconds))?;
    if !args.dry_run {
        fitted.model.manifest.certificate = Some(toml::Table::try_from(&certificate)?);
        fitted.model.save(&fitted.folder)?;
        session.say(format!("stored in {}", fitted.folder.display()))?;
    }
    session.result(&certificate)?;
    Ok(Outcome::Done)
}

fn verdict(certificate: &Certificate, seconds: f64) -> String {
    let good = certificate.devices.iter().filter(|d| d.gm.holds && d.gds.holds).count();
    let all = certificate.devices.len();
    let what =
        if certificate.below_floor { "everywhere" } else { "wherever the current exceeds the noise floor" };
    format!(
        "\ngm > 0 and gds > 0 {what} in the box, {:.0} % beyond the data: proved for {good} of {} in {seconds:.1} s",
        100.0 * certificate.beyond,
        count(all, "device")
    )
}

fn table(certificate: &Certificate) -> Grid {
    let mut grid = Grid::new(
        &["device", "°C", "sign", "proved %", "below floor %", "open %", "lowest slope", "at vgs, vds, vbs"],
        &[2, 7],
    );
    for d in &certificate.devices {
        for (name, proof) in [("gm", &d.gm), ("gds", &d.gds)] {
            grid.row(row(d, name, proof));
        }
    }
    grid
}

fn row(d: &DeviceProof, name: &str, proof: &SignProof) -> [String; 8] {
    [
        d.device.clone(),
        format!("{:.0}", si::celsius(d.temperature)),
        name.to_owned(),
        percent(proof.proved),
        percent(proof.below_floor),
        percent(proof.open),
        number(proof.lowest),
        proof.at.map(|v| format!("{:.3}", v + 0.0)).join(", "),
    ]
}
