//! Spec and status of the kinds of others, and of our own.

use super::{THEN, mk_condition, mk_observed};
use serde_json::{Value, json};

pub(super) fn part(group: &str, kind: &str) -> Option<(Value, Value)> {
    Some(match (group, kind) {
        ("cert-manager.io", "CertificateRequest") => {
            let conditions = [
                mk_condition("Approved", "True", "cert-manager.io"),
                mk_condition("Ready", "True", "Issued"),
            ];
            (json!({}), json!({"conditions": conditions}))
        }
        ("cert-manager.io", _) => {
            let spec = json!({"secretName": "it-tls", "dnsNames": ["it.example"]});
            (
                spec,
                json!({"conditions": [mk_observed("Ready", "True", "Ready")]}),
            )
        }
        ("acme.cert-manager.io", _) => (json!({}), json!({"state": "valid"})),
        ("external-secrets.io", "ExternalSecret") => {
            let status = json!({
                "conditions": [mk_condition("Ready", "True", "SecretSynced")],
                "refreshTime": THEN, "syncedResourceVersion": "2-0f5e7d",
            });
            (json!({"data": [{"secretKey": "password"}], "target": {}}), status)
        }
        ("external-secrets.io", _) => {
            let conditions = [mk_condition("Ready", "True", "Valid")];
            (
                json!({}),
                json!({"capabilities": "ReadWrite", "conditions": conditions}),
            )
        }
        ("operator.tekton.dev", _) => {
            let conditions = [mk_condition("Ready", "True", "")];
            (
                json!({}),
                json!({"observedGeneration": 2, "conditions": conditions, "version": "v0.77.0"}),
            )
        }
        ("triggers.tekton.dev", "EventListener") => {
            let kinds = ["Available", "Deployment", "Progressing", "Ready", "Service"];
            let conditions = kinds.map(|kind| mk_condition(kind, "True", ""));
            let status = json!({
                "observedGeneration": 2, "conditions": conditions,
                "address": {"url": "http://el-it.here.svc.cluster.local:8080"},
                "configuration": {"generatedName": "el-it"},
            });
            (json!({}), status)
        }
        ("triggers.tekton.dev", "ClusterInterceptor") => (
            json!({"clientConfig": {"caBundle": "Q0E=", "service": {"name": "core", "port": 8443}}}),
            json!({"address": {"url": "https://core.tekton-pipelines.svc:8443/cel"}}),
        ),
        ("tekton.dev", "PipelineRun" | "TaskRun" | "CustomRun") => (
            json!({}),
            json!({"conditions": [mk_condition("Succeeded", "True", "Succeeded")]}),
        ),
        ("argoproj.io", "Application") => application(),
        ("gateway.networking.k8s.io", _) => gateway(kind),
        ("aphex.io", _) => {
            let conditions = [mk_observed("Ready", "True", "Provisioned")];
            let status = json!({"observedGeneration": 2, "phase": "Ready", "conditions": conditions});
            (json!({}), status)
        }
        _ => return None,
    })
}

fn application() -> (Value, Value) {
    let source =
        json!({"repoURL": "https://git.example/platform", "path": "tekton", "targetRevision": "main"});
    let destination = json!({"server": "https://kubernetes.default.svc", "namespace": "tekton"});
    let status = json!({
        "reconciledAt": THEN,
        "sync": {
            "status": "Synced", "revision": "abc",
            "comparedTo": {"source": source, "destination": destination},
        },
        "health": {"status": "Healthy"},
        "operationState": {
            "phase": "Succeeded", "message": "successfully synced (all tasks run)", "startedAt": THEN,
            "finishedAt": THEN, "syncResult": {"revision": "abc", "source": source},
        },
    });
    (
        json!({"project": "default", "source": source, "destination": destination}),
        status,
    )
}

fn gateway(kind: &str) -> (Value, Value) {
    let conditions = |kinds: [&str; 2]| kinds.map(|kind| mk_observed(kind, "True", kind));
    if !kind.ends_with("Route") {
        return (
            json!({}),
            json!({"conditions": conditions(["Accepted", "Programmed"])}),
        );
    }
    let parent = json!({"name": "front", "namespace": "edge"});
    let status = json!({"parents": [{
        "parentRef": parent, "controllerName": "example.com/gateway",
        "conditions": conditions(["Accepted", "ResolvedRefs"]),
    }]});
    (json!({"parentRefs": [parent]}), status)
}
