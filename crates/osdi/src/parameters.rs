//! Parameters and operating-point variables: one table from which the descriptor and `access` are made.

use std::ffi::{CStr, c_char, c_void};
use std::mem::offset_of;

use crate::abi::{
    ACCESS_INSTANCE, ACCESS_SET, KIND_INSTANCE, KIND_MODEL, KIND_OPVAR, ParamOpvar, Shared, TYPE_INT,
    TYPE_REAL, TYPE_STRING,
};
use crate::block::{Drawn, InstanceBlock, ModelBlock, Opvars};

/// Number of instance parameters.
pub const INSTANCE_PARAMETERS: u32 = 3;
/// Number of instance and model parameters.
pub const PARAMETERS: u32 = INSTANCE_PARAMETERS + 13;
/// Number of operating-point variables.
pub const OPVARS: u32 = 25;
const ALL: usize = (PARAMETERS + OPVARS) as usize;

/// Numbers of the parameters.
pub mod id {
    #![allow(missing_docs, reason = "the names are the parameters'")]
    pub const MFACTOR: u32 = 0;
    pub const W: u32 = 1;
    pub const L: u32 = 2;
    pub const DEVICE: u32 = 3;
    pub const CORNER: u32 = 4;
    pub const SPEED: u32 = 5;
    pub const SKEW: u32 = 6;
    pub const KF: u32 = 7;
    pub const AF: u32 = 8;
    pub const EF: u32 = 9;
    pub const CGSO: u32 = 10;
    pub const CGDO: u32 = 11;
    pub const CGBO: u32 = 12;
    pub const SCALE: u32 = 13;
    pub const SHRINK: u32 = 14;
    pub const FAMILY: u32 = 15;
}

