//! Objects without what no two runs share.
//!
//! Dropped: uid, resourceVersion, generation, creationTimestamp, managedFields (times and one-off manager names).
//! Replaced: every other point in time; observed generations; addresses and ports that the server assigns to a
//! Service; every uid by the name of its object; every value of a Secret by its length
//! and its class, where equal values have the same class, so that pairs that must be equal still compare.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::dump::Dump;

/// Fields of `metadata` that differ between any two runs.
const DROPPED: [&str; 6] = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
];

/// Fields whose values the server picks.
const ASSIGNED: [&str; 5] = [
    "observedGeneration",
    "clusterIP",
    "clusterIPs",
    "nodePort",
    "healthCheckNodePort",
];

pub(super) fn dump(objects: impl IntoIterator<Item = Value>) -> Dump {
    let mut dump = Dump::default();
    for object in objects {
        if !made_by_the_cluster(&object) {
            let key = key(&object);
            if let Some(uid) = object["metadata"]["uid"].as_str() {
                dump.uids.insert(key.clone(), uid.to_owned());
            }
            dump.entries.insert(key, object);
        }
    }
    let names: BTreeMap<String, String> = dump
        .uids
        .iter()
        .map(|(key, uid)| (uid.clone(), key.clone()))
        .collect();
    let mut classes = Classes::default();
    for (key, object) in &mut dump.entries {
        if object["kind"] == "Secret" && object["apiVersion"] == "v1" {
            hide(key, object, &mut dump.secrets, &mut classes);
        }
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.retain(|field, _| !DROPPED.contains(&field.as_str()));
        }
        replace(object, &names);
        for field in ASSIGNED {
            mask(object, field);
        }
    }
    dump
}

/// `Kind.group/namespace/name`, without what is empty.
fn key(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = match text(&object["apiVersion"]).split_once('/') {
        Some((group, _)) => format!("{}.{group}", text(&object["kind"])),
        None => text(&object["kind"]),
    };
    let metadata = &object["metadata"];
    let parts = [kind, text(&metadata["namespace"]), text(&metadata["name"])];
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("/")
}

/// What the API server and the controllers make on their own, at times of their own.
fn made_by_the_cluster(object: &Value) -> bool {
    let metadata = &object["metadata"];
    let name = metadata["name"].as_str().unwrap_or_default();
    let in_system = metadata["namespace"]
        .as_str()
        .is_some_and(|namespace| namespace.starts_with("kube-"));
    match object["kind"].as_str().unwrap_or_default() {
        "Namespace" => name == "default" || name.starts_with("kube-"),
        "ConfigMap" => {
            name == "kube-root-ca.crt"
                || in_system && (name.starts_with("extension-") || name.starts_with("kube-"))
        }
        "ServiceAccount" => name == "default" || in_system,
        "Secret" => object["type"] == "kubernetes.io/service-account-token",
        "Service" | "EndpointSlice" | "Endpoints" => {
            name == "kubernetes" && metadata["namespace"] == "default"
        }
        "Lease" => in_system,
        _ => !metadata["labels"]["kubernetes.io/bootstrapping"].is_null(),
    }
}

/// Numbers for values, equal ones for equal values, in the order of their first appearance.
#[derive(Default)]
struct Classes(BTreeMap<Vec<u8>, usize>);

impl Classes {
    fn of(&mut self, value: &[u8]) -> usize {
        let next = self.0.len() + 1;
        *self.0.entry(value.to_vec()).or_insert(next)
    }
}

fn hide(key: &str, secret: &mut Value, values: &mut BTreeMap<String, Vec<u8>>, classes: &mut Classes) {
    let Some(data) = secret["data"].as_object_mut() else {
        return;
    };
    for (name, value) in data {
        let bytes = STANDARD
            .decode(value.as_str().unwrap_or_default())
            .unwrap_or_default();
        *value = if bytes.is_empty() {
            "empty".into()
        } else {
            format!("present:{} class {}", bytes.len(), classes.of(&bytes)).into()
        };
        values.insert(format!("{key}/{name}"), bytes);
    }
}

