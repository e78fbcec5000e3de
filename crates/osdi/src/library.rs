//! The models of this library and the devices that instances share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use gummel_kernel::{Instance, Member, Place};

use crate::payload::Entry;

static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();

/// Makes `entries` the models of this library; only the first call has an effect.
pub fn install(entries: Vec<Entry>) -> &'static [Entry] {
    ENTRIES.get_or_init(|| entries)
}

/// Device type `kind`: the numbers of its models. Types are in the order in which their names first come.
pub fn of_kind(entries: &[Entry], kind: usize) -> Vec<u32> {
    let Some(name) = kinds(entries).nth(kind) else { return Vec::new() };
    entries.iter().zip(0..).filter(|(e, _)| e.name == name).map(|(_, index)| index).collect()
}

/// Names of the device types, each once.
pub fn kinds(entries: &[Entry]) -> impl Iterator<Item = &str> {
    let is_first = |k: usize| entries[..k].iter().all(|e| e.name != entries[k].name);
    entries.iter().enumerate().filter(move |(k, _)| is_first(*k)).map(|(_, e)| e.name.as_str())
}

/// All models of this library.
pub fn entries() -> &'static [Entry] {
    ENTRIES.get().map_or(&[], Vec::as_slice)
}

/// Model `index`, if the library has so many.
pub fn entry(index: u32) -> Option<&'static Entry> {
    entries().get(index as usize)
}

/// What distinguishes devices: model, member and the bits of the covariates.
type Key = (u32, Option<usize>, [u64; 6]);

static DEVICES: OnceLock<Mutex<HashMap<Key, Weak<Instance>>>> = OnceLock::new();

/// The device of model `index`, shared with every other instance that asked for the same.
pub fn device(index: u32, entry: &Entry, member: Member, place: &Place) -> Arc<Instance> {
    let number = match member {
        Member::Device(d) => Some(d),
        Member::Population => None,
    };
    let p = place;
    let key = (index, number, [p.w, p.l, p.mult, p.temperature, p.speed, p.skew].map(f64::to_bits));
    let devices = DEVICES.get_or_init(Mutex::default);
    let mut devices = devices.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = devices.get(&key).and_then(Weak::upgrade) {
        return found;
    }
    devices.retain(|_, d| d.strong_count() > 0);
    let fresh = Arc::new(Instance::new(&entry.spec, member, place));
    devices.insert(key, Arc::downgrade(&fresh));
    fresh
}
