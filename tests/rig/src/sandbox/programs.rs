//! The Go programs of the cluster: which there are, where their sources are pinned, and the cache of built ones.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use sha2::{Digest, Sha256};

use super::error::{SandboxError, last_lines};
use super::folders;

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
}

/// A program that the rig compiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// The key-value store under the API server.
    Etcd,
    /// The API server.
    KubeApiserver,
    /// The built-in controllers.
    KubeControllerManager,
    /// Binds pods to nodes.
    KubeScheduler,
    /// Services as iptables rules.
    KubeProxy,
    /// Runs pods.
    Kubelet,
    /// For people who look into a sandbox; the rig itself does not use it.
    Kubectl,
    /// The identity provider under test.
    Dex,
    /// Names in the cluster.
    CoreDns,
    /// Fake nodes.
    Kwok,
}

/// Same version stamps as a release build: a module build reports `$Format:%H$`, which is no semantic version, and
/// clients that check the server's version (Tekton) refuse it.
const KUBERNETES_LDFLAGS: &str = "-s -w -X k8s.io/component-base/version.gitVersion=v1.34.4 \
     -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34 \
     -X k8s.io/component-base/version.gitTreeState=clean -X k8s.io/component-base/version.gitCommit=unknown";
const LDFLAGS: &str = "-s -w";
const GOFLAGS: &str = "-buildvcs=false -trimpath -mod=readonly";

impl Module {
    const fn name(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Dex => "dex",
            Self::CoreDns => "coredns",
            Self::Kwok => "kwok",
        }
    }

    const fn ldflags(self) -> &'static str {
        match self {
            Self::Kubernetes => KUBERNETES_LDFLAGS,
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
        go
    }

    /// Changes whenever the built programs would.
    fn key(self) -> Result<String, SandboxError> {
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
}

impl Program {
    /// The file name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::KubeScheduler => "kube-scheduler",
            Self::KubeProxy => "kube-proxy",
            Self::Kubelet => "kubelet",
            Self::Kubectl => "kubectl",
            Self::Dex => "dex",
            Self::CoreDns => "coredns",
            Self::Kwok => "kwok",
        }
    }

    const fn module(self) -> Module {
        match self {
            Self::Dex => Module::Dex,
            Self::CoreDns => Module::CoreDns,
            Self::Kwok => Module::Kwok,
            _ => Module::Kubernetes,
        }
    }

    fn package(self) -> String {
        match self {
            Self::Etcd => "go.etcd.io/etcd/server/v3".to_owned(),
            Self::Dex => "github.com/dexidp/dex/cmd/dex".to_owned(),
            Self::CoreDns => "github.com/coredns/coredns".to_owned(),
            Self::Kwok => "sigs.k8s.io/kwok/cmd/kwok".to_owned(),
            kubernetes => format!("k8s.io/kubernetes/cmd/{}", kubernetes.name()),
        }
    }

    /// The program in the folder that `KUBEBUILDER_ASSETS` names, if it is there.
    fn installed(self) -> Option<PathBuf> {
        let path = PathBuf::from(std::env::var_os("KUBEBUILDER_ASSETS")?).join(self.name());
        path.is_file().then_some(path)
    }

    /// Compiles into `folder` unless another process has done so meanwhile. The lock makes sure that two processes do
    /// not compile the same thing side by side; the rename, that a half-written program is never found.
    fn build(self, folder: &Path) -> Result<(), SandboxError> {
        let target = folder.join(self.name());
        let _lock = folders::lock(&folder.join(".lock"))?;
        if target.is_file() {
            return Ok(());
        }
        eprintln!(
            "rig: compiling {} (several minutes the first time, seconds when Go's cache is warm)",
            self.name()
        );
        let begun = Instant::now();
        let unfinished = folder.join(format!(".{}.unfinished", self.name()));
        let mut go = self.module().go();
        go.args(["build", "-ldflags", self.module().ldflags(), "-o"])
            .arg(&unfinished)
            .arg(self.package());
        let output = go.output().map_err(SandboxError::io("starting go"))?;
        if !output.status.success() {
            return Err(SandboxError::Build {
                program: self.name(),
                status: output.status,
                output: last_lines(&String::from_utf8_lossy(&output.stderr), 20),
            });
        }
        fs::rename(&unfinished, &target)
            .map_err(SandboxError::io(format!("renaming {}", unfinished.display())))?;
        eprintln!("rig: compiled {} in {} s", self.name(), begun.elapsed().as_secs());
        Ok(())
    }
}

/// Programs that are ready to run.
#[derive(Debug, Clone, Default)]
pub struct Programs(BTreeMap<Program, PathBuf>);

impl Programs {
    /// Finds the programs in the folder that `KUBEBUILDER_ASSETS` names, else in the cache, else compiles them into it:
    /// `${XDG_CACHE_HOME:-~/.cache}/aphex-ops/programs/<module>-<key>/`. Blocks, for minutes on a new machine.
    ///
    /// # Errors
    /// When `go` is missing or a program does not compile.
    pub fn ensure(wanted: &[Program]) -> Result<Self, SandboxError> {
        let mut folders = BTreeMap::new();
        let mut found = BTreeMap::new();
        for &program in wanted {
            let path = match program.installed() {
                Some(path) => path,
                None => {
                    let folder = match folders.get(&program.module()) {
                        Some(folder) => folder,
                        None => folders
                            .entry(program.module())
                            .or_insert(cache(program.module())?),
                    };
                    let path = folder.join(program.name());
                    if !path.is_file() {
                        program.build(folder)?;
                    }
                    path
                }
            };
            found.insert(program, path);
        }
        Ok(Self(found))
    }

    /// Where the program is.
    ///
    /// # Errors
    /// When it was not among the wanted ones.
    pub fn path(&self, program: Program) -> Result<&Path, SandboxError> {
        self.0
            .get(&program)
            .map(PathBuf::as_path)
            .ok_or_else(|| SandboxError::Io {
                doing: format!("looking for {}", program.name()),
                source: std::io::ErrorKind::NotFound.into(),
            })
    }
}

fn cache(module: Module) -> Result<PathBuf, SandboxError> {
    let folder = folders::cache()?
        .join("programs")
        .join(format!("{}-{}", module.name(), module.key()?));
    fs::create_dir_all(&folder).map_err(SandboxError::io(format!("creating {}", folder.display())))?;
    Ok(folder)
}

/// Runs a command to its end and returns what it printed.
pub(crate) fn run(command: &mut Command) -> Result<String, SandboxError> {
    let line = || {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words
            .map(|word| word.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let line = line();
    let output = command
        .output()
        .map_err(SandboxError::io(format!("starting `{line}`")))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(SandboxError::Command {
            command: line,
            status: output.status,
            output: last_lines(&String::from_utf8_lossy(&output.stderr), 20),
        })
    }
}
