//! The report of `check`, as data: the same value becomes a table, JSON, YAML, JUnit and GitHub's annotations.

mod github;
mod junit;
mod shown;

pub use github::{annotations, summary};
pub use junit::junit;
pub use shown::{explanation, list, table};

use crate::{
    check::{self, Category, Check, Finding, Outcome, Row, Severity, Skip},
    converge::report::{ClusterInfo, FailureReport, seconds},
    model::{exit::Exit, names},
};
use schemars::JsonSchema;
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// What all checks found (`kind: CheckReport`).
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// Always `ops.aphex.io/v1alpha1`.
    #[schemars(extend("const" = names::OPS_API_VERSION))]
    pub api_version: &'static str,
    /// Always `CheckReport`.
    #[schemars(extend("const" = "CheckReport"))]
    pub kind: &'static str,
    /// The same in every line on stderr with `--log-format json`.
    #[serde(rename = "runID")]
    pub run_id: String,
    /// What was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterInfo>,
    /// When it started (RFC 3339).
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started_at: jiff::Timestamp,
    /// How long it took, in seconds.
    #[schemars(range(min = 0))]
    pub duration_seconds: f64,
    /// The exit code that it leads to.
    #[schemars(extend("enum" = Exit::ALL.map(Exit::code)))]
    pub exit_code: u8,
    /// Requests sent, by verb; retries count.
    pub requests: BTreeMap<&'static str, u64>,
    /// How many checks came to what.
    pub summary: Summary,
    /// Every check that was asked for.
    pub checks: Vec<CheckRow>,
    /// Commands that were run to mend what was wrong, with --fix.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<Fix>,
    /// What ended the run before all could be checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureReport>,
}

/// How many checks came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Summary {
    /// All is well.
    pub passed: usize,
    /// Something is worth a look.
    pub warning: usize,
    /// Something is wrong.
    pub failed: usize,
    /// What is wrong is known, and let pass by the configuration.
    pub suppressed: usize,
    /// Nothing could be said.
    pub skipped: usize,
}

/// One check and what it came to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckRow {
    /// Its stable code.
    pub code: &'static str,
    /// What it looks at.
    pub category: Category,
    /// How bad its findings are.
    pub severity: Severity,
    /// What is true where it passes.
    pub title: &'static str,
    /// What it came to.
    pub status: Status,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Skipped>,
    /// What is not as it should be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All is well.
    Passed,
    /// Something is worth a look, below the threshold for a failure.
    Warning,
    /// Something is wrong.
    Failed,
    /// What is wrong is known, and let pass by the configuration.
    Suppressed,
    /// Nothing could be said.
    Skipped,
}

impl Status {
    const fn word(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Warning => "warning",
            Self::Failed => "FAILED",
            Self::Suppressed => "suppressed",
            Self::Skipped => "skipped",
        }
    }
}

/// A command that was run to mend what was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fix {
    /// Its command line, without the program's name.
    pub command: String,
    /// How it ended.
    #[schemars(extend("enum" = Exit::ALL.map(Exit::code)))]
    pub exit_code: u8,
    /// How many objects it changed, or with --dry-run would change.
    pub changed: usize,
    /// What failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailureReport>,
}

/// Why a check was skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// Machine-readable cause.
    pub reason: SkipReason,
    /// The check that found the root, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<&'static str>,
    /// One sentence.
    pub message: String,
}

/// The cause of a skip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum SkipReason {
    /// There is nothing to look at.
    NotInstalled,
    /// It could not be looked at.
    Unseen,
    /// Another check found the root.
    Prerequisite,
}

