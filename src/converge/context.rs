//! What a step may use.

use crate::{
    converge::{Events, Stop},
    http::Http,
    kubernetes::Cluster,
    model::config::Config,
};
use std::time::Duration;
use tokio::time::Instant;

/// Everything that a step may use, made once for a run.
#[derive(Debug)]
pub struct Context {
    /// The configuration.
    pub config: Config,
    /// The Kubernetes cluster.
    pub cluster: Cluster,
    /// All other HTTP.
    pub http: Http,
    /// Where progress goes.
    pub events: Events,
    /// Whether to stop.
    pub stop: Stop,
    /// When the run must be over.
    pub deadline: Instant,
    /// The same in every log line and report of the run.
    pub run_id: String,
    /// The command line, for the report.
    pub command: String,
}

impl Context {
    /// The time that is left.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}
