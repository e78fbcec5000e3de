//! The circuit set as checks: each circuit runs in ngspice with default options and must do what it is for.
//!
//! | circuit | number |
//! |---|---|
//! | inverter | largest of: levels off the rails, steps of the transfer the wrong way, what the gain lacks of one |
//! | ring of five | swing of a stage over the supply in the last two periods, zero without oscillation |
//! | inverter, transient | largest relative difference of its delays from those that charges and currents of the model give |
//! | mirror 1:3 | largest relative difference of the copied current from the kernel's |
//! | differential pair | largest of: offset at the input, steps the wrong way, what the gain lacks of one; an output further than a supply beyond its rails |
//! | memory cell | read noise margin over the supply |
//! | transmission gate | smallest conductance between the rails over the largest |
//! | one transistor | largest relative difference of its flicker noise from the netlist's formula |
//!
//! Voltages count in parts of the supply. A circuit that does not converge has no number, which is a failure.

use super::kit::{Kit, Stop};
use super::shape::{falling, largest_rise, largest_slope, noise_margin, rising};
use super::{Circuit, delay, flicker};
use crate::Limits;
use crate::checks::MCANDREW;
use crate::finding::{Bound, Measured, Picture};

/// One circuit of the set.
pub(crate) struct CircuitCheck {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) definition: &'static str,
    pub(crate) bound: fn(&Limits) -> Bound,
    pub(crate) run: fn(&Kit<'_>) -> Result<Measured, Stop>,
}

impl CircuitCheck {
    /// Name, title, definition and source.
    pub(crate) fn heading(&self) -> [&'static str; 4] {
        [self.name, self.title, self.definition, MCANDREW]
    }
}

/// The set.
pub(crate) const CIRCUITS: [CircuitCheck; 8] = [
    CircuitCheck {
        name: "circuit-inverter",
        title: "Inverter",
        definition: "largest of: distance of the levels from the rails, step of the transfer curve the wrong way, over \
                     the supply; what the gain lacks of one",
        bound: |l| Bound::AtMost(l.circuit_defect),
        run: inverter,
    },
    CircuitCheck {
        name: "circuit-ring",
        title: "Ring oscillator",
        definition: "swing of a stage of five over the supply in the last two periods, zero without oscillation",
        bound: |l| Bound::AtLeast(l.circuit_swing),
        run: ring,
    },
    CircuitCheck {
        name: "circuit-delay",
        title: "Delay of an inverter",
        definition: "largest relative difference of the delays of a loaded inverter from what charges and currents of the model \
                     itself give",
        bound: |l| Bound::AtMost(l.circuit_delay),
        run: delay::run,
    },
    CircuitCheck {
        name: "circuit-mirror",
        title: "Current mirror",
        definition: "largest relative difference of the mirrored current from what the model itself gives",
        bound: |l| Bound::AtMost(l.circuit_current),
        run: mirror,
    },
    CircuitCheck {
        name: "circuit-pair",
        title: "Differential pair",
        definition: "largest of: imbalance at equal inputs, step of the transfer curve the wrong way, over the supply; what \
                     the gain lacks of one",
        bound: |l| Bound::AtMost(l.circuit_defect),
        run: differential_pair,
    },
    CircuitCheck {
        name: "circuit-memory-cell",
        title: "Memory cell",
        definition: "read noise margin over the supply: the largest square in a lobe of the butterfly",
        bound: |l| Bound::AtLeast(l.circuit_margin),
        run: memory_cell,
    },
    CircuitCheck {
        name: "circuit-transmission-gate",
        title: "Transmission gate",
        definition: "smallest conductance between the rails over the largest",
        bound: |l| Bound::AtLeast(l.circuit_conductance),
        run: transmission_gate,
    },
    CircuitCheck {
        name: "noise-flicker",
        title: "Flicker noise",
        definition: "largest relative difference of flicker noise from kf |id|^af / f^ef, over currents and frequencies",
        bound: |l| Bound::AtMost(l.noise),
        run: flicker::run,
    },
];

/// Stages of the ring.
const STAGES: usize = 5;
/// Periods that are simulated, as far as one can say before.
const PERIODS: f64 = 16.0;
/// Steps of a sweep from rail to rail; a power of two, so that sweeps end at the rail.
const STEPS: u32 = 256;

/// The worst of named numbers.
fn worst<'a>(defects: &[(f64, &'a str)]) -> (f64, &'a str) {
    let worse = |w: (f64, &'a str), d: &(f64, &'a str)| if d.0 > w.0 || d.0.is_nan() { *d } else { w };
    defects.iter().fold((f64::NEG_INFINITY, ""), worse)
}

fn measured(number: f64, remark: String, picture: Picture) -> Measured {
    Measured { number, worst: None, remark, picture: Some(picture) }
}

