//! Fixtures are what real controllers write, one object of each kind that is as it should be: tests change them.

mod causes;
mod expressions;
mod extension;
mod foreign;
mod jobs;
mod mk_builtin;
mod mk_foreign;
mod secrets;
mod stale;
mod universal;
mod workloads;

use super::*;
use serde_json::json;

/// When everything in a fixture happened.
const THEN: &str = "2026-01-01T00:00:00Z";

/// An object that is as it should be, of generation 2, with what a verdict on it looks at.
fn mk_current(group: &str, kind: &str) -> (Value, Found) {
    let part = mk_builtin::part(group, kind).or_else(|| mk_foreign::part(group, kind));
    let (spec, status) = part.unwrap_or_default();
    let version = if group.is_empty() {
        "v1".to_owned()
    } else {
        format!("{group}/v1")
    };
    let mut live = json!({
        "apiVersion": version, "kind": kind,
        "metadata": {
            "name": "it", "namespace": "here", "uid": "u1", "generation": 2, "resourceVersion": "100",
            "creationTimestamp": THEN,
        },
    });
    for (name, value) in [("spec", spec), ("status", status)] {
        if !value.is_null() {
            live[name] = value;
        }
    }
    if kind.ends_with("WebhookConfiguration") {
        live["webhooks"] = json!([{"name": "hook", "clientConfig": {
            "service": {"namespace": "hooks", "name": "svc"}, "caBundle": "Q0E=",
        }}]);
    }
    let mut found = Found::default();
    for need in needs(&live, None) {
        let objects = mk_found(&need);
        found.insert(need, Answer::Objects(objects));
    }
    (live, found)
}

/// What is found of the needs of an object that is as it should be.
fn mk_found(need: &Need) -> Vec<Value> {
    let kind = match need {
        Need::Object { kind, .. } | Need::Selected { kind, .. } => *kind,
    };
    match kind {
        "Pod" | "Job" => vec![],
        "Deployment" => vec![mk_current("apps", kind).0],
        "Secret" => vec![json!({"data": {"tls.crt": "", "tls.key": "", "password": ""}})],
        "Service" => vec![json!({"spec": {"ports": [{"name": "http", "port": 80}]}})],
        "EndpointSlice" => {
            vec![json!({"endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": true}}]})]
        }
        "StorageClass" => vec![json!({"volumeBindingMode": "WaitForFirstConsumer"})],
        _ => vec![json!({})],
    }
}

/// What we wrote of a fixture, if that was before everything in its status.
fn mk_baseline() -> Baseline {
    Baseline {
        uid: "u1".to_owned(),
        generation: Some(2),
        resource_version: "100".to_owned(),
        written_at: Some(THEN.parse().unwrap()),
        is_changed: true,
    }
}

fn mk_condition(kind: &str, status: &str, reason: &str) -> Value {
    json!({
        "type": kind, "status": status, "reason": reason, "message": format!("{reason} happened"),
        "lastTransitionTime": THEN,
    })
}

/// The same, of a controller that says for which generation it wrote it.
fn mk_observed(kind: &str, status: &str, reason: &str) -> Value {
    let mut condition = mk_condition(kind, status, reason);
    condition["observedGeneration"] = json!(2);
    condition
}

/// Sets, or with null removes, fields at JSON pointers.
fn change(object: &mut Value, changes: &[(&str, Value)]) {
    for (path, value) in changes {
        let (parent, field) = path.rsplit_once('/').unwrap();
        let parent = object.pointer_mut(parent).unwrap_or_else(|| panic!("{path}"));
        match value {
            Value::Null => drop(parent.as_object_mut().unwrap().remove(field)),
            _ => parent[field] = value.clone(),
        }
    }
}

/// A Pod whose container waits for this reason.
fn mk_pod(name: &str, version: &str, created: &str, reason: &str) -> Value {
    let labels = json!({"pod-template-hash": version, "controller-revision-hash": version});
    let waiting = json!({"reason": reason, "message": format!("about {reason}")});
    json!({
        "metadata": {"name": name, "labels": labels, "creationTimestamp": created},
        "status": {"phase": "Pending", "containerStatuses": [{
            "name": "main", "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"waiting": waiting},
        }]},
    })
}

type Case<'a> = (&'a [(&'a str, Value)], Health, &'a str);

/// Each change of a fixture has its verdict, and the fixture itself is current.
fn check(group: &str, kind: &str, cases: &[Case<'_>]) {
    let (live, found) = mk_current(group, kind);
    let verdict = judge(&live, Some(&mk_baseline()), &found);
    assert_eq!(verdict.health, Health::Current, "{kind}: {verdict:?}");
    for (changes, health, text) in cases {
        let mut live = live.clone();
        change(&mut live, changes);
        let verdict = judge(&live, Some(&mk_baseline()), &found);
        assert_eq!(verdict.health, *health, "{kind} {changes:?}: {verdict:?}");
        let told = format!("{} {:?}", verdict.message, verdict.warning);
        assert!(told.contains(text), "{kind} {changes:?}: {verdict:?}");
    }
}

/// The verdict on a fixture with another answer to its first need.
fn judged_with(group: &str, kind: &str, answer: Answer) -> Verdict {
    let (live, mut found) = mk_current(group, kind);
    found.insert(needs(&live, None).remove(0), answer);
    judge(&live, Some(&mk_baseline()), &found)
}
