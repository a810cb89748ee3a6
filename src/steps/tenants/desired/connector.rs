//! What connects an organization's listener with its tunnel.

use super::Organization;
use crate::model::tunnel::{self, Names};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The image of cloudflared, unless the configuration replaces it.
pub(super) const IMAGE: &str = "docker.io/cloudflare/cloudflared:2025.11.1";
/// The port on which it says whether it is connected.
const METRICS_PORT: u16 = 2000;

pub(super) const CONFIG: &str = "cloudflared-config";
const CONFIG_KEY: &str = "config.yaml";

pub(super) fn name(organization: &str) -> String {
    format!("cloudflared-{organization}")
}

fn names(tenant: &Organization<'_>) -> Names {
    Names::of(tenant.name, &tenant.facts.zone)
}

/// What comes in for the organization's host goes to its listener, anything else nowhere.
pub(super) fn config(tenant: &Organization<'_>) -> Value {
    json!({"data": {CONFIG_KEY: text(tenant)}})
}

fn text(tenant: &Organization<'_>) -> String {
    // Names of hosts and ids of tunnels need no quotes.
    format!(
        "tunnel: {}\ncredentials-file: /etc/cloudflared/credentials/{}\nno-autoupdate: true\nmetrics: 0.0.0.0:{METRICS_PORT}\n\
         ingress:\n- hostname: {}\n  service: http://el-github-listener:8080\n- service: http_status:404\n",
        tenant.tunnel.unwrap_or_default(),
        tunnel::CREDENTIALS_KEY,
        names(tenant).host,
    )
}

pub(super) fn deployment(tenant: &Organization<'_>) -> Value {
    let labels = json!({"app": "cloudflared", "org": tenant.name});
    // It reads its configuration once, when it starts.
    let sum = Sha256::digest(text(tenant));
    let sum: String = sum.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let mount =
        |name: &str| json!({"name": name, "mountPath": format!("/etc/cloudflared/{name}"), "readOnly": true});
    let container = json!({
        "name": "cloudflared",
        "image": tenant.facts.connector_image,
        "args": ["tunnel", "--config", format!("/etc/cloudflared/config/{CONFIG_KEY}"), "run"],
        "ports": [{"name": "metrics", "containerPort": METRICS_PORT, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "metrics"}},
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": true,
        },
        "volumeMounts": [mount("config"), mount("credentials")],
    });
    let pod = json!({
        "automountServiceAccountToken": false,
        "containers": [container],
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [
            {"name": "config", "configMap": {"name": CONFIG}},
            {"name": "credentials", "secret": {"secretName": names(tenant).secret}},
        ],
    });
    json!({"spec": {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels, "annotations": {"platform.aphex/config-digest": sum}},
            "spec": pod,
        },
    }})
}
