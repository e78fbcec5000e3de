//! The verbs: to add one, write its file with `Args` and `run`, name it in the two lists below.

pub mod adapt;
pub mod certify;
pub mod check;
pub mod compare;
pub mod completions;
pub mod corners;
pub mod data;
pub mod doctor;
pub mod export;
pub mod fit;
pub mod inspect;
pub mod plan;
pub mod plot;
pub mod predict;
pub mod report;
pub mod verify;

use anyhow::Result;

use crate::exit::Outcome;
use crate::session::Session;

/// Makes the enum of verbs and its dispatch from a list of files.
macro_rules! verbs {
    ($($name:ident = $module:ident;)*) => {
        /// A verb with its arguments.
        #[derive(Debug, clap::Subcommand)]
        pub enum Verb {
            $(#[allow(missing_docs)] $name($module::Args),)*
        }

        impl Verb {
            /// Does it.
            ///
            /// # Errors
            /// Whatever the verb's libraries report.
            pub fn run(self, session: &Session) -> Result<Outcome> {
                match self { $(Verb::$name(args) => $module::run(args, session),)* }
            }
        }
    };
}

verbs! {
    Inspect = inspect;
    Fit = fit;
    Compare = compare;
    Predict = predict;
    Adapt = adapt;
    Plan = plan;
    Corners = corners;
    Certify = certify;
    Plot = plot;
    Export = export;
    Verify = verify;
    Check = check;
    Report = report;
    Doctor = doctor;
    Data = data;
    Completions = completions;
}
