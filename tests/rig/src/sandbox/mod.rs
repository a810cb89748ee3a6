//! The sandbox: a real Kubernetes cluster on this machine, compiled from pinned Go modules.
//!
//! [`Sandbox::start`] gives a cluster of one of three [`Size`]s that lives as long as the value. Nothing of it outlives
//! its launcher: the kernel kills every process of it when the launcher dies, however it dies.

mod audit;
mod background;
mod certificates;
mod components;
mod control_plane;
mod controllers;
mod dex;
mod error;
mod executable;
mod fake_nodes;
mod folders;
mod git;
mod images;
pub mod init;
mod kubeconfig;
mod node;
mod objects;
mod prerequisites;
mod processes;
mod programs;
mod readiness;
mod remains;
mod start;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::{Api, Client};
use serde::{Deserialize, Serialize};

pub use audit::{AuditEvent, AuditMark, ObjectRef, ResponseStatus, Stage, User};
pub use background::{Named, Record, State};
pub use components::{Component, Installed, SHELL_IMAGE, definitions, local, manifests};
pub use dex::{Dex, DexDeployment};
pub use error::SandboxError;
pub use git::{Repository, serve as serve_git};
pub use images::Image;
pub use kubeconfig::USER_AGENT;
pub use node::{RIG_IMAGE, run_inside as run_node};
pub use objects::{apply, apply_all};
pub use prerequisites::Missing;
pub use programs::{Module, Program, Programs};

use audit::AuditLog;
use executable::executable;
use folders::Folder;
use kubeconfig::Credentials;
use processes::Process;
use start::Started;

/// How much of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Size {
    /// etcd and the API server: objects are stored and nothing happens to them. Ready in about 3 s.
    #[default]
    ControlPlane,
    /// Also the built-in controllers and fake nodes: pods become Ready without running.
    Controllers,
    /// Also a real node in a network namespace of its own: pods run. Ready in about 20 s; needs root.
    Node,
}

impl Size {
    /// The programs that it needs.
    #[must_use]
    pub const fn programs(self) -> &'static [Program] {
        match self {
            Self::ControlPlane => &[Program::Etcd, Program::KubeApiserver],
            Self::Controllers => &[
                Program::Etcd,
                Program::KubeApiserver,
                Program::KubeControllerManager,
                Program::KubeScheduler,
                Program::Kwok,
            ],
            Self::Node => &[
                Program::Etcd,
                Program::KubeApiserver,
                Program::KubeControllerManager,
                Program::KubeScheduler,
                Program::KubeProxy,
                Program::Kubelet,
                Program::CoreDns,
            ],
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ControlPlane => "control-plane",
            Self::Controllers => "controllers",
            Self::Node => "node",
        })
    }
}

/// What kind of sandbox to start.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How much of a cluster.
    pub size: Size,
}

/// A cluster for tests. Dropping it ends it and removes its folder.
#[derive(Debug)]
pub struct Sandbox {
    kubeconfig: PathBuf,
    server_url: String,
    ca_pem: String,
    timings: Vec<(&'static str, Duration)>,
    inside: Option<Inside>,
    owned: Option<Owned>,
}

/// What only a sandbox of the rig has, and every process of the same user may read.
#[derive(Debug)]
struct Inside {
    folder: PathBuf,
    audit: AuditLog,
}

/// What only the launcher has.
#[derive(Debug)]
struct Owned {
    /// Killed in reverse order.
    processes: Vec<Process>,
    folder: Folder,
}

impl Sandbox {
    /// Starts a sandbox in a temporary folder and waits until it is ready. Compiles what is not compiled yet, which
    /// takes many minutes on a new machine. If `RIG_KUBECONFIG` names a kubeconfig, that cluster is used instead.
    ///
    /// # Errors
    /// When prerequisites are missing (all of them are named), a program does not compile, or the cluster does not
    /// become ready.
    pub async fn start(options: Options) -> Result<Self, SandboxError> {
        if let Some(path) = std::env::var_os("RIG_KUBECONFIG") {
            return Self::from_kubeconfig(Path::new(&path)).await;
        }
        prerequisites::check(options.size)?;
        let programs = ensure(options.size.programs()).await?;
        Self::start_in(Folder::temporary()?, &programs, options).await
    }

