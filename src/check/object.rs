//! Reading objects as the API server shows them.

use crate::model::object::ObjectRef;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// The text at a JSON pointer; empty if there is none.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a JSON pointer; empty if there is none.
pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

pub(super) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

pub(super) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// How it is named in messages.
pub(super) fn named(object: &Value) -> ObjectRef {
    let namespace = namespace(object);
    ObjectRef {
        kind: text(object, "/kind").to_owned(),
        namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
        name: name(object).to_owned(),
    }
}

/// The condition of that type.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions")
        .iter()
        .find(|found| found["type"] == kind)
}

/// The conditions of these types that are `status`.
pub(super) fn conditions<'a>(
    object: &'a Value,
    kinds: &'a [&str],
    status: &'a str,
) -> impl Iterator<Item = &'a Value> {
    let is_one =
        move |found: &&Value| kinds.contains(&text(found, "/type")) && text(found, "/status") == status;
    list(object, "/status/conditions").iter().filter(is_one)
}

/// The point in time at a JSON pointer.
pub(super) fn time(value: &Value, pointer: &str) -> Option<Timestamp> {
    text(value, pointer).parse().ok()
}

/// How long ago that was, to the second.
pub(super) fn since(now: Timestamp, then: Timestamp) -> SignedDuration {
    SignedDuration::from_secs(now.duration_since(then).as_secs())
}

/// The command that shows an object with what was reported about it.
pub(super) fn describe(object: &ObjectRef) -> String {
    let kind = object.kind.to_lowercase();
    match &object.namespace {
        Some(namespace) => format!("kubectl -n {namespace} describe {kind} {}", object.name),
        None => format!("kubectl describe {kind} {}", object.name),
    }
}
