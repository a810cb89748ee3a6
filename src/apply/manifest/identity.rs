//! What an object is called, and when it wants to be applied.

use super::{Manifest, Phase, names, normal, secret};
use crate::{
    apply::{Problem, initial, problem::Findings},
    model::{dns, names::SYNC_WAVE_ANNOTATION, object::ObjectRef},
};
use serde_json::Value;

const HOOK: &str = "argocd.argoproj.io/hook";
const RBAC: &str = "rbac.authorization.k8s.io";

/// Fields of `metadata` that only a live object has: an apply that carries one fails, or means another object.
const OF_LIVE_OBJECTS: [&str; 4] = ["managedFields", "uid", "resourceVersion", "deletionTimestamp"];

/// The manifest of a value.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn manifest(source: String, mut object: Value) -> Result<Manifest, Vec<Problem>> {
    let mut found = Findings::of(&source);
    if !object.is_object() {
        found.add(
            "this is not an object",
            "write a map with apiVersion, kind and metadata",
        );
        return Err(found.problems);
    }
    found.object = subject(&object);
    let (group, version) = api_version(&object, &mut found);
    let kind = kind(&object, &mut found);
    let (namespace, name) = metadata(&object, &group, &kind, &mut found);
    let (wave, phase) = (known_wave(&object, &mut found), phase(&object, &mut found));
    if group.is_empty() && kind == "Secret" {
        secret::fold(&mut object, &mut found);
    }
    initial::check(&object, &mut found);
    if !found.problems.is_empty() {
        return Err(found.problems);
    }
    normal::normalise(&mut object);
    Ok(Manifest {
        source,
        object,
        group,
        version,
        kind,
        namespace,
        home: None,
        name,
        wave,
        phase,
    })
}

/// The object, as far as its names are such: nothing else gets into messages unquoted.
fn subject(object: &Value) -> Option<ObjectRef> {
    let metadata = &object["metadata"];
    let text = |value: &Value, is_name: fn(&str) -> bool| {
        value.as_str().filter(|text| is_name(text)).map(str::to_owned)
    };
    Some(ObjectRef {
        kind: text(&object["kind"], names::is_kind)?,
        namespace: text(&metadata["namespace"], dns::is_label),
        name: text(&metadata["name"], names::is_segment).unwrap_or_else(|| "(no name)".to_owned()),
    })
}

fn api_version(object: &Value, found: &mut Findings) -> (String, String) {
    let text = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = text.split_once('/').unwrap_or(("", text));
    let is_group = !text.contains('/') || dns::is_subdomain(group);
    if text.is_empty() {
        found.add("it has no apiVersion", "write one, such as v1 or apps/v1");
    } else if !is_group || !dns::is_label(version) {
        let message = format!("apiVersion {text:?} is neither a version nor a group and a version");
        found.add(message, "write one, such as v1 or apps/v1");
    }
    (group.to_owned(), version.to_owned())
}

fn kind(object: &Value, found: &mut Findings) -> String {
    match object["kind"].as_str().unwrap_or_default() {
        "" => found.add("it has no kind", "write one, such as ConfigMap"),
        kind if !names::is_kind(kind) => {
            found.add(
                format!("{kind:?} cannot be a kind"),
                "write letters and digits only",
            );
        }
        "List" => found.add(
            "it is a List without a list of items",
            "write the objects as its items",
        ),
        kind => return kind.to_owned(),
    }
    String::new()
}

/// Namespace and name.
fn metadata(object: &Value, group: &str, kind: &str, found: &mut Findings) -> (Option<String>, String) {
    let metadata = &object["metadata"];
    if !metadata.is_object() && !metadata.is_null() {
        found.add("metadata is not a map", "write the name below metadata");
        return (None, String::new());
    }
    for field in OF_LIVE_OBJECTS
        .iter()
        .filter(|field| !metadata[**field].is_null())
    {
        let message = format!("metadata.{field} belongs to a live object");
        found.add(
            message,
            format!("leave {field} out: a manifest says only what is wanted"),
        );
    }
    if !metadata["generateName"].is_null() {
        let message = "metadata.generateName would make another object at every run";
        found.add(message, "write metadata.name");
    }
    for field in ["labels", "annotations"] {
        texts(metadata, field, found);
    }
    let namespace = &metadata["namespace"];
    match namespace.as_str() {
        Some(name) if dns::is_label(name) => {}
        None if namespace.is_null() => {}
        _ => found.add(
            "metadata.namespace is not a DNS label (RFC 1123)",
            "write the namespace's name",
        ),
    }
    (
        namespace.as_str().map(str::to_owned),
        name(metadata, group, kind, found),
    )
}

fn name(metadata: &Value, group: &str, kind: &str, found: &mut Findings) -> String {
    let (is_name, rule): (fn(&str) -> bool, _) = match (group, kind) {
        (RBAC, _) => (names::is_segment, "a segment of a path"),
        ("", "Namespace") => (dns::is_label, "a DNS label (RFC 1123)"),
        _ => (dns::is_subdomain, "a DNS subdomain (RFC 1123)"),
    };
    match metadata["name"].as_str() {
        Some(name) if is_name(name) => return name.to_owned(),
        Some(name) if !name.is_empty() => {
            found.add(format!("the name {name:?} is not {rule}"), "write another name");
        }
        _ if metadata["name"].is_null() || metadata["name"] == "" => {
            found.add("it has no metadata.name", "write one");
        }
        _ => found.add("metadata.name is not text", "quote it"),
    }
    String::new()
}

fn texts(metadata: &Value, field: &str, found: &mut Findings) {
    match &metadata[field] {
        Value::Null => {}
        Value::Object(entries) => {
            for (key, value) in entries {
                if !value.is_string() && !value.is_null() {
                    let message = format!("the value of {key:?} in metadata.{field} is not text");
                    found.add(message, "quote it: \"5\", \"true\"");
                }
            }
        }
        _ => found.add(
            format!("metadata.{field} is not a map"),
            "write one key and one text per line",
        ),
    }
}

/// The wave that an object asks for; 0 if it asks for none.
///
/// # Errors
/// What it says instead of a whole number.
pub fn wave(object: &Value) -> Result<i32, &Value> {
    let said = &object["metadata"]["annotations"][SYNC_WAVE_ANNOTATION];
    match said {
        Value::Null => Ok(0),
        Value::String(text) => text.parse().map_err(|_| said),
        _ => Err(said),
    }
}

fn known_wave(object: &Value, found: &mut Findings) -> i32 {
    match wave(object) {
        Ok(wave) => wave,
        Err(Value::String(text)) => {
            found.add(
                format!("{SYNC_WAVE_ANNOTATION} is {text:?}, which is not a whole number"),
                "write one, such as \"5\"",
            );
            0
        }
        // One that is not text is a problem already.
        Err(_) => 0,
    }
}

/// An unknown phase is refused: to ignore it would apply at the wrong time what was meant for another.
fn phase(object: &Value, found: &mut Findings) -> Phase {
    match object["metadata"]["annotations"][HOOK].as_str() {
        None | Some("Sync") => Phase::Sync,
        Some("PreSync") => Phase::PreSync,
        Some("PostSync") => Phase::PostSync,
        Some(other) => {
            found.add(
                format!("{HOOK} is {other:?}, which is not a phase that can be kept"),
                "write one of PreSync, Sync and PostSync, or leave the object out",
            );
            Phase::Sync
        }
    }
}
