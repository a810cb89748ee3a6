//! What the API server adds where a map or list is one value to it: that is owned as a whole, so what it is completed with
//! has to be known before two of them can be compared.

use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// A kind, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    NetworkPolicy,
    StatefulSet,
    /// Another one with Pods in it.
    Pods,
    /// Of the core group.
    Core,
    Other,
}

impl Kind {
    pub(super) fn of(object: &Value) -> Self {
        match (object["apiVersion"].as_str(), object["kind"].as_str()) {
            (Some("networking.k8s.io/v1"), Some("NetworkPolicy")) => Self::NetworkPolicy,
            (Some("apps/v1"), Some("StatefulSet")) => Self::StatefulSet,
            (Some("apps/v1" | "batch/v1"), _) | (Some("v1"), Some("Pod")) => Self::Pods,
            (Some("v1"), _) => Self::Core,
            _ => Self::Other,
        }
    }

    const fn has_pods(self) -> bool {
        matches!(self, Self::StatefulSet | Self::Pods)
    }

    /// Whether its `resources` and `hard` are quantities. A custom resource may have fields of these names that are none.
    pub(super) const fn has_quantities(self) -> bool {
        self.has_pods() || matches!(self, Self::Core)
    }

    /// The value of the field of that name as the server stores it, as far as its defaults go, and without the nulls that it
    /// writes there.
    pub(super) fn completed<'a>(self, field: &str, value: &'a Value) -> Cow<'a, Value> {
        let complete: fn(&mut Value) = match (self, field) {
            (Self::NetworkPolicy, "ingress" | "egress") => |rules| {
                let ports = items(rules).filter_map(|rule| rule.get_mut("ports"));
                let ports = ports.flat_map(items);
                ports.for_each(|port| default(port, "protocol", json!("TCP")));
            },
            (Self::StatefulSet, "volumeClaimTemplates") => |claims| items(claims).for_each(claim),
            (kind, "fieldRef") if kind.has_pods() => field_reference,
            (kind, "resourceFieldRef") if kind.has_pods() => resource_reference,
            // Of a volume with the Pod's own fields, and of a projected one.
            (kind, "items") if kind.has_pods() => |files| items(files).for_each(file),
            (kind, "sources") if kind.has_pods() => |sources| items(sources).for_each(source),
            _ => return Cow::Borrowed(value),
        };
        let mut value = value.clone();
        complete(&mut value);
        Cow::Owned(value)
    }
}

fn claim(claim: &mut Value) {
    default(claim, "apiVersion", json!("v1"));
    default(claim, "kind", json!("PersistentVolumeClaim"));
    default(claim, "status", json!({"phase": "Pending"}));
    default(claim, "spec", Map::new().into());
    default(&mut claim["spec"], "volumeMode", json!("Filesystem"));
    if let Some(metadata) = claim.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|_, value| !value.is_null());
    }
}

fn source(source: &mut Value) {
    if let Some(token) = source.get_mut("serviceAccountToken") {
        default(token, "expirationSeconds", json!(3600));
    }
    if let Some(files) = source.pointer_mut("/downwardAPI/items") {
        items(files).for_each(file);
    }
}

fn file(file: &mut Value) {
    file.get_mut("fieldRef").into_iter().for_each(field_reference);
    file.get_mut("resourceFieldRef")
        .into_iter()
        .for_each(resource_reference);
}

fn field_reference(reference: &mut Value) {
    default(reference, "apiVersion", json!("v1"));
}

fn resource_reference(reference: &mut Value) {
    default(reference, "divisor", json!("0"));
}

/// The maps of a list.
fn items(list: &mut Value) -> impl Iterator<Item = &mut Value> {
    let list = list.as_array_mut().into_iter().flatten();
    list.filter(|item| item.is_object())
}

fn default(object: &mut Value, field: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.entry(field).or_insert(value);
    }
}
