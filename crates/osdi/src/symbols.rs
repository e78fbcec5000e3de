//! The symbols of a template; its tables are filled from the slot when the library is loaded.

use std::cell::UnsafeCell;
use std::ffi::CString;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::descriptor::MAX_MODELS;
use crate::{library, payload, slot};

#[cfg(not(gummel_abi_0_4))]
type Table = crate::abi::Descriptor;
#[cfg(gummel_abi_0_4)]
type Table = crate::abi::Descriptor04;

/// The array of descriptors as plain data.
#[repr(transparent)]
struct Descriptors(UnsafeCell<[MaybeUninit<Table>; MAX_MODELS]>);

// SAFETY: written once by `start`, before the loader lets anyone see it.
unsafe impl Sync for Descriptors {}

#[unsafe(no_mangle)]
static OSDI_VERSION_MAJOR: u32 = 0;
#[unsafe(no_mangle)]
static OSDI_VERSION_MINOR: u32 = if cfg!(gummel_abi_0_4) { 4 } else { 3 };
#[unsafe(no_mangle)]
static OSDI_NUM_DESCRIPTORS: AtomicU32 = AtomicU32::new(0);
#[unsafe(no_mangle)]
static OSDI_DESCRIPTORS: Descriptors =
    Descriptors(UnsafeCell::new([const { MaybeUninit::uninit() }; MAX_MODELS]));
#[cfg(gummel_abi_0_4)]
#[unsafe(no_mangle)]
static OSDI_DESCRIPTOR_SIZE: u32 = size_of::<Table>() as u32;

#[used]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(windows, unsafe(link_section = ".CRT$XCU"))]
#[cfg_attr(all(unix, not(target_vendor = "apple")), unsafe(link_section = ".init_array"))]
static START: extern "C" fn() = start;

/// Reads the slot and fills the tables; a library without usable models describes no device.
extern "C" fn start() {
    let entries = match payload::decode(slot::SLOT.bytes()) {
        Ok(entries) => library::install(entries),
        Err(e) => {
            eprintln!("gummel: {e}");
            return;
        }
    };
    // SAFETY: the loader runs this once, before anyone else uses the library.
    let tables = unsafe { &mut *OSDI_DESCRIPTORS.0.get() };
    let mut count = 0;
    for (kind, (name, table)) in library::kinds(entries).zip(tables).enumerate() {
        let Ok(name) = CString::new(name) else { break };
        #[cfg(not(gummel_abi_0_4))]
        table.write(crate::descriptor::descriptor(name.into_raw(), kind));
        #[cfg(gummel_abi_0_4)]
        table.write(crate::descriptor::descriptor_0_4(name.into_raw(), kind));
        count += 1;
    }
    OSDI_NUM_DESCRIPTORS.store(count, Ordering::Release);
}