/// A curve of one voltage over another.
fn transfer(x: &[f64], y: &[f64], input: &str, output: &str) -> Picture {
    let mut picture = Picture::new(input, "voltage (V)");
    picture.add(output, x, y);
    picture
}

fn inverter(kit: &Kit<'_>) -> Result<Measured, Stop> {
    let (_, _, supply) = kit.both()?;
    let mut circuit = kit.circuit(supply);
    circuit.inverter(());
    let [x, y] = swept(kit, &circuit, ("vin", 0.0, supply), "v(out)")?;
    let (high, low) = (y[0], y[y.len() - 1]);
    let gain = largest_slope(&x, &y);
    let last = y.len() - 1;
    let (number, name) = worst(&[
        ((supply - high).abs().max(low.abs()) / supply, "levels"),
        (largest_rise(&y) / supply, "rise"),
        (1.0 - gain, "gain"),
    ]);
    let at = falling(&x, &y, 0.5 * supply);
    let step = |k: &usize| y[k + 1] - y[*k];
    let far = match name {
        "levels" => Some(if (supply - high).abs() > low.abs() { 0 } else { last }),
        "rise" => (0..last).max_by(|a, b| step(a).total_cmp(&step(b))),
        _ => (0..last).min_by(|a, b| step(a).total_cmp(&step(b))),
    };
    let rail = if kit.judged.channel() == 'n' { 0.0 } else { supply };
    let bias = far.map(|k| [y[k], x[k], rail, rail]);
    let switches = at.first().map_or("nowhere".to_owned(), |v| format!("at {v:.3} V"));
    let remark = format!("{name}; supply {supply:.2} V, gain {gain:.1}, switches {switches}");
    Ok(Measured { worst: bias, ..measured(number, remark, transfer(&x, &y, "input (V)", "output")) })
}

fn ring(kit: &Kit<'_>) -> Result<Measured, Stop> {
    let (n, p, supply) = kit.charged()?;
    let mut circuit = kit.circuit(supply);
    circuit.ring((), STAGES, 0.0);
    // Each stage waits for half of the charge of the one before, twice in a period.
    let charge = n.switched_charge(supply) + 2.0 * p.switched_charge(supply);
    let mut period = STAGES as f64 * charge / n.current(supply, supply).min(2.0 * p.current(supply, supply));
    let (mut t, mut v, mut crossings) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..2 {
        let control = format!("tran {:e} {:e}\nwrdata out.txt v(n1)", period / 100.0, PERIODS * period);
        let run = kit.run(&circuit, &control)?;
        (t, v) = (run.column(0), run.column(1));
        crossings = rising(&t, &v, 0.5 * supply);
        if crossings.len() > 2 {
            break;
        }
        // Perhaps it is slower than its largest current lets expect.
        period *= 10.0;
    }
    let picoseconds: Vec<f64> = t.iter().map(|t| 1e12 * t).collect();
    let picture = transfer(&picoseconds, &v, "time (ps)", "stage 1");
    let [.., third, second, last] = crossings.as_slice() else {
        return Ok(measured(0.0, format!("no oscillation, supply {supply:.2} V"), picture));
    };
    let inside = t.iter().zip(&v).filter(|(t, _)| (*third..=*last).contains(*t)).map(|(_, v)| *v);
    let (low, high) = inside.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let period = 1e12 * (last - second);
    let remark = format!("supply {supply:.2} V, period {period:.2} ps, {:.3} ps a stage", 0.1 * period);
    Ok(measured((high - low) / supply, remark, picture))
}

fn mirror(kit: &Kit<'_>) -> Result<Measured, Stop> {
    let (part, supply) = (&kit.judged, kit.supply()?);
    let gate = 0.6 * supply;
    let reference = part.current(gate, gate);
    let mut circuit = kit.circuit(supply);
    circuit.mirror(part.channel(), (), reference);
    let (s, first) = (part.instance.sign(), supply / 16.0);
    let (rail, from, to) = if s > 0.0 { (0.0, first, supply) } else { (supply, 0.0, supply - first) };
    let [x, i] = swept(kit, &circuit, ("vout", from, to), "i(vout)")?;
    let expected: Vec<f64> = x.iter().map(|out| 3.0 * part.current(gate, (out - rail).abs())).collect();
    let found: Vec<f64> = i.iter().map(|i| -s * i).collect();
    let apart = |k: usize| (found[k] / expected[k] - 1.0).abs();
    let far = (0..x.len()).max_by(|a, b| apart(*a).total_cmp(&apart(*b))).unwrap_or(0);
    let mut picture = Picture::new("output (V)", "mirrored current (A)");
    picture.add("ngspice", &x, &found);
    picture.add("kernel", &x, &expected);
    let remark = format!("one to three, reference {reference:.3e} A");
    let at = [x[far], rail + s * gate, rail, rail];
    Ok(Measured { worst: Some(at), ..measured(apart(far), remark, picture) })
}

