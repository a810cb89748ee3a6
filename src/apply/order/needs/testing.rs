//! Fixtures.

use crate::apply::order::testing::*;
use serde_json::{Value, json};

/// What `subject` needs of `others`, by name; its own namespace is never among them.
pub(super) fn needs(subject: Value, others: &[Value]) -> Vec<String> {
    let last = others.len() + 1;
    let order = mk_order(&[others, &[subject]].concat());
    let is_subject = |at: &usize| {
        order.manifests[*at]
            .source
            .starts_with(&format!("a.yaml, document {last} "))
    };
    let subject = (0..last).find(is_subject).unwrap();
    needs_of(&order, &name(&order, subject))
}

/// All things that the tables below name, each there under the name `there`.
pub(super) fn mk_others() -> Vec<Value> {
    let kinds = [
        "ServiceAccount",
        "ConfigMap",
        "Secret",
        "PersistentVolumeClaim",
        "Service",
        "rbac.authorization.k8s.io/Role",
        "cert-manager.io/Issuer",
        "external-secrets.io/SecretStore",
        "argoproj.io/AppProject",
        "apps/Deployment",
        "apps/StatefulSet",
    ];
    let global = [
        "PersistentVolume",
        "storage.k8s.io/StorageClass",
        "networking.k8s.io/IngressClass",
        "rbac.authorization.k8s.io/ClusterRole",
        "cert-manager.io/ClusterIssuer",
        "external-secrets.io/ClusterSecretStore",
        "scheduling.k8s.io/PriorityClass",
        "admissionregistration.k8s.io/ValidatingAdmissionPolicy",
    ];
    let kinds = kinds.iter().map(|kind| mk(kind, "ns/there", json!({})));
    kinds
        .chain(global.iter().map(|kind| mk(kind, "there", json!({}))))
        .collect()
}

pub(super) fn assert_needs(kind: &str, name: &str, fields: Value, expected: &[&str]) {
    assert_eq!(
        needs(mk(kind, name, fields.clone()), &mk_others()),
        expected,
        "{kind} {fields}"
    );
}