/// One check, as it is declared (`kind: Check`).
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Always `ops.aphex.io/v1alpha1`.
    #[schemars(extend("const" = names::OPS_API_VERSION))]
    pub api_version: &'static str,
    /// Always `Check`.
    #[schemars(extend("const" = "Check"))]
    pub kind: &'static str,
    /// Its stable code.
    pub code: &'static str,
    /// What it looks at.
    pub category: Category,
    /// How bad its findings are.
    pub severity: Severity,
    /// What is true where it passes.
    pub title: &'static str,
    /// What a finding means for the platform.
    pub meaning: &'static str,
    /// How it is mended, in general.
    pub remedy: &'static str,
    /// Checks without which it says nothing.
    pub needs: &'static [&'static str],
}

impl From<&Check> for Explanation {
    fn from(check: &Check) -> Self {
        Self {
            api_version: names::OPS_API_VERSION,
            kind: "Check",
            code: check.code,
            category: check.category,
            severity: check.severity,
            title: check.title,
            meaning: check.meaning,
            remedy: check.remedy,
            needs: check.needs,
        }
    }
}

impl CheckReport {
    /// An empty report of a run that starts now.
    #[must_use]
    pub fn start(run_id: &str) -> Self {
        Self {
            api_version: names::OPS_API_VERSION,
            kind: "CheckReport",
            run_id: run_id.to_owned(),
            cluster: None,
            started_at: jiff::Timestamp::now(),
            duration_seconds: 0.0,
            exit_code: 0,
            requests: BTreeMap::new(),
            summary: Summary::default(),
            checks: Vec::new(),
            fixes: Vec::new(),
            failure: None,
        }
    }

    /// Takes what was judged. `is_failure` says from which severity on a finding is one.
    pub fn fill(&mut self, rows: Vec<Row>, is_failure: impl Fn(Severity) -> bool) {
        self.checks = rows.into_iter().map(|row| judged(row, &is_failure)).collect();
        let count = |status| self.checks.iter().filter(|row| row.status == status).count();
        self.summary = Summary {
            passed: count(Status::Passed),
            warning: count(Status::Warning),
            failed: count(Status::Failed),
            suppressed: count(Status::Suppressed),
            skipped: count(Status::Skipped),
        };
    }

    /// Notes how long it took, to the millisecond.
    pub fn took(&mut self, time: Duration) {
        self.duration_seconds = seconds(time);
    }

    /// The checks of a category.
    fn of(&self, category: Category) -> Vec<&CheckRow> {
        self.checks
            .iter()
            .filter(|row| row.category == category)
            .collect()
    }
}

fn judged(row: Row, is_failure: impl Fn(Severity) -> bool) -> CheckRow {
    let Row { check, outcome } = row;
    let (status, skipped, findings) = match outcome {
        Outcome::Passed => (Status::Passed, None, Vec::new()),
        Outcome::Skipped(skip) => (Status::Skipped, Some(Skipped::from(&skip)), Vec::new()),
        Outcome::Failed(findings) => {
            let is_known = findings.iter().all(|finding| finding.suppressed.is_some());
            let status = match () {
                () if is_known => Status::Suppressed,
                () if is_failure(check.severity) => Status::Failed,
                () => Status::Warning,
            };
            (status, None, findings)
        }
    };
    CheckRow {
        code: check.code,
        category: check.category,
        severity: check.severity,
        title: check.title,
        status,
        skipped,
        findings,
    }
}

impl From<&Skip> for Skipped {
    fn from(skip: &Skip) -> Self {
        let (reason, needs) = match skip {
            Skip::NotInstalled(_) => (SkipReason::NotInstalled, None),
            Skip::Unseen(_) => (SkipReason::Unseen, None),
            Skip::Follows(code, _) => (SkipReason::Prerequisite, Some(*code)),
        };
        Self {
            reason,
            needs,
            message: skip.to_string(),
        }
    }
}

impl CheckRow {
    /// The findings that count.
    fn active(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.suppressed.is_none())
    }
}

/// What is printed of checks as they are declared.
#[must_use]
pub fn explanations() -> Vec<Explanation> {
    check::catalogue().map(Explanation::from).collect()
}