fn differential_pair(kit: &Kit<'_>) -> Result<Measured, Stop> {
    let (n, _, supply) = kit.both()?;
    let (common, half) = (0.5625 * supply, 0.1875 * supply);
    let current = 2.0 * n.current(0.45 * supply, 0.5 * supply);
    let mut circuit = kit.circuit(supply);
    circuit.differential_pair((), common, current);
    let [x, out, a] = swept(kit, &circuit, ("vp", common - half, common + half), "v(out) v(a)")?;
    let gain = largest_slope(&x, &out);
    // Both sides of the pair are alike: at equal inputs the output is where the mirror's input is, up to what the
    // simulator's tolerance makes of a high resistance. Seen from the input, it is a small voltage.
    let equal = (0..x.len()).min_by(|i, j| (x[*i] - common).abs().total_cmp(&(x[*j] - common).abs()));
    let equal = equal.unwrap_or(0);
    let down: Vec<f64> = out.iter().map(|v| -v).collect();
    // A dead mirror leaves the output to the tail's current source, which draws it to kilovolts: its shape there means nothing.
    let beyond = out.iter().map(|v| (v - supply).max(-v)).fold(0.0, f64::max) / supply;
    let (number, name) = if beyond > 1.0 {
        (beyond, "output beyond its rails")
    } else {
        worst(&[
            ((out[equal] - a[equal]).abs() / gain.max(1.0) / supply, "offset"),
            (largest_rise(&down) / supply, "fall"),
            (1.0 - gain, "gain"),
        ])
    };
    let mut picture = transfer(&x, &out, "input (V)", "output");
    picture.add("mirror", &x, &a);
    let remark = format!("{name}; supply {supply:.2} V, tail {current:.3e} A, gain {gain:.1}");
    Ok(measured(number, remark, picture))
}

fn memory_cell(kit: &Kit<'_>) -> Result<Measured, Stop> {
    let (_, _, supply) = kit.both()?;
    let mut circuit = kit.circuit(supply);
    circuit.memory_cell(());
    let [x, y] = swept(kit, &circuit, ("vin", 0.0, supply), "v(out)")?;
    let margin = noise_margin(&x, &y);
    let mut picture = transfer(&x, &y, "one side (V)", "the other side");
    let (mirrored, ascending): (Vec<f64>, Vec<f64>) = y.iter().copied().zip(x.iter().copied()).rev().unzip();
    picture.add("mirrored", &mirrored, &ascending);
    Ok(measured(margin / supply, format!("{:.0} mV at a supply of {supply:.2} V", 1e3 * margin), picture))
}

fn transmission_gate(kit: &Kit<'_>) -> Result<Measured, Stop> {
    let (_, _, supply) = kit.both()?;
    let difference = supply / 32.0;
    let mut circuit = kit.circuit(supply);
    circuit.transmission_gate((), difference);
    let [x, i] = swept(kit, &circuit, ("vin", 0.0, supply - difference), "i(vout)")?;
    let conductance: Vec<f64> = i.iter().map(|i| -i / difference).collect();
    let low = conductance.iter().fold(f64::INFINITY, |m, g| m.min(*g));
    let high = conductance.iter().fold(0.0, |m: f64, g| m.max(g.abs()));
    let mut picture = Picture::new("input (V)", "conductance (S)");
    picture.add("gate", &x, &conductance);
    let remark = format!("{low:.3e} to {high:.3e} S, supply {supply:.2} V");
    let least = (0..x.len()).min_by(|a, b| conductance[*a].total_cmp(&conductance[*b]));
    let (gate, bulk) = if kit.judged.channel() == 'n' { (supply, 0.0) } else { (0.0, supply) };
    let bias = least.map(|k| [x[k], gate, x[k] + difference, bulk]);
    Ok(Measured { worst: bias, ..measured(low / high, remark, picture) })
}

/// Columns of a DC sweep of a source: its voltage, then what is `shown`. All sweeps have as many steps from rail to rail.
fn swept<const N: usize>(
    kit: &Kit<'_>,
    circuit: &Circuit<&Kit<'_>>,
    (source, from, to): (&str, f64, f64),
    shown: &str,
) -> Result<[Vec<f64>; N], Stop> {
    let step = kit.supply()? / f64::from(STEPS);
    let control = format!("dc {source} {from:e} {to:e} {step:e}\nwrdata out.txt {shown}");
    let run = kit.run(circuit, &control)?;
    Ok(std::array::from_fn(|k| run.column(k)))
}
