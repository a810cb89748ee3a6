//! Exit codes: one enum, from which help, man page and the Jobs' podFailurePolicy follow.

use std::fmt;

/// How a run ended, as the process's exit code.
///
/// The numbers are a public contract (scripts and `podFailurePolicy` depend on them) and never change meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// Unexpected error: a bug of this program.
    Bug = 1,
    /// Wrong usage or invalid configuration.
    Usage = 2,
    /// Changes are pending; only with `--exit-code`.
    Pending = 3,
    /// A check failed.
    CheckFailed = 4,
    /// The deadline was reached while things were still progressing.
    Deadline = 5,
    /// Authentication or permission is missing.
    Forbidden = 6,
    /// A human must decide: foreign owner, immutable field, ambiguous match, data-loss guard.
    Human = 7,
    /// Another run holds the lock, or the lock was lost.
    Locked = 8,
    /// Partly done: some objects failed, the others are done.
    Partly = 9,
    /// Transient trouble outlasted the retries.
    Transient = 10,
    /// A resource failed for good, by its own account.
    ResourceFailed = 11,
    /// Interrupted by SIGINT; state is consistent.
    Interrupted = 130,
    /// Interrupted by SIGTERM; state is consistent.
    Terminated = 143,
}

/// What a Kubernetes Job does about an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InJob {
    /// Nothing: it succeeded.
    Complete,
    /// Ends at once: another attempt would fail the same way.
    Fail,
    /// Tries again, up to its `backoffLimit`.
    Count,
}

impl Exit {
    /// All codes in ascending order, for documentation and generated policies.
    pub const ALL: [Self; 14] = [
        Self::Done,
        Self::Bug,
        Self::Usage,
        Self::Pending,
        Self::CheckFailed,
        Self::Deadline,
        Self::Forbidden,
        Self::Human,
        Self::Locked,
        Self::Partly,
        Self::Transient,
        Self::ResourceFailed,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The process exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// One line for `--help`, the man page and the README.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing to do",
            Self::Bug => "unexpected error (a bug)",
            Self::Usage => "wrong usage or invalid configuration",
            Self::Pending => "changes are pending (only with --exit-code)",
            Self::CheckFailed => "a check failed",
            Self::Deadline => "deadline reached, still progressing",
            Self::Forbidden => "authentication or permission missing",
            Self::Human => "needs a human: foreign owner, ambiguous match, data-loss guard",
            Self::Locked => "another run holds the lock, or the lock was lost",
            Self::Partly => "partly done: some objects failed, the others are done",
            Self::Transient => "transient trouble outlasted the retries",
            Self::ResourceFailed => "a resource failed for good",
            Self::Interrupted => "interrupted (SIGINT), state is consistent",
            Self::Terminated => "terminated (SIGTERM), state is consistent",
        }
    }

    /// What a Job does about it. An interruption counts like any other failed attempt; one that Kubernetes itself brought
    /// about (the Pod has the condition `DisruptionTarget`) is ignored by the Job, whatever the code.
    #[must_use]
    pub const fn in_a_job(self) -> InJob {
        match self {
            Self::Done => InJob::Complete,
            Self::Usage | Self::Forbidden | Self::Human => InJob::Fail,
            Self::Bug
            | Self::Pending
            | Self::CheckFailed
            | Self::Deadline
            | Self::Locked
            | Self::Partly
            | Self::Transient
            | Self::ResourceFailed
            | Self::Interrupted
            | Self::Terminated => InJob::Count,
        }
    }

    /// Whether the same request may succeed a moment later without anybody's help.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Transient)
    }

    /// The one code of a run with these failures: that of the only one, else [`Exit::of_many`].
    #[must_use]
    pub fn of_failures(failures: &[Self], anything_succeeded: bool) -> Self {
        match failures {
            [only] => *only,
            many => Self::of_many(many, anything_succeeded),
        }
    }

    /// The one code of a run with several failures: [`Exit::Partly`] if anything else succeeded,
    /// else the first of 7, 6, 2, 11, 5, 10 that occurred, else the first one given.
    #[must_use]
    pub fn of_many(failures: &[Self], anything_succeeded: bool) -> Self {
        const WORST_FIRST: [Exit; 6] = [
            Exit::Human,
            Exit::Forbidden,
            Exit::Usage,
            Exit::ResourceFailed,
            Exit::Deadline,
            Exit::Transient,
        ];
        let Some(first) = failures.first() else {
            return Self::Done;
        };
        if anything_succeeded {
            return Self::Partly;
        }
        WORST_FIRST
            .into_iter()
            .find(|exit| failures.contains(exit))
            .unwrap_or(*first)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code(), self.meaning())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_published_ones() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 130, 143]);
    }

    #[test]
    fn several_failures_give_one_code() {
        assert_eq!(Exit::of_many(&[], true), Exit::Done);
        assert_eq!(Exit::of_many(&[Exit::Transient], true), Exit::Partly);
        assert_eq!(
            Exit::of_many(&[Exit::Transient, Exit::Forbidden, Exit::Human], false),
            Exit::Human
        );
        assert_eq!(
            Exit::of_many(&[Exit::Deadline, Exit::ResourceFailed], false),
            Exit::ResourceFailed
        );
        assert_eq!(Exit::of_many(&[Exit::CheckFailed], false), Exit::CheckFailed);
    }
}
