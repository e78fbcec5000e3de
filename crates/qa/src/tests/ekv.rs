//! A textbook transistor that passes every check, and faults that each break one property.
//!
//! EKV's charge-sheet form: `ic = is (F((vp - vsb)/f) - F((vp - vdb)/f))`, `F(x) = ln(1 + e^(x/2))^2`,
//! `vp = (vgb - vt) / n`, `is = 2 n k (W/L) f^2`, `f = kT/q`. Symmetric, smooth, passive, ideal slope.

use gummel_device::{Corner, Geometry};

use crate::device::{B, D, Device, G, Matrix, S, Terminals, Volts, differences};
use crate::{Abilities, Ask, Family, Nominal, QaError, Units};

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    Asymmetric,
    AbsoluteVds,
    NegativeGds,
    NegativeGm,
    KinkedGm,
    KinkedGmSlope,
    KinkedGds,
    Active,
    LostCurrent,
    WrongNoise,
    NoiseOfItsConductance,
    WrongTemperature,
    WrongCornerOrder,
    EqualCorners,
    TooSteep,
    BumpInEfficiency,
    SharpTriode,
    SuperlinearWidth,
    GrowsWithLength,
    NanAtLargeBias,
    NanAtLargeWidth,
    NanAtLowTemperature,
    WrongReversal,
    SeesGround,
    IgnoresMultiplicity,
    IgnoresScale,
    IgnoresShrink,
    LosesCharge,
    LopsidedCharge,
    PathDependentCharge,
}

impl Fault {
    pub(super) const ALL: [Fault; 31] = [
        Fault::None,
        Fault::Asymmetric,
        Fault::AbsoluteVds,
        Fault::NegativeGds,
        Fault::NegativeGm,
        Fault::KinkedGm,
        Fault::KinkedGmSlope,
        Fault::KinkedGds,
        Fault::Active,
        Fault::LostCurrent,
        Fault::WrongNoise,
        Fault::NoiseOfItsConductance,
        Fault::WrongTemperature,
        Fault::WrongCornerOrder,
        Fault::EqualCorners,
        Fault::TooSteep,
        Fault::BumpInEfficiency,
        Fault::SharpTriode,
        Fault::SuperlinearWidth,
        Fault::GrowsWithLength,
        Fault::NanAtLargeBias,
        Fault::NanAtLargeWidth,
        Fault::NanAtLowTemperature,
        Fault::WrongReversal,
        Fault::SeesGround,
        Fault::IgnoresMultiplicity,
        Fault::IgnoresScale,
        Fault::IgnoresShrink,
        Fault::LosesCharge,
        Fault::LopsidedCharge,
        Fault::PathDependentCharge,
    ];
}

/// Two devices of a family with all abilities.
pub(super) struct Textbook(pub(super) Fault);

#[derive(Clone, Copy)]
struct Ekv {
    fault: Fault,
    sign: f64,
    threshold: f64,
    slope: f64,
    gain: f64,
    thermal: f64,
    geometry: Geometry,
    temperature: f64,
}

/// ln(1 + e^x) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

