//! Dex as the platform deploys it: a Deployment with Kubernetes storage, and no right that it does not need.

use serde_json::{Value, json};

use super::super::images::Image;
use super::super::programs::Program;
use super::super::{Sandbox, SandboxError, ensure, objects};

const IMAGE: &str = "localhost/dex:1";
/// The port that Dex serves plain HTTP on; an ingress would add TLS.
const PORT: u16 = 5556;

const AUTHENTIK_ISSUER: &str =
    "http://authentik.auth-system.svc.cluster.local:9000/application/o/platform-services/";

/// What differs from one Deployment of Dex to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DexDeployment {
    /// The namespace; made if it is missing.
    pub namespace: String,
    /// What Dex calls itself.
    pub issuer: String,
    /// What Authentik's provider calls itself. Dex asks it for its discovery document before it serves anything. None
    /// for a Dex that knows only its own password table.
    pub authentik_issuer: Option<String>,
    /// Dex waits for its secrets with none.
    pub replicas: u32,
}

impl Default for DexDeployment {
    fn default() -> Self {
        Self {
            namespace: "auth-system".to_owned(),
            issuer: "https://dex.home.local".to_owned(),
            authentik_issuer: Some(AUTHENTIK_ISSUER.to_owned()),
            replicas: 0,
        }
    }
}

impl DexDeployment {
    /// Loads Dex's image into the node and applies the objects.
    ///
    /// # Errors
    /// When Dex does not compile, there is no node, or the API server refuses an object.
    pub async fn apply(&self, sandbox: &Sandbox) -> Result<(), SandboxError> {
        let programs = ensure(&[Program::Dex]).await?;
        let image = Image::of_program(IMAGE, programs.path(Program::Dex)?).user("1001:1001");
        sandbox.load_image(&image)?;
        objects::apply_all(&sandbox.client().await?, self.objects()).await
    }

    /// Namespace, ServiceAccount, rights, ConfigMap, Deployment and Service.
    #[must_use]
    pub fn objects(&self) -> Vec<Value> {
        let meta = |name: &str| json!({ "name": name, "namespace": self.namespace });
        let subjects = json!([{ "kind": "ServiceAccount", "name": "dex", "namespace": self.namespace }]);
        let rbac = "rbac.authorization.k8s.io";
        let version = format!("{rbac}/v1");
        vec![
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": self.namespace } }),
            json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("dex") }),
            json!({
                "apiVersion": version, "kind": "Role", "metadata": meta("dex"),
                "rules": [{ "apiGroups": ["dex.coreos.com"], "resources": ["*"], "verbs": ["*"] }],
            }),
            json!({
                "apiVersion": version, "kind": "RoleBinding", "metadata": meta("dex"), "subjects": subjects,
                "roleRef": { "apiGroup": rbac, "kind": "Role", "name": "dex" },
            }),
            // Dex makes the definitions of its own kinds when it starts.
            json!({
                "apiVersion": version, "kind": "ClusterRole", "metadata": { "name": "dex-crd-manager" },
                "rules": [{
                    "apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"],
                    "verbs": ["create", "get", "list"],
                }],
            }),
            json!({
                "apiVersion": version, "kind": "ClusterRoleBinding", "metadata": { "name": "dex-crd-manager" },
                "subjects": subjects,
                "roleRef": { "apiGroup": rbac, "kind": "ClusterRole", "name": "dex-crd-manager" },
            }),
            json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("dex"),
                "data": { "config.yaml": format!("{:#}", self.config()) },
            }),
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("dex"), "spec": self.deployment(),
            }),
            json!({
                "apiVersion": "v1", "kind": "Service", "metadata": meta("dex"),
                "spec": { "selector": { "app": "dex" }, "ports": [{ "name": "http", "port": PORT }] },
            }),
        ]
    }

    /// Dex's configuration; secret values are named by their environment variables.
    fn config(&self) -> Value {
        json!({
            "issuer": self.issuer,
            "storage": { "type": "kubernetes", "config": { "inCluster": true } },
            "web": { "http": format!("0.0.0.0:{PORT}") },
            "oauth2": { "skipApprovalScreen": true },
            "expiry": { "signingKeys": "6h", "idTokens": "24h" },
            "staticClients": [
                client("argocd", "Argo CD", "ARGOCD_CLIENT_SECRET", "https://argocd.home.local/auth/callback"),
                client("tekton-dashboard", "Tekton", "TEKTON_CLIENT_SECRET", "https://tekton.home.local/auth/callback"),
                client("kubernetes", "Kubernetes", "KUBERNETES_CLIENT_SECRET", "http://localhost:8000/callback"),
            ],
            "enablePasswordDB": self.authentik_issuer.is_none(),
            "connectors": self.authentik_issuer.iter().map(|issuer| self.connector(issuer)).collect::<Vec<_>>(),
        })
    }

    fn connector(&self, authentik_issuer: &str) -> Value {
        json!({
            "type": "oidc", "id": "authentik", "name": "Authentik",
            "config": {
                "issuer": authentik_issuer,
                "clientID": "dex-client",
                "clientSecret": "$AUTHENTIK_CLIENT_SECRET",
                "redirectURI": format!("{}/callback", self.issuer),
                "scopes": ["openid", "profile", "email", "groups"],
                "getUserInfo": true,
                "insecureSkipEmailVerified": true,
                "insecureEnableGroups": true,
                "claimMapping": { "groups": "groups" },
            },
        })
    }

    fn deployment(&self) -> Value {
        json!({
            "replicas": self.replicas,
            "selector": { "matchLabels": { "app": "dex" } },
            "template": {
                "metadata": { "labels": { "app": "dex" } },
                "spec": {
                    "serviceAccountName": "dex",
                    "securityContext": { "runAsNonRoot": true, "runAsUser": 1001, "runAsGroup": 1001 },
                    "containers": [{
                        "name": "dex",
                        "image": IMAGE,
                        "imagePullPolicy": "Never",
                        "args": ["serve", "/etc/dex/config.yaml"],
                        "env": [
                            secret("AUTHENTIK_CLIENT_SECRET", "authentik-client-secret"),
                            secret("ARGOCD_CLIENT_SECRET", "argocd-client-secret"),
                            secret("TEKTON_CLIENT_SECRET", "tekton-client-secret"),
                            secret("KUBERNETES_CLIENT_SECRET", "kubernetes-client-secret"),
                        ],
                        "ports": [{ "name": "http", "containerPort": PORT }],
                        // It ends at once when it is told to, and for a moment some still come to it.
                        "lifecycle": { "preStop": { "sleep": { "seconds": 3 } } },
                        "readinessProbe": { "httpGet": { "path": "/healthz", "port": PORT }, "periodSeconds": 1 },
                        "securityContext": {
                            "readOnlyRootFilesystem": true,
                            "allowPrivilegeEscalation": false,
                            "capabilities": { "drop": ["ALL"] },
                        },
                        "volumeMounts": [{ "name": "config", "mountPath": "/etc/dex", "readOnly": true }],
                    }],
                    "volumes": [{ "name": "config", "configMap": { "name": "dex" } }],
                },
            },
        })
    }
}

fn client(id: &str, name: &str, variable: &str, redirect: &str) -> Value {
    json!({ "id": id, "name": name, "secretEnv": variable, "redirectURIs": [redirect] })
}

fn secret(variable: &str, key: &str) -> Value {
    json!({ "name": variable, "valueFrom": { "secretKeyRef": { "name": "dex-secrets", "key": key } } })
}
