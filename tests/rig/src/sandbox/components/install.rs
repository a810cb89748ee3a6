//! A component that runs.

use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use kube::{Api, Client};
use serde_json::{Value, json};

use super::super::error::SandboxError;
use super::super::{Sandbox, objects, readiness};
use super::{Component, manifests};

/// How long an object may be refused because the one that it needs has only just been applied: its kind, its namespace,
/// the webhook that is asked about it.
const SETTLING: Duration = Duration::from_secs(90);
/// How long its workloads may take. A probe that fails once costs Argo CD's server half a minute.
const STARTING: Duration = Duration::from_secs(300);

/// How long the parts of an installation took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Installed {
    /// Making the images and loading them into the node; compiling, if that was needed.
    pub images: Duration,
    /// Applying the manifests.
    pub manifests: Duration,
    /// From then on until every Deployment and StatefulSet was available.
    pub available: Duration,
}

impl Component {
    /// Loads its images into the node, applies its manifests and waits until all of it runs.
    ///
    /// # Errors
    /// When a program does not compile, there is no node of ours, the API server keeps refusing an object, or a workload
    /// does not become available.
    pub async fn install(self, sandbox: &Sandbox) -> Result<Installed, SandboxError> {
        let begun = Instant::now();
        let images = tokio::task::spawn_blocking(move || self.images())
            .await
            .map_err(|error| SandboxError::io("making images")(error.into()))??;
        images.iter().try_for_each(|image| sandbox.load_image(image))?;
        let loaded = Instant::now();
        let client = sandbox.client().await?;
        let applied = self.apply(&client).await?;
        let settled = Instant::now();
        wait(&client, &applied).await?;
        Ok(Installed {
            images: loaded - begun,
            manifests: settled - loaded,
            available: settled.elapsed(),
        })
    }

    /// Applies its manifests, each object as soon as the API server takes it; what was applied.
    ///
    /// Whatever starts Pods comes last, so that a program finds everything that it reads once, as it starts: the
    /// interceptors of Tekton Triggers write their authority into the ClusterInterceptors that are there by then, and no
    /// EventListener runs while one is without.
    ///
    /// # Errors
    /// When the manifests cannot be had, or an object is refused for long.
    pub async fn apply(self, client: &Client) -> Result<Vec<Value>, SandboxError> {
        let mut applied = Vec::new();
        if let Some(name) = self.namespace() {
            let metadata = json!({ "name": name });
            applied.push(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata }));
        }
        for (_, text) in manifests(self)? {
            applied.extend(objects::documents(&text)?);
        }
        applied.sort_by_key(is_workload);
        for object in &applied {
            persist(client, object, self.namespace()).await?;
        }
        Ok(applied)
    }
}

fn is_workload(object: &Value) -> bool {
    ["Deployment", "StatefulSet"].contains(&object["kind"].as_str().unwrap_or_default())
}

/// Applies an object as often as it takes.
async fn persist(client: &Client, object: &Value, namespace: Option<&str>) -> Result<(), SandboxError> {
    let begun = Instant::now();
    loop {
        match objects::apply_in(client, object.clone(), namespace).await {
            Err(_) if begun.elapsed() < SETTLING => tokio::time::sleep(Duration::from_millis(500)).await,
            end => return end,
        }
    }
}

/// Waits for the Deployments and StatefulSets among the objects.
async fn wait(client: &Client, applied: &[Value]) -> Result<(), SandboxError> {
    for object in applied.iter().filter(|object| is_workload(object)) {
        let kind = object["kind"].as_str().unwrap_or_default();
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or("argocd");
        readiness::wait(name, STARTING, &mut [], async || {
            let available = available(client, kind, namespace, name).await;
            match available.map_err(|error| error.to_string())? {
                0 => Err(format!("no replica of {kind} {namespace}/{name} is available")),
                _ => Ok(()),
            }
        })
        .await?;
    }
    Ok(())
}

async fn available(client: &Client, kind: &str, namespace: &str, name: &str) -> kube::Result<i32> {
    let replicas = if kind == "Deployment" {
        let found = Api::<Deployment>::namespaced(client.clone(), namespace)
            .get(name)
            .await?;
        found.status.and_then(|status| status.available_replicas)
    } else {
        let found = Api::<StatefulSet>::namespaced(client.clone(), namespace)
            .get(name)
            .await?;
        found.status.and_then(|status| status.available_replicas)
    };
    Ok(replicas.unwrap_or(0))
}
