//! The External Secrets Operator's stores, and the Secrets that it fills from them.
//!
//! Its status has no generation. An ExternalSecret has one in `syncedResourceVersion`, as `<generation>-<hash>` (its
//! `GetResourceVersion`); of a store only the time of its condition can tell.

use super::{
    Health, Need, Rule, Verdict,
    cert_manager::has_keys,
    subject::{Subject, list, text},
};
use serde_json::Value;

const GROUP: &str = "external-secrets.io";

pub(super) const RULES: &[Rule] = &[
    Rule::new(GROUP, "SecretStore", store).with_conditions(),
    Rule::new(GROUP, "ClusterSecretStore", store).with_conditions(),
    Rule::new(GROUP, "ExternalSecret", secret)
        .with_conditions()
        .needing(target),
];

/// What the account or the CA of the store lacks may come with the same wave: a store that is not ready can heal.
fn store(subject: &Subject<'_>) -> Verdict {
    match subject.condition("Ready") {
        Some(found) if found.is_true() => subject.current_by(&found),
        Some(found) if found.is_false() => found.verdict(Health::Degraded),
        _ => Verdict::progressing("its controller has not looked at it yet"),
    }
}

fn secret(subject: &Subject<'_>) -> Verdict {
    let ready = match subject.condition("Ready") {
        Some(found) if found.is_true() => found,
        Some(found) if found.is_false() && !matches!(found.reason, "SecretDeleted" | "SecretMissing") => {
            return found.verdict(Health::Degraded);
        }
        Some(found) => return found.verdict(Health::Progressing),
        None => return Verdict::progressing("its controller has not looked at it yet"),
    };
    if !is_synced(subject) {
        return Verdict::progressing("its Secret is of before the last change");
    }
    let keys = keys(subject.live);
    let checks = target(subject.live)
        .into_iter()
        .map(|need| has_keys(subject, &need, &keys));
    ready.verdict(Health::Current).confirmed(checks)
}

/// Whether the Secret was written for the generation that is asked for. One that is created once is never written again,
/// whatever is asked for.
fn is_synced(subject: &Subject<'_>) -> bool {
    let synced = subject.text("/status/syncedResourceVersion");
    let Some((generation, _)) = synced.split_once('-') else {
        return false;
    };
    let is_once = subject.text("/spec/refreshPolicy") == "CreatedOnce";
    let is_new = |ours| generation.parse::<i64>().is_ok_and(|synced| synced >= ours);
    is_once || subject.generation().is_none_or(is_new)
}

/// The Secret that it fills, unless it is to be there without its doing.
fn target(live: &Value) -> Vec<Need> {
    if text(live, "/spec/target/creationPolicy") == "None" {
        return Vec::new();
    }
    let name = [text(live, "/spec/target/name"), text(live, "/metadata/name")];
    let name = name.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    let namespace = text(live, "/metadata/namespace");
    vec![Need::object("", "Secret", Some(namespace), name)]
}

/// Keys that the Secret surely has: with a template it has those of the template.
fn keys(live: &Value) -> Vec<&str> {
    let template = &live["spec"]["target"]["template"];
    if let Some(data) = template["data"].as_object() {
        return data.keys().map(String::as_str).collect();
    }
    if !list(template, "/templateFrom").is_empty() {
        return Vec::new();
    }
    let data = list(live, "/spec/data").iter();
    data.map(|entry| text(entry, "/secretKey")).collect()
}
