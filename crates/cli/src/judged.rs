//! What checks and the report page judge a model by: curves from a dataset, exports on request.

use anyhow::{Context, Result, bail};
use gummel_data::{Dataset, DeviceData};
use gummel_device::Quantity;
use gummel_export::{Tools, VerifyOptions};
use gummel_model::Model;
use gummel_qa::{Measurements, Plan, Report, check, check_exports, export_checks};
use gummel_surrogate::charges::capacitance_curves;
use std::path::PathBuf;

use crate::run_folder::Fitted;

/// Which exports are judged.
#[derive(Debug, Default, clap::Args)]
pub struct ExportArgs {
    /// Also export to every format, run each export in its own tool (compiler, ngspice, python), and circuits in ngspice
    #[arg(long)]
    exports: bool,
    /// Run or model folder of the other polarity, for circuits that need both
    #[arg(long, value_name = "MODEL", requires = "exports")]
    with: Option<PathBuf>,
}

/// Terminal currents and capacitances of every device, by name.
pub fn curves(model: &Model, data: Option<&Dataset>) -> Measurements {
    let devices = data.into_iter().flat_map(|d| &d.devices);
    let curves = |d: &DeviceData| {
        let currents = [Quantity::Id, Quantity::Ig, Quantity::Ib].map(|q| d.measured_curves(q));
        currents.into_iter().flatten().chain(capacitance_curves(model, d)).collect()
    };
    devices.map(|d| (d.id.name.clone(), curves(d))).collect()
}

/// The report of a plan; what needs an export is made when it is asked for.
///
/// # Errors
/// When a check cannot be made, or the other model cannot be opened.
pub fn judge(model: &Model, measured: &Measurements, plan: &Plan, args: &ExportArgs) -> Result<Report> {
    let with = args.with.as_deref().filter(|_| args.exports);
    let other = with.map(Fitted::open).transpose().context("--with")?;
    let mut report = check(model, measured, plan)?;
    if args.exports {
        let tools = Tools { stop: plan.stop.clone(), ..Tools::default() };
        let options = VerifyOptions { tools, ..VerifyOptions::default() };
        let made = check_exports(model, other.as_ref().map(|o| &o.model), plan, &options)?;
        made.into_iter().for_each(|c| report.add(c));
    }
    Ok(report)
}

/// Refuses names of checks that there are not, or that are not made without `--exports`.
///
/// # Errors
/// With the names that there are.
pub fn known<'a>(names: impl Iterator<Item = &'a String>, args: &ExportArgs) -> Result<()> {
    let alone: Vec<&str> = gummel_qa::CHECKS.iter().map(|c| c.name).collect();
    for name in names.filter(|n| !alone.contains(&n.as_str())) {
        let of_exports: Vec<&str> = export_checks().filter(|n| !alone.contains(n)).collect();
        if !of_exports.contains(&name.as_str()) {
            bail!(
                "there is no check '{name}'; expected one of {}, or with --exports one of {}",
                alone.join(", "),
                of_exports.join(", ")
            );
        }
        if !args.exports {
            bail!("the check '{name}' is one of exports; add --exports");
        }
    }
    Ok(())
}
