//! Why an object is not there yet: what to print when the time is up.

use super::{
    Found, Verdict,
    subject::{list, text},
    workloads::found_trouble,
};
use serde_json::Value;

/// How many Events are told.
const EVENTS: usize = 3;

/// What is known of why an object is not what its verdict should be, from the object down to its Pods and to what was
/// reported last, one short line each.
///
/// `events` are Events of the core group about the object and what belongs to it, in any order. Warnings come before
/// anything else, and of each reason only the latest: so what a quota or a webhook refuses, which is reported again and
/// again, takes one line.
#[must_use]
pub fn causes(live: &Value, verdict: &Verdict, found: &Found, events: &[Value]) -> Vec<String> {
    let mut lines = vec![format!(
        "{}: {:?}, {}",
        named(live),
        verdict.health,
        verdict.message
    )];
    lines.extend(conditions(live, verdict));
    if let Some(trouble) = found_trouble(found.pods().into_iter()) {
        let text = trouble.to_string();
        lines.extend((!verdict.message.contains(&text)).then_some(text));
    }
    lines.extend(last(events).into_iter().map(told));
    lines
}

fn named(object: &Value) -> String {
    let (namespace, name) = (
        text(object, "/metadata/namespace"),
        text(object, "/metadata/name"),
    );
    let kind = text(object, "/kind");
    match namespace {
        "" => format!("{kind} {name}"),
        _ => format!("{kind} {namespace}/{name}"),
    }
}

/// Conditions that are not as they should be, as far as their names tell, and are not in the verdict already.
fn conditions(live: &Value, verdict: &Verdict) -> Vec<String> {
    let conditions = list(live, "/status/conditions").iter();
    let is_bad = |found: &&Value| {
        let kind = text(found, "/type");
        let is_failure = ["Failure", "Failed", "Stalled"]
            .iter()
            .any(|word| kind.contains(word));
        let bad = if is_failure { "True" } else { "False" };
        text(found, "/status") == bad
    };
    let told = conditions.filter(is_bad).filter_map(|found| {
        let (kind, reason, message) = (
            text(found, "/type"),
            text(found, "/reason"),
            text(found, "/message"),
        );
        let is_new = !message.is_empty() && !verdict.message.contains(message);
        is_new.then(|| format!("{kind} is {}: {reason}: {message}", text(found, "/status")))
    });
    told.collect()
}

/// The last Events, oldest first.
fn last(events: &[Value]) -> Vec<&Value> {
    let mut sorted: Vec<&Value> = events.iter().collect();
    sorted.sort_by_key(|event| (event["type"] == "Warning", time(event)));
    let mut kept: Vec<&Value> = Vec::new();
    for event in sorted.into_iter().rev() {
        let is_known = kept.iter().any(|other| other["reason"] == event["reason"]);
        if !is_known && kept.len() < EVENTS {
            kept.push(event);
        }
    }
    kept.sort_by_key(|event| time(event));
    kept
}

/// When it was seen last: repeated Events have it in one of two places, single ones in a third.
fn time(event: &Value) -> &str {
    let places = [
        "/series/lastObservedTime",
        "/lastTimestamp",
        "/eventTime",
        "/metadata/creationTimestamp",
    ];
    let times = places.iter().map(|place| text(event, place));
    // Times with and without fractions sort as texts well enough: to the second.
    let mut known = times.filter(|time| !time.is_empty());
    known.next().unwrap_or_default()
}

fn told(event: &Value) -> String {
    let about = &event["involvedObject"];
    let (kind, name) = (text(about, "/kind"), text(about, "/name"));
    let times = event["series"]["count"]
        .as_i64()
        .or(event["count"].as_i64())
        .unwrap_or(1);
    let times = if times > 1 {
        format!(" ({times} times)")
    } else {
        String::new()
    };
    let (reason, message) = (text(event, "/reason"), text(event, "/message").trim());
    format!("Event of {kind} {name}: {reason}: {message}{times}")
}
