//! Setup of models and instances: defaults, choice of the device, refusals in the simulator's log.
//!
//! A simulator calls these again after every change of a parameter or of the temperature, so user values
//! are kept and defaults are computed anew from the bits of what was given.
//!
//! Drawn sizes may be in another unit than metres: `w_channel = w scale (1 - shrink / 100)`, the same of `l`, from the `.model` line
//! or else from the simulator's parameters of these names (Verilog-AMS Language Reference Manual 2.4, 9.15).

use std::ffi::{CStr, c_char, c_void};
use std::sync::Arc;

use crate::abi::{FATAL, InitInfo, LOG_ERROR, LOG_WARNING, SimParas};
use crate::block::{InstanceBlock, ModelBlock};
use crate::library;
use crate::log::log;
use crate::parameters::id;
use crate::payload::Entry;
use crate::select::{CORNERS, Choice, Request, beyond, choose, family};

/// Completes a model of the library's device type `KIND`.
///
/// # Safety
/// Called by a simulator with a model block of this library and room for the report.
pub unsafe extern "C" fn setup_model<const KIND: usize>(
    handle: *mut c_void,
    model: *mut c_void,
    paras: *mut SimParas,
    report: *mut InitInfo,
) {
    // SAFETY: the caller's promise.
    let (block, report) = unsafe { (&mut *model.cast::<ModelBlock>(), &mut *report) };
    // SAFETY: the caller's promise.
    let units = [c"scale", c"shrink"].map(|name| unsafe { simulator_parameter(paras, name) });
    let given = if block.has(id::FAMILY) { text(block.family) } else { None };
    let entries = library::entries();
    let models = library::of_kind(entries, KIND);
    let families: Vec<&str> = models.iter().map(|m| entries[*m as usize].family.as_str()).collect();
    let result = family(&families, given.as_deref()).and_then(|k| {
        block.index = models[k];
        complete_model(block, &entries[models[k] as usize], units)
    });
    finish(handle, report, result);
}

fn complete_model(block: &mut ModelBlock, entry: &Entry, units: [Option<f64>; 2]) -> Result<(), String> {
    let given = block.given;
    let default = |id: u32, slot: &mut f64, value: f64| {
        if given & (1 << id) == 0 {
            *slot = value;
        }
    };
    default(id::SPEED, &mut block.speed, 0.0);
    default(id::SKEW, &mut block.skew, 0.0);
    default(id::KF, &mut block.kf, 0.0);
    default(id::AF, &mut block.af, 1.0);
    default(id::EF, &mut block.ef, 1.0);
    default(id::CGSO, &mut block.cgso, entry.overlap.cgso);
    default(id::CGDO, &mut block.cgdo, entry.overlap.cgdo);
    default(id::CGBO, &mut block.cgbo, entry.overlap.cgbo);
    default(id::SCALE, &mut block.scale, units[0].unwrap_or(1.0));
    default(id::SHRINK, &mut block.shrink, units[1].unwrap_or(0.0));
    for (id, slot) in
        [(id::DEVICE, &mut block.device), (id::CORNER, &mut block.corner), (id::FAMILY, &mut block.family)]
    {
        if given & (1 << id) == 0 || slot.is_null() {
            *slot = c"".as_ptr();
        }
    }
    let numbers = [
        ("speed", block.speed),
        ("skew", block.skew),
        ("kf", block.kf),
        ("af", block.af),
        ("ef", block.ef),
        ("cgso", block.cgso),
        ("cgdo", block.cgdo),
        ("cgbo", block.cgbo),
    ];
    for (k, (name, value)) in numbers.into_iter().enumerate() {
        if !value.is_finite() || (k >= 2 && value < 0.0) {
            return Err(format!("{name}={value} is not a finite, non-negative number"));
        }
    }
    if !(block.unit().is_finite() && block.scale > 0.0 && (0.0..100.0).contains(&block.shrink)) {
        let (scale, shrink) = (block.scale, block.shrink);
        return Err(format!(
            "scale={scale} shrink={shrink}: expected a positive scale and 0 <= shrink < 100"
        ));
    }
    if let Some(corner) = text(block.corner)
        && !CORNERS.iter().any(|(n, _)| n.eq_ignore_ascii_case(&corner))
    {
        return Err(format!("unknown corner '{corner}'; expected tt, ff, ss, sf or fs"));
    }
    Ok(())
}

/// Chooses the device of an instance and prepares it at `temperature` (K).
///
/// # Safety
/// Called by a simulator with blocks of this library, the model's after its setup, and room for the report.
pub unsafe extern "C" fn setup_instance(
    handle: *mut c_void,
    instance: *mut c_void,
    model: *mut c_void,
    temperature: f64,
    _terminals: u32,
    _paras: *mut SimParas,
    report: *mut InitInfo,
) {
    // SAFETY: the caller's promise.
    let (block, model, report) =
        unsafe { (&mut *instance.cast::<InstanceBlock>(), &*model.cast::<ModelBlock>(), &mut *report) };
    let result = complete_instance(block, model, temperature).map(|warning| {
        if let Some(warning) = warning {
            log(handle, LOG_WARNING, &warning);
        }
    });
    finish(handle, report, result);
}

