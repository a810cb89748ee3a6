//! What must hold for every command, written once and checked on the real binary:
//!
//! - [`sweep`]: a command that dies or meets a fault at any of its requests ends, rerun, in the same state as one
//!   that never did, and changes no secret that could be read before;
//! - [`dry_run`]: a dry run changes nothing;
//! - [`canary`]: no secret value appears in anything that a command lets out.
//!
//! Beneath them: [`run`] runs a command as a process of its own, [`dump`] takes the state of a cluster in a form
//! that can be compared between runs, and a [`World`] is what a test provides: a cluster and servers that can be
//! put back to their initial state.
//!
//! ```no_run
//! # async fn example(mut worlds: [impl rig::laws::World; 2]) -> Result<(), rig::laws::Trouble> {
//! use rig::laws::sweep;
//! use rig::proxy::Fault;
//!
//! let report = sweep::kills(&mut worlds).await?;
//! assert!(report.missed == 0 && report.violations.is_empty(), "{report}");
//! let report = sweep::faults(&mut worlds, &Fault::by_status()).await?;
//! assert!(report.violations.is_empty(), "{report}");
//! # Ok(())
//! # }
//! ```

pub mod canary;
mod case;
mod differences;
pub mod dry_run;
pub mod dump;
mod normal;
mod process;
mod report;
pub mod run;
pub mod sweep;
mod trial;
mod world;

pub use report::{Law, Report, Violation};
pub use world::{Trouble, World};
