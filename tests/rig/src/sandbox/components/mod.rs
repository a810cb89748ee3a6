//! What runs on the platform, as its makers publish it: the manifests in the Go modules that the programs are compiled
//! from. Nothing of theirs is in this repository.

mod images;
mod install;
mod references;

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::error::SandboxError;
use super::programs::Module;

pub use install::Installed;
pub use references::{SHELL_IMAGE, local};

/// A part of the platform that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Component {
    /// Tekton Pipelines with its resolvers.
    Tekton,
    /// Tekton Triggers with the built-in interceptors; it runs beside Tekton Pipelines.
    Triggers,
    /// Argo CD, all of it.
    ArgoCd,
    /// The definitions of cert-manager's kinds: its programs cannot be had as a Go module.
    CertManager,
    /// The definitions of external-secrets' kinds, for the same reason.
    ExternalSecrets,
}

/// Where the manifests of a component are.
struct Source {
    pinned_by: Module,
    module: &'static str,
    /// A folder or a file.
    path: &'static str,
}

impl Component {
    const fn source(self) -> Source {
        let (pinned_by, module, path) = match self {
            Self::Tekton => (Module::Tekton, "github.com/tektoncd/pipeline", "config"),
            Self::Triggers => (Module::Triggers, "github.com/tektoncd/triggers", "config"),
            Self::ArgoCd => (
                Module::ArgoCd,
                "github.com/argoproj/argo-cd/v3",
                "manifests/install.yaml",
            ),
            Self::CertManager => (
                Module::Definitions,
                "github.com/cert-manager/cert-manager",
                "deploy/crds",
            ),
            Self::ExternalSecrets => (
                Module::Definitions,
                "github.com/external-secrets/external-secrets",
                "deploy/crds/bundle.yaml",
            ),
        };
        Source {
            pinned_by,
            module,
            path,
        }
    }

    /// Where its module lies on this machine, and the module's version.
    pub(crate) fn sources(self) -> Result<(PathBuf, String), SandboxError> {
        let source = self.source();
        source.pinned_by.sources(source.module)
    }

    /// The namespace of the objects that name none.
    #[must_use]
    pub const fn namespace(self) -> Option<&'static str> {
        match self {
            Self::ArgoCd => Some("argocd"),
            _ => None,
        }
    }
}

/// The manifests (path within the module, text) in the order in which they can be applied, with references to images
/// that the rig can make: see [`local`]. Fetches the module if it is not there yet; compiles nothing.
///
/// # Errors
/// When the module cannot be had, or a file of it cannot be read.
pub fn manifests(component: Component) -> Result<Vec<(String, String)>, SandboxError> {
    let (folder, version) = component.sources()?;
    let mut files = Vec::new();
    collect(&folder.join(component.source().path), &mut files)?;
    files.sort();
    files.iter().map(|file| read(&folder, file, &version)).collect()
}

/// The manifests of definitions alone: what a cluster needs whose objects of these kinds nobody looks after.
///
/// # Errors
/// As [`manifests`].
pub fn definitions(component: Component) -> Result<Vec<(String, String)>, SandboxError> {
    let all = manifests(component)?;
    let only = |(name, text): (String, String)| (name, references::definitions(&text));
    Ok(all
        .into_iter()
        .map(only)
        .filter(|(_, text)| !text.is_empty())
        .collect())
}

fn read(folder: &Path, file: &Path, version: &str) -> Result<(String, String), SandboxError> {
    let text = fs::read_to_string(file).map_err(SandboxError::io(format!("reading {}", file.display())))?;
    let name = file.strip_prefix(folder).unwrap_or(file);
    Ok((name.display().to_string(), local(&text, version)))
}

/// The YAML files below a folder, or a file itself.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), SandboxError> {
    let failed = || SandboxError::io(format!("reading {}", path.display()));
    if path.is_dir() {
        for entry in fs::read_dir(path).map_err(failed())? {
            collect(&entry.map_err(failed())?.path(), files)?;
        }
    } else if path.extension().is_some_and(|extension| extension == "yaml") {
        files.push(path.to_owned());
    }
    Ok(())
}
