//! The circuit set: small circuits of n- and p-channel transistors as netlists, whatever the transistors are.
//!
//! Reading order: this file (the netlists), [`shape`] (numbers from curves), `kit` (exported transistors), `set` (the
//! checks made of all these), `delay` and `flicker` (two of them that need more words).

mod delay;
mod flicker;
pub(crate) mod kit;
pub(crate) mod set;
pub mod shape;

/// What the transistors of a circuit are in a netlist.
pub trait Transistors {
    /// Sizes to choose from.
    type Size: Copy;

    /// Lines that make models known.
    fn cards(&self) -> String;

    /// Commands that load what the cards speak of.
    fn load(&self) -> String;

    /// The line of transistor `number`: `channel` `n` or `p`, `nodes` drain, gate, source, bulk, `m` in parallel.
    fn element(&self, number: usize, channel: char, size: Self::Size, nodes: &str, m: u32) -> String;
}

/// A netlist under construction; its supply is called `vdd`, as node, source and parameter.
#[derive(Clone, Debug)]
pub struct Circuit<T: Transistors> {
    transistors: T,
    text: String,
    count: usize,
}

impl<T: Transistors> Circuit<T> {
    /// Nothing but models, at a supply (V) and temperature (Celsius).
    pub fn new(transistors: T, supply: f64, celsius: f64) -> Self {
        let cards = transistors.cards();
        let text = format!("* circuit\n.temp {celsius}\n.param vdd={supply:e}\n{}\n", cards.trim_end());
        Circuit { transistors, text, count: 0 }
    }

    /// The transistors.
    pub fn transistors(&self) -> &T {
        &self.transistors
    }

    /// Adds lines as they are.
    pub fn add(&mut self, lines: &str) -> &mut Self {
        self.text.push_str(lines);
        self.text.push('\n');
        self
    }

    /// Adds a transistor between nodes drain, gate, source, bulk; `m` of them in parallel.
    pub fn transistor(&mut self, channel: char, size: T::Size, nodes: &str, m: u32) -> &mut Self {
        self.count += 1;
        let line = self.transistors.element(self.count, channel, size, nodes, m);
        self.add(&line)
    }

    /// The netlist with commands that run it; the table goes to `out.txt`.
    pub fn deck(&self, control: &str) -> String {
        format!(
            "{}.control\n{}\nset num_threads=1\nset wr_singlescale\nset numdgt=15\n{control}\n.endc\n.end\n",
            self.text,
            self.transistors.load().trim_end()
        )
    }

    /// The supply.
    pub fn supply(&mut self) -> &mut Self {
        self.add("vdd vdd 0 {vdd}")
    }

    /// A stage of one n-channel and two p-channel transistors in parallel.
    pub fn stage(&mut self, size: T::Size, input: &str, output: &str) -> &mut Self {
        self.transistor('p', size, &format!("{output} {input} vdd vdd"), 2);
        self.transistor('n', size, &format!("{output} {input} 0 0"), 1)
    }

    /// An inverter from `in` to `out`, driven by `vin`.
    pub fn inverter(&mut self, size: T::Size) -> &mut Self {
        self.supply().add("vin in 0 0").stage(size, "in", "out")
    }

    /// A ring of inverters between nodes `n0`, `n1` ..., each with `load` (F) to ground; it starts with `n0` low.
    pub fn ring(&mut self, size: T::Size, stages: usize, load: f64) -> &mut Self {
        self.supply().add(".ic v(n0)=0");
        for k in 0..stages {
            self.stage(size, &format!("n{k}"), &format!("n{}", (k + 1) % stages));
            if load > 0.0 {
                self.add(&format!("c{k} n{k} 0 {load:e}"));
            }
        }
        self
    }

    /// A current mirror one to three: `reference` (A) into a diode at `ref`, the copies at `out`, held by `vout`.
    pub fn mirror(&mut self, channel: char, size: T::Size, reference: f64) -> &mut Self {
        self.supply().add("vout out 0 0");
        let (ends, rail) = if channel == 'n' { ("vdd ref", "0") } else { ("ref 0", "vdd") };
        self.add(&format!("iref {ends} {reference:e}"));
        self.transistor(channel, size, &format!("ref ref {rail} {rail}"), 1);
        self.transistor(channel, size, &format!("out ref {rail} {rail}"), 3)
    }

    /// An n-channel pair with a mirror as load, from `vp` and `vn`, at `common` (V) both, to `out`; a source takes
    /// `current` (A) from the node `tail`.
    pub fn differential_pair(&mut self, size: T::Size, common: f64, current: f64) -> &mut Self {
        self.supply().add(&format!("vp p 0 {common:e}\nvn n 0 {common:e}\nitail tail 0 {current:e}"));
        self.transistor('n', size, "a p tail 0", 1).transistor('n', size, "out n tail 0", 1);
        self.transistor('p', size, "a a vdd vdd", 1).transistor('p', size, "out a vdd vdd", 1)
    }

    /// Half of a memory cell while it is read, from `vin` to `out`: pull-up, pull-down twice as strong, open access
    /// transistor to a bit line at the supply.
    pub fn memory_cell(&mut self, size: T::Size) -> &mut Self {
        self.supply().add("vin in 0 0");
        self.transistor('p', size, "out in vdd vdd", 1).transistor('n', size, "out in 0 0", 2);
        self.transistor('n', size, "vdd vdd out 0", 1)
    }

    /// An open transmission gate with `difference` (V) across it: `vin` at one end, `vout` from there to the other.
    pub fn transmission_gate(&mut self, size: T::Size, difference: f64) -> &mut Self {
        self.supply();
        self.add(&format!("vin in 0 0\nvout out in {difference:e}"));
        self.transistor('n', size, "in vdd out 0", 1).transistor('p', size, "in 0 out vdd", 2)
    }
}