impl Ekv {
    /// Channel current of the mirrored device at mirrored voltages, drain to source.
    fn channel(&self, [d, g, s, b]: Volts) -> f64 {
        let f = self.thermal;
        let vp = (g - b - self.threshold) / self.slope;
        let half = |v: f64| softplus(0.5 * (vp - v) / f).powi(2);
        let ic = 2.0 * self.slope * self.gain * f * f * (half(s - b) - half(d - b));
        let (vds, vgs) = (d - s, g - 0.5 * (d + s));
        let factor = match self.fault {
            Fault::Asymmetric => 1.0 + 0.05 * vds,
            Fault::AbsoluteVds => 1.0 + 0.2 * vds.abs(),
            Fault::NegativeGds => 1.0 - 0.2 * vds * vds,
            Fault::NegativeGm => 1.0 / (1.0 + (vgs.max(0.0) / 0.8).powi(6)),
            Fault::KinkedGm => 1.0 + 0.5 * (g - b - 0.8).max(0.0).powi(2),
            Fault::KinkedGmSlope => 1.0 + 100.0 * (g - b - 0.8).max(0.0).powi(3),
            Fault::KinkedGds => 1.0 + 20.0 * (vds.abs() - 0.6).max(0.0).powi(2),
            Fault::BumpInEfficiency => 1.0 + 0.3 * (-((g - b - 0.9) / 0.04).powi(2)).exp(),
            Fault::SeesGround => 1.0 + 0.1 * (d + s),
            Fault::NanAtLargeBias if d.abs() > 5.0 => f64::NAN,
            _ => 1.0,
        };
        if self.fault == Fault::SharpTriode {
            return 2.0 * self.gain * f * f * half(s.min(d) - b) * (vds / 0.005).tanh();
        }
        ic * factor
    }

    /// Conductance with the thermal noise of the channel, S, for a drain voltage that is not negative: between diffusion, where it
    /// is the mean of the conductances at both ends, and drift, where their squares are integrated.
    fn noise(&self, g: &Matrix, id: f64) -> f64 {
        let (gs, gd) = (-g[D][S], g[D][D]);
        let diffusion = if gs > gd { (self.thermal * (gs - gd) / id.abs()).min(1.0) } else { 1.0 };
        let drift = 2.0 / 3.0 * (gs * gs + gs * gd + gd * gd) / (gs + gd);
        0.5 * diffusion * (gs + gd) + (1.0 - diffusion) * drift
    }

    fn mirrored_currents(&self, v: Volts) -> Terminals {
        let ic = self.channel(v);
        match self.fault {
            Fault::Active => [ic, -1e-9 * v[G], -ic + 1e-9 * v[G], 0.0],
            Fault::LostCurrent => [ic, 0.0, -0.999 * ic, 0.0],
            _ => [ic, 0.0, -ic, 0.0],
        }
    }

    fn mirrored_charges(&self, [d, g, s, b]: Volts) -> Terminals {
        let vp = (g - b - self.threshold) / self.slope;
        let area = self.geometry.w * self.geometry.l * 0.01;
        let sheet = |v: f64| -area * self.thermal * softplus((vp - v) / self.thermal);
        let mut q = [sheet(d - b), 0.0, sheet(s - b), -0.1 * area * (g - b)];
        if self.fault == Fault::LopsidedCharge {
            q[D] *= 1.1;
        }
        q[G] = -(q[D] + q[S] + q[B]);
        if self.fault == Fault::LosesCharge {
            q[G] *= 0.99;
        }
        q
    }
}

impl Device for Ekv {
    fn sign(&self) -> f64 {
        self.sign
    }

    fn currents(&self, biases: &[Volts]) -> Result<Vec<Terminals>, QaError> {
        let at = |v: &Volts| self.mirrored_currents(v.map(|v| self.sign * v)).map(|i| self.sign * i);
        Ok(biases.iter().map(at).collect())
    }

    fn charges(&self, biases: &[Volts]) -> Result<Option<Vec<Terminals>>, QaError> {
        let at = |v: &Volts| self.mirrored_charges(v.map(|v| self.sign * v)).map(|q| self.sign * q);
        Ok(Some(biases.iter().map(at).collect()))
    }

    fn capacitances(&self, biases: &[Volts]) -> Result<Option<Vec<Matrix>>, QaError> {
        let mut all = differences(biases, 1e-4, |b| Ok(self.charges(b)?.unwrap_or_default()))?;
        if self.fault == Fault::PathDependentCharge {
            for (c, [d, _, s, _]) in all.iter_mut().zip(biases) {
                c.as_flattened_mut().iter_mut().for_each(|c| *c *= 1.0 + 0.1 * (d - s).powi(2));
            }
        }
        Ok(Some(all))
    }