    async fn start_in(folder: Folder, programs: &Programs, options: Options) -> Result<Self, SandboxError> {
        let Started {
            processes,
            url,
            authority,
            timings,
        } = start::start(&folder, programs, options.size).await?;
        Ok(Self {
            kubeconfig: folder.path().join("kubeconfig"),
            server_url: url,
            ca_pem: authority,
            timings,
            inside: Some(Inside::new(folder.path())),
            owned: Some(Owned { processes, folder }),
        })
    }

    /// Uses a sandbox that `rig up` started. Dropping the value leaves the sandbox alone.
    ///
    /// # Errors
    /// When no sandbox of that name is ready.
    pub async fn attach(name: &str) -> Result<Self, SandboxError> {
        let folder = Named::new(name)?.ready()?;
        let inside = Some(Inside::new(&folder));
        Ok(Self {
            inside,
            ..Self::from_kubeconfig(&folder.join("kubeconfig")).await?
        })
    }

    /// Uses a cluster that is already there. Its audit log is not ours to read, and ending the sandbox leaves it alone.
    ///
    /// # Errors
    /// When the kubeconfig cannot be read or has no current context.
    pub async fn from_kubeconfig(path: &Path) -> Result<Self, SandboxError> {
        let config = kubeconfig::read(path).await?;
        let ca_pem = config
            .root_cert
            .iter()
            .flatten()
            .map(|der| pem("CERTIFICATE", der))
            .collect();
        Ok(Self {
            kubeconfig: path.to_owned(),
            server_url: config.cluster_url.to_string(),
            ca_pem,
            timings: Vec::new(),
            inside: None,
            owned: None,
        })
    }

    /// The administrator's kubeconfig (group `system:masters`).
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Where the API server listens, seen from this machine.
    #[must_use]
    pub fn server_url(&self) -> &str {
        &self.server_url
    }

