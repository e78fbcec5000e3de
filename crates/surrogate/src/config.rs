//! The fit's configuration: every value documented and defaulted where it is declared.

use gummel_data::{Selection, Split};
use gummel_device::Quantity;
use gummel_kernel::spec::{MAX_LAYERS, MAX_WIDTH};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};

use crate::constraint::ConstraintsConfig;
use crate::error::FitError;
use crate::order::OrderConfig;
use crate::pretrained::TrunkConfig;
use crate::sharing::Sharing;

/// Everything that decides a fit; TOML files in `configs/` hold one each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FitConfig {
    /// Seed of every random draw: initial weights, subsets, minibatches, splits without their own seed.
    pub seed: u64,
    /// Which rows of the table take part.
    pub selection: Selection,
    /// What is held out of the fit and scored apart.
    pub split: Split,
    /// The shared trunk.
    pub network: NetworkConfig,
    /// A trunk that was fitted before, to begin with.
    pub trunk: TrunkConfig,
    /// The heads.
    pub heads: HeadsConfig,
    /// What is predicted per device.
    pub tasks: TasksConfig,
    /// Terminal charges beside the currents.
    pub charges: crate::charges::ChargeConfig,
    /// How errors are weighed.
    pub residual: ResidualConfig,
    /// Signs that slopes must have, also where there are no data.
    pub constraints: ConstraintsConfig,
    /// Order that process corners must keep.
    pub order: OrderConfig,
    /// How parameters are found.
    pub solver: Solver,
    /// Which parameters tasks share, and how.
    pub sharing: Sharing,
}

/// Neurons of both layers where nothing chooses them: right for most families, measured on IHP and SKY130.
const USUAL_TRUNK: [usize; 2] = [20, 20];

/// Shape and inputs of the trunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// Neurons of each hidden layer, tanh; none: two layers, of a width that held-out curves choose.
    pub hidden: Vec<usize>,
    /// Features even in a drain/source swap; false for devices that are not symmetric.
    pub symmetric: bool,
    /// Smoothing voltage of |vds|, V.
    pub smoothing: f64,
    /// Where the trunk's |vds| turns from itself to its square root, V; 0 for |vds| everywhere. Devices that are not
    /// symmetric have none.
    pub knee: f64,
    /// Voltages saturate smoothly at this many half-ranges from the middle of the data, so that nothing beyond is ever
    /// extrapolated; 0 for no end.
    pub reach: f64,
    /// Temperature as a trunk input; `auto` when the data have more than one temperature.
    pub temperature_input: Toggle,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        NetworkConfig {
            hidden: Vec::new(),
            symmetric: true,
            smoothing: 0.01,
            knee: 0.1,
            reach: 2.0,
            temperature_input: Toggle::Auto,
        }
    }
}

impl NetworkConfig {
    /// Neurons of each layer as far as the recipe says; the usual trunk where it leaves that open.
    pub(crate) fn widths(&self) -> Vec<usize> {
        if self.hidden.is_empty() { USUAL_TRUNK.to_vec() } else { self.hidden.clone() }
    }
}

/// # Errors
/// [`FitError::Config`] of `key`, when the kernel evaluates no network of layers `hidden`.
pub(crate) fn check_layers(key: &'static str, hidden: &[usize], example: &str) -> Result<(), FitError> {
    if hidden.len() <= MAX_LAYERS && hidden.iter().all(|w| (1..=MAX_WIDTH).contains(w)) {
        return Ok(());
    }
    Err(FitError::Config {
        key,
        found: format!("{hidden:?}"),
        expected: format!(
            "up to {MAX_LAYERS} layers of 1 to {MAX_WIDTH} neurons, e.g. {example}; [] lets the fit choose"
        ),
    })
}

/// On, off, or decided from the data.
///
/// Recipes may also say `true` and `false`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Toggle {
    /// Decided from the data.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

impl<'de> Deserialize<'de> for Toggle {
    fn deserialize<D: Deserializer<'de>>(written: D) -> Result<Self, D::Error> {
        written.deserialize_any(ToggleVisitor)
    }
}

struct ToggleVisitor;

impl Visitor<'_> for ToggleVisitor {
    type Value = Toggle;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(r#""auto", "on" or "off""#)
    }

    fn visit_bool<E: serde::de::Error>(self, on: bool) -> Result<Toggle, E> {
        Ok(if on { Toggle::On } else { Toggle::Off })
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Toggle, E> {
        match word {
            "auto" => Ok(Toggle::Auto),
            "on" => Ok(Toggle::On),
            "off" => Ok(Toggle::Off),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
        }
    }
}

/// Structure over heads: `head_k = B phi(place of k) + deviation_k`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeadsConfig {
    /// The basis phi of the population mean.
    pub population: Population,
    /// Strength of the penalty that pulls a device's head to the population mean, per head number.
    pub strength: f64,
    /// Where temperature is an input: the deviation of every device is linear in it too, not only the population; `auto`
    /// where devices are of one process corner.
    pub own_temperature: Toggle,
}

impl Default for HeadsConfig {
    fn default() -> Self {
        HeadsConfig { population: Population::Geometry, strength: 1e-2, own_temperature: Toggle::Auto }
    }
}

/// Which functions of geometry, temperature and corner the population mean is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Population {
    /// Free heads, pulled to their common mean only.
    Mean,
    /// A smooth function of width and length.
    Geometry,
}

/// Quantities with a head of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TasksConfig {
    /// Terminal currents to fit: `id`, and `ig`, `ib` where wanted; the source current follows from Kirchhoff.
    pub quantities: Vec<Quantity>,
}

impl Default for TasksConfig {
    fn default() -> Self {
        TasksConfig { quantities: vec![Quantity::Id] }
    }
}

