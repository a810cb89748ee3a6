//! What has to hold before the rule of a kind has a say.

use super::{Baseline, Health, Rule, Verdict, subject::Subject, subject::text};
use serde_json::Value;

/// The verdict on an object whose status says nothing yet of what we wrote.
pub(super) fn unmet(subject: &Subject<'_>, rule: Option<&Rule>) -> Option<Verdict> {
    if subject.live.is_null() {
        return Some(Verdict::new(Health::Missing, "it does not exist"));
    }
    if let Some(verdict) = subject.baseline.and_then(|baseline| other(subject, baseline)) {
        return Some(verdict);
    }
    if !subject.text("/metadata/deletionTimestamp").is_empty() {
        return Some(terminating(subject.live));
    }
    let is_unread = match subject.number("/status/observedGeneration") {
        Some(observed) => subject.generation().is_some_and(|ours| observed < ours),
        None => rule.is_some_and(|rule| rule.observes),
    };
    if is_unread {
        return Some(Verdict::progressing(
            "its controller has not seen the last change yet",
        ));
    }
    let has_none = subject.list("/status/conditions").is_empty();
    let is_silent = rule.is_some_and(|rule| rule.has_conditions) && has_none;
    is_silent.then(|| Verdict::progressing("its controller has not looked at it yet"))
}

/// What was read is not, or not yet, what was written.
fn other(subject: &Subject<'_>, baseline: &Baseline) -> Option<Verdict> {
    if subject.text("/metadata/uid") != baseline.uid {
        let message = "another object has its name now: somebody deleted it and made it again";
        return Some(Verdict::new(Health::Missing, message));
    }
    let generation = subject.number("/metadata/generation");
    let is_older = generation < baseline.generation || is_before(subject, baseline) == Some(true);
    is_older.then(|| Verdict::progressing("what was read of it is older than what was written"))
}

/// Versions of one object are comparable as numbers (KEP-5504), if its server writes numbers.
fn is_before(subject: &Subject<'_>, baseline: &Baseline) -> Option<bool> {
    let live: u64 = subject.text("/metadata/resourceVersion").parse().ok()?;
    let ours: u64 = baseline.resource_version.parse().ok()?;
    Some(live < ours)
}

/// What keeps it from being gone: finalizers, and of a namespace what its controller says of the content.
fn terminating(live: &Value) -> Verdict {
    let list = |pointer: &str| super::subject::list(live, pointer);
    let finalizers = list("/metadata/finalizers")
        .iter()
        .chain(list("/spec/finalizers"));
    let finalizers: Vec<&str> = finalizers.filter_map(Value::as_str).collect();
    let mut message = "it is being deleted".to_owned();
    if !finalizers.is_empty() {
        message = format!(
            "{message}, and waits for the finalizers {}",
            finalizers.join(", ")
        );
    }
    let conditions = list("/status/conditions").iter().filter(|found| {
        let kind = text(found, "/type");
        text(found, "/status") == "True" && kind.starts_with("Namespace")
    });
    for condition in conditions {
        message = format!("{message}; {}", text(condition, "/message"));
    }
    Verdict::new(Health::Terminating, message)
}
