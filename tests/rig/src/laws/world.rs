//! What a test provides so that a law can be checked.

use std::error::Error;

use super::dump::Dump;
use super::run::Run;
use crate::proxy::Recorder;

/// Why a world could not do what was asked of it: a fault of the test, never of the command.
pub type Trouble = Box<dyn Error + Send + Sync>;

/// A cluster, the servers around it, and a command to run in it through proxies with one recorder. Each worker of
/// a sweep has one of its own.
#[expect(
    async_fn_in_trait,
    reason = "the driver awaits in its own task and never spawns"
)]
pub trait World {
    /// The numbering of all proxies of this world.
    fn recorder(&self) -> &Recorder;

    /// The command whose laws are checked. Its timeout is what "it hangs" means.
    fn command(&self) -> Run;

    /// Puts everything back to the initial state, as [`World::dump`] not through the proxies: they cut off every
    /// connection when a run begins.
    async fn reset(&mut self) -> Result<(), Trouble>;

    /// The state now, read directly and not through the proxies.
    async fn dump(&mut self) -> Result<Dump, Trouble>;

    /// The writes of the command since this was last called, by the servers' own account (the audit log), one line
    /// for each. They are in it when a request was answered, so this may have to wait for the log.
    async fn writes(&mut self) -> Result<Vec<String>, Trouble>;

    /// Secret values that the state does not show (passwords that the stand-ins know). Those that it shows are
    /// looked for anyway.
    fn planted(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// Whether this value of a Secret (`Secret/namespace/name/key`) is none that has to be kept secret: a
    /// certificate, an address.
    fn is_public(&self, _key: &str) -> bool {
        false
    }

    /// Whether the command changes this value of a Secret on purpose.
    fn may_change(&self, _key: &str) -> bool {
        false
    }

    /// Whether the command may delete this object, named as in the dump, or make it anew.
    fn may_be_lost(&self, _object: &str) -> bool {
        false
    }
}
