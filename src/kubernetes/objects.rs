//! Reading and writing single objects.

use super::{Cluster, triage};
use crate::{
    model::{failure::Failure, names, object::ObjectRef},
    planted::{self, Bug},
};
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::{
    Api, Resource,
    api::{ListParams, Patch, PatchParams},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Debug;

/// A kind that is read as its typed value.
pub trait Kind: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug {}
impl<K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug> Kind for K {}

impl Cluster {
    /// The object, or `None` if it does not exist. Always consistent: served from the current state.
    ///
    /// # Errors
    /// A [`Failure`] about that object.
    pub async fn get<K: Kind + Resource<Scope = NamespaceResourceScope>>(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<K>, Failure> {
        let api = Api::<K>::namespaced(self.client.clone(), namespace);
        api.get_opt(name)
            .await
            .map_err(|error| triage::failure(error, &object::<K>(Some(namespace), name)))
    }

    /// The cluster-scoped object, or `None` if it does not exist.
    ///
    /// # Errors
    /// A [`Failure`] about that object.
    pub async fn get_global<K: Kind + Resource<Scope = ClusterResourceScope>>(
        &self,
        name: &str,
    ) -> Result<Option<K>, Failure> {
        let api = Api::<K>::all(self.client.clone());
        api.get_opt(name)
            .await
            .map_err(|error| triage::failure(error, &object::<K>(None, name)))
    }

    /// The first `limit` objects of a namespace that carry the labels.
    ///
    /// # Errors
    /// A [`Failure`] about the collection.
    pub async fn list<K: Kind + Resource<Scope = NamespaceResourceScope>>(
        &self,
        namespace: &str,
        labels: &str,
        limit: u32,
    ) -> Result<Vec<K>, Failure> {
        let api = Api::<K>::namespaced(self.client.clone(), namespace);
        let parameters = ListParams::default().labels(labels).limit(limit);
        let list = api.list(&parameters).await;
        list.map(|list| list.items)
            .map_err(|error| triage::failure(error, &object::<K>(Some(namespace), labels)))
    }

    /// Server-side apply of a cluster-scoped object under our field manager; conflicts are not forced.
    ///
    /// # Errors
    /// A [`Failure`] about that object.
    pub async fn apply_global<K: Kind + Resource<Scope = ClusterResourceScope>>(
        &self,
        name: &str,
        body: &Value,
    ) -> Result<K, Failure> {
        let api = Api::<K>::all(self.client.clone());
        let parameters = PatchParams::apply(names::PRODUCT).validation_strict();
        api.patch(name, &parameters, &Patch::Apply(body))
            .await
            .map_err(|error| triage::failure(error, &object::<K>(None, name)))
    }

    /// Server-side apply under a given field manager; conflicts are not forced, so a field that another
    /// manager set to another value fails the whole request and nothing is changed.
    ///
    /// # Errors
    /// A [`Failure`] about that object.
    pub async fn apply_as<K: Kind + Resource<Scope = NamespaceResourceScope>>(
        &self,
        manager: &str,
        namespace: &str,
        name: &str,
        body: &Value,
    ) -> Result<K, Failure> {
        let parameters = PatchParams {
            force: planted::is_planted(Bug::OverwritesSecrets)
                || planted::is_planted(Bug::RestartsGeneration),
            ..PatchParams::apply(manager)
        };
        self.patch(parameters, namespace, name, &Patch::Apply(body)).await
    }

    /// JSON merge patch (RFC 7396): says what shall be, so it can be sent twice.
    ///
    /// # Errors
    /// A [`Failure`] about that object.
    pub async fn merge<K: Kind + Resource<Scope = NamespaceResourceScope>>(
        &self,
        namespace: &str,
        name: &str,
        body: &Value,
    ) -> Result<K, Failure> {
        self.patch(as_us(), namespace, name, &Patch::Merge(body)).await
    }

    /// Strategic merge patch of the status: lists with keys, such as conditions, are added to.
    ///
    /// # Errors
    /// A [`Failure`] about that object.
    pub async fn add_to_status<K: Kind + Resource<Scope = NamespaceResourceScope>>(
        &self,
        namespace: &str,
        name: &str,
        body: &Value,
    ) -> Result<K, Failure> {
        let api = Api::<K>::namespaced(self.client.clone(), namespace);
        api.patch_status(name, &as_us(), &Patch::Strategic(body))
            .await
            .map_err(|error| triage::failure(error, &object::<K>(Some(namespace), name)))
    }

    /// JSON patch (RFC 6902), for changes that are right only if a `test` holds.
    ///
    /// # Errors
    /// A [`Failure`] about that object; a `test` that does not hold is a transient conflict.
    pub async fn json_patch<K: Kind + Resource<Scope = NamespaceResourceScope>>(
        &self,
        namespace: &str,
        name: &str,
        operations: &Value,
    ) -> Result<K, Failure> {
        let operations: json_patch::Patch = serde_json::from_value(operations.clone()).map_err(|error| {
            use crate::model::{exit::Exit, failure::Reason};
            Failure::new(Exit::Bug, Reason::Unexpected, "a JSON patch of ours is malformed").caused_by(error)
        })?;
        self.patch(as_us(), namespace, name, &Patch::<Value>::Json(operations))
            .await
    }

    async fn patch<K: Kind + Resource<Scope = NamespaceResourceScope>>(
        &self,
        parameters: PatchParams,
        namespace: &str,
        name: &str,
        patch: &Patch<impl serde::Serialize + Debug>,
    ) -> Result<K, Failure> {
        if planted::is_planted(Bug::LogsSecrets) {
            tracing::debug!(name, ?patch, "sending a patch");
        }
        let api = Api::<K>::namespaced(self.client.clone(), namespace);
        api.patch(name, &parameters.validation_strict(), patch)
            .await
            .map_err(|error| triage::failure(error, &object::<K>(Some(namespace), name)))
    }
}

/// Changes are ours, whoever looks at who made them.
fn as_us() -> PatchParams {
    PatchParams {
        field_manager: Some(names::PRODUCT.to_owned()),
        ..PatchParams::default()
    }
}

fn object<K: Resource<DynamicType = ()>>(namespace: Option<&str>, name: &str) -> ObjectRef {
    ObjectRef {
        kind: K::kind(&()).into_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    }
}
