//! The certificate: for every device, proof that gm and gds are positive over a box of biases, or a bias where not.
//!
//! The box is what was measured, each end of each voltage times `1 + beyond`; drain and source of a symmetric device
//! exchange, so vds from 0 up is all there is. gm is asked for above 20 noise floors and above what the readings show to be
//! leakage of the drain, which there decides how the current follows the gate; gds above one floor. The box begins at vgs = 0 unless asked otherwise: at negative gate voltage the
//! drain leaks to the bulk (band-to-band tunnelling), and a current that rises as vgs falls is physics. Where the current is proved to lie below the noise floor a sign means
//! nothing and is not asked for. The proof is about the channel current, for the weights as stored
//! (`gummel_kernel::bounds`).

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use gummel_kernel::bounds::{Box3, Finding, Limits, Sign, search};
use gummel_kernel::{Folded, Member};
use serde::{Deserialize, Serialize};

use crate::{Model, ModelError};

/// Noise floors above which the sign of gm is that of the channel.
const LEAKAGE: f64 = 20.0;

/// What to prove, and how hard to try.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CertifyOptions {
    /// How far beyond the measured voltages, as a fraction of each end.
    pub beyond: f64,
    /// Lowest mirrored vgs asked for, V.
    pub lowest_vgs: f64,
    /// Ask for signs below the noise floor too.
    pub below_floor: bool,
    /// Most boxes per device, temperature and sign.
    pub boxes: usize,
}

impl Default for CertifyOptions {
    fn default() -> Self {
        CertifyOptions { beyond: 0.25, lowest_vgs: 0.0, below_floor: false, boxes: 1_000_000 }
    }
}

/// The result for all devices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// True when both signs are proved for every device at every temperature.
    pub holds: bool,
    /// How far beyond the measured voltages, as a fraction.
    pub beyond: f64,
    /// True when signs were asked for below the noise floor too.
    pub below_floor: bool,
    /// One entry per device and temperature.
    pub devices: Vec<DeviceProof>,
}

/// What is known of one device at one temperature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceProof {
    /// Name of the device.
    pub device: String,
    /// Temperature, K.
    pub temperature: f64,
    /// Lowest mirrored `[vgs, vds, vbs]` of the box, V.
    pub low: [f64; 3],
    /// Highest, V.
    pub high: [f64; 3],
    /// gm > 0.
    pub gm: SignProof,
    /// gds > 0.
    pub gds: SignProof,
}

/// One sign over the box.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignProof {
    /// Proved wherever the current exceeds the floor.
    pub holds: bool,
    /// Fraction of the box where the sign is proved.
    pub proved: f64,
    /// Fraction where the current is proved to lie below the floor instead.
    pub below_floor: f64,
    /// Fraction that is neither.
    pub open: f64,
    /// Lowest `d ln I / d vgs` (gm, 1/V) or `d ln I / d ln vds` (gds) met.
    pub lowest: f64,
    /// Where it was met: mirrored `[vgs, vds, vbs]`, V.
    pub at: [f64; 3],
}

impl From<Finding> for SignProof {
    fn from(f: Finding) -> Self {
        SignProof {
            holds: f.holds(),
            proved: f.proved,
            below_floor: f.silent,
            open: f.open,
            // Nothing above the floor was met: TOML has no use for an infinite number.
            lowest: if f.lowest.is_finite() { f.lowest } else { 0.0 },
            at: f.at,
        }
    }
}

impl SignProof {
    /// The bias where the sign fails, if one was met.
    pub fn counterexample(&self) -> Option<[f64; 3]> {
        (self.lowest < 0.0).then_some(self.at)
    }
}

impl Certificate {
    /// The certificate in a manifest.
    ///
    /// # Errors
    /// [`ModelError::Inconsistent`] when the manifest's table is not a certificate of this version.
    pub fn of(model: &Model) -> Result<Option<Self>, ModelError> {
        let Some(table) = &model.manifest.certificate else { return Ok(None) };
        let read = Certificate::deserialize(table.clone());
        read.map(Some).map_err(|e| ModelError::Inconsistent(format!("certificate: {e}")))
    }
}

impl Model {
    /// Searches the boxes of all devices, on all processors; `watch` sees every device as it is done, and `stop` ends the
    /// search once it is raised.
    ///
    /// # Errors
    /// [`ModelError::Inconsistent`] when the model has no channel current, [`ModelError::Stopped`].
    pub fn certify(
        &self,
        options: &CertifyOptions,
        watch: &(dyn Fn(&DeviceProof) + Sync),
        stop: &AtomicBool,
    ) -> Result<Certificate, ModelError> {
        let asked: Vec<(usize, f64)> = self
            .manifest
            .devices
            .iter()
            .enumerate()
            .flat_map(|(d, entry)| {
                let own = [self.spec.devices[d].place.temperature];
                let all =
                    if entry.temperatures.is_empty() { own.to_vec() } else { entry.temperatures.clone() };
                all.into_iter().map(move |t| (d, t))
            })
            .collect();
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, Option<DeviceProof>)>> = Mutex::new(Vec::new());
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(asked.len().max(1));
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    while let Some(&(d, t)) = asked.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let proof = self.prove(d, t, options, stop);
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                        if let Some(p) = &proof {
                            watch(p);
                        }
                        if let Ok(mut done) = done.lock() {
                            done.push((d, proof));
                        }
                    }
                });
            }
        });
        if stop.load(Ordering::Relaxed) {
            return Err(ModelError::Stopped);
        }
        let mut done = done.into_inner().unwrap_or_default();
        done.sort_by_key(|(d, _)| *d);
        let devices: Option<Vec<DeviceProof>> = done.into_iter().map(|(_, p)| p).collect();
        let devices = devices
            .filter(|d| d.len() == asked.len())
            .ok_or_else(|| ModelError::Inconsistent("no channel current to certify".to_owned()))?;
        let holds = devices.iter().all(|d| d.gm.holds && d.gds.holds);
        Ok(Certificate { holds, beyond: options.beyond, below_floor: options.below_floor, devices })
    }

    fn prove(
        &self,
        d: usize,
        temperature: f64,
        options: &CertifyOptions,
        stop: &AtomicBool,
    ) -> Option<DeviceProof> {
        let device = &self.spec.devices[d];
        let place = gummel_kernel::Place { temperature, ..device.place };
        let folded = Folded::new(&self.spec, Member::Device(d), &place);
        let beyond = |v: f64| v * (1.0 + options.beyond);
        let mut low = device.range.map(|r| beyond(r[0]));
        let high = device.range.map(|r| beyond(r[1]).max(0.0));
        low[0] = low[0].max(options.lowest_vgs).min(high[0]);
        low[1] = 0.0;
        let entry = &self.manifest.devices[d];
        let silent = |current: f64| if options.below_floor { 0.0 } else { current };
        let find = |sign, floor: f64| {
            let limits = Limits { boxes: options.boxes, floor, stop: Some(stop), ..Limits::default() };
            Some(SignProof::from(search(&folded, sign, Box3 { low, high }, limits)?))
        };
        Some(DeviceProof {
            device: device.name.clone(),
            temperature,
            low,
            high,
            gm: find(Sign::Gate, silent(entry.leakage.max(LEAKAGE * entry.floor)))?,
            gds: find(Sign::Drain, silent(entry.floor))?,
        })
    }
}
