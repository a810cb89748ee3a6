//! Tenants: kinds of our own.

use super::{Health, Rule, Verdict, subject::Subject};

pub(super) const RULES: &[Rule] = &[
    Rule::new("aphex.io", "Organization", tenant)
        .observing()
        .with_conditions(),
    Rule::new("aphex.io", "RepoBinding", tenant)
        .observing()
        .with_conditions(),
    Rule::new("aphex.io", "KnowledgeBase", tenant)
        .observing()
        .with_conditions(),
];

/// A tenant whose phase and `Ready` condition agree. Its phase is `Failed` only if its spec has to be changed.
fn tenant(subject: &Subject<'_>) -> Verdict {
    let phase = subject.text("/status/phase");
    match (phase, subject.condition("Ready")) {
        ("Active" | "Ready", Some(found)) if found.is_true() => found.verdict(Health::Current),
        ("Failed", Some(found)) if found.is_false() => found.verdict(Health::Failed),
        (_, Some(found)) if !found.is_true() => found.verdict(Health::Progressing),
        _ => Verdict::progressing(format!("its phase is {phase:?}")),
    }
}
