//! Bugs that the laws must catch: without them a green sweep proves nothing.
//!
//! Only the feature `planted-bugs`, which no shipped build has, looks at the environment; without it every
//! question is a constant `false` and the compiler drops the bug.

/// A known kind of bug of tools like this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// A Secret with missing keys is generated anew, those that it has included.
    OverwritesSecrets,
    /// As long as any key of any Secret is missing, all of them are generated anew.
    RestartsGeneration,
    /// The two halves of a pair get values of their own.
    SplitsPairs,
    /// A Secret is made before its keys are, and one that exists is taken to be complete.
    TrustsExistence,
    /// What is sent is logged, values included.
    LogsSecrets,
    /// A value is written into an annotation.
    AnnotatesSecrets,
    /// A token is sent in the URL, which every proxy logs.
    SecretInUrl,
    /// A dry run applies its plan.
    AppliesDryRun,
    /// An object is written although nothing differs.
    WritesNeedlessly,
    /// The token has another identifier in each run.
    ForgetsToken,
    /// The token's Secret is stored before the token exists.
    StoresPlaceholder,
    /// What failed for good is not reported.
    SwallowsFailures,
    /// An answer that cannot be decoded ends the program with a panic.
    Panics,
    /// There is no deadline.
    NeverGivesUp,
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