    fn thermal_noise(&self, biases: &[Volts]) -> Result<Option<Vec<f64>>, QaError> {
        let four_kt = 4.0 * 1.380_649e-23 * self.temperature;
        let (g, i) = (self.conductances(biases)?, self.currents(biases)?);
        let of = |(g, i): (&Matrix, &Terminals)| match self.fault {
            Fault::NoiseOfItsConductance => g[D][D],
            Fault::WrongNoise => 0.4 * self.noise(g, i[D]),
            _ => self.noise(g, i[D]),
        };
        Ok(Some(g.iter().zip(&i).map(|at| four_kt * of(at)).collect()))
    }
}

impl Family for Textbook {
    fn title(&self) -> String {
        format!("textbook/{:?}", self.0)
    }

    fn nominals(&self) -> Vec<Nominal> {
        let nominal = |w: f64, l: f64| Nominal {
            name: Geometry::new(w, l).label(),
            geometry: Geometry::new(w, l),
            site: String::new(),
            corner: Some(Corner::Tt),
            floor: 1e-13,
            leakage: 0.0,
            temperatures: vec![300.15, 398.15],
            range: [[-0.2, 1.2], [0.0, 1.2], [-0.6, 0.0]],
        };
        vec![nominal(10e-6, 0.5e-6), nominal(1e-6, 5e-6)]
    }

    fn abilities(&self) -> Abilities {
        Abilities { temperature: true, corner: true, geometry: true, units: true }
    }

    fn device(&self, ask: &Ask) -> Result<Box<dyn Device>, QaError> {
        let nominals = self.nominals();
        let nominal = nominals
            .iter()
            .find(|n| n.name == ask.query.device)
            .ok_or_else(|| QaError::UnknownDevice { name: ask.query.device.clone(), family: self.title() })?;
        let g = nominal.geometry;
        // What the netlist says, and what it means: a transistor that heeds its units has the same size as without.
        let drawn = ask.units.map_or(1.0, Units::metres);
        let understood = ask.units.map_or(1.0, |units| match self.0 {
            Fault::IgnoresScale => 1.0 - 0.01 * units.shrink,
            Fault::IgnoresShrink => units.scale,
            _ => units.metres(),
        });
        let geometry = Geometry {
            w: ask.query.w.unwrap_or(g.w) / drawn * understood,
            l: ask.query.l.unwrap_or(g.l) / drawn * understood,
            mult: ask.query.mult.unwrap_or(g.mult),
            ..g
        };
        let temperature = ask.query.temperature.unwrap_or(300.15);
        let corner = ask.query.corner.unwrap_or_default();
        let fault = self.0;
        let tempco = if fault == Fault::WrongTemperature { 1e-3 } else { -1e-3 };
        let shift = match fault {
            Fault::WrongCornerOrder => 0.03,
            Fault::EqualCorners => 0.0,
            _ => -0.03,
        };
        let mult = if fault == Fault::IgnoresMultiplicity { 1.0 } else { geometry.mult };
        let mut squares = geometry.w * mult / geometry.l;
        match fault {
            Fault::SuperlinearWidth => squares *= geometry.w / 1e-6,
            Fault::GrowsWithLength => squares *= (geometry.l / 1e-6).powf(1.5),
            Fault::NanAtLargeWidth if geometry.w > 1e-3 => squares = f64::NAN,
            Fault::NanAtLowTemperature if temperature < 50.0 => squares = f64::NAN,
            Fault::WrongReversal if ask.reversed => squares *= 1.01,
            _ => {}
        }
        let device = Ekv {
            fault,
            sign: if ask.reversed { -1.0 } else { 1.0 },
            threshold: 0.35 + tempco * (temperature - 300.15) + shift * (corner.speed + corner.skew),
            slope: if fault == Fault::TooSteep { 0.8 } else { 1.3 },
            gain: 3e-4 * squares,
            thermal: 8.617_333_262e-5 * temperature,
            geometry,
            temperature,
        };
        Ok(Box::new(device))
    }
}
