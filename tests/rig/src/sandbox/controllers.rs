//! The built-in controllers and the scheduler.

use std::path::Path;

use k8s_openapi::api::core::v1::ServiceAccount;
use kube::{Api, Client};

use super::certificates::Authority;
use super::error::SandboxError;
use super::kubeconfig::{self, Credentials};
use super::processes::{Process, Start};
use super::programs::{Program, Programs};

/// Where pods get their addresses.
pub(crate) const POD_RANGE: &str = "10.244.0.0/16";

/// Writes `pki/<component>.kubeconfig` with an identity of its own, so that the audit log tells who asked.
pub(crate) fn certify(
    folder: &Path,
    authority: &Authority,
    url: &str,
    component: &str,
    (user, groups): (&str, &[&str]),
) -> Result<(), SandboxError> {
    let identity = authority.client(user, groups)?;
    let path = folder.join(format!("pki/{component}.kubeconfig"));
    let credentials = Credentials::Certificate(&identity);
    kubeconfig::write(&path, url, &authority.identity().certificate, &credentials)
}

/// Identities for [`start`]; the API server binds rights to these names by itself.
pub(crate) fn certify_all(folder: &Path, authority: &Authority, url: &str) -> Result<(), SandboxError> {
    for component in ["kube-controller-manager", "kube-scheduler"] {
        certify(
            folder,
            authority,
            url,
            component,
            (&format!("system:{component}"), &[]),
        )?;
    }
    Ok(())
}

/// Starts both. Neither serves anything (port 0), so several live side by side.
pub(crate) fn start(folder: &Path, programs: &Programs) -> Result<Vec<Process>, SandboxError> {
    let manager = [
        "--kubeconfig=pki/kube-controller-manager.kubeconfig".to_owned(),
        "--service-account-private-key-file=pki/service-accounts.key".to_owned(),
        "--root-ca-file=pki/ca.crt".to_owned(),
        "--cluster-signing-cert-file=pki/ca.crt".to_owned(),
        "--cluster-signing-key-file=pki/ca.key".to_owned(),
        "--use-service-account-credentials=true".to_owned(),
        format!("--cluster-cidr={POD_RANGE}"),
        "--allocate-node-cidrs=false".to_owned(),
        "--leader-elect=false".to_owned(),
        "--secure-port=0".to_owned(),
        // By default it would make /usr/libexec/kubernetes.
        "--flex-volume-plugin-dir=volume-plugins".to_owned(),
        // The default of 20 requests a second makes a thousand pods take a minute.
        "--kube-api-qps=500".to_owned(),
        "--kube-api-burst=1000".to_owned(),
    ];
    let scheduler = [
        "--kubeconfig=pki/kube-scheduler.kubeconfig",
        "--leader-elect=false",
        "--secure-port=0",
    ];
    let manager_path = programs.path(Program::KubeControllerManager)?;
    let scheduler_path = programs.path(Program::KubeScheduler)?;
    Ok(vec![
        Start::new("kube-controller-manager", manager_path, folder, manager).start()?,
        Start::new("kube-scheduler", scheduler_path, folder, scheduler).start()?,
    ])
}

/// The controllers work: they have made the ServiceAccount that every pod needs.
pub(crate) async fn ready(client: &Client) -> Result<(), String> {
    let accounts = Api::<ServiceAccount>::namespaced(client.clone(), "default");
    accounts
        .get("default")
        .await
        .map(|_| ())
        .map_err(|error| error.to_string())
}
