//! Multitask surrogates of device families: one trunk, a head per device, sharing, solvers, freezing.
//!
//! ```no_run
//! use gummel_data::{Dataset, ReadOptions, Selection, read};
//! use gummel_surrogate::{FitConfig, fit};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let reading = read(&["measured".into()], &ReadOptions::default(), &|_| ())?;
//! let data = Dataset::assemble(&reading.table, &reading.files, &Selection::of("*/lv_nmos", 27.0))?;
//! let fitted = fit(&data, &FitConfig::default(), &mut ())?;
//! fitted.model.save("run/model")?;
//! # Ok(())
//! # }
//! ```
//!
//! Reading order: [`config`], [`problem`], [`assemble`](mod@assemble), [`parameters`], `lm` (the solver), [`constraint`], `leakage`,
//! [`order`], [`held`] and [`pretrained`] (given trunks), `aside` (curves to choose by), [`further`] (sets larger than memory), [`adamw`], [`charges`], [`synthetic`], [`freeze`](mod@freeze), [`report`], [`fit`](mod@fit), then `posterior` (certainty of
//! heads), [`adapt`](mod@adapt) and [`plan`](mod@plan) (few measurements); [`compare`](mod@compare), [`transfer`](mod@transfer), [`conflict`] and
//! [`grouping`] say whether sharing helps.

pub mod adamw;
pub mod adapt;
mod aside;
pub mod assemble;
pub mod charges;
pub mod checkpoint;
pub mod compare;
pub mod config;
pub mod conflict;
pub mod constraint;
mod crossing;
mod doubt;
pub mod error;
pub mod fit;
pub mod freeze;
pub mod further;
pub mod grouping;
pub mod held;
pub mod interval;
mod leakage;
mod lm;
#[cfg(test)]
mod made_up;
pub mod order;
pub mod parameters;
pub mod plan;
mod population;
mod posterior;
mod prepared;
pub mod pretrained;
pub mod problem;
pub mod report;
mod robust;
pub mod sharing;
mod smooth;
mod soft;
mod start;
mod steepness;
mod symmetric;
pub mod synthetic;
pub mod transfer;
pub mod unseen;

pub use adapt::{AdaptOptions, Adapted, adapt};
pub use charges::{ChargeConfig, ChargeErrors};
pub use checkpoint::Checkpoint;
pub use compare::{Change, Contender, Standing, compare, contenders};
pub use config::{AdamwConfig, Balanced, Balancing, ComputeDevice, Conflicts, FitConfig, LmConfig, Solver};
pub use conflict::{Conflict, LayerConflict};
pub use constraint::ConstraintsConfig;
pub use error::FitError;
pub use fit::fit_in_parts;
pub use fit::{
    Fit, FitReport, HistoryPoint, Observer, ParameterCount, Progress, Solved, fit, resume, solve_problem,
};
pub use fit::{TaskFit, combined, fit_tasks, resume_tasks};
pub use further::Source;
pub use grouping::{Grouping, Progressed, Trial, Tried};
pub use interval::Effect;
pub use lm::StopReason;
pub use order::{OrderConfig, OrderReport};
pub use plan::{PlanOptions, Planned, plan};
pub use pretrained::{TrunkConfig, TrunkInputs, pooled};
pub use report::{DeviceReport, Part, Summary};
pub use sharing::{AutoConfig, Sharing, SingleConfig, SoftConfig, TaskOf};
pub use soft::{SharingReport, Tied, Ties};
pub use transfer::{Transfer, transfer};
