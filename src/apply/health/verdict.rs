//! What is said of an object.

use std::time::Duration;

/// How long a verdict that [`Verdict::settles`] has to last until it is as good as [`Health::Current`]: longer than a
/// controller takes to react to a change, shorter than anybody minds.
pub const SETTLE: Duration = Duration::from_secs(2);

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
    /// The reason of the condition or Pod that decided, as its controller wrote it: for machines.
    pub reason: Option<String>,
    /// What a user should know though it is no obstacle.
    pub warning: Option<String>,
    /// Whether others wait for it. What is not needed for others to work has a verdict too, but never holds them up.
    pub is_gating: bool,
    /// Whether it counts as [`Health::Current`], with the warning, once it has lasted for [`SETTLE`].
    pub settles: bool,
}

impl Verdict {
    /// A verdict that others wait for.
    #[must_use]
    pub fn new(health: Health, message: impl Into<String>) -> Self {
        Self {
            health,
            message: message.into(),
            reason: None,
            warning: None,
            is_gating: true,
            settles: false,
        }
    }

    pub(super) fn current(message: impl Into<String>) -> Self {
        Self::new(Health::Current, message)
    }

    pub(super) fn progressing(message: impl Into<String>) -> Self {
        Self::new(Health::Progressing, message)
    }

    pub(super) fn degraded(message: impl Into<String>) -> Self {
        Self::new(Health::Degraded, message)
    }

    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::new(Health::Failed, message)
    }

    /// Nothing in the object tells, so only time can.
    pub(super) fn settling(warning: impl Into<String>) -> Self {
        let warning = warning.into();
        Self {
            settles: true,
            ..Self::new(Health::Unknown, warning.clone()).warned(warning)
        }
    }

    pub(super) fn because(self, reason: impl Into<String>) -> Self {
        let reason = Some(reason.into()).filter(|reason| !reason.is_empty());
        Self { reason, ..self }
    }

    pub(super) fn warned(self, warning: impl Into<String>) -> Self {
        let warning = Some(warning.into());
        Self { warning, ..self }
    }

    pub(super) fn not_gating(self) -> Self {
        let is_gating = false;
        Self { is_gating, ..self }
    }

    /// Adds to the message.
    pub(super) fn and(mut self, text: &str) -> Self {
        if !text.is_empty() {
            self.message = format!("{}: {text}", self.message);
        }
        self
    }

    /// A verdict that other objects have to confirm: what they deny takes it back, what they leave open is a warning.
    pub(super) fn confirmed(self, checks: impl IntoIterator<Item = Result<(), Doubt>>) -> Self {
        let mut verdict = self;
        for check in checks {
            match check {
                Ok(()) => {}
                Err(Doubt::Denied(message)) => return Self::progressing(message),
                Err(Doubt::Unseen(warning)) => verdict = verdict.warned(warning),
            }
        }
        verdict
    }
}

/// Why another object does not confirm a verdict.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It says otherwise.
    Denied(String),
    /// It could not be looked at.
    Unseen(String),
}
