//! The smallest simulator that can load an OSDI library: memory, matrix elements, vectors and a log.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::ptr::null_mut;

use gummel_osdi::abi::{
    ACCESS_INSTANCE, ACCESS_SET, ANALYSIS_TRAN, Descriptor, InitInfo, SimInfo, SimParas, TYPE_STRING,
};

/// Wants everything: currents, charges, derivatives, noise, operating point.
pub(crate) const EVERYTHING: u32 = 63;
const N: usize = 4;

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

unsafe extern "C" fn write_log(_handle: *mut c_void, message: *mut c_char, level: u32) {
    let text = unsafe { CStr::from_ptr(message) }.to_str().unwrap();
    LOG.with_borrow_mut(|log| log.push(format!("{level} {}", text.trim_end())));
}

/// A loaded library.
pub(crate) struct Library {
    raw: libloading::Library,
}

impl Library {
    pub(crate) fn load(path: &Path) -> Self {
        let raw = unsafe { libloading::Library::new(path) }.unwrap();
        unsafe {
            let slot = raw.get::<*mut *const c_void>(b"osdi_log\0").unwrap();
            **slot = write_log as *const c_void;
        }
        Library { raw }
    }

    pub(crate) fn number(&self, symbol: &str) -> Option<u32> {
        let name = CString::new(symbol).unwrap();
        unsafe { self.raw.get::<*const u32>(name.as_bytes_with_nul()) }.ok().map(|s| unsafe { **s })
    }

    pub(crate) fn descriptors(&self) -> Vec<&Descriptor> {
        let stride = self.number("OSDI_DESCRIPTOR_SIZE").unwrap_or(size_of::<Descriptor>() as u32) as usize;
        let table = unsafe { self.raw.get::<*const u8>(b"OSDI_DESCRIPTORS\0") }.unwrap();
        (0..self.number("OSDI_NUM_DESCRIPTORS").unwrap() as usize)
            .map(|k| unsafe { &*table.add(k * stride).cast::<Descriptor>() })
            .collect()
    }

    pub(crate) fn device(&self, name: &str) -> Device<'_> {
        let named = |d: &&Descriptor| unsafe { CStr::from_ptr(d.name) }.to_str().unwrap() == name;
        Device { descriptor: self.descriptors().into_iter().find(named).unwrap() }
    }
}

/// A type of device.
#[derive(Clone, Copy)]
pub(crate) struct Device<'a> {
    pub(crate) descriptor: &'a Descriptor,
}

/// Value of a parameter.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Real(f64),
    Text(&'static str),
}

impl From<f64> for Value {
    fn from(v: f64) -> Self {
        Value::Real(v)
    }
}

impl From<&'static str> for Value {
    fn from(v: &'static str) -> Self {
        Value::Text(v)
    }
}

impl<'a> Device<'a> {
    /// Name of parameter or operating-point variable `id`.
    fn name(&self, id: u32) -> &'a str {
        unsafe { CStr::from_ptr(*(*self.descriptor.param_opvar.add(id as usize)).name) }.to_str().unwrap()
    }

    pub(crate) fn id(&self, name: &str) -> u32 {
        let all = self.descriptor.num_params + self.descriptor.num_opvars;
        (0..all).find(|&k| self.name(k) == name).unwrap_or_else(|| panic!("no parameter {name}"))
    }

    /// An instance at 300.15 K, or the messages with which the library refuses.
    pub(crate) fn instance(&self, parameters: &[(&str, Value)]) -> Result<Instance<'a>, Vec<String>> {
        let mut instance = self.bare(parameters);
        instance.setup(300.15).map(|_| instance)
    }

    /// The same before its setup.
    pub(crate) fn bare(&self, parameters: &[(&str, Value)]) -> Instance<'a> {
        let mut instance = Instance::new(*self);
        for (name, value) in parameters {
            instance.set(name, value.clone());
        }
        instance
    }
}

/// Zeroed memory aligned to 16 bytes.
struct Memory {
    at: *mut u8,
    layout: Layout,
}

impl Memory {
    fn new(bytes: u32) -> Self {
        assert_eq!(bytes % 16, 0, "ngspice puts aligned data behind the block");
        let layout = Layout::from_size_align(bytes as usize, 16).unwrap();
        Memory { at: unsafe { alloc_zeroed(layout) }, layout }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        unsafe { dealloc(self.at, self.layout) }
    }
}

/// An instance with a model line of its own, connected to nodes 1 to 4.
pub(crate) struct Instance<'a> {
    device: Device<'a>,
    instance: Memory,
    model: Memory,
    strings: Vec<CString>,
    resist: Box<[f64; N * N]>,
    react: Box<[f64; N * N]>,
}

