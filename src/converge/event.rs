//! What happens during a run, as typed events that printers turn into text.

use crate::{
    converge::{
        contract::{Outcome, Wait},
        report::ClusterInfo,
    },
    model::object::ObjectRef,
};
use std::{fmt, sync::Arc};

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// Where the run is going to work; sent before anything is done.
    Target(ClusterInfo),
    /// A step starts.
    StepStarted {
        /// Its command.
        command: &'static str,
        /// What it does.
        summary: &'static str,
    },
    /// An action is about to be done.
    Acting {
        /// On what.
        object: ObjectRef,
        /// What, for people.
        action: String,
    },
    /// An action is done.
    Acted {
        /// On what.
        object: ObjectRef,
        /// With what result.
        outcome: Outcome,
    },
    /// An action failed.
    ActionFailed {
        /// On what.
        object: ObjectRef,
        /// Why.
        message: String,
        /// Whether it is tried again.
        again: bool,
    },
    /// Nothing can be done until something else changes; sent once for each new text.
    Waiting(Wait),
    /// A step ended.
    StepEnded {
        /// Its command.
        command: &'static str,
        /// Exit code that it leads to.
        exit: u8,
        /// How many objects changed.
        changed: usize,
    },
    /// Anything else worth a line.
    Info(String),
}

/// Where events go.
#[derive(Clone)]
pub struct Events(Arc<dyn Fn(&Event) + Send + Sync>);

impl Events {
    /// Sends events to a function; it must not block.
    pub fn to(sink: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Drops them.
    #[must_use]
    pub fn nowhere() -> Self {
        Self::to(|_| ())
    }

    /// Tells one.
    pub fn tell(&self, event: &Event) {
        (self.0)(event);
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}
