//! Kinds that we know nothing of, by the conventions of kstatus (`cli-utils/pkg/kstatus/status/generic.go`).
//!
//! Unlike kstatus, an object without a word from a controller is not current: nobody may have looked at it yet.

use super::{Health, Verdict, subject::Subject};
use serde_json::Value;

/// Conditions that say by being true that all is well, the most telling first, and what their being false means.
const GOOD: [(&str, Health); 3] = [
    ("Ready", Health::Progressing),
    ("Available", Health::Progressing),
    ("Succeeded", Health::Failed),
];

/// Judges an object by the conditions that controllers of many kinds write.
///
/// A false `Ready` is no failure: many controllers write it on the way. That an object may have no controller at all
/// cannot be told from it, so one without a status settles.
pub(super) fn judge(subject: &Subject<'_>) -> Verdict {
    let is_true = |kind| subject.condition(kind).filter(|found| found.is_true());
    if let Some(found) = is_true("Reconciling") {
        return found.verdict(Health::Progressing);
    }
    if let Some(found) = is_true("Stalled") {
        return found.verdict(Health::Failed);
    }
    for (kind, bad) in GOOD {
        match subject.condition(kind) {
            Some(found) if found.is_true() => return subject.current_by(&found),
            Some(found) if found.is_false() => return found.verdict(bad),
            Some(found) => return found.verdict(Health::Progressing),
            None => {}
        }
    }
    // A condition that is there, and was not found, is of an earlier generation.
    let is_old = |found: &Value| GOOD.iter().any(|(kind, _)| found["type"] == *kind);
    if subject.list("/status/conditions").iter().any(is_old) {
        return Verdict::progressing("its conditions are of before the last change");
    }
    match subject.number("/status/observedGeneration") {
        Some(_) => Verdict::current("its controller has seen the last change"),
        None => Verdict::settling("nothing in its status tells whether it works"),
    }
}
