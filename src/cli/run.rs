//! One run of the program: what is shared from its start to its last words.

use super::{options::OutputOptions, process::Ended};
use crate::{
    converge::requests::ByAnswer,
    http::Http,
    kubernetes::Cluster,
    model::failure::Failure,
    report::progress::Progress,
    telemetry::{self, Measured},
};
use std::{path::Path, sync::OnceLock};
use tokio::time::Instant;

pub(super) struct Run {
    /// In every report and in every JSON line.
    pub(super) id: String,
    pub(super) progress: Progress,
    /// The words of the command line, without options.
    line: String,
    started: Instant,
    /// Absent until there is a session.
    clients: OnceLock<(Cluster, Http)>,
}

impl Run {
    pub(super) fn new(id: &str, line: String, options: &OutputOptions) -> Self {
        Self {
            id: id.to_owned(),
            progress: Progress::new(id, options.progress_style(), options.errors()),
            line,
            started: Instant::now(),
            clients: OnceLock::new(),
        }
    }

    /// Counts the requests of these clients as those of the run.
    pub(super) fn count(&self, cluster: &Cluster, http: &Http) {
        // A run has one session.
        let _ = self.clients.set((cluster.clone(), http.clone()));
    }

    /// Writes what is measured of the run, however it ended.
    pub(super) fn write_metrics(&self, path: &Path, ended: &Result<Ended, Failure>) {
        let (exit, reports) = match ended {
            Ok(ended) => (ended.exit, ended.printed.reports()),
            Err(failure) => (failure.exit, [].as_slice()),
        };
        let mut requests = ByAnswer::new();
        if let Some((cluster, http)) = self.clients.get() {
            requests.extend(cluster.requests().by_answer());
            requests.extend(http.requests().by_answer());
        }
        let measured = Measured::now(exit, self.started.elapsed(), requests, reports);
        telemetry::write_metrics(path, &self.line, &self.id, measured);
    }
}
