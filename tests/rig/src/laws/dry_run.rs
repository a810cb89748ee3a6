//! The law of the dry run.

use super::run::Run;
use super::world::Trouble;
use super::{Violation, World, trial};

/// In the initial state, `run` (the command of this world with its option for a dry run) ends well, writes nothing
/// and leaks nothing.
pub async fn check<W: World>(world: &mut W, run: &Run) -> Result<Vec<Violation>, Trouble> {
    trial::dry_run(world, run).await
}
