//! What a named check is: words about it, a bound, and the function that makes it.

use crate::finding::{Bound, Outcome};
use crate::{Limits, QaError, Scene};

/// One named check.
pub struct Check {
    /// Name on the command line and in links.
    pub name: &'static str,
    /// Heading.
    pub title: &'static str,
    /// What the number is.
    pub definition: &'static str,
    /// Where the check comes from.
    pub source: &'static str,
    /// Unit of the number, empty when it has none.
    pub unit: &'static str,
    /// Bound of the number.
    pub bound: fn(&Limits) -> Bound,
    pub(crate) run: fn(&Scene<'_>, Bound) -> Result<Outcome, QaError>,
}

impl Check {
    /// Name, title, definition and source.
    pub(crate) fn heading(&self) -> [&'static str; 4] {
        [self.name, self.title, self.definition, self.source]
    }
}
