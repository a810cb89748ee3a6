//! Whether an object does what its spec asks for, from its own status alone.

mod deployment;
mod pods;

pub use deployment::deployment;
pub use pods::{PodTrouble, is_ready, trouble};

/// The verdict on one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// As asked for, for the generation that was seen.
    Current,
    /// On the way there.
    Progressing,
    /// Paused, so nothing changes until somebody resumes it.
    Suspended,
    /// It does not exist.
    Missing,
    /// It is being deleted.
    Terminating,
    /// Something is wrong that may heal by itself.
    Degraded,
    /// It failed and will not heal.
    Failed,
    /// Its status does not tell.
    Unknown,
}

/// A verdict and why, in one sentence without a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The verdict.
    pub health: Health,
    /// Why.
    pub message: String,
}

impl Verdict {
    fn new(health: Health, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { health, message }
    }
}
