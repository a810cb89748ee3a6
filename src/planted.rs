//! Bugs that the laws must catch: without them a green sweep proves nothing.
//!
//! Only the feature `planted-bugs`, which no shipped build has, looks at the environment; without it every
//! question is a constant `false` and the compiler drops the bug.

/// A known kind of bug of tools like this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Values that exist are generated again.
    OverwritesSecrets,
    /// The two halves of a pair get values of their own.
    SplitsPairs,
    /// A Secret with missing keys is deleted and made anew.
    RecreatesSecrets,
    /// A value is written to the log.
    LogsSecrets,
    /// A value is written into an annotation.
    AnnotatesSecrets,
    /// A dry run applies its plan.
    AppliesDryRun,
    /// An object is written although nothing differs.
    WritesNeedlessly,
    /// A token gets a new identifier in each attempt.
    ForgetsToken,
    /// A token's key is stored before it is known.
    StoresPlaceholder,
    /// A failure ends the program with a panic.
    Panics,
}

/// Whether this bug is planted in this run.
#[cfg(feature = "planted-bugs")]
pub(crate) fn is_planted(bug: Bug) -> bool {
    std::env::var("APHEX_OPS_PLANTED_BUG").is_ok_and(|name| name == format!("{bug:?}"))
}

/// No bug is planted in a build without the feature.
#[cfg(not(feature = "planted-bugs"))]
pub(crate) const fn is_planted(_: Bug) -> bool {
    false
}
