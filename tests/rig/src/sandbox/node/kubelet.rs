//! kubelet and kube-proxy.

use std::path::Path;

use serde_json::json;

use super::super::certificates::{self, Authority};
use super::super::control_plane::DNS_ADDRESS;
use super::super::controllers::{self, POD_RANGE};
use super::super::error::SandboxError;
use super::super::processes::{Process, Start};
use super::super::programs::{Program, Programs};
use super::{ADDRESS, NAME, cgroups};

/// Their identities.
pub(crate) fn certify(folder: &Path, authority: &Authority, url: &str) -> Result<(), SandboxError> {
    let node = format!("system:node:{NAME}");
    controllers::certify(folder, authority, url, "kubelet", (&node, &["system:nodes"]))?;
    controllers::certify(folder, authority, url, "kube-proxy", ("system:kube-proxy", &[]))
}

/// Starts both.
pub(crate) fn start(folder: &Path, programs: &Programs) -> Result<Vec<Process>, SandboxError> {
    certificates::write(folder, "kubelet.json", &configuration(folder).to_string())?;
    let kubelet = [
        "--config=kubelet.json".to_owned(),
        "--kubeconfig=pki/kubelet.kubeconfig".to_owned(),
        format!("--root-dir={}", folder.join("kubelet").display()),
        format!("--cert-dir={}", folder.join("kubelet/pki").display()),
        format!("--hostname-override={NAME}"),
        format!("--node-ip={ADDRESS}"),
    ];
    let proxy = [
        "--kubeconfig=pki/kube-proxy.kubeconfig".to_owned(),
        "--proxy-mode=iptables".to_owned(),
        format!("--cluster-cidr={POD_RANGE}"),
        format!("--hostname-override={NAME}"),
        // These limits belong to the machine, not to a network namespace.
        "--conntrack-max-per-core=0".to_owned(),
        "--conntrack-tcp-timeout-established=0s".to_owned(),
        "--conntrack-tcp-timeout-close-wait=0s".to_owned(),
        "--iptables-min-sync-period=100ms".to_owned(),
    ];
    Ok(vec![
        Start::new("kubelet", programs.path(Program::Kubelet)?, folder, kubelet).start()?,
        Start::new("kube-proxy", programs.path(Program::KubeProxy)?, folder, proxy).start()?,
    ])
}

fn configuration(folder: &Path) -> serde_json::Value {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": { "enabled": false },
            "webhook": { "enabled": false },
            "x509": { "clientCAFile": folder.join("pki/ca.crt") },
        },
        "authorization": { "mode": "AlwaysAllow" },
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": format!("/{}", cgroups::name(folder)),
        "cgroupsPerQOS": true,
        "enforceNodeAllocatable": ["pods"],
        // Version 1 of control groups still works; only kubelet 1.35 gives it up.
        "failCgroupV1": false,
        "failSwapOn": false,
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "volumePluginDir": folder.join("kubelet/volume-plugins"),
        "clusterDNS": [DNS_ADDRESS],
        "clusterDomain": "cluster.local",
        // A machine that is nearly full shall not lose its pods or its images.
        "evictionHard": { "nodefs.available": "1%", "imagefs.available": "1%" },
        "imageGCHighThresholdPercent": 100,
        "maxPods": 250,
    })
}
