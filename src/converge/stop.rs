//! Being asked to stop, by a signal or because the lock was lost.

use crate::model::{
    exit::Exit,
    failure::{Failure, Reason},
};
use std::time::Duration;
use tokio::sync::watch;

/// How long requests that are already under way may still take after a stop.
pub const GRACE: Duration = Duration::from_secs(5);

/// Why a run is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// Somebody else holds the lock now.
    LockLost,
}

/// A shared flag that can be awaited. Once set it stays set, with its first cause.
#[derive(Debug, Clone)]
pub struct Stop(watch::Sender<Option<Cause>>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Stop {
    /// Asks everybody to stop.
    pub fn request(&self, cause: Cause) {
        self.0.send_if_modified(|state| {
            let first = state.is_none();
            if first {
                *state = Some(cause);
            }
            first
        });
    }

    /// Why to stop, if at all.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        *self.0.borrow()
    }

    /// Completes when a stop is requested.
    pub async fn requested(&self) -> Cause {
        let mut receiver = self.0.subscribe();
        match receiver.wait_for(Option::is_some).await.map(|cause| *cause) {
            Ok(Some(cause)) => cause,
            // The sender lives in `self`, so the channel cannot close while this waits.
            _ => std::future::pending().await,
        }
    }
}

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Interrupt => Self::new(Exit::Interrupted, Reason::Interrupted, "interrupted by SIGINT")
                .hint("state is consistent: run the same command again to go on"),
            Cause::Terminate => Self::new(Exit::Terminated, Reason::Interrupted, "terminated by SIGTERM")
                .hint("state is consistent: run the same command again to go on"),
            Cause::LockLost => Self::new(
                Exit::Locked,
                Reason::LockLost,
                "another run took over the lock, so this one stopped",
            )
            .hint("state is consistent: run the same command again when the other run has ended"),
        }
    }
}
