//! The flag by which whoever reads says that it is wanted no more.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::DataError;

/// Bytes between two looks at the flag where work goes through all of them.
pub(crate) const PIECE: usize = 1 << 24;

/// A flag that readers look at while they work on a file, so that a huge one can be given up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop<'a>(pub(crate) &'a AtomicBool);

impl Stop<'_> {
    /// Looks once.
    ///
    /// # Errors
    /// [`DataError::Stopped`] when the flag is raised.
    #[inline]
    pub(crate) fn look(self) -> Result<(), DataError> {
        if self.0.load(Ordering::Relaxed) { Err(DataError::Stopped) } else { Ok(()) }
    }
}
