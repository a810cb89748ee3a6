//! What the objects of tenants follow from.

use crate::{
    model::{
        config::Config,
        tenants::{self, names},
    },
    steps::tenants::pipeline::Packed,
};
use std::collections::{BTreeMap, BTreeSet};

/// What holds for all tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::steps::tenants) struct Facts {
    /// Argo CD's namespace.
    pub(in crate::steps::tenants) argocd: String,
    /// The namespace of the account that reconciles.
    pub(in crate::steps::tenants) platform: String,
    /// Whether webhooks come in by Cloudflare's tunnels.
    pub(in crate::steps::tenants) has_tunnels: bool,
    /// The image of what connects to them.
    pub(in crate::steps::tenants) connector_image: String,
    /// Parent domain of the webhooks.
    pub(in crate::steps::tenants) zone: String,
    /// Addresses of the API server, each with its port.
    pub(in crate::steps::tenants) api_servers: Vec<(String, u16)>,
    /// Address ranges of the cluster, which tenants do not get at.
    pub(in crate::steps::tenants) cluster_ranges: Vec<String>,
    /// All pipelines, which are namespaces too.
    pub(in crate::steps::tenants) pipelines: BTreeSet<String>,
    /// Organizations whose listeners say that they do not listen, with what they say.
    pub(in crate::steps::tenants) deaf: BTreeMap<String, String>,
}

impl Facts {
    pub(in crate::steps::tenants) fn new(config: &Config) -> Self {
        Self {
            argocd: config.namespaces.argocd.clone(),
            platform: config.namespaces.platform.clone(),
            has_tunnels: false,
            connector_image: config.replaced_image(super::connector::IMAGE),
            zone: config.hosts.webhooks.clone(),
            api_servers: Vec::new(),
            cluster_ranges: Vec::new(),
            pipelines: BTreeSet::new(),
            deaf: BTreeMap::new(),
        }
    }

    /// The other pipelines whose names begin with this one's and a hyphen.
    pub(super) fn longer<'a>(&'a self, pipeline: &str) -> impl Iterator<Item = &'a str> {
        let prefix = format!("{pipeline}-");
        let from = self.pipelines.range(prefix.clone()..);
        from.map(String::as_str)
            .take_while(move |other| other.starts_with(&prefix))
    }
}

/// An organization whose specification is good.
#[derive(Debug, Clone, Copy)]
pub(in crate::steps::tenants) struct Organization<'a> {
    pub(in crate::steps::tenants) name: &'a str,
    /// `Organization/<namespace>/<name>`.
    pub(in crate::steps::tenants) owner: &'a str,
    pub(in crate::steps::tenants) spec: &'a tenants::OrganizationSpec,
    /// The id of its tunnel, as soon as there is one.
    pub(in crate::steps::tenants) tunnel: Option<&'a str>,
    pub(in crate::steps::tenants) facts: &'a Facts,
}

impl Organization<'_> {
    pub(super) fn namespace(&self) -> String {
        names::organization_namespace(self.name)
    }
}

/// A binding whose specification is good.
#[derive(Debug, Clone, Copy)]
pub(in crate::steps::tenants) struct Binding<'a> {
    /// `RepoBinding/<namespace>/<name>`.
    pub(in crate::steps::tenants) owner: &'a str,
    pub(in crate::steps::tenants) spec: &'a tenants::RepoBindingSpec,
    /// The Pipeline that its specification holds: `metadata` is not its own any more.
    pub(in crate::steps::tenants) pipeline: &'a Packed,
    pub(in crate::steps::tenants) is_elevated: bool,
    pub(in crate::steps::tenants) facts: &'a Facts,
}