fn complete_instance(
    block: &mut InstanceBlock,
    model: &ModelBlock,
    temperature: f64,
) -> Result<Option<String>, String> {
    let entry = library::entry(model.index).ok_or("the library has no such model")?;
    let drawn = |id: u32, own: f64, default: f64| {
        let value = if block.has(id) { Some(own) } else { model.has(id).then_some(default) };
        match value {
            Some(v) if !(v.is_finite() && v > 0.0) => Err(format!("{v} is not a positive number")),
            other => Ok(other),
        }
    };
    let m = drawn(id::MFACTOR, block.drawn.mfactor, model.drawn.mfactor).map_err(|e| format!("m={e}"))?;
    let w = drawn(id::W, block.drawn.w, model.drawn.w).map_err(|e| format!("w={e}"))?;
    let l = drawn(id::L, block.drawn.l, model.drawn.l).map_err(|e| format!("l={e}"))?;
    let unit = model.unit();
    let metres = |drawn: Option<f64>| drawn.map(|size| size * unit);
    if !(temperature.is_finite() && temperature > 0.0) {
        return Err(format!("temperature {temperature} K is not a positive number"));
    }
    let (device, corner) = (text(model.device), text(model.corner));
    let request = Request {
        device: device.as_deref(),
        corner: corner.as_deref(),
        speed: model.has(id::SPEED).then_some(model.speed),
        skew: model.has(id::SKEW).then_some(model.skew),
        w: metres(w),
        l: metres(l),
        temperature,
    };
    let Choice { member, place, counted, range, warning } =
        choose(&entry.spec, &request).map_err(|reason| match unit {
            1.0 => reason,
            _ => format!("{reason} (w and l are in units of {unit:e} m)"),
        })?;
    let shared = library::device(model.index, entry, member, &place);
    let before = std::mem::replace(&mut block.device, Arc::into_raw(shared));
    if !before.is_null() {
        // SAFETY: an earlier setup put it there with `Arc::into_raw`.
        drop(unsafe { Arc::from_raw(before) });
    }
    block.forget();
    block.drawn.mfactor = m.unwrap_or(1.0);
    // What was given stays as it was: a second setup reads it again.
    block.drawn.w = w.unwrap_or(place.w / unit);
    block.drawn.l = l.unwrap_or(place.l / unit);
    block.temperature = temperature;
    block.parallel = block.drawn.mfactor / counted;
    block.overlap =
        [model.cgso * place.w, model.cgdo * place.w, model.cgbo * place.l].map(|c| c * place.mult);
    block.range = range;
    // Where another temperature has no effect, the choice itself says so.
    let beyond = match entry.temperatures {
        Some(fitted) if warning.is_none() => beyond(temperature, fitted),
        _ => None,
    };
    block.misplaced = warning.is_some() || beyond.is_some();
    // The constant-current criterion of a threshold: 100 nA per square for n, 25 nA for p.
    let criterion = if entry.spec.sign > 0.0 { 100e-9 } else { 25e-9 };
    block.sign = entry.spec.sign;
    block.threshold = criterion * place.w * place.mult / place.l;
    Ok(warning.or(beyond))
}

/// The simulator's own parameter of that name, where it has one.
///
/// # Safety
/// `paras` is NULL or points to a table of names that ends with NULL, with a value for each.
unsafe fn simulator_parameter(paras: *const SimParas, name: &CStr) -> Option<f64> {
    // SAFETY: the caller's promise.
    let paras = unsafe { paras.as_ref() }.filter(|p| !p.names.is_null() && !p.vals.is_null())?;
    for k in 0.. {
        // SAFETY: the loop ends at the NULL that ends the table.
        let found = unsafe { *paras.names.add(k) };
        if found.is_null() {
            break;
        }
        // SAFETY: a name of the table is a C string and has a value.
        if unsafe { CStr::from_ptr(found) } == name {
            return Some(unsafe { *paras.vals.add(k) });
        }
    }
    None
}

/// A given, non-empty C string.
fn text(pointer: *const c_char) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: `complete_model` and the simulator store only C strings.
    let text = unsafe { CStr::from_ptr(pointer) }.to_string_lossy();
    // ngspice leaves the quotes of a string parameter in place in some versions.
    let text = text.trim().trim_matches('"');
    (!text.is_empty()).then(|| text.to_owned())
}

/// Fills the report, whose memory is uninitialised; a refusal goes to the log.
fn finish(handle: *mut c_void, report: &mut InitInfo, result: Result<(), String>) {
    *report = InitInfo { flags: 0, num_errors: 0, errors: std::ptr::null_mut() };
    if let Err(message) = result {
        log(handle, LOG_ERROR, &message);
        report.flags = FATAL;
    }
}
