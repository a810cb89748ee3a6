//! Which kinds the API server has, by aggregated discovery: two requests, whatever the server has (KEP-3352, stable since
//! Kubernetes 1.30).

use super::{Cluster, triage};
use crate::model::{failure::Failure, kind::Kind, object::ObjectRef};
use kube::core::discovery::v2::{
    APIGroupDiscovery, APIResourceDiscovery, APISubresourceDiscovery, APIVersionDiscovery,
};

/// A kind that the server has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The kind, in one version.
    pub kind: Kind,
    /// Whether its objects have a status that only a controller writes.
    pub has_status: bool,
}

impl Cluster {
    /// Every kind in every version that is served, the preferred version of a group first.
    ///
    /// # Errors
    /// A [`Failure`] about discovery as a whole. A group whose own server does not answer is left out.
    pub async fn kinds(&self) -> Result<Vec<Served>, Failure> {
        let failed = |error| triage::failure(error, &ObjectRef::global("APIGroup", "discovery"));
        let (core, others) = tokio::try_join!(
            self.client.list_core_api_versions_aggregated(),
            self.client.list_api_groups_aggregated()
        )
        .map_err(failed)?;
        let groups = core.items.iter().chain(&others.items);
        Ok(groups.flat_map(of_group).collect())
    }
}

fn of_group(group: &APIGroupDiscovery) -> Vec<Served> {
    let name = group
        .metadata
        .as_ref()
        .and_then(|metadata| metadata.name.as_deref());
    let of_version = |version: &APIVersionDiscovery| -> Vec<Served> {
        let text = version.version.as_deref().unwrap_or_default();
        let resources = version.resources.iter();
        resources
            .filter_map(|resource| of_resource(name.unwrap_or_default(), text, resource))
            .collect()
    };
    group.versions.iter().flat_map(of_version).collect()
}

/// What can be applied and read; reviews and the like cannot.
fn of_resource(group: &str, version: &str, resource: &APIResourceDiscovery) -> Option<Served> {
    let has = |verb: &str| resource.verbs.iter().any(|other| other == verb);
    let kind = resource.response_kind.as_ref()?.kind.clone()?;
    let has_status = |sub: &APISubresourceDiscovery| sub.subresource.as_deref() == Some("status");
    let kind = Kind {
        group: group.to_owned().into(),
        version: version.to_owned().into(),
        name: kind.into(),
        plural: resource.resource.clone().unwrap_or_default().into(),
        is_namespaced: resource.scope.as_deref() == Some("Namespaced"),
    };
    (has("get") && has("patch")).then(|| Served {
        kind,
        has_status: resource.subresources.iter().any(has_status),
    })
}