    /// The authority that signed the API server's certificate.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// How long each stage of the start took, counted from its beginning.
    #[must_use]
    pub fn timings(&self) -> &[(&'static str, Duration)] {
        &self.timings
    }

    /// A new client with the administrator's rights. Its connections belong to the runtime that it is made in, so tests
    /// that share a sandbox must not share a client.
    ///
    /// # Errors
    /// When the kubeconfig cannot be read.
    pub async fn client(&self) -> Result<Client, SandboxError> {
        kubeconfig::client(&self.kubeconfig).await
    }

    /// Makes the API server accept the ID tokens of these issuers, the `jwt` of an AuthenticationConfiguration. It takes a moment
    /// until it does.
    ///
    /// # Errors
    /// When the sandbox is not ours.
    pub fn trust(&self, issuers: &[serde_json::Value]) -> Result<(), SandboxError> {
        control_plane::trust(&self.inside("its configuration")?.folder, issuers)
    }

    /// All requests so far, in the order of their arrival. Every request that was answered before is in it.
    ///
    /// # Errors
    /// When the cluster is not ours, or a request stays unanswered for long.
    pub async fn audit(&self) -> Result<Vec<AuditEvent>, SandboxError> {
        self.audit_since(AuditMark::BEGINNING).await
    }

    /// A mark for [`Self::audit_since`].
    ///
    /// # Errors
    /// As [`Self::audit`].
    pub async fn audit_mark(&self) -> Result<AuditMark, SandboxError> {
        self.inside("the audit log")?
            .audit
            .mark(&self.client().await?)
            .await
    }

    /// The requests since the mark.
    ///
    /// # Errors
    /// As [`Self::audit`].
    pub async fn audit_since(&self, mark: AuditMark) -> Result<Vec<AuditEvent>, SandboxError> {
        self.inside("the audit log")?
            .audit
            .since(&self.client().await?, mark)
            .await
    }

    /// Writes a kubeconfig for a ServiceAccount that exists, with a token (TokenRequest) of one hour.
    ///
    /// # Errors
    /// When there is no such ServiceAccount.
    pub async fn kubeconfig_for_service_account(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<PathBuf, SandboxError> {
        let folder = self
            .inside("a ServiceAccount's kubeconfig")?
            .folder
            .join("accounts");
        fs::create_dir_all(&folder).map_err(SandboxError::io(format!("creating {}", folder.display())))?;
        let request = TokenRequest {
            spec: TokenRequestSpec {
                expiration_seconds: Some(3600),
                ..TokenRequestSpec::default()
            },
            ..TokenRequest::default()
        };
        let accounts = Api::<ServiceAccount>::namespaced(self.client().await?, namespace);
        let answer = accounts
            .create_token_request(name, &PostParams::default(), &request)
            .await
            .map_err(SandboxError::kubernetes(format!(
                "asking for a token of ServiceAccount {namespace}/{name}"
            )))?;
        let token = answer.status.map(|status| status.token).unwrap_or_default();
        let path = folder.join(format!("{namespace}.{name}"));
        kubeconfig::write(&path, &self.server_url, &self.ca_pem, &Credentials::Token(&token))?;
        Ok(path)
    }

    /// Puts an image into the node (size *node* only).
    ///
    /// # Errors
    /// When the image cannot be written, or there is no node of ours.
    pub fn load_image(&self, image: &Image) -> Result<(), SandboxError> {
        let folder = tempfile::tempdir().map_err(SandboxError::io("creating a temporary folder"))?;
        let tarball = folder.path().join("image.tar");
        image.write(&tarball)?;
        self.load_tarball(&tarball)
    }

    /// Puts the images of an OCI tarball into the node (size *node* only).
    ///
    /// # Errors
    /// When containerd refuses the tarball, or there is no node of ours.
    pub fn load_tarball(&self, tarball: &Path) -> Result<(), SandboxError> {
        node::import(&self.inside("loading images")?.folder, tarball)
    }

    /// Runs something on a thread of its own that is in the node's network: it reaches Services by their addresses, as a Pod
    /// does (size *node* only).
    ///
    /// # Errors
    /// When there is no node of ours, or its namespace cannot be entered.
    pub fn in_network<T: Send + 'static>(
        &self,
        what: impl FnOnce() -> T + Send + 'static,
    ) -> Result<std::thread::JoinHandle<Option<T>>, SandboxError> {
        let processes = self.owned.iter().flat_map(|owned| &owned.processes);
        let unshare = processes.into_iter().find(|running| running.is("node"));
        let missing = || SandboxError::io("looking for the node")(std::io::ErrorKind::NotFound.into());
        node::in_network(unshare.ok_or_else(missing)?.id(), what)
    }

    /// The time that a process of the sandbox, such as `kube-apiserver`, has spent on processors so far.
    ///
    /// # Errors
    /// When there is no such process, or this is not the process that started it.
    pub fn cpu_time(&self, process: &str) -> Result<Duration, SandboxError> {
        let processes = self.owned.iter().flat_map(|owned| &owned.processes);
        let found = processes.into_iter().find(|running| running.is(process));
        let missing =
            || SandboxError::io(format!("looking for {process}"))(std::io::ErrorKind::NotFound.into());
        found.ok_or_else(missing)?.cpu_time()
    }

    /// An error if a process of the sandbox has ended by itself.
    ///
    /// # Errors
    /// With the end of that process's log.
    pub fn check(&mut self) -> Result<(), SandboxError> {
        self.owned
            .iter_mut()
            .flat_map(|owned| &mut owned.processes)
            .try_for_each(Process::check)
    }

    /// Ends the cluster and removes all that it left. Dropping does the same, but cannot tell whether it worked.
    ///
    /// # Errors
    /// When something cannot be ended or removed.
    pub fn stop(mut self) -> Result<(), SandboxError> {
        self.owned.take().map_or(Ok(()), |mut owned| {
            owned.end()?;
            owned.folder.remove()
        })
    }

    fn inside(&self, what: &'static str) -> Result<&Inside, SandboxError> {
        self.inside.as_ref().ok_or(SandboxError::NotOurs(what))
    }
}

impl Inside {
    fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            audit: AuditLog::new(folder.join("audit.log")),
        }
    }
}

impl Owned {
    fn end(&mut self) -> Result<(), SandboxError> {
        while let Some(mut process) = self.processes.pop() {
            process.kill();
        }
        remains::end(self.folder.path())
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// Compiling blocks for minutes, so it has a thread of its own.
async fn ensure(programs: &'static [Program]) -> Result<Programs, SandboxError> {
    tokio::task::spawn_blocking(|| Programs::ensure(programs))
        .await
        .map_err(|error| SandboxError::io("compiling the cluster's programs")(error.into()))?
}

/// RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .filter_map(|line| str::from_utf8(line).ok())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}
