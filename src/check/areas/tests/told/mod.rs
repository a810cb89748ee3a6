//! For each check, what makes it fail, from facts alone: the root object and the reason. What is well beside it is not told.

mod access;
mod cluster;
mod login;
mod rest;
mod workloads;

use crate::{
    check::{
        Facts, Trouble,
        areas::{catalogue, testing::mk_facts},
    },
    model::failure::Reason,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Code, facts, object and reason.
type Case = (&'static str, Facts, &'static str, &'static str);

fn mk_trouble(reason: Reason) -> Trouble {
    Trouble {
        reason,
        message: "says why".to_owned(),
        remedy: None,
    }
}

fn change(apply: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = mk_facts();
    apply(&mut facts);
    facts
}

fn with(kind: &str, objects: &[Value]) -> Facts {
    mk_facts().with(kind, objects.to_vec())
}

fn at(namespace: &str, name: &str, rest: Value) -> Value {
    let mut object = json!({"metadata": {"name": name}});
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = namespace.into();
    }
    json_patch::merge(&mut object, &rest);
    object
}

fn going(rest: Value) -> Value {
    let mut gone = json!({"metadata": {"deletionTimestamp": "2026-11-24T11:00:00Z"}});
    json_patch::merge(&mut gone, &rest);
    gone
}

fn condition(kind: &str, status: &str, reason: &str) -> Value {
    json!({"status": {"observedGeneration": 1, "conditions": [{"type": kind, "status": status, "reason": reason, "message": "no way"}]}})
}

fn json_with(mut object: Value, patch: Value) -> Value {
    json_patch::merge(&mut object, &patch);
    object
}

#[test]
fn every_check_finds_its_root_and_nothing_beside_it() {
    let all = [
        cluster::cluster(),
        cluster::secrets(),
        login::login(),
        workloads::workloads(),
        access::certificates(),
        access::rbac(),
        rest::rest(),
    ];
    let mut told = BTreeSet::new();
    for (code, facts, object, reason) in all.into_iter().flatten() {
        let found = facts.findings(code);
        let found: Vec<(String, &str)> = found
            .iter()
            .map(|finding| (finding.object.to_string(), finding.reason.as_str()))
            .collect();
        assert_eq!(found, [(object.to_owned(), reason)], "{code}");
        told.insert(code);
    }
    let silent: Vec<&str> = catalogue()
        .map(|check| check.code)
        .filter(|code| !told.contains(code))
        .collect();
    assert!(silent.is_empty(), "no case for {silent:?}");
}
