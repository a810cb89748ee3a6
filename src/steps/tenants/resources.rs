//! Reading the custom resources.

use super::{
    kinds,
    pipeline::Packed,
    seen::{BaseSeen, BindingSeen, OrganizationSeen, Resource, TunnelSeen, WebhookSecret, everybody},
};
use crate::{
    converge::Context,
    model::{
        failure::{Failure, Reason},
        kind::{Address, Kind},
        tenants::{self, names},
    },
};
use futures::TryStreamExt;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The custom resources, oldest first, and those that cannot be read.
#[derive(Debug, Default)]
pub(super) struct Resources {
    pub(super) organizations: Vec<OrganizationSeen>,
    pub(super) bindings: Vec<BindingSeen>,
    pub(super) bases: Vec<BaseSeen>,
    /// Namespaces that are given to an organization, with its name.
    pub(super) given: BTreeMap<String, String>,
}

impl Resources {
    /// Every tenant that there is.
    pub(super) fn everybody(&self) -> impl Iterator<Item = &Resource> {
        everybody(&self.organizations, &self.bindings, &self.bases)
    }
}

/// All of them; `None` if the cluster does not have the kinds. One that the definitions would refuse today is told of, and
/// disturbs no other.
pub(super) async fn read(cx: &Context) -> Result<Option<Resources>, Failure> {
    let organization = |found: tenants::Organization| OrganizationSeen {
        resource: resource(&kinds::ORGANIZATION, &found.metadata),
        spec: found.spec,
        status: found.status,
        problem: None,
        holds_name: false,
        parts: Vec::new(),
        webhook_secret: WebhookSecret::Missing,
        tunnel: TunnelSeen::Off,
    };
    let binding = |found: tenants::RepoBinding| BindingSeen {
        resource: resource(&kinds::REPO_BINDING, &found.metadata),
        spec: found.spec,
        status: found.status,
        problem: None,
        pipeline: Packed::default(),
        is_elevated: false,
        holds_name: false,
        parts: Vec::new(),
        applications: Vec::new(),
    };
    let base = |found: tenants::KnowledgeBase| BaseSeen {
        resource: resource(&kinds::KNOWLEDGE_BASE, &found.metadata),
        spec: found.spec,
        status: found.status,
    };
    let found = futures::try_join!(
        all(cx, kinds::ORGANIZATION, organization),
        all(cx, kinds::REPO_BINDING, binding),
        all(cx, kinds::KNOWLEDGE_BASE, base),
    );
    match found {
        Err(failure) if failure.reason == Reason::NotFound => Ok(None),
        found => {
            let (organizations, bindings, bases) = found?;
            Ok(Some(Resources {
                organizations,
                bindings,
                bases,
                given: BTreeMap::new(),
            }))
        }
    }
}

/// Page by page: what is kept of an object is a small part of it.
async fn all<T: DeserializeOwned, S>(
    cx: &Context,
    kind: Kind,
    seen: impl Fn(T) -> S,
) -> Result<Vec<S>, Failure> {
    let mut pages = std::pin::pin!(cx.cluster.find_pages(&kind, None, ""));
    let mut all = Vec::new();
    while let Some(page) = pages.try_next().await? {
        for object in page {
            let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
            let age = (text("creationTimestamp"), text("name"), text("namespace"));
            match serde_json::from_value(object) {
                Ok(object) => all.push((age, seen(object))),
                Err(error) => {
                    tracing::warn!(kind = %kind.name, %error, "an object is not as its definition says and is left out");
                }
            }
        }
    }
    // The older one keeps what only one can have.
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(all.into_iter().map(|(_, seen)| seen).collect())
}

pub(super) fn resource(kind: &Kind, metadata: &ObjectMeta) -> Resource {
    let (namespace, name) = (
        metadata.namespace.clone(),
        metadata.name.clone().unwrap_or_default(),
    );
    let at = Address {
        kind: kind.clone(),
        namespace,
        name,
    };
    let annotation = |name: &str| {
        metadata
            .annotations
            .as_ref()
            .and_then(|all| all.get(name).cloned())
    };
    Resource {
        owner: owner(&at),
        at,
        uid: metadata.uid.clone().unwrap_or_default(),
        version: metadata.resource_version.clone().unwrap_or_default(),
        generation: metadata.generation.unwrap_or_default(),
        finalizers: metadata.finalizers.clone().unwrap_or_default(),
        is_deleted: metadata.deletion_timestamp.is_some(),
        is_suspended: annotation(names::SUSPEND_ANNOTATION).is_some_and(|value| value == "true"),
    }
}

/// As objects name whom they are there for: `<kind>/<namespace>/<name>`.
pub(super) fn owner(at: &Address) -> String {
    let namespace = at.namespace.as_deref().unwrap_or_default();
    format!("{}/{namespace}/{}", at.kind.name, at.name)
}

/// Now, as statuses have it.
pub(super) fn now() -> String {
    let now = Timestamp::now();
    // A fraction of a second says nothing to anybody.
    Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}
