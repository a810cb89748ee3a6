//! Fixtures.

use super::{Options, Order, Scope, Scopes, order};
use crate::apply::{
    Problem,
    manifest::{Manifest, Source, read},
};
use serde_json::{Value, json};

/// What a cluster serves; `true` for namespaced kinds.
const SERVED: [(&str, &str, bool); 38] = [
    ("", "Namespace", false),
    ("", "ConfigMap", true),
    ("", "Secret", true),
    ("", "ServiceAccount", true),
    ("", "Service", true),
    ("", "Pod", true),
    ("", "PersistentVolume", false),
    ("", "PersistentVolumeClaim", true),
    ("apps", "Deployment", true),
    ("apps", "StatefulSet", true),
    ("apps", "DaemonSet", true),
    ("apps", "ReplicaSet", true),
    ("batch", "Job", true),
    ("batch", "CronJob", true),
    ("autoscaling", "HorizontalPodAutoscaler", true),
    ("networking.k8s.io", "Ingress", true),
    ("networking.k8s.io", "IngressClass", false),
    ("networking.k8s.io", "NetworkPolicy", true),
    ("storage.k8s.io", "StorageClass", false),
    ("scheduling.k8s.io", "PriorityClass", false),
    ("rbac.authorization.k8s.io", "Role", true),
    ("rbac.authorization.k8s.io", "RoleBinding", true),
    ("rbac.authorization.k8s.io", "ClusterRole", false),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", false),
    ("apiextensions.k8s.io", "CustomResourceDefinition", false),
    ("apiregistration.k8s.io", "APIService", false),
    (
        "admissionregistration.k8s.io",
        "MutatingWebhookConfiguration",
        false,
    ),
    (
        "admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration",
        false,
    ),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy", false),
    (
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicyBinding",
        false,
    ),
    ("cert-manager.io", "Certificate", true),
    ("cert-manager.io", "Issuer", true),
    ("cert-manager.io", "ClusterIssuer", false),
    ("external-secrets.io", "ExternalSecret", true),
    ("external-secrets.io", "SecretStore", true),
    ("external-secrets.io", "ClusterSecretStore", false),
    ("argoproj.io", "Application", true),
    ("argoproj.io", "AppProject", true),
];

pub(super) fn mk_scopes() -> Scopes {
    let mut scopes = Scopes::default();
    for (group, kind, is_namespaced) in SERVED {
        let scope = Scope {
            versions: vec!["v1".to_owned()],
            plural: format!("{}s", kind.to_lowercase()),
            is_namespaced,
        };
        scopes.insert(group, kind, scope);
    }
    scopes
}

/// An object in wave 0: `mk("apps/Deployment", "ns/a", …)`, with `fields` besides its name.
pub(super) fn mk(kind: &str, name: &str, fields: Value) -> Value {
    mk_in(0, kind, name, fields)
}

/// The same in another wave.
pub(super) fn mk_in(wave: i32, kind: &str, name: &str, fields: Value) -> Value {
    let (group, kind) = kind.split_once('/').unwrap_or(("", kind));
    let (namespace, name) = name.split_once('/').unwrap_or(("", name));
    let mut object = fields;
    object["apiVersion"] = if group.is_empty() {
        json!("v1")
    } else {
        json!(format!("{group}/v1"))
    };
    object["kind"] = json!(kind);
    object["metadata"]["name"] = json!(name);
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] = json!(wave.to_string());
    object
}

/// A definition of the kind `Thing` of `a.b`, with versions v1 and, not served, v2.
pub(super) fn mk_definition(wave: i32, scope: &str) -> Value {
    let versions = json!([{"name": "v1", "served": true}, {"name": "v2", "served": false}]);
    let names = json!({"kind": "Thing", "plural": "things"});
    let spec = json!({"spec": {"group": "a.b", "scope": scope, "names": names, "versions": versions}});
    mk_in(
        wave,
        "apiextensions.k8s.io/CustomResourceDefinition",
        "things.a.b",
        spec,
    )
}

pub(super) fn mk_manifests(objects: &[Value]) -> Vec<Manifest> {
    let texts = objects.iter().map(ToString::to_string);
    let text = texts.collect::<Vec<_>>().join("\n---\n");
    let source = Source {
        name: "a.yaml",
        text: &text,
    };
    read(&[source]).unwrap()
}

pub(super) fn mk_options() -> Options {
    Options {
        default_namespace: Some("default".to_owned()),
        rerun_jobs: false,
    }
}

pub(super) fn try_order(objects: &[Value]) -> Result<Order, Vec<Problem>> {
    order(mk_manifests(objects), &mk_scopes(), &mk_options())
}

pub(super) fn mk_order(objects: &[Value]) -> Order {
    try_order(objects).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// `Kind namespace/name` of a manifest, without the namespace if it is `ns`.
pub(super) fn name(order: &Order, at: usize) -> String {
    order.manifests[at].key().object().to_string().replace("ns/", "")
}

pub(super) fn names(order: &Order, places: &[usize]) -> Vec<String> {
    places.iter().map(|at| name(order, *at)).collect()
}

/// Names of what the object with this name needs.
pub(super) fn needs_of(order: &Order, wanted: &str) -> Vec<String> {
    let mut members = order.waves.iter().flat_map(|wave| &wave.members);
    let member = members
        .find(|member| name(order, member.manifest) == wanted)
        .unwrap();
    names(order, &member.needs)
}

pub(super) fn mk_problems(objects: &[Value]) -> Vec<String> {
    let problems = try_order(objects).expect_err("it should be refused");
    assert!(
        problems.iter().all(|problem| !problem.hint.is_empty()),
        "{problems:?}"
    );
    problems.iter().map(ToString::to_string).collect()
}

pub(super) fn assert_problem(objects: &[Value], expected: &str) {
    let found = mk_problems(objects);
    assert!(
        found.len() == 1 && found[0].contains(expected),
        "{expected}: {found:?}"
    );
}