/// A row of the table.
pub struct Parameter {
    /// Name, then aliases.
    pub names: [&'static CStr; 2],
    /// One line for people.
    pub description: &'static CStr,
    /// SI unit.
    pub unit: &'static CStr,
    flags: u32,
    /// Byte offset in its block.
    offset: usize,
}

const fn row(
    name: &'static CStr,
    flags: u32,
    offset: usize,
    unit: &'static CStr,
    description: &'static CStr,
) -> Parameter {
    Parameter { names: [name, name], description, unit, flags, offset }
}

const fn drawn(
    name: &'static CStr,
    alias: &'static CStr,
    offset: usize,
    unit: &'static CStr,
    text: &'static CStr,
) -> Parameter {
    Parameter { names: [name, alias], description: text, unit, flags: KIND_INSTANCE | TYPE_REAL, offset }
}

const fn model(
    name: &'static CStr,
    ty: u32,
    offset: usize,
    unit: &'static CStr,
    text: &'static CStr,
) -> Parameter {
    row(name, KIND_MODEL | ty, offset, unit, text)
}

const fn opvar(name: &'static CStr, offset: usize, unit: &'static CStr, text: &'static CStr) -> Parameter {
    row(name, KIND_OPVAR | TYPE_REAL, offset_of!(InstanceBlock, opvars) + offset, unit, text)
}

const fn flag(name: &'static CStr, offset: usize, text: &'static CStr) -> Parameter {
    row(name, KIND_OPVAR | TYPE_INT, offset_of!(InstanceBlock, opvars) + offset, c"", text)
}

const fn at(field: usize, index: usize) -> usize {
    field + index * size_of::<f64>()
}

const I: usize = offset_of!(Opvars, currents);
const Q: usize = offset_of!(Opvars, charges);
const G: usize = offset_of!(Opvars, conductances);
const V: usize = offset_of!(Opvars, voltages);
const C: usize = offset_of!(Opvars, capacitances);

/// Instance parameters, model parameters, operating-point variables, in the order OSDI asks for.
pub static TABLE: [Parameter; ALL] = [
    drawn(c"$mfactor", c"m", offset_of!(Drawn, mfactor), c"", c"devices in parallel"),
    drawn(c"w", c"w", offset_of!(Drawn, w), c"m", c"channel width"),
    drawn(c"l", c"l", offset_of!(Drawn, l), c"m", c"channel length"),
    model(c"device", TYPE_STRING, offset_of!(ModelBlock, device), c"", c"name of a fitted device"),
    model(c"corner", TYPE_STRING, offset_of!(ModelBlock, corner), c"", c"process corner: tt ff ss sf fs"),
    model(c"speed", TYPE_REAL, offset_of!(ModelBlock, speed), c"", c"common speed: 1 at ff, -1 at ss"),
    model(c"skew", TYPE_REAL, offset_of!(ModelBlock, skew), c"", c"skew of n and p: 1 at fs, -1 at sf"),
    model(c"kf", TYPE_REAL, offset_of!(ModelBlock, kf), c"", c"flicker noise coefficient"),
    model(c"af", TYPE_REAL, offset_of!(ModelBlock, af), c"", c"flicker noise exponent of the current"),
    model(c"ef", TYPE_REAL, offset_of!(ModelBlock, ef), c"", c"flicker noise exponent of the frequency"),
    model(
        c"cgso",
        TYPE_REAL,
        offset_of!(ModelBlock, cgso),
        c"F/m",
        c"linear capacitance gate-source per width",
    ),
    model(
        c"cgdo",
        TYPE_REAL,
        offset_of!(ModelBlock, cgdo),
        c"F/m",
        c"linear capacitance gate-drain per width",
    ),
    model(
        c"cgbo",
        TYPE_REAL,
        offset_of!(ModelBlock, cgbo),
        c"F/m",
        c"linear capacitance gate-bulk per length",
    ),
    model(
        c"scale",
        TYPE_REAL,
        offset_of!(ModelBlock, scale),
        c"",
        c"factor on the drawn w and l of instances",
    ),
    model(
        c"shrink",
        TYPE_REAL,
        offset_of!(ModelBlock, shrink),
        c"%",
        c"part by which drawn w and l are reduced",
    ),
    model(
        c"family",
        TYPE_STRING,
        offset_of!(ModelBlock, family),
        c"",
        c"family, where a device type has several",
    ),
    opvar(c"id", at(I, 0), c"A", c"drain current"),
    opvar(c"ig", at(I, 1), c"A", c"gate current"),
    opvar(c"is", at(I, 2), c"A", c"source current"),
    opvar(c"ib", at(I, 3), c"A", c"bulk current"),
    opvar(c"gm", at(G, 0), c"S", c"transconductance"),
    opvar(c"gds", at(G, 1), c"S", c"output conductance"),
    opvar(c"gmb", at(G, 2), c"S", c"body transconductance"),
    opvar(c"vgs", at(V, 0), c"V", c"gate-source voltage"),
    opvar(c"vds", at(V, 1), c"V", c"drain-source voltage"),
    opvar(c"vbs", at(V, 2), c"V", c"bulk-source voltage"),
    opvar(c"qd", at(Q, 0), c"C", c"drain charge"),
    opvar(c"qg", at(Q, 1), c"C", c"gate charge"),
    opvar(c"qs", at(Q, 2), c"C", c"source charge"),
    opvar(c"qb", at(Q, 3), c"C", c"bulk charge"),
    opvar(c"cgg", at(C, 0), c"F", c"d qg / d vg"),
    opvar(c"cgd", at(C, 1), c"F", c"d qg / d vd"),
    opvar(c"cgs", at(C, 2), c"F", c"d qg / d vs"),
    opvar(c"cgb", at(C, 3), c"F", c"d qg / d vb"),
    opvar(c"cdg", at(C, 4), c"F", c"d qd / d vg"),
    opvar(c"cdd", at(C, 5), c"F", c"d qd / d vd"),
    opvar(c"css", at(C, 6), c"F", c"d qs / d vs"),
    opvar(c"cbg", at(C, 7), c"F", c"d qb / d vg"),
    opvar(c"cbb", at(C, 8), c"F", c"d qb / d vb"),
    flag(c"region", offset_of!(Opvars, region), c"0 off, 1 linear, 2 saturation"),
    flag(c"out_of_range", offset_of!(Opvars, out_of_range), c"1 outside the fitted biases or temperatures"),
];

/// Names as the descriptor points at them.
static NAMES: Shared<[[*const c_char; 2]; ALL]> = Shared({
    let mut names = [[std::ptr::null(); 2]; ALL];
    let mut k = 0;
    while k < ALL {
        names[k] = [TABLE[k].names[0].as_ptr(), TABLE[k].names[1].as_ptr()];
        k += 1;
    }
    names
});

/// The table in the descriptor's form.
pub static PARAM_OPVARS: Shared<[ParamOpvar; ALL]> = Shared({
    const EMPTY: ParamOpvar = ParamOpvar {
        name: std::ptr::null(),
        num_alias: 0,
        description: std::ptr::null(),
        units: std::ptr::null(),
        flags: 0,
        len: 0,
    };
    let mut out = [EMPTY; ALL];
    let mut k = 0;
    while k < ALL {
        let row = &TABLE[k];
        out[k] = ParamOpvar {
            name: (&raw const NAMES.0[k]).cast(),
            // Only $mfactor has an alias: older simulators look for `m`.
            num_alias: (k == 0) as u32,
            description: row.description.as_ptr(),
            units: row.unit.as_ptr(),
            flags: row.flags,
            len: 0,
        };
        k += 1;
    }
    out
});

/// Address of parameter `id` in the memory of `instance` or `model`; remembers what was given.
///
/// # Safety
/// The blocks are NULL or of this library's size.
pub unsafe extern "C" fn access(
    instance: *mut c_void,
    model: *mut c_void,
    id: u32,
    flags: u32,
) -> *mut c_void {
    let Some(row) = TABLE.get(id as usize) else { return std::ptr::null_mut() };
    let mark = |given: &mut u32| {
        if flags & ACCESS_SET != 0 {
            *given |= 1 << id;
        }
    };
    let model = model.cast::<ModelBlock>();
    let instance = instance.cast::<InstanceBlock>();
    if id < INSTANCE_PARAMETERS {
        if flags & ACCESS_INSTANCE != 0 {
            // SAFETY: the caller's promise.
            let Some(block) = (unsafe { instance.as_mut() }) else { return std::ptr::null_mut() };
            mark(&mut block.given);
            return (&raw mut block.drawn).wrapping_byte_add(row.offset).cast();
        }
        // SAFETY: the caller's promise.
        let Some(block) = (unsafe { model.as_mut() }) else { return std::ptr::null_mut() };
        mark(&mut block.given);
        return (&raw mut block.drawn).wrapping_byte_add(row.offset).cast();
    }
    if id < PARAMETERS {
        // SAFETY: the caller's promise.
        let Some(block) = (unsafe { model.as_mut() }) else { return std::ptr::null_mut() };
        mark(&mut block.given);
        return model.wrapping_byte_add(row.offset).cast();
    }
    // SAFETY: the caller's promise.
    let Some(block) = (unsafe { instance.as_mut() }) else { return std::ptr::null_mut() };
    // Iterations leave the operating point alone: most of them are never looked at.
    block.refresh_opvars();
    instance.wrapping_byte_add(row.offset).cast()
}
