//! Netlists of the sweeps, and the step from ngspice's operating-point frame to terminal quantities.

use std::path::Path;

/// A transistor type of demo130.
#[derive(Clone, Copy)]
pub(crate) struct Channel {
    pub(crate) name: &'static str,
    pub(crate) polarity: &'static str,
    /// +1 for n, -1 for p.
    pub(crate) sign: f64,
}

pub(crate) const CHANNELS: [Channel; 2] =
    [Channel { name: "nmos", polarity: "n", sign: 1.0 }, Channel { name: "pmos", polarity: "p", sign: -1.0 }];

/// Width and length, m.
pub(crate) const GEOMETRIES: [(f64, f64); 8] = [
    (10e-6, 0.13e-6),
    (10e-6, 0.3e-6),
    (10e-6, 1e-6),
    (10e-6, 10e-6),
    (1e-6, 0.13e-6),
    (1e-6, 1e-6),
    (0.2e-6, 0.13e-6),
    (0.2e-6, 10e-6),
];

/// Degrees Celsius.
pub(crate) const TEMPERATURES: [f64; 3] = [-40.0, 27.0, 125.0];
pub(crate) const CORNERS: [&str; 5] = ["tt", "ff", "ss", "sf", "fs"];

/// Columns of a row: voltages, terminal currents, then what only a simulator knows.
pub(crate) const COLUMNS: [&str; 20] = [
    "vd", "vg", "vs", "vb", "id", "ig", "is", "ib", "gm", "gds", "gmb", "qg", "qd", "qb", "cgg", "cgd",
    "cgs", "cdg", "cdd", "cbg",
];
/// Number of columns that a laboratory has.
pub(crate) const MEASURABLE: usize = 8;

/// Length of source and drain diffusion, m.
const DIFFUSION: f64 = 0.34e-6;

/// Density of the bias grid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grid {
    /// For the set with operating points: exact derivatives make up for fewer points.
    Coarse,
    /// For the measured-like set.
    Fine,
}

pub(crate) struct Device {
    pub(crate) channel: Channel,
    pub(crate) w: f64,
    pub(crate) l: f64,
    pub(crate) celsius: f64,
    pub(crate) corner: &'static str,
}

