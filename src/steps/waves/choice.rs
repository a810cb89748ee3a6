//! Which part of the platform is meant, and which way it is installed.

use crate::model::{components::Selection, config::Config};
use clap::ValueEnum;
use std::path::PathBuf;

/// Components of the platform.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Choice {
    /// Only this wave of the platform; may be repeated
    #[arg(long = "wave", value_name = "NUMBER", allow_negative_numbers = true)]
    waves: Vec<i64>,
    /// Only this component of the platform; may be repeated
    #[arg(long, value_name = "COMPONENT")]
    only: Vec<String>,
    /// Not this component of the platform; may be repeated
    #[arg(long, value_name = "COMPONENT")]
    skip: Vec<String>,
}

impl Choice {
    /// As the model knows it.
    #[must_use]
    pub fn selection(&self) -> Selection {
        Selection {
            waves: self.waves.clone(),
            only: self.only.clone(),
            skip: self.skip.clone(),
        }
    }
}

/// The platform instead of manifests of the user's own.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct PlatformArgs {
    #[command(flatten)]
    pub(super) choice: Choice,
    /// Who applies the platform's components [default: argocd if gitops.repoURL is configured, else apply]
    #[arg(long, value_name = "WAY")]
    via: Option<Via>,
    /// Folder that `aphex-ops waves fetch` filled; without it, releases are fetched from the network
    #[arg(long, value_name = "FOLDER", env = "APHEX_OPS_MIRROR")]
    pub(super) mirror: Option<PathBuf>,
}

/// Who applies the platform's components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Via {
    /// Argo CD, from the repository of gitops.repoURL; it is applied itself, and then an Application for each component
    Argocd,
    /// This program
    Apply,
}

impl PlatformArgs {
    pub(super) fn via(&self, config: &Config) -> Via {
        let usual = if config.gitops.repo_url.is_some() {
            Via::Argocd
        } else {
            Via::Apply
        };
        self.via.unwrap_or(usual)
    }
}
