use super::*;
use crate::{
    converge::{Effect, contract::Refusal},
    model::{exit::Exit, kind::Address},
    steps::install::removal::Installed,
};
use serde_json::{Value, json};

fn mk_body(kind: &str, name: &str) -> Value {
    let api_version = match kind {
        "Role" | "RoleBinding" => "rbac.authorization.k8s.io/v1",
        "CronJob" => "batch/v1",
        _ => "v1",
    };
    let mut body = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
    if kind != "Namespace" {
        body["metadata"]["namespace"] = json!("ns");
    }
    body
}

fn mk_wanted(kind: &str, name: &str, state: State) -> Wanted {
    let body = mk_body(kind, name);
    Wanted {
        at: Address::of(&body).unwrap(),
        body,
        state,
    }
}

fn mk_different() -> State {
    State::Different { uid: "1".to_owned() }
}

fn mk_refused(name: &str) -> State {
    State::Refused(Refusal {
        exit: Exit::Human,
        reason: Reason::FieldConflict,
        object: ObjectRef::namespaced("Role", "ns", name),
        message: "owned by somebody else".to_owned(),
        hint: String::new(),
    })
}

fn mk_stale(kind: &str, name: &str) -> Installed {
    let body = mk_body(kind, name);
    Installed::new(Address::of(&body).unwrap(), &body)
}

fn plan_of(wanted: impl Into<Vec<Wanted>>, stale: impl Into<Vec<Installed>>) -> Plan<Action> {
    plan(&Seen {
        wanted: wanted.into(),
        stale: stale.into(),
    })
}

fn acts(plan: &Plan<Action>) -> Vec<String> {
    let said = |action: &Action| format!("{}: {action}", action.object());
    plan.act.iter().map(said).collect()
}

#[test]
fn the_first_stage_that_is_not_done_comes_first() {
    let plan = plan_of(
        [
            mk_wanted("Namespace", "a", State::Same),
            mk_wanted("ConfigMap", "b", mk_different()),
            mk_wanted("ServiceAccount", "c", State::Missing),
            mk_wanted("Role", "d", State::Missing),
            mk_wanted("RoleBinding", "e", State::Same),
            mk_wanted("CronJob", "f", mk_different()),
        ],
        [mk_stale("CronJob", "old")],
    );
    let expected = [
        "ConfigMap ns/b: apply what differs",
        "ServiceAccount ns/c: create",
    ];
    assert_eq!(acts(&plan), expected);
    let waits: Vec<String> = plan
        .wait
        .iter()
        .map(|wait| format!("{}: {}", wait.object, wait.message))
        .collect();
    let after = "comes after the accounts and the configuration";
    assert_eq!(
        waits,
        [format!("Role ns/d: {after}"), format!("CronJob ns/f: {after}")]
    );
    assert_eq!(plan.notes.len(), 2);
}

#[test]
fn what_is_not_wanted_goes_when_all_else_is_done() {
    let stale = || [mk_stale("ServiceAccount", "old"), mk_stale("CronJob", "old")];
    let plan = plan_of([mk_wanted("Role", "a", State::Same)], stale());
    assert_eq!(acts(&plan), ["CronJob ns/old: remove: it is no longer installed"]);
    assert_eq!(plan.wait.len(), 1);
    let plan = plan_of([mk_wanted("Role", "a", mk_refused("a"))], stale());
    assert!(plan.act.is_empty() && plan.wait.is_empty() && plan.refused.len() == 1);
}

#[test]
fn what_is_refused_stops_later_stages_only() {
    let plan = plan_of(
        [
            mk_wanted("Role", "a", mk_refused("a")),
            mk_wanted("Role", "b", State::Missing),
            mk_wanted("RoleBinding", "c", State::Missing),
        ],
        [],
    );
    assert_eq!(acts(&plan), ["Role ns/b: create"]);
    let then = plan_of(
        [
            mk_wanted("Role", "a", mk_refused("a")),
            mk_wanted("Role", "b", State::Same),
            mk_wanted("RoleBinding", "c", State::Missing),
        ],
        [],
    );
    // Nothing to wait for: the run ends and says what was refused.
    assert!(then.is_converged() && then.refused.len() == 1);
    assert_eq!(then.notes[1].message, "left out: it needs the roles");
}

#[test]
fn what_is_being_deleted_is_waited_for() {
    let dying = State::Terminating {
        version: Some("7".to_owned()),
    };
    let plan = plan_of(
        [
            mk_wanted("Namespace", "a", dying),
            mk_wanted("Namespace", "b", State::Missing),
            mk_wanted("ConfigMap", "c", State::Missing),
        ],
        [],
    );
    assert_eq!(acts(&plan), ["Namespace b: create"]);
    let watch = plan.wait[0].watch.as_ref().unwrap();
    assert_eq!(
        (watch.path.as_str(), watch.name.as_str()),
        ("/api/v1/namespaces", "a")
    );
    assert_eq!(plan.wait.len(), 2);
}
