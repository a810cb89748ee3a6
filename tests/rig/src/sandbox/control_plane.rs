//! etcd and the API server.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use serde_json::{Value, json};

use super::certificates::{self, Authority};
use super::error::SandboxError;
use super::kubeconfig::{self, Credentials};
use super::processes::{Process, Start};
use super::programs::{Program, Programs};

/// Where Services get their addresses.
pub(crate) const SERVICE_RANGE: &str = "10.96.0.0/16";
/// Where CoreDNS is (manifests/coredns.yaml says the same).
pub(crate) const DNS_ADDRESS: &str = "10.96.0.10";
/// The first address of that range is always the API server's.
const SERVICE_ADDRESS: &str = "10.96.0.1";
/// A documentation address (RFC 5737): nothing answers there, but EndpointSlices accept it, unlike a loopback one.
const NOWHERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// Addresses of one control plane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    /// What the API server listens on.
    pub(crate) bind: Ipv4Addr,
    /// What the cluster is told about where the API server is.
    pub(crate) advertise: Ipv4Addr,
    pub(crate) api: u16,
    pub(crate) etcd: u16,
    pub(crate) etcd_peer: u16,
}

impl Addresses {
    /// Ports of the loopback interface that are free now. Another process may take one before it is used, so the
    /// caller must be ready to ask again.
    pub(crate) fn free() -> Result<Self, SandboxError> {
        let [api, etcd, etcd_peer] = free_ports()?;
        Ok(Self {
            bind: Ipv4Addr::LOCALHOST,
            advertise: NOWHERE,
            api,
            etcd,
            etcd_peer,
        })
    }
}

/// Ports of the loopback interface that are free now.
pub(crate) fn free_ports<const N: usize>() -> Result<[u16; N], SandboxError> {
    let bind = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let failed = SandboxError::io("looking for free ports");
    let look = || {
        let listeners = (0..N).map(bind).collect::<Result<Vec<_>, _>>()?;
        let mut ports = [0; N];
        for (port, listener) in ports.iter_mut().zip(&listeners) {
            *port = listener.local_addr()?.port();
        }
        Ok(ports)
    };
    look().map_err(failed)
}

/// Makes everything in `pki/` and the administrator's `kubeconfig`. `url` is where clients of this machine find the
/// API server; `hosts` are names and addresses besides the usual ones.
pub(crate) fn certify(folder: &Path, url: &str, hosts: &[&str]) -> Result<Authority, SandboxError> {
    let pki = folder.join("pki");
    fs::create_dir_all(&pki).map_err(SandboxError::io(format!("creating {}", pki.display())))?;
    let authority = Authority::new("sandbox-ca")?;
    authority.identity().write(&pki, "ca")?;
    let usual = [
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "127.0.0.1",
        SERVICE_ADDRESS,
    ];
    let hosts: Vec<String> = usual.iter().chain(hosts).map(ToString::to_string).collect();
    authority.server("kube-apiserver", &hosts)?.write(&pki, "api")?;
    authority
        .client("kube-apiserver-kubelet-client", &["system:masters"])?
        .write(&pki, "kubelet-client")?;
    authority.client("front-proxy", &[])?.write(&pki, "front-proxy")?;
    certificates::write_key_pair(&pki, "service-accounts")?;
    let administrator = authority.client("sandbox-admin", &["system:masters"])?;
    let credentials = Credentials::Certificate(&administrator);
    kubeconfig::write(
        &folder.join("kubeconfig"),
        url,
        &authority.identity().certificate,
        &credentials,
    )?;
    Ok(authority)
}

/// Starts etcd.
pub(crate) fn etcd(folder: &Path, programs: &Programs, at: Addresses) -> Result<Process, SandboxError> {
    let client = format!("http://127.0.0.1:{}", at.etcd);
    let peer = format!("http://127.0.0.1:{}", at.etcd_peer);
    let arguments = [
        "--data-dir=etcd".to_owned(),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        // What it stores is thrown away in the end, so nothing is gained by making it survive a power cut.
        "--unsafe-no-fsync".to_owned(),
        "--quota-backend-bytes=8589934592".to_owned(),
        "--log-level=warn".to_owned(),
    ];
    Start::new("etcd", programs.path(Program::Etcd)?, folder, arguments).start()
}

/// Starts the API server. Without controllers nobody makes the `default` ServiceAccounts, so `pods_need_accounts` must
/// be false there, or no pod could be created.
pub(crate) fn api_server(
    folder: &Path,
    programs: &Programs,
    at: Addresses,
    pods_need_accounts: bool,
) -> Result<Process, SandboxError> {
    let policy = json!({
        "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{ "level": "Metadata" }],
    });
    certificates::write(folder, "audit-policy.json", &policy.to_string())?;
    trust(folder, &[])?;
    let mut arguments = vec![
        format!("--etcd-servers=http://127.0.0.1:{}", at.etcd),
        format!("--bind-address={}", at.bind),
        format!("--secure-port={}", at.api),
        format!("--advertise-address={}", at.advertise),
        format!("--service-cluster-ip-range={SERVICE_RANGE}"),
    ];
    arguments.extend(FIXED_FLAGS.iter().map(ToString::to_string));
    if !pods_need_accounts {
        arguments.push("--disable-admission-plugins=ServiceAccount".to_owned());
    }
    Start::new(
        "kube-apiserver",
        programs.path(Program::KubeApiserver)?,
        folder,
        arguments,
    )
    .start()
}

/// Writes whose ID tokens the API server accepts; it reads the file again when it changes.
pub(crate) fn trust(folder: &Path, issuers: &[Value]) -> Result<(), SandboxError> {
    let document = json!({
        "apiVersion": "apiserver.config.k8s.io/v1beta1", "kind": "AuthenticationConfiguration", "jwt": issuers,
    });
    certificates::write(folder, "authentication.json.new", &document.to_string())?;
    // In one step: half a file is an error in its log, and the next look is a minute away.
    let (new, path) = (
        folder.join("authentication.json.new"),
        folder.join("authentication.json"),
    );
    std::fs::rename(new, &path).map_err(SandboxError::io(path.display().to_string()))
}

/// Paths are relative to the sandbox's folder, which the process starts in.
const FIXED_FLAGS: &[&str] = &[
    "--allow-privileged=true",
    "--authentication-config=authentication.json",
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--tls-cert-file=pki/api.crt",
    "--tls-private-key-file=pki/api.key",
    "--client-ca-file=pki/ca.crt",
    "--kubelet-client-certificate=pki/kubelet-client.crt",
    "--kubelet-client-key=pki/kubelet-client.key",
    // By default the node's host name comes first, which nobody can look up.
    "--kubelet-preferred-address-types=InternalIP",
    "--service-account-key-file=pki/service-accounts.pub",
    "--service-account-signing-key-file=pki/service-accounts.key",
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    "--requestheader-client-ca-file=pki/ca.crt",
    "--requestheader-allowed-names=front-proxy",
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    "--proxy-client-cert-file=pki/front-proxy.crt",
    "--proxy-client-key-file=pki/front-proxy.key",
    "--audit-policy-file=audit-policy.json",
    "--audit-log-path=audit.log",
    // In megabytes: never rotated, so that an offset stays an offset.
    "--audit-log-maxsize=1000000",
];
