//! One device under one condition, with the sweeps and units that checks share.
//!
//! Checks think in the n-channel mirror: `vgs, vds, vbs` and drain currents of positive sign. A scene turns
//! them into terminal voltages of the real device and back.

use gummel_device::metrics::criterion_current;
use gummel_device::si::BOLTZMANN_VOLTS;
use gummel_device::{Corner, Curve, Polarity};
use gummel_model::DeviceQuery;

use crate::device::{D, Device, G, Matrix, S, Terminals, Volts};
use crate::finding::{Picture, Worst};
use crate::{Abilities, Ask, Family, Nominal, QaError};

/// Noise floors above which a check believes a current.
pub(crate) const CREDIBLE_FLOORS: f64 = 10.0;

/// One device under one condition.
pub struct Scene<'a> {
    /// Its family.
    pub family: &'a dyn Family,
    /// The device as it was measured.
    pub nominal: &'a Nominal,
    /// All devices of the family.
    pub nominals: &'a [Nominal],
    /// What the family models.
    pub abilities: Abilities,
    /// What was asked for: the device with temperature and corner of the condition.
    pub query: DeviceQuery,
    /// Temperature of the condition, K.
    pub temperature: f64,
    /// Corner of the condition, if it is another than the device's own.
    pub corner: Option<Corner>,
    /// The device under the condition.
    pub device: Box<dyn Device>,
    /// Measured terminal currents under the condition.
    pub measured: Vec<&'a Curve>,
}

impl Scene<'_> {
    /// Terminal voltages of a bias of the n-channel mirror.
    pub fn bias(&self, vgs: f64, vds: f64, vbs: f64) -> Volts {
        let s = self.device.sign();
        [s * vds, s * vgs, 0.0, s * vbs]
    }

    /// `n` evenly spaced values from `low` to `high`.
    pub fn steps([low, high]: [f64; 2], n: usize) -> Vec<f64> {
        (0..n).map(|i| low + (high - low) * i as f64 / (n.max(2) - 1) as f64).collect()
    }

    /// Range of vgs, V.
    pub fn vgs(&self) -> [f64; 2] {
        self.nominal.range[0]
    }

    /// Largest vds of the data, V.
    pub fn vds_max(&self) -> f64 {
        self.nominal.range[1][1].max(0.1)
    }

    /// Bulk voltages to look at: zero, and the ends of the range where they differ from it.
    pub fn vbs(&self) -> Vec<f64> {
        let mut all = vec![0.0];
        all.extend(self.nominal.range[2].into_iter().filter(|v| v.abs() > 1e-3));
        all
    }

    /// All combinations of `vgs`, `vds` and the bulk voltages.
    pub fn grid(&self, vgs: &[f64], vds: &[f64]) -> Vec<Volts> {
        let mut all = Vec::new();
        for b in self.vbs() {
            for d in vds {
                all.extend(vgs.iter().map(|g| self.bias(*g, *d, b)));
            }
        }
        all
    }

    /// Drain currents of the n-channel mirror, A.
    ///
    /// # Errors
    /// Those of the device.
    pub fn id(&self, biases: &[Volts]) -> Result<Vec<f64>, QaError> {
        mirrored_id(&*self.device, biases)
    }

    /// Currents into the terminals, A.
    ///
    /// # Errors
    /// Those of the device.
    pub fn currents(&self, biases: &[Volts]) -> Result<Vec<Terminals>, QaError> {
        self.device.currents(biases)
    }

    /// Derivatives of the currents, S.
    ///
    /// # Errors
    /// Those of the device.
    pub fn conductances(&self, biases: &[Volts]) -> Result<Vec<Matrix>, QaError> {
        self.device.conductances(biases)
    }

    /// The worst numbers over the gate voltage of the n-channel mirror.
    pub(crate) fn over_gate(&self, worst: &Worst, y: &str) -> Option<Picture> {
        let s = self.device.sign();
        worst.profile("vgs (V)", y, |at| s * (at[G] - at[S]))
    }

    /// Thermal voltage kT/q, V.
    pub fn thermal_voltage(&self) -> f64 {
        BOLTZMANN_VOLTS * self.temperature
    }

    /// Current above which a check believes what it sees: ten noise floors, A.
    pub fn credible(&self) -> f64 {
        CREDIBLE_FLOORS * self.nominal.floor
    }

    /// The constant-current criterion of the threshold voltage for this device, A.
    pub fn criterion(&self) -> f64 {
        let polarity = if self.device.sign() > 0.0 { Polarity::N } else { Polarity::P };
        criterion_current(polarity) * self.nominal.geometry.squares()
    }

    /// The same device with something else changed.
    ///
    /// # Errors
    /// When the family cannot place it there.
    pub fn variant(&self, change: impl FnOnce(&mut Ask)) -> Result<Box<dyn Device>, QaError> {
        let mut ask = Ask::from(self.query.clone());
        change(&mut ask);
        self.family.device(&ask)
    }

    /// The same device at another corner: its sibling of the same geometry and site, or the model's plane
    /// of corners; `None` when there is neither.
    ///
    /// # Errors
    /// When the family cannot make it.
    pub fn at_corner(&self, corner: Corner) -> Result<Option<Box<dyn Device>>, QaError> {
        let me = self.nominal;
        let own = self.corner.is_none();
        let sibling = self
            .nominals
            .iter()
            .find(|n| own && n.corner == Some(corner) && n.geometry == me.geometry && n.site == me.site);
        match sibling {
            Some(n) => self
                .variant(|ask| {
                    ask.query.device = n.name.clone();
                    ask.query.corner = None;
                })
                .map(Some),
            None if self.abilities.corner => {
                self.variant(|ask| ask.query.corner = Some(corner.position())).map(Some)
            }
            None => Ok(None),
        }
    }
}

/// Drain currents of the n-channel mirror, A.
pub(crate) fn mirrored_id(device: &dyn Device, biases: &[Volts]) -> Result<Vec<f64>, QaError> {
    let s = device.sign();
    Ok(device.currents(biases)?.into_iter().map(|i| s * i[D]).collect())
}
