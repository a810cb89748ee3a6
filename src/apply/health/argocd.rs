//! Argo CD's Applications.
//!
//! An Application's status is written together with its spec, so its generation says nothing. That a verdict is of what
//! the spec asks for is told by what the controller compared, and when (argo-cd#29649 has the same guard).

use super::{
    Health, Rule, Verdict,
    plain::exists,
    subject::{Subject, list, text, time},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub(super) const RULES: &[Rule] = &[
    Rule::new("argoproj.io", "Application", application),
    Rule::new("argoproj.io", "AppProject", exists),
];

/// Conditions that say that something has to be put right; others are warnings. They have no status: they are there, or not
/// (`pkg/apis/application/v1alpha1/types.go`).
const ERRORS: [&str; 4] = ["InvalidSpecError", "ComparisonError", "SyncError", "UnknownError"];

/// In the order in which one depends on the other: the comparison is of this spec, nothing is under way, what was under
/// way ended well, the objects are as in the repository, and they are healthy.
fn application(subject: &Subject<'_>) -> Verdict {
    if let Some(verdict) = uncompared(subject) {
        return verdict;
    }
    if let Some(found) = list(subject.live, "/status/conditions").iter().find(is_error) {
        let kind = text(found, "/type");
        return Verdict::degraded(kind).and(text(found, "/message")).because(kind);
    }
    if let Some(verdict) = operation(subject) {
        return verdict;
    }
    let sync = subject.text("/status/sync/status");
    if sync != "Synced" {
        return Verdict::progressing(format!("its sync status is {sync:?}")).because(sync);
    }
    let health = subject.text("/status/health/status");
    let verdict = match health {
        "Healthy" => Verdict::current("it is synced and healthy"),
        "Degraded" => Verdict::degraded("what it installs is degraded"),
        "Suspended" => Verdict::new(Health::Suspended, "what it installs is suspended"),
        _ => Verdict::progressing(format!("its health is {health:?}")),
    };
    match verdict.health {
        Health::Current => verdict,
        _ => verdict.and(&blame(subject.live)).because(health),
    }
}

fn is_error(condition: &&Value) -> bool {
    ERRORS.contains(&text(condition, "/type"))
}

/// Its status is not of what the spec asks for now.
fn uncompared(subject: &Subject<'_>) -> Option<Verdict> {
    let unread = || {
        Some(Verdict::progressing(
            "its controller has not compared it since the last change",
        ))
    };
    let Some(compared_at) = time(subject.live, "/status/reconciledAt") else {
        return unread();
    };
    let is_early = subject
        .changed_at()
        .is_some_and(|at| compared_at < whole_seconds(at));
    let is_asked = subject.live["metadata"]["annotations"]["argocd.argoproj.io/refresh"].is_string();
    if is_early || is_asked {
        return unread();
    }
    // An invalid spec is not compared at all.
    let conditions = list(subject.live, "/status/conditions");
    if conditions.iter().any(|found| found["type"] == "InvalidSpecError") {
        return None;
    }
    match is_compared_to(
        &subject.live["spec"],
        &subject.live["status"]["sync"]["comparedTo"],
    ) {
        true => None,
        false => unread(),
    }
}

/// Its controller's times have no fractions.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// Whether the comparison was of these sources and this destination. In words they may differ: what is empty is left
/// out of the status, and the destination's server may be filled in from its name.
fn is_compared_to(spec: &Value, compared: &Value) -> bool {
    let sources = list(spec, "/sources");
    let source = match &spec["sourceHydrator"] {
        Value::Object(hydrator) => json!({
            "repoURL": hydrator.get("drySource").map(|dry| dry["repoURL"].clone()),
            "targetRevision": hydrator.get("syncSource").map(|sync| sync["targetBranch"].clone()),
            "path": hydrator.get("syncSource").map(|sync| sync["path"].clone()),
        }),
        _ => spec["source"].clone(),
    };
    let is_same_source = match sources {
        [] => filled(&compared["source"]) == filled(&source) && list(compared, "/sources").is_empty(),
        _ => filled(&compared["sources"]) == filled(&spec["sources"]),
    };
    let (wanted, known) = (&spec["destination"], &compared["destination"]);
    let is_same_place = ["namespace", "name", "server"].iter().all(|field| {
        let (wanted, known) = (&wanted[*field], &known[*field]);
        filled(wanted) == filled(known) || (*field != "namespace" && filled(wanted).is_null())
    });
    is_same_source && is_same_place
}

/// A value without what is empty in it; null if nothing is left.
fn filled(value: &Value) -> Value {
    let result = match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), filled(value)));
            let fields: Map<String, Value> = fields.filter(|(_, value)| !value.is_null()).collect();
            Value::Object(fields)
        }
        Value::Array(items) => Value::Array(items.iter().map(filled).collect()),
        other => other.clone(),
    };
    let is_empty = match &result {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(yes) => !yes,
        _ => false,
    };
    if is_empty { Value::Null } else { result }
}

/// What is said by a sync that is under way, or that ended since the last change.
///
/// One that ended well counts only if the comparison is of its revision, or is later than its end.
fn operation(subject: &Subject<'_>) -> Option<Verdict> {
    let state = &subject.live["status"]["operationState"];
    let (phase, message) = (text(state, "/phase"), text(state, "/message"));
    if subject.live["operation"].is_object() || matches!(phase, "Running" | "Terminating") {
        return Some(Verdict::progressing("it is syncing").and(message).because(phase));
    }
    let is_ours =
        |at: Timestamp| time(state, "/startedAt").is_some_and(|started| started >= whole_seconds(at));
    if !subject.changed_at().is_some_and(is_ours) {
        return None;
    }
    match phase {
        "Succeeded" => {
            let (result, sync) = (&state["syncResult"], &subject.live["status"]["sync"]);
            let is_same = ["revision", "revisions"]
                .iter()
                .all(|field| filled(&result[*field]) == filled(&sync[*field]));
            let is_later = time(subject.live, "/status/reconciledAt") > time(state, "/finishedAt");
            let text = "it has not been compared since it was synced";
            (!is_same && !is_later).then(|| Verdict::progressing(text))
        }
        "Failed" | "Error" => {
            let verdict = Verdict::degraded(format!("its sync ended as {phase}")).and(message);
            Some(verdict.and(&blame(subject.live)).because(phase))
        }
        _ => None,
    }
}

/// The first object that is not well, and why, as far as the Application knows.
fn blame(live: &Value) -> String {
    let results = list(live, "/status/operationState/syncResult/resources").iter();
    let failed = results
        .filter(|found| found["status"] == "SyncFailed")
        .map(|found| (found, text(found, "/message")));
    let resources = list(live, "/status/resources").iter();
    let bad = |found: &&Value| {
        let health = text(found, "/health/status");
        !matches!(health, "" | "Healthy")
    };
    let unwell = resources.filter(bad).map(|found| {
        let health = [text(found, "/health/message"), text(found, "/health/status")];
        (
            found,
            health
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default(),
        )
    });
    let first = failed.chain(unwell).next();
    first.map_or_else(String::new, |(found, why)| {
        format!("{} {}: {why}", text(found, "/kind"), text(found, "/name"))
    })
}
