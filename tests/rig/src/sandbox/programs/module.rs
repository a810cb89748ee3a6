//! The Go modules of `tests/rig/modules`, which pin every source.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::super::error::SandboxError;
use super::run;

/// A Go module of `tests/rig/modules`, which pins one or more programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Module {
    /// Kubernetes and etcd.
    Kubernetes,
    /// Dex.
    Dex,
    /// CoreDNS.
    CoreDns,
    /// kwok, which plays kubelet.
    Kwok,
    /// Tekton Pipelines.
    Tekton,
    /// Tekton Triggers, which needs other versions of the same libraries.
    Triggers,
    /// Argo CD.
    ArgoCd,
    /// Helm, which benchmarks compare with.
    Helm,
    /// cert-manager and external-secrets, of which only the definitions of their kinds are used.
    Definitions,
}

/// Same version stamps as a release build: a module build reports `$Format:%H$`, which is no semantic version, and
/// clients that check the server's version (Tekton) refuse it.
const KUBERNETES_LDFLAGS: &str = "-s -w -X k8s.io/component-base/version.gitVersion=v1.34.4 \
     -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34 \
     -X k8s.io/component-base/version.gitTreeState=clean -X k8s.io/component-base/version.gitCommit=unknown";
const ARGO_CD_LDFLAGS: &str = "-s -w -X github.com/argoproj/argo-cd/v3/common.version=3.6.1";
const LDFLAGS: &str = "-s -w";
const GOFLAGS: &str = "-buildvcs=false -trimpath -mod=readonly";

/// What `go mod download -json` says of a module.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Downloaded {
    dir: PathBuf,
    version: String,
}

impl Module {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Dex => "dex",
            Self::CoreDns => "coredns",
            Self::Kwok => "kwok",
            Self::Tekton => "tekton",
            Self::Triggers => "triggers",
            Self::ArgoCd => "argocd",
            Self::Helm => "helm",
            Self::Definitions => "definitions",
        }
    }

    pub(super) const fn ldflags(self) -> &'static str {
        match self {
            Self::Kubernetes => KUBERNETES_LDFLAGS,
            Self::ArgoCd => ARGO_CD_LDFLAGS,
            _ => LDFLAGS,
        }
    }

    fn folder(self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("modules")
            .join(self.name())
    }

    /// `go` in this module, with the flags that every build shares. Without `CGO_ENABLED=0` a program would want
    /// libc's loader, which a scratch image has not.
    pub(crate) fn go(self) -> Command {
        let mut go = Command::new("go");
        go.current_dir(self.folder())
            .env("CGO_ENABLED", "0")
            .env("GOFLAGS", GOFLAGS)
            .env("GOWORK", "off");
        if self == Self::ArgoCd {
            // It asks for a newer Go than the rest, which `go` fetches as a module of its own.
            go.env("GOTOOLCHAIN", "go1.27.3");
        }
        go
    }

    /// Changes whenever the built programs would.
    pub(super) fn key(self) -> Result<String, SandboxError> {
        let mut hash = Sha256::new();
        for file in ["go.mod", "go.sum"] {
            let path = self.folder().join(file);
            hash.update(fs::read(&path).map_err(SandboxError::io(format!("reading {}", path.display())))?);
        }
        let go = run(self.go().args(["env", "GOVERSION", "GOOS", "GOARCH"]))?;
        hash.update([GOFLAGS, self.ldflags(), &go].join("\n"));
        Ok(hash
            .finalize()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect())
    }

    /// The folder with the sources of a module that this one requires, fetched if need be and checked against go.sum;
    /// and the version.
    ///
    /// # Errors
    /// When `go` is missing, or the module cannot be had as it is pinned.
    pub fn sources(self, path: &str) -> Result<(PathBuf, String), SandboxError> {
        let answer = run(self.go().args(["mod", "download", "-json", path]))?;
        serde_json::from_str::<Downloaded>(&answer)
            .map(|downloaded| (downloaded.dir, downloaded.version))
            .map_err(|error| SandboxError::io(format!("looking for the sources of {path}"))(error.into()))
    }
}
