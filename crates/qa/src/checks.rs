//! The named checks: what each means, where it comes from, in which bound its number must lie.
//!
//! A check is a function of one [`crate::Scene`]; its verdict follows from its number alone, so that nothing
//! passes without a measurement.

mod accuracy;
mod capacitances;
mod charges;
mod check;
mod corners;
mod efficiency;
mod exchange;
mod gummel_symmetry;
mod harmonics;
pub(crate) mod kinks;
mod noise;
mod passivity;
mod scaling;
pub(crate) mod signs;
mod slope_ratio;
mod temperature;
mod unreasonable;
mod variants;

use crate::finding::Bound;

pub use check::Check;

pub(crate) const MCANDREW: &str = "McAndrew, Gummel, Singhal, Benchmarks for compact MOSFET models, 1995; McAndrew et al., IEEE TED 72(4), 2025";
const SYMMETRY: &str = "McAndrew, Validation of MOSFET model source-drain symmetry, IEEE TED 53(9), 2006";
const TSIVIDIS: &str = "Tsividis and Suyama, MOSFET modeling for analog circuit CAD, IEEE JSSC 29(3), 1994";
const SARPESHKAR: &str = "Sarpeshkar, Delbruck, Mead, White noise in MOS transistors and resistors, IEEE Circuits and Devices 9(6), 1993";
const VAN_DER_ZIEL: &str =
    "van der Ziel, Noise in Solid State Devices and Circuits, 1986; Scholten et al., IEEE TED 50(3), 2003";
const CMC: &str = "Compact Model Coalition, QA of standard models";
const GUMMEL: &str = "error metrics of this toolkit (crate gummel-device, module metrics)";
const PHYSICS: &str = "conservation law";

