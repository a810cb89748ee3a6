//! Certificates and roles.

use super::{Case, at, condition, json_with, with};
use crate::check::{Certificate, Look, TlsFact, areas::testing::mk_facts};
use serde_json::{Value, json};

pub(super) fn certificates() -> Vec<Case> {
    let certificate = |from: &str, to: &str, host: &str| {
        TlsFact::Certificate(Certificate {
            not_before: from.parse().unwrap(),
            not_after: to.parse().unwrap(),
            names: vec![host.to_owned()],
        })
    };
    let seen = |found: TlsFact| {
        let tls = json!({"spec": {"tls": [{"secretName": "tls", "hosts": ["a.example"]}]}});
        let mut facts = with("Ingress", &[at("argocd", "web", tls)]);
        facts
            .certificates
            .insert(("argocd".to_owned(), "tls".to_owned()), Look::Seen(found));
        facts
    };
    let (object, day) = ("Secret argocd/tls", "T00:00:00Z");
    let dated = |from: &str, to: &str| {
        seen(certificate(
            &format!("{from}{day}"),
            &format!("{to}{day}"),
            "a.example",
        ))
    };
    vec![
        (
            "APX-CRT-001",
            with(
                "ClusterIssuer",
                &[at("", "ca", condition("Ready", "False", "ErrInitIssuer"))],
            ),
            "ClusterIssuer ca",
            "ErrInitIssuer",
        ),
        (
            "APX-CRT-002",
            with(
                "Certificate",
                &[at("argocd", "a", condition("Ready", "False", "Failed"))],
            ),
            "Certificate argocd/a",
            "Failed",
        ),
        ("APX-CRT-003", seen(TlsFact::Missing), object, "NotFound"),
        (
            "APX-CRT-004",
            dated("2026-01-01", "2026-11-23"),
            object,
            "Expired",
        ),
        (
            "APX-CRT-004",
            dated("2026-12-01", "2027-12-01"),
            object,
            "NotYetValid",
        ),
        (
            "APX-CRT-005",
            dated("2026-01-01", "2026-12-01"),
            object,
            "Expiring",
        ),
        (
            "APX-CRT-006",
            seen(certificate(
                "2026-01-01T00:00:00Z",
                "2029-01-01T00:00:00Z",
                "b.example",
            )),
            object,
            "Mismatch",
        ),
        (
            "APX-CRT-007",
            seen(TlsFact::Unreadable("it is not PEM".to_owned())),
            object,
            "InvalidValue",
        ),
    ]
}

pub(super) fn rbac() -> Vec<Case> {
    let shipped = |kind: &str| -> Vec<Value> {
        let all = crate::check::areas::rbac::shipped().into_iter();
        all.filter(|object| object["kind"] == kind).collect()
    };
    let (roles, bindings) = (shipped("ClusterRole"), shipped("ClusterRoleBinding"));
    let platform = |roles: Vec<Value>, bindings: Vec<Value>| {
        mk_facts()
            .with("ClusterRole", roles)
            .with("ClusterRoleBinding", bindings)
    };
    let without = |objects: &[Value], name: &str| -> Vec<Value> {
        objects
            .iter()
            .filter(|object| object["metadata"]["name"] != name)
            .cloned()
            .collect()
    };
    let changed = |objects: &[Value], name: &str, patch: Value| -> Vec<Value> {
        let is_it = |object: &Value| object["metadata"]["name"] == name;
        objects
            .iter()
            .map(|object| {
                if is_it(object) {
                    json_with(object.clone(), patch.clone())
                } else {
                    object.clone()
                }
            })
            .collect()
    };
    let surplus = |role: &str, kind: &str, name: &str, namespace: Value| {
        let binding = json!({"roleRef": {"kind": "ClusterRole", "name": role}, "subjects": [{"kind": kind, "name": name, "namespace": namespace}]});
        platform(
            roles.clone(),
            [bindings.clone(), vec![at("", "surplus", binding)]].concat(),
        )
    };
    let wide = json!({"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]});
    let (role, binding, more) = (
        "ClusterRole platform-operator",
        "ClusterRoleBinding platform-operators",
        "ClusterRoleBinding surplus",
    );
    vec![
        (
            "APX-RBAC-001",
            platform(without(&roles, "platform-operator"), bindings.clone()),
            role,
            "NotFound",
        ),
        (
            "APX-RBAC-002",
            platform(roles.clone(), without(&bindings, "platform-operators")),
            binding,
            "NotFound",
        ),
        (
            "APX-RBAC-002",
            platform(
                roles.clone(),
                changed(
                    &bindings,
                    "platform-operators",
                    json!({"roleRef": {"name": "view"}}),
                ),
            ),
            binding,
            "Mismatch",
        ),
        (
            "APX-RBAC-003",
            platform(changed(&roles, "platform-operator", wide), bindings.clone()),
            role,
            "TooPowerful",
        ),
        (
            "APX-RBAC-004",
            surplus("cluster-admin", "Group", "platform-engineering", Value::Null),
            more,
            "TooPowerful",
        ),
        (
            "APX-RBAC-004",
            surplus("platform-admin", "User", "mallory", Value::Null),
            more,
            "TooPowerful",
        ),
        (
            "APX-RBAC-005",
            surplus("edit", "Group", "system:authenticated", Value::Null),
            more,
            "TooPowerful",
        ),
        (
            "APX-RBAC-006",
            surplus("cluster-admin", "ServiceAccount", "default", "argocd".into()),
            more,
            "TooPowerful",
        ),
    ]
}
