//! Nodes that exist only as objects: kwok reports them, and the pods bound to them, as ready.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::{Node, NodeStatus};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::{ListParams, ObjectMeta, PostParams};
use kube::{Api, Client};

use super::certificates::Authority;
use super::controllers;
use super::error::SandboxError;
use super::processes::{Process, Start};
use super::programs::{Module, Program, Programs, run};

const COUNT: usize = 3;
/// kwok has no built-in stages; these files of its module make nodes ready and keep them so, and run pods to their end.
const STAGES: &[&str] = &[
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
];

pub(crate) fn certify(folder: &Path, authority: &Authority, url: &str) -> Result<(), SandboxError> {
    controllers::certify(folder, authority, url, "kwok", ("kwok", &["system:masters"]))
}

/// Starts kwok, which takes all nodes as its own.
pub(crate) fn start(folder: &Path, programs: &Programs) -> Result<Process, SandboxError> {
    let module = run(Module::Kwok
        .go()
        .args(["list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"]))?;
    let stages = PathBuf::from(module.trim()).join("kustomize/stage");
    let mut arguments: Vec<OsString> = vec![
        "--kubeconfig=pki/kwok.kubeconfig".into(),
        "--manage-all-nodes=true".into(),
        "--node-lease-duration-seconds=40".into(),
        "--node-ip=192.0.2.2".into(),
    ];
    for stage in STAGES {
        arguments.extend(["--config".into(), stages.join(stage).into()]);
    }
    Start::new("kwok", programs.path(Program::Kwok)?, folder, arguments).start()
}

/// Creates the node objects, big enough for thousands of pods.
pub(crate) async fn create(client: &Client) -> Result<(), SandboxError> {
    let nodes = Api::<Node>::all(client.clone());
    let room = [("cpu", "1000"), ("memory", "4Ti"), ("pods", "5000")];
    let room = room.map(|(name, amount)| (name.to_owned(), Quantity(amount.to_owned())));
    for number in 1..=COUNT {
        let name = format!("fake-{number}");
        // Those by which published manifests choose nodes.
        let labels = [
            ("kubernetes.io/hostname", name.as_str()),
            ("kubernetes.io/os", "linux"),
            ("kubernetes.io/arch", "amd64"),
        ];
        let labels = labels.map(|(label, value)| (label.to_owned(), value.to_owned()));
        let node = Node {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                labels: Some(labels.into()),
                ..ObjectMeta::default()
            },
            status: Some(NodeStatus {
                capacity: Some(room.clone().into()),
                allocatable: Some(room.clone().into()),
                ..NodeStatus::default()
            }),
            ..Node::default()
        };
        nodes
            .create(&PostParams::default(), &node)
            .await
            .map_err(SandboxError::kubernetes(format!("creating Node {name}")))?;
    }
    Ok(())
}

/// Every node of the cluster is ready, and there is one.
pub(crate) async fn ready(client: &Client) -> Result<(), String> {
    let nodes = Api::<Node>::all(client.clone())
        .list(&ListParams::default())
        .await;
    let nodes = nodes.map_err(|error| error.to_string())?.items;
    match nodes.iter().find(|node| !is_ready(node)) {
        Some(node) => Err(format!(
            "node {} is not ready",
            node.metadata.name.as_deref().unwrap_or_default()
        )),
        None if nodes.is_empty() => Err("there is no node".to_owned()),
        None => Ok(()),
    }
}

fn is_ready(node: &Node) -> bool {
    let conditions = node
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    conditions
        .into_iter()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
