//! Names in the cluster.

use k8s_openapi::api::apps::v1::Deployment;
use kube::{Api, Client};

use super::super::error::SandboxError;
use super::super::objects;

const MANIFEST: &str = include_str!("../../../manifests/coredns.yaml");

/// Puts CoreDNS into the cluster.
pub(crate) async fn apply(client: &Client) -> Result<(), SandboxError> {
    objects::apply(client, MANIFEST).await
}

/// CoreDNS answers.
pub(crate) async fn ready(client: &Client) -> Result<(), String> {
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
