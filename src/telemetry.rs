//! Logging, metrics, core dumps, and the termination message.

mod logging;
mod metrics;

pub(crate) use logging::start_logging;
pub(crate) use metrics::{Measured, write_metrics};

use crate::{
    converge::{Report, report::FailureReport},
    model::{exit::Exit, failure::Failure},
};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde_json::json;
use std::path::Path;

/// Kubernetes cuts termination messages off here.
const LONGEST_MESSAGE: usize = 4096;

/// Secrets in memory must not end in a file.
pub(crate) fn forbid_core_dumps() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::debug!(%error, "core dumps could not be switched off");
    }
}

/// Tells Kubernetes why the container ended, if it is one: the file exists then.
pub(crate) fn termination_message(path: &Path, exit: Exit, reports: &[Report], failure: Option<&Failure>) {
    if !path.exists() {
        return;
    }
    let step = reports.last().map(|report| report.step);
    let first = match failure {
        Some(failure) => Some(FailureReport::from(failure)),
        None => reports.iter().flat_map(|report| report.failures.clone()).next(),
    };
    let changed: usize = reports.iter().map(Report::changed).sum();
    let mut message = json!({"exit": exit.code(), "meaning": exit.meaning(), "step": step, "changed": changed, "failure": first});
    while message.to_string().len() > LONGEST_MESSAGE {
        // Only the texts of the failure can be long: the hint is given up first, then the message is cut.
        let failure = &mut message["failure"];
        if failure["hint"].take().is_null() {
            failure["message"] = "too long for a termination message: see the log".into();
        }
    }
    if let Err(error) = std::fs::write(path, message.to_string()) {
        tracing::warn!(%error, "the termination message could not be written");
    }
}
