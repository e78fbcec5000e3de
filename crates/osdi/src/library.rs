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

/// Model `index`, if the library has so many.
pub fn entry(index: u32) -> Option<&'static Entry> {
    ENTRIES.get()?.get(index as usize)
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
