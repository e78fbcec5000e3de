//! The slot of a template: a marker that the exporter searches, then room for a payload.
//!
//! The slot is mutable memory as far as the compiler knows, so that its content is never folded into code.

use std::cell::UnsafeCell;

/// Bytes of room for a payload: some 1,500 devices with charges.
pub const CAPACITY: usize = 1 << 20;

/// Marks the slot in the template's file; occurs nowhere else in it.
pub const MARKER: [u8; 32] = *b"gummel-model-slot:7f3a91c25e8d60";

/// Marker and room, as they lie in the file.
#[repr(C, align(16))]
pub struct Slot {
    marker: [u8; MARKER.len()],
    room: UnsafeCell<[u8; CAPACITY]>,
}

// SAFETY: nobody writes the slot of a loaded library.
unsafe impl Sync for Slot {}

impl Slot {
    /// An empty slot.
    pub const fn new() -> Self {
        Slot { marker: MARKER, room: UnsafeCell::new([0; CAPACITY]) }
    }

    /// The payload as the file holds it.
    pub fn bytes(&self) -> &[u8] {
        std::hint::black_box(&self.marker);
        // SAFETY: initialised, and never written while the library is loaded.
        unsafe { &*self.room.get() }
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self::new()
    }
}

/// The slot of this library.
#[cfg(gummel_template)]
#[used]
pub(crate) static SLOT: Slot = Slot::new();

/// Writes `payload` into a copy of `template`.
///
/// # Errors
/// The number of bytes it is too large by, or `None` when the template has no slot.
pub fn fill(template: &[u8], payload: &[u8]) -> Result<Vec<u8>, Option<usize>> {
    let at = template.windows(MARKER.len()).position(|w| w == MARKER).ok_or(None)? + MARKER.len();
    if payload.len() > CAPACITY || at + CAPACITY > template.len() {
        return Err(Some(payload.len().saturating_sub(CAPACITY)));
    }
    let mut library = template.to_vec();
    library[at..at + payload.len()].copy_from_slice(payload);
    Ok(library)
}
