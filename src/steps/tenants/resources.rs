//! Reading the custom resources.

use super::{
    kinds,
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
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The custom resources, oldest first, and those that cannot be read.
#[derive(Debug, Default)]
pub(super) struct Resources {
    pub(super) organizations: Vec<OrganizationSeen>,
    pub(super) bindings: Vec<BindingSeen>,
    pub(super) bases: Vec<BaseSeen>,
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
    let found = futures::try_join!(
        all::<tenants::Organization>(cx, kinds::ORGANIZATION),
        all::<tenants::RepoBinding>(cx, kinds::REPO_BINDING),
        all::<tenants::KnowledgeBase>(cx, kinds::KNOWLEDGE_BASE),
    );
    let (organizations, bindings, bases) = match found {
        Err(failure) if failure.reason == Reason::NotFound => return Ok(None),
        found => found?,
    };
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
        pipeline: Value::Null,
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
    Ok(Some(Resources {
        organizations: organizations.into_iter().map(organization).collect(),
        bindings: bindings.into_iter().map(binding).collect(),
        bases: bases.into_iter().map(base).collect(),
    }))
}

async fn all<T: DeserializeOwned>(cx: &Context, kind: Kind) -> Result<Vec<T>, Failure> {
    let mut found = cx.cluster.find_all(&kind, None, "").await?;
    // The older one keeps what only one can have.
    found.sort_by_cached_key(|object| {
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
        (text("creationTimestamp"), text("name"), text("namespace"))
    });
    let read = found.into_iter().filter_map(|object| match serde_json::from_value(object) {
        Ok(object) => Some(object),
        Err(error) => {
            tracing::warn!(kind = %kind.name, %error, "an object is not as its definition says and is left out");
            None
        }
    });
    Ok(read.collect())
}

pub(super) fn resource(kind: &Kind, metadata: &ObjectMeta) -> Resource {
    let (namespace, name) = (
        metadata.namespace.clone(),
        metadata.name.clone().unwrap_or_default(),
    );
    let owner = format!(
        "{}/{}/{name}",
        kind.name,
        namespace.as_deref().unwrap_or_default()
    );
    let annotation = |name: &str| {
        metadata
            .annotations
            .as_ref()
            .and_then(|all| all.get(name).cloned())
    };
    Resource {
        at: Address {
            kind: kind.clone(),
            namespace,
            name,
        },
        owner,
        uid: metadata.uid.clone().unwrap_or_default(),
        version: metadata.resource_version.clone().unwrap_or_default(),
        generation: metadata.generation.unwrap_or_default(),
        finalizers: metadata.finalizers.clone().unwrap_or_default(),
        is_deleted: metadata.deletion_timestamp.is_some(),
        is_suspended: annotation(names::SUSPEND_ANNOTATION).is_some_and(|value| value == "true"),
    }
}

/// Now, as statuses have it.
pub(super) fn now() -> String {
    let now = Timestamp::now();
    // A fraction of a second says nothing to anybody.
    Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}
