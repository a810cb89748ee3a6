//! Names in the cluster.

use std::fs;
use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use kube::{Api, Client};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::super::control_plane::DNS_ADDRESS;
use super::super::error::SandboxError;
use super::super::objects;

const MANIFEST: &str = include_str!("../../../manifests/coredns.yaml");
/// Lies in the sandbox's folder once CoreDNS is reached by its Service.
const REACHED: &str = "dns-reached";
const PAUSE: Duration = Duration::from_millis(50);

/// Puts CoreDNS into the cluster.
pub(crate) async fn apply(client: &Client) -> Result<(), SandboxError> {
    objects::apply(client, MANIFEST).await
}

/// Runs within the namespaces: tells those outside once connections to the Service of CoreDNS arrive. The Deployment is
/// available up to a second before kube-proxy has written the Service's rules, and until then no pod resolves a name.
pub(crate) async fn tell_when_reached(folder: &Path) -> Result<(), SandboxError> {
    // Without its rules nobody answers at all, so an attempt is given up soon.
    let attempt = || timeout(Duration::from_millis(200), TcpStream::connect((DNS_ADDRESS, 53)));
    while !matches!(attempt().await, Ok(Ok(_))) {
        sleep(PAUSE).await;
    }
    fs::write(folder.join(REACHED), "").map_err(SandboxError::io("telling that CoreDNS is reached"))
}

/// Pods resolve names: CoreDNS runs, and its Service leads to it.
pub(crate) async fn ready(client: &Client, folder: &Path) -> Result<(), String> {
    available(client).await?;
    if folder.join(REACHED).exists() {
        Ok(())
    } else {
        Err("its Service leads nowhere yet".to_owned())
    }
}

async fn available(client: &Client) -> Result<(), String> {
    let deployments = Api::<Deployment>::namespaced(client.clone(), "kube-system");
    let deployment = deployments
        .get("coredns")
        .await
        .map_err(|error| error.to_string())?;
    let available = deployment
        .status
        .and_then(|status| status.available_replicas)
        .unwrap_or(0);
    if available > 0 {
        Ok(())
    } else {
        Err("no replica is available".to_owned())
    }
}
