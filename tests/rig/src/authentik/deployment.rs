//! The stand-in as the platform deploys Authentik: a Deployment that reads the Secret `authentik-secrets`, and its Service.

use serde_json::{Value, json};

use crate::sandbox::{RIG_IMAGE, Sandbox, SandboxError, apply_all};

const PORT: u16 = 9000;

/// Applies the objects to a node, which has the stand-in's image. Its Pod starts when the
/// Secret exists, as Authentik's does.
///
/// # Errors
/// When there is no node, or the API server refuses an object.
pub async fn deploy(sandbox: &Sandbox, namespace: &str) -> Result<(), SandboxError> {
    apply_all(&sandbox.client().await?, objects(namespace)).await
}

fn objects(namespace: &str) -> Vec<Value> {
    let labels = json!({ "app": "authentik", "component": "server" });
    let secret = |name: &str, key: &str| {
        let reference = json!({ "name": "authentik-secrets", "key": key });
        json!({ "name": name, "valueFrom": { "secretKeyRef": reference } })
    };
    let container = json!({
        "name": "authentik",
        "image": RIG_IMAGE,
        "args": ["authentik"],
        "imagePullPolicy": "IfNotPresent",
        "env": [
            secret("AUTHENTIK_BOOTSTRAP_PASSWORD", "admin-password"),
            secret("AUTHENTIK_BOOTSTRAP_TOKEN", "bootstrap-token"),
        ],
        "ports": [{ "name": "http", "containerPort": PORT }],
        "readinessProbe": { "httpGet": { "path": "/-/health/ready/", "port": PORT }, "periodSeconds": 1 },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": { "drop": ["ALL"] },
            "readOnlyRootFilesystem": true,
        },
    });
    let pod = json!({
        "automountServiceAccountToken": false,
        "securityContext": { "runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": { "type": "RuntimeDefault" } },
        "containers": [container],
    });
    vec![
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }),
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": "authentik-server", "namespace": namespace },
            "spec": {
                "replicas": 1,
                "selector": { "matchLabels": labels },
                "template": { "metadata": { "labels": labels }, "spec": pod },
            },
        }),
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": "authentik", "namespace": namespace },
            "spec": { "selector": labels, "ports": [{ "name": "http", "port": PORT, "targetPort": PORT }] },
        }),
    ]
}
