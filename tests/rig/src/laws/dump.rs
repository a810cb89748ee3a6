//! The state of a cluster in a form that can be compared between runs.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::{Api, Client};
use serde_json::Value;

use super::normal;

/// Objects in one answer of the server.
const PAGE: u32 = 500;

/// A kind of object, in the whole cluster or in one namespace.
#[derive(Debug, Clone)]
pub struct Kind {
    resource: ApiResource,
    namespace: Option<String>,
}

impl Kind {
    /// All objects of a kind, for example `Kind::new("apps", "v1", "Deployment", "deployments")`.
    pub fn new(group: &str, version: &str, kind: &str, plural: &str) -> Self {
        let api_version = if group.is_empty() {
            version.to_owned()
        } else {
            format!("{group}/{version}")
        };
        let resource = ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version,
            kind: kind.to_owned(),
            plural: plural.to_owned(),
        };
        Self {
            resource,
            namespace: None,
        }
    }

    /// Only those in this namespace.
    #[must_use]
    pub fn within(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// The kinds of Kubernetes itself that commands of this product make or change.
    pub fn kubernetes() -> Vec<Self> {
        let kinds = [
            ("", "v1", "Namespace", "namespaces"),
            ("", "v1", "Secret", "secrets"),
            ("", "v1", "ConfigMap", "configmaps"),
            ("", "v1", "ServiceAccount", "serviceaccounts"),
            ("", "v1", "Service", "services"),
            ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
            ("", "v1", "ResourceQuota", "resourcequotas"),
            ("", "v1", "LimitRange", "limitranges"),
            ("apps", "v1", "Deployment", "deployments"),
            ("apps", "v1", "StatefulSet", "statefulsets"),
            ("batch", "v1", "Job", "jobs"),
            ("batch", "v1", "CronJob", "cronjobs"),
            ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
            ("networking.k8s.io", "v1", "Ingress", "ingresses"),
            ("rbac.authorization.k8s.io", "v1", "Role", "roles"),
            ("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
            ("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles"),
            (
                "rbac.authorization.k8s.io",
                "v1",
                "ClusterRoleBinding",
                "clusterrolebindings",
            ),
            (
                "apiextensions.k8s.io",
                "v1",
                "CustomResourceDefinition",
                "customresourcedefinitions",
            ),
        ];
        kinds
            .map(|(group, version, kind, plural)| Self::new(group, version, kind, plural))
            .into()
    }
}

/// A state: entries that can be compared, and beside them the secret values, the uids and what was masked, which
/// cannot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dump {
    pub(super) entries: BTreeMap<String, Value>,
    pub(super) secrets: BTreeMap<String, Vec<u8>>,
    pub(super) uids: BTreeMap<String, String>,
    /// Values that were masked, and objects that are not compared, with their names: a secret must not be in them either.
    pub(super) masked: Vec<(String, Value)>,
}

impl Dump {
    /// Reads all objects of these kinds. A kind that the server does not know has none. Left out is what the
    /// cluster makes by itself, and from each object what no two runs share (see the module `normal`).
    pub async fn of_cluster(client: &Client, kinds: &[Kind]) -> Result<Self, kube::Error> {
        let lists = try_join_all(kinds.iter().map(|kind| list(client, kind))).await?;
        Ok(Self::of_objects(lists.into_iter().flatten()))
    }

    /// The same, of objects that are at hand (JSON as the API server writes it, each with `apiVersion` and `kind`).
    pub fn of_objects(objects: impl IntoIterator<Item = Value>) -> Self {
        normal::dump(objects)
    }

    /// Adds something that is no Kubernetes object, for example how many tokens Authentik has.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        self.entries.insert(key.into(), value.into());
    }

    /// Adds a secret value that is no Kubernetes object; it is compared with itself at other times only.
    pub fn insert_secret(&mut self, key: impl Into<String>, value: impl Into<Vec<u8>>) {
        self.secrets.insert(key.into(), value.into());
    }

    /// Replaces the value of this field in every object, wherever it stands: for values that hang on random ones.
    pub fn mask(&mut self, field: &str) {
        for (key, value) in &mut self.entries {
            let masked = normal::mask(value, field);
            self.masked
                .extend(masked.into_iter().map(|value| (key.clone(), value)));
        }
    }

    /// Adds objects that no two runs share, such as Events: not compared, but no secret may be in them either.
    pub async fn look_for_secrets_in(&mut self, client: &Client, kind: &Kind) -> Result<(), kube::Error> {
        let objects = list(client, kind).await?;
        let named = objects
            .into_iter()
            .map(|object| (kind.resource.kind.clone(), object));
        self.masked.extend(named);
        Ok(())
    }

    /// The entries by their names: for an object `Kind.group/namespace/name`.
    pub fn entries(&self) -> &BTreeMap<String, Value> {
        &self.entries
    }

    /// All secret values that are not empty.
    pub fn secret_values(&self) -> Vec<Vec<u8>> {
        self.secrets
            .values()
            .filter(|value| !value.is_empty())
            .cloned()
            .collect()
    }

    /// What differs in this state from `reference`, a line for each place. No secret value is in it.
    pub fn differences(&self, reference: &Self) -> Vec<String> {
        super::differences::between(&reference.entries, &self.entries)
    }

    /// The secrets that could be read at an earlier time and now have another value, or none.
    pub fn changed_secrets(&self, earlier: &Self) -> Vec<String> {
        let readable = earlier.secrets.iter().filter(|(_, value)| !value.is_empty());
        readable
            .filter(|(key, value)| self.secrets.get(*key) != Some(value))
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// The objects that are no longer those of an earlier time: deleted, or deleted and made again.
    pub fn lost_objects(&self, earlier: &Self) -> Vec<String> {
        earlier
            .uids
            .iter()
            .filter(|(key, uid)| self.uids.get(*key) != Some(uid))
            .map(|(key, _)| key.clone())
            .collect()
    }
}

async fn list(client: &Client, kind: &Kind) -> Result<Vec<Value>, kube::Error> {
    let api: Api<DynamicObject> = match &kind.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &kind.resource),
        None => Api::all_with(client.clone(), &kind.resource),
    };
    let mut objects = Vec::new();
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let list = match api.list(&page).await {
            Ok(list) => list,
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(objects),
            Err(error) => return Err(error),
        };
        // The items of a list carry no apiVersion and kind of their own.
        objects.extend(list.items.into_iter().map(|item| {
            let mut object = serde_json::to_value(item).unwrap_or_default();
            object["apiVersion"] = kind.resource.api_version.clone().into();
            object["kind"] = kind.resource.kind.clone().into();
            object
        }));
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(objects),
        }
    }
}
