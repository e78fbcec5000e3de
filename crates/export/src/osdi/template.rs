//! The libraries that `build.rs` compiled, with an empty slot each.

use super::Abi;

static TEMPLATE_0_3: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/template_0_3.osdi"));
static TEMPLATE_0_4: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/template_0_4.osdi"));

/// The template for a version of the interface.
pub(super) fn bytes(abi: Abi) -> &'static [u8] {
    match abi {
        Abi::V0_3 => TEMPLATE_0_3,
        Abi::V0_4 => TEMPLATE_0_4,
    }
}