/// A matrix, row by row.
pub(crate) type Matrix = [[f64; N]; N];

impl<'a> Instance<'a> {
    fn new(device: Device<'a>) -> Self {
        let d = device.descriptor;
        assert_eq!((d.num_nodes, d.num_terminals, d.num_jacobian_entries, d.num_states), (4, 4, 16, 0));
        Instance {
            device,
            instance: Memory::new(d.instance_size),
            model: Memory::new(d.model_size),
            strings: Vec::new(),
            resist: Box::new([0.0; N * N]),
            react: Box::new([0.0; N * N]),
        }
    }

    fn blocks(&self) -> (*mut c_void, *mut c_void) {
        (self.instance.at.cast(), self.model.at.cast())
    }

    fn at<T>(&self, offset: u32) -> *mut T {
        unsafe { self.instance.at.add(offset as usize).cast() }
    }

    /// Gives a parameter, instance parameters on the instance line.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        let d = self.device.descriptor;
        let id = self.device.id(name);
        let (instance, model) = self.blocks();
        let slot = unsafe {
            if id < d.num_instance_params {
                (d.access)(instance, null_mut(), id, ACCESS_SET | ACCESS_INSTANCE)
            } else {
                (d.access)(null_mut(), model, id, ACCESS_SET)
            }
        };
        let is_text = unsafe { (*d.param_opvar.add(id as usize)).flags } & 3 == TYPE_STRING;
        match value {
            Value::Real(v) => {
                assert!(!is_text, "{name} is a string");
                unsafe { *slot.cast::<f64>() = v }
            }
            Value::Text(v) => {
                assert!(is_text, "{name} is a number");
                self.strings.push(CString::new(v).unwrap());
                unsafe { *slot.cast::<*const c_char>() = self.strings.last().unwrap().as_ptr() }
            }
        }
    }

    /// Runs both setups; gives warnings, or the messages of a refusal.
    pub(crate) fn setup(&mut self, temperature: f64) -> Result<Vec<String>, Vec<String>> {
        self.setup_with(temperature, &[])
    }

    /// The same in a simulator with parameters of its own.
    pub(crate) fn setup_with(
        &mut self,
        temperature: f64,
        simulator: &[(&CStr, f64)],
    ) -> Result<Vec<String>, Vec<String>> {
        let d = self.device.descriptor;
        let (instance, model) = self.blocks();
        LOG.with_borrow_mut(Vec::clear);
        let mut names: Vec<*mut c_char> =
            simulator.iter().map(|(name, _)| name.as_ptr().cast_mut()).collect();
        names.push(null_mut());
        let mut values: Vec<f64> = simulator.iter().map(|(_, value)| *value).collect();
        let mut paras = SimParas {
            names: names.as_mut_ptr(),
            vals: values.as_mut_ptr(),
            names_str: &mut null_mut(),
            vals_str: null_mut(),
        };
        // What ngspice passes is uninitialised: rubbish has to be overwritten.
        let rubbish = || InitInfo { flags: 0xdead_beef, num_errors: 77, errors: 8 as *mut _ };
        let (mut of_model, mut of_instance) = (rubbish(), rubbish());
        unsafe { (d.setup_model)(null_mut(), model, &mut paras, &mut of_model) };
        if of_model.flags == 0 {
            unsafe {
                (d.setup_instance)(null_mut(), instance, model, temperature, 4, &mut paras, &mut of_instance);
            }
            assert_eq!(of_instance.num_errors, 0);
        }
        assert_eq!(of_model.num_errors, 0);
        let messages = LOG.with_borrow(Clone::clone);
        if of_model.flags != 0 || of_instance.flags != 0 {
            return Err(messages);
        }
        self.connect();
        Ok(messages)
    }

    fn connect(&mut self) {
        let d = self.device.descriptor;
        for k in 0..N {
            unsafe { *self.at::<u32>(d.node_mapping_offset).add(k) = k as u32 + 1 };
        }
        for e in 0..N * N {
            let entry = unsafe { &*d.jacobian_entries.add(e) };
            assert_eq!((entry.nodes.node_1 as usize, entry.nodes.node_2 as usize), (e / N, e % N));
            unsafe {
                *self.at::<*mut f64>(d.jacobian_ptr_resist_offset).add(e) = &mut self.resist[e];
                *self.at::<*mut f64>(entry.react_ptr_off) = &mut self.react[e];
            }
        }
    }

    /// Evaluates at terminal voltages; `time` makes it an iteration of a transient.
    pub(crate) fn eval(&mut self, v: [f64; N], time: Option<f64>) -> u32 {
        let (instance, model) = self.blocks();
        let mut solution = [0.0, v[0], v[1], v[2], v[3]];
        let info = SimInfo {
            paras: SimParas {
                names: null_mut(),
                vals: null_mut(),
                names_str: null_mut(),
                vals_str: null_mut(),
            },
            abstime: time.unwrap_or(0.0),
            prev_solve: solution.as_mut_ptr(),
            prev_state: null_mut(),
            next_state: null_mut(),
            flags: EVERYTHING | if time.is_some() { ANALYSIS_TRAN } else { 0 },
        };
        unsafe { (self.device.descriptor.eval)(null_mut(), instance, model, &info) }
    }

    /// What `load` adds to a vector over the nodes.
    fn vector(&self, load: impl Fn(*mut f64)) -> [f64; N] {
        let mut out = [1.0; N + 1];
        load(out.as_mut_ptr());
        assert_eq!(out[0], 1.0, "ground is untouched");
        std::array::from_fn(|k| out[k + 1] - 1.0)
    }

    fn exact(&self, offset: impl Fn(usize) -> u32) -> [f64; N] {
        std::array::from_fn(|k| unsafe { *self.at::<f64>(offset(k)) })
    }

    /// Currents into the terminals.
    pub(crate) fn currents(&self) -> [f64; N] {
        let d = self.device.descriptor;
        self.exact(|k| unsafe { (*d.nodes.add(k)).resist_residual_off })
    }

    /// Charges of the terminals.
    pub(crate) fn charges(&self) -> [f64; N] {
        let d = self.device.descriptor;
        self.exact(|k| unsafe { (*d.nodes.add(k)).react_residual_off })
    }

    /// Residual vector as a simulator without right-hand sides reads it.
    pub(crate) fn residual(&self) -> [f64; N] {
        let (i, m) = self.blocks();
        self.vector(|out| unsafe { (self.device.descriptor.load_residual_resist)(i, m, out) })
    }

    /// Right-hand side of a DC iteration.
    pub(crate) fn rhs_dc(&self) -> [f64; N] {
        let (i, m) = self.blocks();
        self.vector(|out| unsafe { (self.device.descriptor.load_spice_rhs_dc)(i, m, out, null_mut()) })
    }

    /// Right-hand side of a transient iteration.
    pub(crate) fn rhs_tran(&self, alpha: f64) -> [f64; N] {
        let (i, m) = self.blocks();
        self.vector(|out| unsafe {
            (self.device.descriptor.load_spice_rhs_tran)(i, m, out, null_mut(), alpha);
        })
    }

    fn loaded(&mut self, load: impl Fn(*mut c_void, *mut c_void)) -> [Matrix; 2] {
        self.resist.fill(0.0);
        self.react.fill(0.0);
        let (i, m) = self.blocks();
        load(i, m);
        let rows = |a: &[f64; N * N]| std::array::from_fn(|r| std::array::from_fn(|c| a[r * N + c]));
        [rows(&self.resist), rows(&self.react)]
    }

    /// Conductances.
    pub(crate) fn conductances(&mut self) -> Matrix {
        let load = self.device.descriptor.load_jacobian_resist;
        self.loaded(|i, m| unsafe { load(i, m) })[0]
    }

    /// Capacitances.
    pub(crate) fn capacitances(&mut self) -> Matrix {
        let load = self.device.descriptor.load_jacobian_react;
        self.loaded(|i, m| unsafe { load(i, m, 1.0) })[1]
    }

    /// Conductances and capacitances times `alpha`.
    pub(crate) fn transient_matrix(&mut self, alpha: f64) -> Matrix {
        let load = self.device.descriptor.load_jacobian_tran;
        self.loaded(|i, m| unsafe { load(i, m, alpha) })[0]
    }

    /// Densities of thermal and flicker noise, A^2/Hz.
    pub(crate) fn noise(&self, frequency: f64) -> [f64; 2] {
        let (i, m) = self.blocks();
        let mut out = [0.0; 2];
        assert_eq!(self.device.descriptor.num_noise_src, 2);
        unsafe { (self.device.descriptor.load_noise)(i, m, frequency, out.as_mut_ptr()) };
        out
    }

    /// Operating-point variable or parameter that is a real number.
    pub(crate) fn variable(&self, name: &str) -> f64 {
        let (i, m) = self.blocks();
        let id = self.device.id(name);
        unsafe { *(self.device.descriptor.access)(i, m, id, ACCESS_INSTANCE).cast::<f64>() }
    }

    /// Operating-point variable that is an integer.
    pub(crate) fn flag(&self, name: &str) -> i32 {
        let (i, m) = self.blocks();
        let id = self.device.id(name);
        unsafe { *(self.device.descriptor.access)(i, m, id, ACCESS_INSTANCE).cast::<i32>() }
    }
}
