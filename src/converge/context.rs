//! What a step may use.

use crate::{
    converge::{Events, Stop, Wait},
    http::{Http, Url},
    kubernetes::{
        Cluster,
        forward::{self, Place},
    },
    model::{config::Config, failure::Failure},
};
use std::{collections::BTreeMap, time::Duration};
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
    /// The same in every report and JSON line of the run.
    pub run_id: String,
    /// The command line, for the report.
    pub command: String,
}

impl Context {
    /// Requests sent so far to everything, by verb; retries count.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<&'static str, u64> {
        let mut requests = self.cluster.requests().by_verb();
        requests.extend(self.http.requests().by_verb());
        requests
    }

    /// The time that is left.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Prepares the way to a URL: a Service of the cluster is reached from outside through the API server,
    /// everything else directly. `Some` is what it takes until that is possible.
    ///
    /// # Errors
    /// A [`Failure`] if it cannot become possible by waiting.
    pub async fn reach(&self, url: &str) -> Result<Option<Wait>, Failure> {
        let Ok(url) = Url::parse(url) else { return Ok(None) };
        let (Some(place), Some(host)) = (Place::of(&url).transpose()?, url.host_str()) else {
            return Ok(None);
        };
        if self.cluster.is_inside() || self.http.is_routed(host, place.port) {
            return Ok(None);
        }
        let forwarded = self.cluster.forward(&place).await;
        match forwarded.map_err(|failure| forward::unpermitted(failure, &self.config))? {
            Ok(local) => {
                self.http.forward(host, place.port, local);
                Ok(None)
            }
            Err(wait) => Ok(Some(wait)),
        }
    }
}