/// All checks, in the order in which they are reported.
pub const CHECKS: [Check; 39] = [
    Check {
        name: "accuracy",
        title: "Current, sweep by sweep",
        definition: "largest relative rms error of the drain current along one sweep, strong inversion",
        source: GUMMEL,
        unit: "",
        bound: |l| Bound::AtMost(l.accuracy),
        run: accuracy::strong,
    },
    Check {
        name: "accuracy-decades",
        title: "Current in decades, sweep by sweep",
        definition: "largest rms error of log10 of the drain current along one sweep, above ten noise floors",
        source: GUMMEL,
        unit: "decades",
        bound: |l| Bound::AtMost(l.accuracy_decades),
        run: accuracy::decades,
    },
    Check {
        name: "accuracy-leakage",
        title: "Gate and bulk current in decades",
        definition: "largest rms error of log10 of gate or bulk current along one sweep, above ten noise floors",
        source: GUMMEL,
        unit: "decades",
        bound: |l| Bound::AtMost(l.accuracy_leakage),
        run: accuracy::leakage,
    },
    Check {
        name: "accuracy-slopes",
        title: "gm and gds against data",
        definition: "larger relative L2 error of gm and of gds, same finite differences on both sides",
        source: GUMMEL,
        unit: "",
        bound: |l| Bound::AtMost(l.accuracy_slopes),
        run: accuracy::slopes,
    },
    Check {
        name: "accuracy-capacitances",
        title: "Capacitances against data",
        definition: "largest relative L2 error of any kind of capacitance over all its sweeps",
        source: GUMMEL,
        unit: "",
        bound: |l| Bound::AtMost(l.accuracy_capacitances),
        run: capacitances::run,
    },
    Check {
        name: "gummel-symmetry",
        title: "Gummel symmetry",
        definition: "largest jump at vds = 0 of the derivatives of order 0 to 4, over their largest value near it",
        source: MCANDREW,
        unit: "",
        bound: |l| Bound::AtMost(l.gummel_symmetry),
        run: gummel_symmetry::run,
    },
    Check {
        name: "dc-symmetry",
        title: "DC symmetry",
        definition: "largest relative change of any terminal current or conductance when drain and source are exchanged",
        source: SYMMETRY,
        unit: "",
        bound: |l| Bound::AtMost(l.exchange),
        run: exchange::dc,
    },
    Check {
        name: "ac-symmetry",
        title: "AC symmetry",
        definition: "largest relative change of any capacitance when drain and source are exchanged",
        source: SYMMETRY,
        unit: "",
        bound: |l| Bound::AtMost(l.exchange),
        run: exchange::ac,
    },
    Check {
        name: "slope-ratio",
        title: "Slope ratio at kT/2q",
        definition: "distance of (id/vds)/gds from the range 1 .. 1.297, or its rise with vgs",
        source: TSIVIDIS,
        unit: "",
        bound: |l| Bound::AtMost(l.slope_ratio),
        run: slope_ratio::run,
    },
    Check {
        name: "tree-top",
        title: "Tree top of gm/id",
        definition: "largest rise of gm/id with vgs beyond its plateau, over the plateau",
        source: TSIVIDIS,
        unit: "",
        bound: |l| Bound::AtMost(l.tree_top),
        run: efficiency::tree_top,
    },
    Check {
        name: "gm-id-plateau",
        title: "Plateau of gm/id",
        definition: "largest gm/id in units of q/kT",
        source: TSIVIDIS,
        unit: "",
        bound: |l| Bound::AtMost(l.plateau),
        run: efficiency::plateau,
    },
    Check {
        name: "subthreshold-swing",
        title: "Subthreshold swing",
        definition: "smallest swing over half a decade, in units of ln(10) kT/q",
        source: TSIVIDIS,
        unit: "",
        bound: |l| Bound::AtLeast(l.swing),
        run: efficiency::swing,
    },
    Check {
        name: "harmonics",
        title: "Slopes of harmonics",
        definition: "largest difference between the slope of the nth harmonic at vds = 0 (dB per dB) and n",
        source: MCANDREW,
        unit: "",
        bound: |l| Bound::AtMost(l.harmonics),
        run: harmonics::run,
    },
    Check {
        name: "gds-sign",
        title: "Sign of gds",
        definition: "smallest gds/|id| for vds >= 0",
        source: MCANDREW,
        unit: "1/V",
        bound: |l| Bound::AtLeast(l.sign),
        run: signs::gds,
    },
    Check {
        name: "gm-sign",
        title: "Sign of gm",
        definition: "smallest gm/|id| where the channel carries the current",
        source: MCANDREW,
        unit: "1/V",
        bound: |l| Bound::AtLeast(l.sign),
        run: signs::gm,
    },
    Check {
        name: "kinks-gm",
        title: "Kinks of gm",
        definition: "largest jump of slope of gm along vgs, over its largest slope",
        source: MCANDREW,
        unit: "",
        bound: |l| Bound::AtMost(l.kink),
        run: kinks::gm,
    },
    Check {
        name: "kinks-gm-slope",
        title: "Kinks of gm'",
        definition: "largest jump of slope of gm' along vgs, over its largest slope",
        source: MCANDREW,
        unit: "",
        bound: |l| Bound::AtMost(l.kink),
        run: kinks::gm_slope,
    },
    Check {
        name: "kinks-gds",
        title: "Kinks of gds",
        definition: "largest jump of slope of gds along vds, over its largest slope",
        source: MCANDREW,
        unit: "",
        bound: |l| Bound::AtMost(l.kink),
        run: kinks::gds,
    },
    Check {
        name: "passivity",
        title: "Passivity",
        definition: "smallest power into the device over the sum of |I V|",
        source: PHYSICS,
        unit: "",
        bound: |l| Bound::AtLeast(l.passivity),
        run: passivity::passivity,
    },
    Check {
        name: "kirchhoff",
        title: "Kirchhoff's current law",
        definition: "largest sum of the terminal currents over the largest of them",
        source: PHYSICS,
        unit: "",
        bound: |l| Bound::AtMost(l.kirchhoff),
        run: passivity::kirchhoff,
    },
    Check {
        name: "noise",
        title: "Noise at vds = 0",
        definition: "largest relative difference of the thermal noise from 4 k T gds",
        source: MCANDREW,
        unit: "",
        bound: |l| Bound::AtMost(l.noise),
        run: noise::nyquist,
    },
    Check {
        name: "noise-shot",
        title: "Noise in weak inversion",
        definition: "largest relative difference of the noise in saturated weak inversion from 2 q id",
        source: SARPESHKAR,
        unit: "",
        bound: |l| Bound::AtMost(l.noise_shot),
        run: noise::shot,
    },
    Check {
        name: "noise-saturation",
        title: "Noise in saturation",
        definition: "thermal noise in saturated strong inversion over 4 k T gds at vds = 0, the value farthest from its range",
        source: VAN_DER_ZIEL,
        unit: "",
        bound: |l| Bound::Within(l.noise_factor_min, l.noise_factor_max),
        run: noise::saturation,
    },
    Check {
        name: "temperature-threshold",
        title: "Threshold over temperature",
        definition: "d Vth / d T, constant current at vds = 50 mV, the value farthest from its range",
        source: MCANDREW,
        unit: "mV/K",
        bound: |l| Bound::Within(l.threshold_slope_min, l.threshold_slope_max),
        run: temperature::threshold,
    },
    Check {
        name: "temperature-leakage",
        title: "Leakage over temperature",
        definition: "smallest ratio of subthreshold currents at one temperature and the next lower one",
        source: MCANDREW,
        unit: "",
        bound: |l| Bound::AtLeast(l.leakage_ratio),
        run: temperature::leakage,
    },
    Check {
        name: "corner-order",
        title: "Order of corners",
        definition: "smallest ratio of the currents of a faster and a slower corner",
        source: MCANDREW,
        unit: "",
        bound: |l| Bound::AtLeast(l.corner_order),
        run: corners::order,
    },
    Check {
        name: "corner-spread",
        title: "Spread of corners",
        definition: "ratio of the on currents of ff and ss",
        source: MCANDREW,
        unit: "",
        bound: |l| Bound::Within(l.corner_spread_min, l.corner_spread_max),
        run: corners::spread,
    },
    Check {
        name: "corner-scatter",
        title: "Lots between corners",
        definition: "distance of the mean on current (its ln) of 200 drawn lots from tt, in standard deviations of the lots",
        source: MCANDREW,
        unit: "sigma",
        bound: |l| Bound::AtMost(l.corner_scatter),
        run: corners::scatter,
    },
    Check {
        name: "scaling-width",
        title: "Current over width",
        definition: "d ln id / d ln W, the value farthest from its range",
        source: MCANDREW,
        unit: "",
        bound: |l| Bound::Within(l.width_slope_min, l.width_slope_max),
        run: scaling::width,
    },
    Check {
        name: "scaling-length",
        title: "Current over length",
        definition: "d ln id / d ln L, the value farthest from its range",
        source: MCANDREW,
        unit: "",
        bound: |l| Bound::Within(l.length_slope_min, l.length_slope_max),
        run: scaling::length,
    },
    Check {
        name: "unreasonable-bias",
        title: "Unreasonable bias",
        definition: "decades by which currents at up to 100 times the supply exceed those in range",
        source: MCANDREW,
        unit: "decades",
        bound: |l| Bound::AtMost(l.unreasonable),
        run: unreasonable::bias,
    },
    Check {
        name: "unreasonable-geometry",
        title: "Unreasonable geometry",
        definition: "decades by which currents exceed those in range for W or L from a thousandth to a thousand times the device's",
        source: MCANDREW,
        unit: "decades",
        bound: |l| Bound::AtMost(l.unreasonable),
        run: unreasonable::geometry,
    },
    Check {
        name: "unreasonable-temperature",
        title: "Unreasonable temperature",
        definition: "decades by which currents between 1 K and 1000 K exceed those in range",
        source: MCANDREW,
        unit: "decades",
        bound: |l| Bound::AtMost(l.unreasonable),
        run: unreasonable::temperature,
    },
    Check {
        name: "reverse-polarity",
        title: "Reverse polarity",
        definition: "largest relative difference of the other polarity at turned voltages",
        source: CMC,
        unit: "",
        bound: |l| Bound::AtMost(l.variants),
        run: variants::polarity,
    },
    Check {
        name: "common-mode",
        title: "Common mode",
        definition: "largest relative change when 0.3 V are added to all terminals",
        source: CMC,
        unit: "",
        bound: |l| Bound::AtMost(l.variants),
        run: variants::common_mode,
    },
    Check {
        name: "multiplicity",
        title: "Devices in parallel",
        definition: "largest relative difference of three in parallel from three times one",
        source: CMC,
        unit: "",
        bound: |l| Bound::AtMost(l.variants),
        run: variants::multiplicity,
    },
    Check {
        name: "scale",
        title: "Scaled units",
        definition: "largest relative difference of the same transistor with sizes in other units: scale = 1e-6, shrink = 10",
        source: CMC,
        unit: "",
        bound: |l| Bound::AtMost(l.units),
        run: variants::scale,
    },
    Check {
        name: "charge-conservation",
        title: "Charge conservation",
        definition: "largest relative sum of charges, of rows or columns of C, or difference of C from the derivatives of Q",
        source: MCANDREW,
        unit: "",
        bound: |l| Bound::AtMost(l.charges),
        run: charges::conservation,
    },
    Check {
        name: "charge-loop",
        title: "Charge around a loop",
        definition: "what a terminal charge gains around a closed loop of voltages, over what moves on the way",
        source: MCANDREW,
        unit: "",
        bound: |l| Bound::AtMost(l.charge_loop),
        run: charges::closed_loop,
    },
];
