//! Corners: a faster corner never carries less current, fast and slow are neither equal nor worlds apart, and lots drawn
//! between them lie around `tt`.

use gummel_device::Corner;
use gummel_model::Scatter;
use gummel_model::interval::normal_quantile;

use crate::device::{Device, Volts};
use crate::finding::{Bound, Outcome, Picture, Worst};
use crate::scene::mirrored_id;
use crate::{QaError, Scene};

/// Lots, standard deviation of speed and skew, and seed of the draw.
const LOTS: usize = 200;
const SIGMA: f64 = 1.0 / 3.0;
const SEED: u64 = 1;

/// Smallest ratio of currents between a faster and a slower corner, over biases where both are credible.
///
/// `ss <= tt <= ff`, and for the own polarity `ss <= slow skew <= tt <= fast skew <= ff`.
pub(super) fn order(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let (slow, fast) =
        if scene.device.sign() > 0.0 { (Corner::Sf, Corner::Fs) } else { (Corner::Fs, Corner::Sf) };
    let biases = scene.grid(&Scene::steps(scene.vgs(), 25), &Scene::steps([0.05, scene.vds_max()], 9));
    let mut currents: Vec<(Corner, Vec<f64>)> = Vec::new();
    for corner in [Corner::Ss, slow, Corner::Tt, fast, Corner::Ff] {
        if let Some(device) = scene.at_corner(corner)? {
            currents.push((corner, mirrored_id(&*device, &biases)?));
        }
    }
    if currents.len() < 2 {
        return Ok(not_modelled());
    }
    let mut worst = Worst::under(bound);
    let mut between = String::new();
    for pair in currents.windows(2) {
        let ((slower, below), (faster, above)) = (&pair[0], &pair[1]);
        for ((low, high), at) in below.iter().zip(above).zip(&biases) {
            if (low.max(*high) > scene.credible() || !low.is_finite()) && worst.see(high / low, *at) {
                between = format!("{faster} over {slower}");
            }
        }
    }
    let corners: Vec<Corner> = currents.iter().map(|c| c.0).collect();
    Ok(worst.outcome(between, Some(transfer(scene, &corners)?)))
}

/// Ratio of the on currents of ff and ss.
pub(super) fn spread(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let (Some(ff), Some(ss)) = (scene.at_corner(Corner::Ff)?, scene.at_corner(Corner::Ss)?) else {
        return Ok(not_modelled());
    };
    let on = scene.bias(scene.vgs()[1], scene.vds_max(), 0.0);
    let ratio = mirrored_id(&*ff, &[on])?[0] / mirrored_id(&*ss, &[on])?[0];
    let mut worst = Worst::under(bound);
    worst.see(ratio, on);
    let picture = transfer(scene, &[Corner::Ss, Corner::Tt, Corner::Ff])?;
    Ok(worst.outcome("on current of ff over that of ss", Some(picture)))
}

/// Offset of the mean of `ln Ion` over drawn lots from `tt`, in standard deviations of the lots.
///
/// Three of these deviations should be what lies between `tt` and a corner of speed; the remark says how far they are.
pub(super) fn scatter(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let typical = scene.nominal.corner.unwrap_or(Corner::Tt) == Corner::Tt;
    if !scene.abilities.corner {
        return Ok(Outcome::NotModelled("nothing between corners".to_owned()));
    }
    if !typical || scene.corner.is_some() {
        return Ok(Outcome::NotTested("lots are drawn around tt".to_owned()));
    }
    let (Some(tt), Some(ff), Some(ss)) =
        (scene.at_corner(Corner::Tt)?, scene.at_corner(Corner::Ff)?, scene.at_corner(Corner::Ss)?)
    else {
        return Ok(not_modelled());
    };
    let on = scene.bias(scene.vgs()[1], scene.vds_max(), 0.0);
    let ln_on = |device: &dyn Device| Ok::<f64, QaError>(mirrored_id(device, &[on])?[0].ln());
    let middle = ln_on(&*tt)?;
    let mut lots = Vec::new();
    for position in (Scatter { sigma: [SIGMA; 2], correlation: 0.0 }).draw(LOTS, SEED) {
        let lot = scene.variant(|ask| ask.query.corner = Some(position))?;
        lots.push(ln_on(&*lot)? - middle);
    }
    let mean = lots.iter().sum::<f64>() / LOTS as f64;
    let sigma = (lots.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (LOTS - 1) as f64).sqrt();
    let mut worst = Worst::under(bound);
    worst.see(mean.abs() / sigma, on);
    let reach = 0.5 * (ln_on(&*ff)? - ln_on(&*ss)?);
    let remark = format!(
        "on current of {LOTS} lots with a sigma of a third: mean {mean:+.2e} and sigma {sigma:.2e} of ln, three sigma are \
         {:.2} of half of ln(ff/ss)",
        3.0 * sigma / reach
    );
    Ok(worst.outcome(remark, Some(distribution(lots, sigma))))
}

/// Lots in the order of their current, over where a normal distribution around `tt` has them.
fn distribution(mut lots: Vec<f64>, sigma: f64) -> Picture {
    lots.sort_by(f64::total_cmp);
    let quantiles: Vec<f64> = (0..lots.len())
        .map(|k| {
            let u = (k as f64 + 0.5) / lots.len() as f64;
            normal_quantile((2.0 * u - 1.0).abs()).copysign(u - 0.5)
        })
        .collect();
    let mut picture = Picture::new("sigmas of a normal distribution", "ln of on current over that of tt");
    picture.add_points("lots", quantiles.iter().copied().zip(lots));
    let expected: Vec<f64> = quantiles.iter().map(|q| sigma * q).collect();
    picture.add("normal around tt", &quantiles, &expected);
    picture
}

fn transfer(scene: &Scene<'_>, corners: &[Corner]) -> Result<Picture, QaError> {
    let vgs = Scene::steps(scene.vgs(), 81);
    let biases: Vec<Volts> = vgs.iter().map(|g| scene.bias(*g, scene.vds_max(), 0.0)).collect();
    let mut picture = Picture { log: true, ..Picture::new("vgs (V)", "drain current (A)") };
    for corner in corners {
        if let Some(device) = scene.at_corner(*corner)? {
            picture.add(corner.name(), &vgs, &mirrored_id(&*device, &biases)?);
        }
    }
    Ok(picture)
}

fn not_modelled() -> Outcome {
    Outcome::NotModelled("one corner only".to_owned())
}