fn replace(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|value| replace(value, names)),
        Value::Array(items) => items.iter_mut().for_each(|value| replace(value, names)),
        Value::String(text) => {
            if let Some(name) = names.get(text) {
                *text = format!("uid of {name}");
            } else if text.parse::<jiff::Timestamp>().is_ok() {
                "time".clone_into(text);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Replaces the value of every field of this name; these are the values.
pub(super) fn mask(value: &mut Value, field: &str) -> Vec<Value> {
    match value {
        Value::Object(fields) => mask_fields(fields, field),
        Value::Array(items) => items.iter_mut().flat_map(|value| mask(value, field)).collect(),
        _ => Vec::new(),
    }
}

fn mask_fields(fields: &mut Map<String, Value>, field: &str) -> Vec<Value> {
    let one = |(name, value): (&String, &mut Value)| {
        if name == field {
            vec![std::mem::replace(value, json!("masked"))]
        } else {
            mask(value, field)
        }
    };
    fields.iter_mut().flat_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(name: &str, uid: &str, data: &[(&str, &str)]) -> Value {
        let data: Map<_, _> = data
            .iter()
            .map(|(key, value)| ((*key).to_owned(), STANDARD.encode(value).into()))
            .collect();
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": data,
            "metadata": {
                "name": name, "namespace": "auth-system", "uid": uid, "resourceVersion": uid,
                "creationTimestamp": "2026-01-02T03:04:05Z", "generation": 3, "managedFields": [{"manager": uid}],
                "annotations": {"at": "2026-01-02T03:04:05.123456Z", "note": "kept"},
                "ownerReferences": [{"uid": uid, "name": name}],
            },
        })
    }

    #[test]
    fn two_runs_with_other_random_values_are_equal() {
        let run = |uid: &str, one: &str, two: &str| {
            dump([
                secret("a", uid, &[("x", one), ("y", two)]),
                secret("b", "other", &[("copy", one), ("no", "")]),
            ])
        };
        let (first, second) = (run("u1", "first", "third"), run("u2", "sixth", "ninth"));
        assert_eq!(second.differences(&first), [""; 0]);
        let a = &first.entries["Secret/auth-system/a"];
        assert_eq!(
            a["data"],
            json!({"x": "present:5 class 1", "y": "present:5 class 2"})
        );
        assert_eq!(
            first.entries["Secret/auth-system/b"]["data"],
            json!({"copy": "present:5 class 1", "no": "empty"})
        );
        assert_eq!(
            a["metadata"]["annotations"],
            json!({"at": "time", "note": "kept"})
        );
        assert_eq!(
            a["metadata"]["ownerReferences"][0]["uid"],
            "uid of Secret/auth-system/a"
        );
        assert!(
            !format!("{:?}", first.entries).contains("Zmlyc3Q"),
            "no value in what is compared"
        );
    }

    #[test]
    fn planted_differences_are_seen() {
        let reference = dump([secret("a", "1", &[("x", "same"), ("y", "same")])]);
        for (wrong, line) in [
            (
                dump([secret("a", "1", &[("x", "same"), ("y", "else")])]),
                "pair no longer equal",
            ),
            (dump([secret("a", "1", &[("x", "same")])]), "key missing"),
            (dump([secret("a", "1", &[("x", "same"), ("y", "")])]), "key empty"),
            (
                dump([secret("a", "1", &[("x", "longer"), ("y", "longer")])]),
                "other length",
            ),
            (
                dump([
                    secret("a", "1", &[("x", "same"), ("y", "same")]),
                    secret("b", "2", &[]),
                ]),
                "orphan",
            ),
            (dump([]), "object missing"),
        ] {
            assert_ne!(wrong.differences(&reference), [""; 0], "{line}");
        }
    }

    #[test]
    fn secrets_and_objects_of_an_earlier_time_are_followed() {
        let earlier = dump([secret("a", "1", &[("x", "one"), ("empty", "")])]);
        let later = dump([secret("a", "1", &[("x", "one"), ("empty", "filled")])]);
        assert_eq!(
            (later.changed_secrets(&earlier), later.lost_objects(&earlier)),
            (vec![], vec![])
        );
        let changed = dump([secret("a", "2", &[("x", "two")])]);
        assert_eq!(changed.changed_secrets(&earlier), ["Secret/auth-system/a/x"]);
        assert_eq!(changed.lost_objects(&earlier), ["Secret/auth-system/a"]);
    }

    #[test]
    fn what_the_cluster_makes_is_left_out_and_masks_reach_every_depth() {
        let object = |kind: &str, namespace: &str, name: &str| json!({"apiVersion": "v1", "kind": kind, "metadata": {"namespace": namespace, "name": name}});
        let mut role = object("ClusterRole", "", "view");
        role["metadata"]["labels"] = json!({"kubernetes.io/bootstrapping": "rbac-defaults"});
        let made = [
            object("ConfigMap", "x", "kube-root-ca.crt"),
            object("ServiceAccount", "x", "default"),
            object("Namespace", "", "kube-system"),
            object("Service", "default", "kubernetes"),
            object("Lease", "kube-system", "apiserver-1"),
            role,
        ];
        assert_eq!(dump(made), Dump::default());
        let mut deployment = object("Deployment", "x", "dex");
        deployment["spec"] = json!({"template": {"metadata": {"annotations": {"digest": "random"}}}});
        let mut masked = dump([deployment]);
        masked.mask("digest");
        assert_eq!(
            masked.entries["Deployment/x/dex"]["spec"]["template"]["metadata"]["annotations"]["digest"],
            "masked"
        );
        assert_eq!(
            masked.masked,
            [("Deployment/x/dex".to_owned(), json!("random"))],
            "what is not compared is still looked at for secrets"
        );
    }
}
