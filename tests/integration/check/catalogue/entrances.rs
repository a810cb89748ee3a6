//! Faults of webhooks, listeners and hosts.

use super::{
    super::fault::{
        Change::{Config, Create, Delete, Status},
        Fault,
    },
    fault, mk,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// As an API server expects it.
fn mk_authority() -> String {
    let pair = rcgen::generate_simple_self_signed(vec!["nobody".to_owned()]).unwrap();
    STANDARD.encode(pair.cert.pem())
}

pub(super) fn webhooks() -> Vec<Fault> {
    let hook = |authority: &str| {
        let service = json!({"namespace": "platform-system", "name": "nobody"});
        let rule = json!({"apiGroups": ["tests.example"], "apiVersions": ["v1"], "resources": ["things"], "operations": ["CREATE"]});
        json!({"webhooks": [{"name": "a.tests.example", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail",
            "rules": [rule], "clientConfig": {"service": service, "caBundle": authority}}]})
    };
    let elsewhere = |mut object: Value| {
        object["webhooks"][0]["clientConfig"]["service"]["namespace"] = "elsewhere".into();
        object["webhooks"][0]["clientConfig"]
            .as_object_mut()
            .unwrap()
            .remove("caBundle");
        object
    };
    let version = "admissionregistration.k8s.io/v1";
    let aggregated = json!({"spec": {"group": "tests.example", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 100,
        "insecureSkipTLSVerify": true, "service": {"namespace": "platform-system", "name": "nobody"}}});
    let open = json!({"spec": {"serviceAccountName": "x", "triggers": [{"name": "push", "template": {"ref": "x"},
        "interceptors": [{"ref": {"name": "cel", "kind": "ClusterInterceptor"}}]}]}});
    let listener = "triggers.tekton.dev/v1beta1/EventListener/default/open";
    let conditions =
        ["Available", "Deployment", "Service", "Ready"].map(|kind| json!({"type": kind, "status": "True"}));
    let ready = json!({"conditions": conditions, "observedGeneration": 1, "address": {"url": "http://el"}});
    let unready = json!({"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "False", "reason": "Broken", "message": "no way"}]});
    let signed = json!({"spec": {"serviceAccountName": "x", "triggers": [{"name": "push", "template": {"ref": "x"},
        "interceptors": [{"ref": {"name": "github", "kind": "ClusterInterceptor"},
            "params": [{"name": "secretRef", "value": {"secretName": "webhook", "secretKey": "secret"}}]}]}]}});
    let authority = mk_authority();
    vec![
        fault(
            "APX-WHK-002",
            "ValidatingWebhookConfiguration tests",
            "NotFound",
            "describe",
            vec![Create(mk(
                version,
                "ValidatingWebhookConfiguration",
                "",
                "tests",
                elsewhere(hook("")),
            ))],
        ),
        fault(
            "APX-WHK-001",
            "ValidatingWebhookConfiguration tests",
            "Unavailable",
            "kubectl delete validatingwebhookconfiguration tests",
            vec![Create(mk(
                version,
                "ValidatingWebhookConfiguration",
                "",
                "tests",
                hook(&authority),
            ))],
        ),
        fault(
            "APX-WHK-005",
            "EventListener default/open",
            "Broken",
            "describe eventlistener open",
            vec![
                Create(mk(
                    "triggers.tekton.dev/v1beta1",
                    "EventListener",
                    "default",
                    "open",
                    signed,
                )),
                Status(listener, unready),
            ],
        ),
        fault(
            "APX-WHK-003",
            "APIService v1.tests.example",
            "ServiceNotFound",
            "describe apiservice",
            vec![Create(mk(
                "apiregistration.k8s.io/v1",
                "APIService",
                "",
                "v1.tests.example",
                aggregated,
            ))],
        ),
        fault(
            "APX-WHK-004",
            "EventListener default/open",
            "InvalidValue",
            "get eventlistener open",
            vec![
                Create(mk(
                    "triggers.tekton.dev/v1beta1",
                    "EventListener",
                    "default",
                    "open",
                    open,
                )),
                Status(listener, ready),
            ],
        ),
    ]
}

pub(super) fn dns() -> Vec<Fault> {
    let mut hosts = json!({"hosts": {"tekton": "ci.home.local"}});
    let copy = json!({"spec": {"ingressClassName": "nginx", "rules": [{"host": "dex.home.local", "http": {"paths": [
        {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "dex", "port": {"number": 5556}}}}]}}]}});
    hosts["profile"] = "kind".into();
    vec![
        fault(
            "APX-DNS-001",
            "Host ci.home.local",
            "NotFound",
            "--only ingress",
            vec![Config(hosts)],
        ),
        fault(
            "APX-DNS-002",
            "Ingress auth-system/dex",
            "NotFound",
            "kubectl get ingressclasses",
            vec![Delete("networking.k8s.io/v1/IngressClass//nginx")],
        ),
        fault(
            "APX-DNS-003",
            "Service argocd/argocd-server",
            "NotFound",
            "describe ingress argocd",
            vec![Delete("v1/Service/argocd/argocd-server")],
        ),
        fault(
            "APX-DNS-004",
            "Ingress auth-system/zzz",
            "AmbiguousMatch",
            "describe ingress zzz",
            vec![Create(mk(
                "networking.k8s.io/v1",
                "Ingress",
                "auth-system",
                "zzz",
                copy,
            ))],
        ),
    ]
}
