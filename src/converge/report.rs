//! What a run did, as data: the same value becomes table, JSON, YAML and termination message.

use crate::{
    converge::contract::{Outcome, Verb, Wait},
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        names,
        object::ObjectRef,
    },
};
use schemars::JsonSchema;
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// The report of one step's run (`kind: Report`).
#[must_use = "an unread report is not actionable"]
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Always `ops.aphex.io/v1alpha1`.
    #[schemars(extend("const" = names::OPS_API_VERSION))]
    pub api_version: &'static str,
    /// Always `Report`.
    #[schemars(extend("const" = "Report"))]
    pub kind: &'static str,
    /// The same in every report of the run, and in every line on stderr with `--log-format json`.
    #[serde(rename = "runID")]
    pub run_id: String,
    /// Where it ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterInfo>,
    /// The command line that ran it, without the program's name.
    pub command: String,
    /// The step.
    pub step: &'static str,
    /// Whether it only planned.
    pub dry_run: bool,
    /// When it started (RFC 3339).
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started_at: jiff::Timestamp,
    /// How long it took, in seconds.
    #[schemars(range(min = 0))]
    pub duration_seconds: f64,
    /// The exit code that it leads to.
    #[schemars(extend("enum" = Exit::ALL.map(Exit::code)))]
    pub exit_code: u8,
    /// How often it looked at the world.
    pub rounds: u32,
    /// Requests sent, by verb; retries count.
    pub requests: BTreeMap<&'static str, u64>,
    /// What was done, or in a dry run would be done, and what needed nothing.
    pub actions: Vec<ActionReport>,
    /// What was still waited for at the end.
    pub waiting: Vec<Wait>,
    /// What failed or was refused.
    pub failures: Vec<FailureReport>,
}

/// Seconds, to the millisecond.
pub(crate) fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

/// Where a run took place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClusterInfo {
    /// URL of the API server.
    pub server: String,
    /// Its version, if it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// One row of a report.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActionReport {
    /// What it was about.
    pub object: ObjectRef,
    /// What that is a part of, if it is said: an object of another row, or the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_of: Option<ObjectRef>,
    /// What was done.
    pub verb: Verb,
    /// With what result; in a dry run absent for what would be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Cause of a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// One sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// One failure of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FailureReport {
    /// Exit code that it alone leads to.
    #[schemars(extend("enum" = Exit::ALL.map(Exit::code)))]
    pub exit: u8,
    /// Machine-readable cause.
    pub reason: Reason,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectRef>,
    /// What is wrong, with its causes.
    pub message: String,
    /// What mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl From<&Failure> for FailureReport {
    fn from(failure: &Failure) -> Self {
        Self {
            exit: failure.exit.code(),
            reason: failure.reason,
            object: failure.object.clone(),
            message: failure.chain(),
            hint: failure.hint.clone(),
        }
    }
}

impl Report {
    /// An empty report of a step that starts now.
    pub fn start(run_id: &str, command: &str, step: &'static str, dry_run: bool) -> Self {
        Self {
            api_version: names::OPS_API_VERSION,
            kind: "Report",
            run_id: run_id.to_owned(),
            cluster: None,
            command: command.to_owned(),
            step,
            dry_run,
            started_at: jiff::Timestamp::now(),
            duration_seconds: 0.0,
            exit_code: 0,
            rounds: 0,
            requests: BTreeMap::new(),
            actions: Vec::new(),
            waiting: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Notes how long it took, to the millisecond.
    pub(crate) fn took(&mut self, time: Duration) {
        self.duration_seconds = seconds(time);
    }

    /// The number of objects that were changed.
    #[must_use]
    pub fn changed(&self) -> usize {
        let changes = [Outcome::Created, Outcome::Configured, Outcome::Deleted];
        self.actions
            .iter()
            .filter(|row| row.outcome.is_some_and(|outcome| changes.contains(&outcome)))
            .count()
    }

    /// The number of actions that a dry run found.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.actions.iter().filter(|row| row.outcome.is_none()).count()
    }

    /// The exit code as the enum.
    #[must_use]
    pub fn exit(&self) -> Exit {
        Exit::ALL
            .into_iter()
            .find(|exit| exit.code() == self.exit_code)
            .unwrap_or(Exit::Bug)
    }
}
