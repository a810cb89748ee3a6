//! The account that a command runs as.

use super::PROGRAM;
use base64::{Engine, engine::general_purpose::STANDARD};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::{Api, Client, api::PostParams};
use rig::{laws::Trouble, proxy::Proxy, sandbox::Sandbox};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Where accounts live; no reset touches it.
const NAMESPACE: &str = "accounts";

/// A ServiceAccount with the rights that `render rbac` prints for a command, and nothing else.
pub(super) struct Account {
    /// Leads through the proxy.
    pub(super) kubeconfig: PathBuf,
}

impl Account {
    pub(super) async fn make(
        sandbox: &Sandbox,
        client: &Client,
        command: &[&str],
        proxy: &Proxy,
        folder: &Path,
    ) -> Result<Self, Trouble> {
        let namespace: Namespace = serde_json::from_value(json!({"metadata": {"name": NAMESPACE}}))?;
        Api::<Namespace>::all(client.clone())
            .create(&PostParams::default(), &namespace)
            .await?;
        let account: ServiceAccount = serde_json::from_value(json!({"metadata": {"name": "runner"}}))?;
        Api::<ServiceAccount>::namespaced(client.clone(), NAMESPACE)
            .create(&PostParams::default(), &account)
            .await?;
        rig::sandbox::apply(client, &rules_of(command)?).await?;
        let direct = sandbox
            .kubeconfig_for_service_account(NAMESPACE, "runner")
            .await?;
        let mut config = kube::config::Kubeconfig::read_from(direct)?;
        let cluster = config.clusters[0]
            .cluster
            .as_mut()
            .ok_or("a kubeconfig without a cluster")?;
        cluster.server = Some(proxy.url().to_owned());
        cluster.certificate_authority_data =
            Some(STANDARD.encode(proxy.ca_pem().ok_or("a proxy without TLS")?));
        let kubeconfig = folder.join("kubeconfig");
        std::fs::write(&kubeconfig, serde_saphyr::to_string(&config)?)?;
        Ok(Self { kubeconfig })
    }
}

/// What a plan's manifests take is known when they are read in the cluster, and what mends something when it is found to be wrong:
/// such a command runs as an administrator.
const ADMINISTRATOR: &str = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: runner}, \
     roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}, \
     subjects: [{kind: ServiceAccount, name: runner, namespace: accounts}]}";

fn rules_of(command: &[&str]) -> Result<String, Trouble> {
    if command[0] == "waves" || command.contains(&"--fix") {
        return Ok(ADMINISTRATOR.to_owned());
    }
    let mut render = Command::new(PROGRAM);
    render.args([
        "render",
        "rbac",
        "--account-namespace",
        NAMESPACE,
        "--account",
        "runner",
    ]);
    let rendered = render.args(command).output()?;
    if !rendered.status.success() {
        return Err(String::from_utf8_lossy(&rendered.stderr).into_owned().into());
    }
    Ok(String::from_utf8(rendered.stdout)?)
}
