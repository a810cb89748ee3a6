use super::testing::*;
use crate::apply::order::testing::*;
use serde_json::{Value, json};

#[test]
fn objects_need_their_namespace_and_their_definition() {
    let order = mk_order(&[
        mk("Namespace", "ns", json!({})),
        mk_definition(0, "Namespaced"),
        mk("a.b/Thing", "ns/subject", json!({})),
        mk("ConfigMap", "other/subject", json!({})),
    ]);
    let expected = ["Namespace ns", "CustomResourceDefinition things.a.b"];
    assert_eq!(needs_of(&order, "Thing subject"), expected);
    assert_eq!(needs_of(&order, "ConfigMap other/subject"), [] as [&str; 0]);
    assert_eq!(needs_of(&order, "Namespace ns"), [] as [&str; 0]);
}

#[test]
fn bindings_need_the_role_and_the_accounts() {
    let rbac = "rbac.authorization.k8s.io";
    let fields = |kind: &str| {
        let subjects = json!([{"kind": "ServiceAccount", "name": "there", "namespace": "ns"}, {"kind": "User", "name": "there"}]);
        json!({"roleRef": {"kind": kind, "name": "there"}, "subjects": subjects})
    };
    let (role, cluster) = (
        ["ServiceAccount there", "Role there"],
        ["ServiceAccount there", "ClusterRole there"],
    );
    assert_needs(
        &format!("{rbac}/RoleBinding"),
        "ns/subject",
        fields("Role"),
        &role,
    );
    assert_needs(
        &format!("{rbac}/RoleBinding"),
        "ns/subject",
        fields("ClusterRole"),
        &cluster,
    );
    assert_needs(
        &format!("{rbac}/ClusterRoleBinding"),
        "subject",
        fields("ClusterRole"),
        &cluster,
    );
    let policy = json!({"spec": {"policyName": "there"}});
    let binding = "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding";
    assert_needs(binding, "subject", policy, &["ValidatingAdmissionPolicy there"]);
}

#[test]
fn other_kinds_need_what_they_name() {
    let backend = json!({"service": {"name": "there"}});
    let rules = json!([{"http": {"paths": [{"backend": backend}]}}, {}]);
    let target = |group: &str, kind: &str| json!({"spec": {"scaleTargetRef": {"apiVersion": group, "kind": kind, "name": "there"}}});
    let issuer = |kind: Value| json!({"spec": {"issuerRef": kind}});
    let store = |kind: &str| json!({"name": "there", "kind": kind});
    let cases = [
        (
            "networking.k8s.io/Ingress",
            json!({"spec": {"rules": rules}}),
            "Service there",
        ),
        (
            "networking.k8s.io/Ingress",
            json!({"spec": {"defaultBackend": backend}}),
            "Service there",
        ),
        (
            "networking.k8s.io/Ingress",
            json!({"spec": {"ingressClassName": "there"}}),
            "IngressClass there",
        ),
        (
            "autoscaling/HorizontalPodAutoscaler",
            target("apps/v1", "Deployment"),
            "Deployment there",
        ),
        (
            "autoscaling/HorizontalPodAutoscaler",
            target("apps/v1", "StatefulSet"),
            "StatefulSet there",
        ),
        (
            "PersistentVolumeClaim",
            json!({"spec": {"storageClassName": "there"}}),
            "StorageClass there",
        ),
        (
            "PersistentVolumeClaim",
            json!({"spec": {"volumeName": "there"}}),
            "PersistentVolume there",
        ),
        (
            "cert-manager.io/Certificate",
            issuer(json!({"name": "there"})),
            "Issuer there",
        ),
        (
            "cert-manager.io/Certificate",
            issuer(json!({"name": "there", "kind": "ClusterIssuer", "group": "cert-manager.io"})),
            "ClusterIssuer there",
        ),
        (
            "cert-manager.io/Issuer",
            json!({"spec": {"ca": {"secretName": "there"}}}),
            "Secret there",
        ),
        (
            "external-secrets.io/ExternalSecret",
            json!({"spec": {"secretStoreRef": {"name": "there"}}}),
            "SecretStore there",
        ),
        (
            "external-secrets.io/ExternalSecret",
            json!({"spec": {"secretStoreRef": store("ClusterSecretStore")}}),
            "ClusterSecretStore there",
        ),
        (
            "external-secrets.io/ExternalSecret",
            json!({"spec": {"dataFrom": [{"sourceRef": {"storeRef": store("SecretStore")}}]}}),
            "SecretStore there",
        ),
        (
            "argoproj.io/Application",
            json!({"spec": {"project": "there"}}),
            "AppProject there",
        ),
    ];
    for (kind, fields, expected) in cases {
        assert_needs(kind, "ns/subject", fields, &[expected]);
    }
    let foreign = issuer(json!({"name": "there", "group": "other.io"}));
    assert_needs("cert-manager.io/Certificate", "ns/subject", foreign, &[]);
}

#[test]
fn a_secret_that_is_made_is_needed_of_its_maker() {
    let pod = mk(
        "Pod",
        "ns/subject",
        json!({"spec": {"volumes": [{"secret": {"secretName": "tls"}}]}}),
    );
    let certificate = mk(
        "cert-manager.io/Certificate",
        "ns/c",
        json!({"spec": {"secretName": "tls"}}),
    );
    let external = mk("external-secrets.io/ExternalSecret", "ns/tls", json!({}));
    let named = mk(
        "external-secrets.io/ExternalSecret",
        "ns/e",
        json!({"spec": {"target": {"name": "tls"}}}),
    );
    assert_eq!(
        needs(pod.clone(), std::slice::from_ref(&certificate)),
        ["Certificate c"]
    );
    assert_eq!(needs(pod.clone(), &[external]), ["ExternalSecret tls"]);
    assert_eq!(needs(pod.clone(), &[named]), ["ExternalSecret e"]);
    assert_eq!(
        needs(pod, &[certificate, mk("Secret", "ns/tls", json!({}))]),
        ["Secret tls"]
    );
    let authority = mk(
        "cert-manager.io/ClusterIssuer",
        "subject",
        json!({"spec": {"ca": {"secretName": "ca"}}}),
    );
    let root = mk(
        "cert-manager.io/Certificate",
        "cert-manager/root",
        json!({"spec": {"secretName": "ca"}}),
    );
    assert_eq!(needs(authority, &[root]), ["Certificate cert-manager/root"]);
}