/// Weighing of errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResidualConfig {
    /// Noise floor of the drain current, A; estimated per device from the data when absent.
    pub floor: Option<f64>,
    /// Relative error at which the instrument's noise and the wanted accuracy balance.
    pub relative: f64,
    /// Uncertainty of the drain-source voltage, V; readings at vds = 0 carry no weight because of it.
    pub voltage_offset: f64,
    /// Weight of differences between neighbouring points of a sweep (gm and gds), relative to the points.
    pub slope_weight: f64,
    /// How much more a difference counts where it is a large part of the device's gm or gds; 0 for alike everywhere.
    pub conductance_weight: f64,
    /// Weight of third differences of `y` along the bulk voltage between readings, against that of the readings; 0 for none.
    pub smoothness: f64,
    /// Residuals beyond this many typical ones lose weight (Cauchy); 0 turns it off.
    pub robust: f64,
}

impl Default for ResidualConfig {
    fn default() -> Self {
        ResidualConfig {
            floor: None,
            relative: 0.05,
            voltage_offset: 2e-4,
            slope_weight: 1.0,
            conductance_weight: 0.5,
            smoothness: 0.2,
            robust: 6.0,
        }
    }
}

impl ResidualConfig {
    /// Relative error of a channel current at `vds` (V) that the uncertainty of the voltage makes.
    pub(crate) fn offset(&self, vds: f64) -> f64 {
        self.voltage_offset / vds.abs().max(f64::MIN_POSITIVE)
    }

    /// Square root of the weight of a current `i` (A) with noise `floor` (A) and another relative error `offset`.
    pub(crate) fn weight(&self, i: f64, floor: f64, offset: f64) -> f64 {
        let variance = floor * floor / (i * i + 4.0 * floor * floor) + offset * offset;
        self.relative / (self.relative * self.relative + variance).sqrt()
    }
}

/// Method that finds the parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Solver {
    /// Levenberg-Marquardt with the arrow structure; CPU, f64.
    Lm(LmConfig),
    /// AdamW in burn on any device, f32.
    Adamw(AdamwConfig),
}

impl Default for Solver {
    fn default() -> Self {
        Solver::Lm(LmConfig::default())
    }
}

/// Options of the Levenberg-Marquardt solver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LmConfig {
    /// Most steps on all points.
    pub max_steps: usize,
    /// Most seconds for the whole fit; steps already taken are kept.
    pub seconds: f64,
    /// Random starts on a subset of the points; the worse half is given up again and again until one is left.
    pub starts: usize,
    /// Steps of every start between two halvings.
    pub start_steps: usize,
    /// Points per head in the first subset; the second has four times as many.
    pub subset: usize,
    /// Most steps of the best start on each subset, before all points are used.
    pub subset_steps: usize,
    /// A stage ends when the loss falls by less than this fraction per step, averaged over five steps.
    pub tolerance: f64,
}

impl Default for LmConfig {
    fn default() -> Self {
        LmConfig {
            max_steps: 60,
            seconds: 600.0,
            starts: 4,
            start_steps: 10,
            subset: 100,
            subset_steps: 30,
            tolerance: 5e-3,
        }
    }
}

/// Options of the AdamW solver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamwConfig {
    /// Where tensors live.
    pub device: ComputeDevice,
    /// Minibatch steps.
    pub steps: usize,
    /// Points per minibatch.
    pub batch: usize,
    /// Peak learning rate; warmed up over the first steps, then decayed by a cosine.
    pub learning_rate: f64,
    /// Decoupled weight decay of the trunk.
    pub weight_decay: f64,
    /// Largest norm of a gradient.
    pub clip: f64,
    /// Evaluations without improvement of the held-out loss before stopping; 0 never stops early.
    pub patience: usize,
    /// How losses of tasks are weighed against each other.
    pub balance: Balancing,
    /// What becomes of gradients of tasks that oppose each other.
    pub conflicts: Conflicts,
    /// What a task is, for both.
    pub tasks: Balanced,
}

/// Weights of the losses of tasks; readings of a task are always weighed by their inverse variance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Balancing {
    /// The sum over all readings: a task counts by how much is known of it.
    #[default]
    Noise,
    /// All tasks count the same, however many readings they have.
    Equal,
    /// By a variance of each task that is learned (A. Kendall et al., 2018).
    Uncertainty,
    /// So that gradients are of one size at the last layer (Z. Chen et al., 2018).
    Gradnorm,
    /// More where the loss falls slowly (S. Liu et al., 2019).
    Dwa,
}

/// Directions of tasks that oppose each other over what they share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Conflicts {
    /// Added as they are.
    #[default]
    Ignored,
    /// Each loses what opposes another one (T. Yu et al., 2020).
    Pcgrad,
    /// The task that is helped least is helped most (B. Liu et al., 2021).
    Cagrad,
}

/// What is weighed against each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Balanced {
    /// Devices.
    #[default]
    Device,
    /// Quantities: drain, gate and bulk current.
    Quantity,
}

impl Default for AdamwConfig {
    fn default() -> Self {
        AdamwConfig {
            device: ComputeDevice::Cpu,
            steps: 3000,
            batch: 4096,
            learning_rate: 5e-3,
            weight_decay: 1e-6,
            clip: 1.0,
            patience: 0,
            balance: Balancing::Noise,
            conflicts: Conflicts::Ignored,
            tasks: Balanced::Device,
        }
    }
}

/// Where burn's tensors live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ComputeDevice {
    /// burn's flex backend on the processor.
    #[default]
    Cpu,
    /// burn-wgpu; needs the cargo feature `wgpu`.
    Gpu,
}
