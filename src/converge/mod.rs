//! The one idea: every subcommand is a step that observes the world, plans purely, applies the plan's
//! actions and looks again, until the plan is empty.
//!
//! [`contract`] says what a step is, [`driver`] owns everything that steps have in common: rounds,
//! deadline, dry run, concurrency, the hot-loop guard, signals and the report.

pub mod context;
pub mod contract;
pub mod driver;
pub mod event;
mod guard;
pub mod report;
pub mod requests;
mod sequence;
pub mod stop;

pub use context::Context;
pub use contract::{Effect, Meta, Outcome, Plan, Schedule, Step, Verb, Wait};
pub use driver::{Mode, converge};
pub use event::{Event, Events};
pub use report::Report;
pub use stop::Stop;
