//! Messages to the simulator's own log.

use std::ffi::{CString, c_char, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

/// Where the simulator stores its logger; NULL until it does.
#[cfg_attr(gummel_template, unsafe(no_mangle))]
#[allow(non_upper_case_globals, reason = "the name is OSDI's")]
pub static osdi_log: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

type Logger = unsafe extern "C" fn(*mut c_void, *mut c_char, u32);

/// Hands a line to the simulator; silent when it offers no log.
#[allow(
    clippy::not_unsafe_ptr_arg_deref,
    reason = "the handle is the simulator's own and only handed back to it"
)]
pub fn log(handle: *mut c_void, level: u32, message: &str) {
    let logger = osdi_log.load(Ordering::Relaxed);
    if logger.is_null() {
        return;
    }
    let Ok(text) = CString::new(format!("{message}\n")) else { return };
    // SAFETY: the simulator stored a function of this type, which reads the text during the call.
    unsafe {
        let logger: Logger = std::mem::transmute::<*mut c_void, Logger>(logger);
        logger(handle, text.as_ptr().cast_mut(), level);
    }
}
