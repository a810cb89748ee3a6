//! Checks of the platform: facts in, findings out, without any effect.
//!
//! Each check is declared once, with its code, what it means and what it depends on, beside the function that judges it: see
//! the `CHECKS` of each area. [`run`] judges facts that somebody gathered: what failed is known by its root, and what depends
//! on it is skipped rather than reported as another failure.

mod areas;
mod certificate;
mod facts;
mod graph;
mod object;
mod select;
mod sources;
mod suppress;

pub use areas::catalogue;
pub use certificate::Certificate;
pub use facts::{
    Account, Bootstrap, Comparison, Facts, KeyFact, LeaseFact, Listing, LoginFact, Look, Provider,
    ProviderState, SecretFact, Stored, TlsFact, Trouble,
};
pub use graph::{Outcome, Row, run};
pub use select::{Selection, Selector, UnknownCheck};
pub use sources::{Probe, Scope, Source};
pub use suppress::suppressed_by;

use crate::model::{failure::Reason, object::ObjectRef};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;

/// What a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// The API server, its nodes, namespaces and volumes.
    Cluster,
    /// What the caller may look at.
    Permissions,
    /// Generated secrets.
    Secrets,
    /// Authentik and Dex.
    Identity,
    /// What the login's providers say of themselves.
    Oidc,
    /// What the waves installed.
    Waves,
    /// Certificates and who signs them.
    Certificates,
    /// Who may do what.
    Rbac,
    /// Scheduled jobs.
    Jobs,
    /// What the API server or a repository calls.
    Webhooks,
    /// Hosts and where they lead.
    Dns,
    /// Organizations and their repositories.
    Tenants,
}

impl Category {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 12] = [
        Self::Cluster,
        Self::Permissions,
        Self::Secrets,
        Self::Identity,
        Self::Oidc,
        Self::Waves,
        Self::Certificates,
        Self::Rbac,
        Self::Jobs,
        Self::Webhooks,
        Self::Dns,
        Self::Tenants,
    ];

    /// As it is written on a command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Permissions => "permissions",
            Self::Secrets => "secrets",
            Self::Identity => "identity",
            Self::Oidc => "oidc",
            Self::Waves => "waves",
            Self::Certificates => "certificates",
            Self::Rbac => "rbac",
            Self::Jobs => "jobs",
            Self::Webhooks => "webhooks",
            Self::Dns => "dns",
            Self::Tenants => "tenants",
        }
    }

    /// As it stands in a code.
    #[must_use]
    pub const fn area(self) -> &'static str {
        match self {
            Self::Cluster => "CLU",
            Self::Permissions => "PER",
            Self::Secrets => "SEC",
            Self::Identity => "IDN",
            Self::Oidc => "OIDC",
            Self::Waves => "WAV",
            Self::Certificates => "CRT",
            Self::Rbac => "RBAC",
            Self::Jobs => "JOB",
            Self::Webhooks => "WHK",
            Self::Dns => "DNS",
            Self::Tenants => "TEN",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// When a check is run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Suite {
    /// All that only look
    #[default]
    Looking,
    /// Also those that act as a user does, and leave a trace of that: a login
    Smoke,
}

/// How bad a finding of a check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It works, but somebody should look at it.
    Warning,
    /// Something does not work.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One check, as it is declared.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Stable: it never gets another meaning, and is never given to another check.
    pub code: &'static str,
    /// What it looks at.
    pub category: Category,
    /// How bad its findings are.
    pub severity: Severity,
    /// When it is run.
    pub suite: Suite,
    /// What is true where it passes, in a few words.
    pub title: &'static str,
    /// What a finding means for the platform.
    pub meaning: &'static str,
    /// How it is mended, in general; each finding says the exact command.
    pub remedy: &'static str,
    /// Codes of the checks without which it says nothing: where one of them fails, this one is skipped.
    pub needs: &'static [&'static str],
    /// The lists that it reads.
    reads: &'static [Source],
    /// What else has to be looked at for it.
    probes: &'static [Probe],
    judge: Judge,
}

/// From facts to findings, or why the facts do not tell.
type Judge = fn(&Facts) -> Result<Vec<Finding>, Skip>;

impl Check {
    const fn new(
        code: &'static str,
        category: Category,
        severity: Severity,
        title: &'static str,
        judge: Judge,
    ) -> Self {
        Self {
            code,
            category,
            severity,
            suite: Suite::Looking,
            title,
            meaning: "",
            remedy: "",
            needs: &[],
            reads: &[],
            probes: &[],
            judge,
        }
    }

    const fn error(code: &'static str, category: Category, title: &'static str, judge: Judge) -> Self {
        Self::new(code, category, Severity::Error, title, judge)
    }

    const fn warning(code: &'static str, category: Category, title: &'static str, judge: Judge) -> Self {
        Self::new(code, category, Severity::Warning, title, judge)
    }

    const fn means(self, meaning: &'static str) -> Self {
        Self { meaning, ..self }
    }

    const fn mended(self, remedy: &'static str) -> Self {
        Self { remedy, ..self }
    }

    const fn in_suite(self, suite: Suite) -> Self {
        Self { suite, ..self }
    }

    const fn after(self, needs: &'static [&'static str]) -> Self {
        Self { needs, ..self }
    }

    const fn reading(self, reads: &'static [Source]) -> Self {
        Self { reads, ..self }
    }

    const fn probing(self, probes: &'static [Probe]) -> Self {
        Self { probes, ..self }
    }

    /// The lists that it reads.
    #[must_use]
    pub const fn reads(&self) -> &'static [Source] {
        self.reads
    }

    /// What else has to be looked at for it.
    #[must_use]
    pub const fn probes(&self) -> &'static [Probe] {
        self.probes
    }
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// What is wrong: the root of it, as far as can be seen.
    pub object: ObjectRef,
    /// Machine-readable cause: one of ours, or the word of the controller that noticed it.
    pub reason: String,
    /// What is wrong with it.
    pub message: String,
    /// The command that mends it, or shows what has to be mended by hand.
    pub remedy: String,
    /// Why the configuration lets it pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<String>,
}

impl Finding {
    fn new(
        object: ObjectRef,
        reason: impl fmt::Display,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            object,
            reason: reason.to_string(),
            message: message.into(),
            remedy: remedy.into(),
            suppressed: None,
        }
    }

    fn missing(object: ObjectRef, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(object, Reason::NotFound, message, remedy)
    }
}

/// Why a check says nothing: that is not a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skip {
    /// There is nothing to look at.
    NotInstalled(String),
    /// It could not be looked at, and why.
    Unseen(String),
    /// What is wrong here follows from what another check found: its code, and how.
    Follows(&'static str, String),
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled(what) => write!(f, "not installed: {what}"),
            Self::Unseen(why) => write!(f, "could not be looked at: {why}"),
            Self::Follows(code, how) if how.is_empty() => write!(f, "needs {code}"),
            Self::Follows(code, how) => write!(f, "follows from {code}: {how}"),
        }
    }
}

/// The check of that code.
#[must_use]
pub fn check(code: &str) -> Option<&'static Check> {
    catalogue().find(|check| check.code == code)
}
