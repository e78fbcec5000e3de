//! The bundled trunk: what n- and p-channel transistors of the bundled data have in common, to begin other fits with.

use anyhow::{Context, Result, ensure};
use gummel_data::{Dataset, ReadOptions, Selection, read};
use gummel_device::Corner;
use gummel_model::Model;
use gummel_surrogate::adapt::recipe as recipe_of;
use gummel_surrogate::config::Toggle;
use gummel_surrogate::{FitConfig, Progress, fit, pooled};
use std::path::{Path, PathBuf};

const FOLDER: &str = "datasets/trunk";
const DATA: &str = "datasets/demo130/demo130.parquet";

/// Fits the trunk and writes it, or with `check` compares it with the one that is there.
///
/// # Errors
/// The data are missing, the fit fails, or the trunk that is there is not what the recipe makes.
pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    let folder = root.join(FOLDER);
    let config = recipe();
    // The path is recorded in the manifest, so it must be the same wherever the repository lies.
    std::env::set_current_dir(root)?;
    let reading = read(&[PathBuf::from(DATA)], &ReadOptions::default(), &|_| ())?;
    let data = Dataset::assemble(&reading.table, &reading.files, &config.selection)?;
    let data = pooled(&data, "demo130", "mos");
    let mut model = fit(&data, &config, &mut Teller)?.model;
    model.population = None;
    model.manifest.notes =
        "n- and p-channel transistors as one family; cargo xtask datasets trunk".to_owned();
    let error = model.manifest.metrics.get("rel_rms").context("a fit has errors")?.median;
    println!("rel_rms {:.3} % over {} devices", 100.0 * error, model.manifest.devices.len());
    if !check {
        model.save(&folder)?;
        return Ok(());
    }
    let known = Model::load(&folder)?;
    ensure!(known.manifest.data == model.manifest.data, "{FOLDER} was fitted to other data; make it anew");
    ensure!(recipe_of(&known)? == config, "{FOLDER} has another recipe; make it anew");
    let weights = |m: &Model| -> Vec<f64> {
        m.spec.branches[0].layers.iter().flat_map(|l| l.weight.iter().chain(&l.bias).copied()).collect()
    };
    let worst = weights(&known).iter().zip(weights(&model)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    println!("largest difference of a weight {worst:.1e}");
    ensure!(worst < 1e-6, "{FOLDER} is not what this processor makes of its recipe");
    Ok(())
}

/// Both families, three corners, all temperatures; the population's mean is what n- and p-channel devices have in common.
fn recipe() -> FitConfig {
    let corner = vec![Corner::Tt, Corner::Ff, Corner::Ss];
    let mut config =
        FitConfig { selection: Selection { corner, ..Selection::default() }, ..FitConfig::default() };
    config.network.hidden = vec![16, 16];
    // Pooled devices no longer say their corner, which is what keeps deviations from following temperature elsewhere.
    config.heads.own_temperature = Toggle::Off;
    config.charges.fit = Toggle::Off;
    // Signs beyond the data are asked for in the fits that begin with this trunk.
    config.constraints.steps = 0;
    config
}

/// Says every tenth step how far the fit is.
struct Teller;

impl gummel_surrogate::Observer for Teller {
    fn progress(&mut self, p: &Progress) {
        if p.step.is_multiple_of(10) {
            println!("{:>4} {:<20} {:.3e} after {:.0} s", p.step, p.stage, p.loss, p.seconds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_trunk_was_made_by_this_recipe_from_the_bundled_data_and_is_small() {
        let root = crate::root();
        let model = Model::load(root.join(FOLDER)).unwrap();
        assert_eq!(recipe_of(&model).unwrap(), recipe());
        let reading = read(&[root.join(DATA)], &ReadOptions::default(), &|_| ()).unwrap();
        // Files that the set itself was made from have no hash.
        let made_from: Vec<&str> =
            model.manifest.data.iter().map(|f| f.blake3.as_str()).filter(|h| !h.is_empty()).collect();
        assert!(!made_from.is_empty());
        assert!(made_from.iter().all(|h| reading.files.iter().any(|f| f.blake3 == *h)), "{made_from:?}");
        let files = std::fs::read_dir(root.join(FOLDER)).unwrap();
        let size: u64 = files.map(|f| f.unwrap().metadata().unwrap().len()).sum();
        assert!(size < 300_000, "{size} bytes");
    }
}
