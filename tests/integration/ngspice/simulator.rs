//! The ngspice of these tests: found or fetched once.

use std::sync::OnceLock;

use gummel_qa::Ngspice;

use crate::tools::obtained;

/// An ngspice that loads OSDI libraries; says why when there is none.
pub(super) fn simulator() -> Option<&'static Ngspice> {
    static FOUND: OnceLock<Result<Ngspice, String>> = OnceLock::new();
    match FOUND.get_or_init(|| obtained("GUMMEL_NGSPICE", "ngspice.sh").map(Ngspice::new)) {
        Ok(simulator) => Some(simulator),
        Err(reason) => {
            println!("SKIPPED: no ngspice with OSDI: {reason}");
            None
        }
    }
}
