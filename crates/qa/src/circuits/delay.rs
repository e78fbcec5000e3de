//! Delay of an inverter: the simulator's transient against one that is made of the model's own charges and currents.
//!
//! ```text
//! d/dt ( C v + Qn(v, vin) + 2 Qp(v, vin) ) + In(v, vin) + 2 Ip(v, vin) = 0
//! ```
//! `v` is the voltage of the output (V), `vin` that of the input, a pulse with ramps; `Q` and `I` are charge (C) and current (A) into
//! the drains of one n-channel and two p-channel transistors, `C` a load (F). The equation is solved by the trapezoidal rule with
//! steps a hundred times shorter than the ramps.

use gummel_kernel::Instance;

use super::kit::{Kit, Stop};
use super::shape::{falling, rising};
use crate::device::D;
use crate::finding::{Measured, Picture};

/// Ramp of the input in units of the time that the largest current needs for the charge of a stage.
const RAMP: f64 = 0.5;
/// Time after each ramp, in the same units.
const REST: f64 = 12.0;
/// Steps of a ramp: of the own solution, and at least of the simulator's.
const OWN_STEPS: f64 = 100.0;
const SIMULATED_STEPS: f64 = 20.0;

/// An inverter with a load.
struct Stage<'a> {
    n: &'a Instance,
    p: &'a Instance,
    supply: f64,
    load: f64,
}

/// A pulse from ground to the supply and back.
#[derive(Clone, Copy)]
struct Pulse {
    ramp: f64,
    rest: f64,
}

impl Pulse {
    fn end(self) -> f64 {
        3.0 * self.ramp + 2.0 * self.rest
    }

    /// Part of the supply at time `t` (s).
    fn at(self, t: f64) -> f64 {
        let up = (t - self.ramp) / self.ramp;
        let down = (t - 2.0 * self.ramp - self.rest) / self.ramp;
        up.clamp(0.0, 1.0) - down.clamp(0.0, 1.0)
    }

    /// The source's words in a netlist, for a supply in V.
    fn words(self, supply: f64) -> String {
        let Pulse { ramp, rest } = self;
        format!("pulse(0 {supply:e} {ramp:e} {ramp:e} {ramp:e} {rest:e} {:e})", 2.0 * self.end())
    }
}

/// Charge (C) and current (A) that leave the output, and their derivatives by its voltage.
struct Output {
    charge: f64,
    current: f64,
    capacitance: f64,
    conductance: f64,
}

impl Stage<'_> {
    fn output(&self, vin: f64, v: f64) -> Output {
        let mut all =
            Output { charge: self.load * v, current: 0.0, capacitance: self.load, conductance: 0.0 };
        for (device, rail, parallel) in [(self.n, 0.0, 1.0), (self.p, self.supply, 2.0)] {
            let point = device.eval([v, vin, rail, rail]);
            all.charge += parallel * point.charges()[D];
            all.current += parallel * point.currents()[D];
            all.capacitance += parallel * point.capacitances()[D][D];
            all.conductance += parallel * point.conductances()[D][D];
        }
        all
    }

    /// The voltage at which `residual` of the output, which rises with it, is zero.
    fn solve(&self, vin: f64, start: f64, residual: impl Fn(&Output) -> [f64; 2]) -> f64 {
        let mut v = start;
        for _ in 0..100 {
            let [value, slope] = residual(&self.output(vin, v));
            let step = (-value / slope).clamp(-0.1, 0.1);
            v += step;
            if step.abs() < 1e-12 {
                break;
            }
        }
        v
    }

    /// Times, s, and voltages of the output, V.
    fn transient(&self, pulse: Pulse) -> (Vec<f64>, Vec<f64>) {
        let h = pulse.ramp / OWN_STEPS;
        let steps = (pulse.end() / h).round() as usize;
        let mut v = self.solve(0.0, self.supply, |o| [o.current, o.conductance]);
        let mut before = self.output(0.0, v);
        let (mut times, mut voltages) = (vec![0.0], vec![v]);
        for k in 1..=steps {
            let t = h * k as f64;
            let vin = self.supply * pulse.at(t);
            let known = before.charge - 0.5 * h * before.current;
            v = self.solve(vin, v, |o| {
                [o.charge + 0.5 * h * o.current - known, o.capacitance + 0.5 * h * o.conductance]
            });
            before = self.output(vin, v);
            times.push(t);
            voltages.push(v);
        }
        (times, voltages)
    }
}

/// Delays of the falling and of the rising output, s, from the moments when the input passes half of the supply.
fn delays(times: &[f64], output: &[f64], pulse: Pulse, supply: f64) -> Option<[f64; 2]> {
    let half = 0.5 * supply;
    let [up, down] = [1.5 * pulse.ramp, 2.5 * pulse.ramp + pulse.rest];
    let fall = falling(times, output, half).into_iter().find(|t| *t > pulse.ramp)?;
    let rise = rising(times, output, half).into_iter().find(|t| *t > fall)?;
    Some([fall - up, rise - down])
}

/// Largest relative difference of the two delays.
pub(super) fn run(kit: &Kit<'_>) -> Result<Measured, Stop> {
    let (n, p, supply) = kit.charged()?;
    let charge = n.switched_charge(supply) + 2.0 * p.switched_charge(supply);
    let mut time = charge / n.current(supply, supply).min(2.0 * p.current(supply, supply));
    // As much again as the stage has itself: the next one.
    let load = charge / supply;
    let stage = Stage { n: &n.instance, p: &p.instance, supply, load };
    let mut patient = false;
    let (mut simulated, mut own, mut both);
    loop {
        let pulse = Pulse { ramp: RAMP * time, rest: REST * time };
        let mut circuit = kit.circuit(supply);
        circuit.supply().add(&format!("vin in 0 {}\nc1 out 0 {load:e}", pulse.words(supply)));
        circuit.stage((), "in", "out");
        let step = pulse.ramp / SIMULATED_STEPS;
        let control = format!("tran {step:e} {:e} 0 {step:e}\nwrdata out.txt v(out)", pulse.end());
        let run = kit.run(&circuit, &control)?;
        simulated = (run.column(0), run.column(1));
        own = stage.transient(pulse);
        both = [&simulated, &own].map(|(t, v)| delays(t, v, pulse, supply));
        if patient || both.iter().all(Option::is_some) {
            break;
        }
        // Perhaps it is slower than its largest current lets expect.
        time *= 10.0;
        patient = true;
    }
    let mut picture = Picture::new("time (ps)", "output (V)");
    for (name, (t, v)) in [("ngspice", &simulated), ("model alone", &own)] {
        picture.add(name, &t.iter().map(|t| 1e12 * t).collect::<Vec<_>>(), v);
    }
    let [Some(there), Some(here)] = both else {
        let remark = format!("does not switch, supply {supply:.2} V");
        return Ok(Measured { number: f64::INFINITY, worst: None, remark, picture: Some(picture) });
    };
    let number = (0..2).map(|k| (there[k] / here[k] - 1.0).abs()).fold(0.0, f64::max);
    let [fall, rise] = there.map(|t| 1e12 * t);
    let remark = format!(
        "supply {supply:.2} V, load {:.3} fF: falls after {fall:.3} ps, rises after {rise:.3} ps",
        1e15 * load
    );
    Ok(Measured { number, worst: None, remark, picture: Some(picture) })
}