/// One family of curves: an inner sweep and one or two outer ones, in volts of the n-channel mirror.
pub(crate) struct Sweep {
    pub(crate) name: &'static str,
    /// Inner source, start, stop, step.
    inner: (&'static str, f64, f64, f64),
    /// Middle source, start, stop, step.
    middle: (&'static str, f64, f64, f64),
    /// Fixed source and value.
    fixed: (&'static str, f64),
}

pub(crate) fn sweeps(grid: Grid) -> Vec<Sweep> {
    let mut all = Vec::new();
    for vd in [0.05, 0.6, 1.2] {
        all.push(Sweep {
            name: "idvg",
            inner: ("vg", -0.3, 1.35, 0.05),
            middle: ("vb", 0.0, -1.2, if grid == Grid::Fine { -0.3 } else { -0.6 }),
            fixed: ("vd", vd),
        });
    }
    for vb in [0.0, -0.6] {
        all.push(Sweep {
            name: "idvd",
            inner: ("vd", 0.0, 1.2, if grid == Grid::Fine { 0.05 } else { 0.1 }),
            middle: ("vg", 0.3, 1.2, 0.15),
            fixed: ("vb", vb),
        });
    }
    all
}

impl Device {
    pub(crate) fn label(&self) -> String {
        format!("W{}u_L{}u", micro(self.w), micro(self.l))
    }

    pub(crate) fn file(&self) -> String {
        format!("{}_{}_{}_{}.csv", self.channel.name, self.label(), self.celsius, self.corner)
    }

    /// ngspice prints BSIM4's charges of a p-channel transistor in the n-channel frame; currents come
    /// from the sources' branches, which count out of the device.
    pub(crate) fn terminal_convention(&self, printed: &[f64]) -> Vec<f64> {
        let charges = column("qg");
        printed
            .iter()
            .enumerate()
            .map(|(k, v)| match k {
                4..=7 => -v,
                _ if (charges..charges + 3).contains(&k) => self.channel.sign * v,
                _ => *v,
            })
            .collect()
    }
}

fn micro(metres: f64) -> f64 {
    (metres * 1e9).round() / 1e3
}

/// Frequency of the AC analysis that finds the overlap capacitances, Hz.
pub(crate) const OVERLAP_FREQUENCY: f64 = 1e6;

/// Position of a column of [`COLUMNS`].
pub(crate) fn column(name: &str) -> usize {
    COLUMNS.iter().position(|c| *c == name).unwrap_or_else(|| unreachable!("no column {name}"))
}

/// Model, sources and transistor; diffusions reach 0.34 um from the gate.
fn circuit(device: &Device, library: &Path, [vd, vg, vb]: [&str; 3]) -> String {
    let Device { w, l, .. } = device;
    let (area, perimeter) = (w * DIFFUSION, 2.0 * (w + DIFFUSION));
    format!(
        "* {file}\n.lib '{lib}' {corner}\n.temp {celsius}\n\
         .options gmin=1e-18 reltol=1e-6 abstol=1e-18 vntol=1e-9\n\
         vd d 0 {vd}\nvg g 0 {vg}\nvs s 0 0\nvb b 0 {vb}\n\
         m1 d g s b {model} w={w:e} l={l:e} ad={area:e} as={area:e} pd={perimeter:e} ps={perimeter:e}\n",
        file = device.file(),
        lib = library.display(),
        corner = device.corner,
        celsius = device.celsius,
        model = device.channel.name,
    )
}

/// The deck of one sweep; ngspice writes a line a bias point to `out`.
pub(crate) fn netlist(device: &Device, library: &Path, sweep: &Sweep, out: &Path) -> String {
    let s = device.channel.sign;
    let source = |(name, start, stop, step): (&str, f64, f64, f64)| {
        // A hundredth of a step beyond the end, so that rounding cannot lose the last point.
        format!("{name} {} {} {}", s * start, s * (stop + 0.01 * step), s * step)
    };
    let value = |name: &str| {
        let v = if sweep.fixed.0 == name { s * sweep.fixed.1 } else { 0.0 };
        v.to_string()
    };
    let point = "v(d) v(g) v(s) v(b) i(vd) i(vg) i(vs) i(vb) @m1[gm] @m1[gds] @m1[gmbs] @m1[qg] @m1[qd] @m1[qb] \
                 @m1[cgg] @m1[cgd] @m1[cgs] @m1[cdg] @m1[cdd] @m1[cbg]";
    format!(
        "{circuit}.control\nset wr_singlescale\nset numdgt=10\nsave {point}\n\
         dc {inner} {middle}\nwrdata {out} {point}\nquit\n.endc\n.end\n",
        circuit = circuit(device, library, [&value("vd"), &value("vg"), &value("vb")]),
        inner = source(sweep.inner),
        middle = source(sweep.middle),
        out = out.display(),
    )
}

/// The deck that prints the gate's capacitances at one bias, of the operating point and of an AC analysis.
pub(crate) fn overlap(device: &Device, library: &Path) -> String {
    let gate = format!("{} ac 1", 0.6 * device.channel.sign);
    let drain = (0.6 * device.channel.sign).to_string();
    format!(
        "{circuit}.control\nset numdgt=10\nsave all @m1[cgg] @m1[cdg] @m1[cbg]\n\
         op\nprint @m1[cgg] @m1[cdg] @m1[cbg]\n\
         ac lin 1 {OVERLAP_FREQUENCY:e} {OVERLAP_FREQUENCY:e}\nprint imag(i(vd)) imag(i(vs))\nquit\n.endc\n.end\n",
        circuit = circuit(device, library, [&drain, &gate, "0"]),
    )
}
