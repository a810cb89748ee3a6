//! Kinds of object, with what their URLs take. Those that we install are known beforehand, in the order in which they are
//! made: so a request about one costs no discovery.

use crate::model::{
    exit::Exit,
    failure::{Failure, Reason},
    object::ObjectRef,
};
use serde_json::Value;
use std::{borrow::Cow, fmt};

/// When objects of a kind are made: each stage needs the ones before it. Removal goes backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// What everything else is in.
    Namespaces,
    /// Accounts, and the configuration.
    Accounts,
    /// What accounts may do.
    Roles,
    /// Who may do it.
    Bindings,
    /// What runs, as an account that may do what it needs by then.
    Workloads,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Namespaces => "the namespaces",
            Self::Accounts => "the accounts and the configuration",
            Self::Roles => "the roles",
            Self::Bindings => "the role bindings",
            Self::Workloads => "the scheduled jobs",
        })
    }
}

/// A kind of object, with all that its URL takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: Cow<'static, str>,
    /// API version.
    pub version: Cow<'static, str>,
    /// The kind, as Kubernetes writes it.
    pub name: Cow<'static, str>,
    /// Plural resource.
    pub plural: Cow<'static, str>,
    /// Whether its objects live in a namespace.
    pub is_namespaced: bool,
}

const RBAC: &str = "rbac.authorization.k8s.io";

/// Namespaces.
pub const NAMESPACE: Kind = kind("", "Namespace", "namespaces", false);

/// ConfigMaps.
pub const CONFIG_MAP: Kind = kind("", "ConfigMap", "configmaps", true);

/// What controllers say of objects.
pub const EVENT: Kind = kind("", "Event", "events", true);

/// All kinds that we install, in the order of their stages.
pub static KINDS: [Kind; 8] = [
    NAMESPACE,
    CONFIG_MAP,
    kind("", "ServiceAccount", "serviceaccounts", true),
    kind(RBAC, "Role", "roles", true),
    kind(RBAC, "ClusterRole", "clusterroles", false),
    kind(RBAC, "RoleBinding", "rolebindings", true),
    kind(RBAC, "ClusterRoleBinding", "clusterrolebindings", false),
    kind("batch", "CronJob", "cronjobs", true),
];

/// Secrets: never installed, and deleted by name only.
pub const SECRET: Kind = kind("", "Secret", "secrets", true);

/// Deployments: never installed, only scaled.
pub const DEPLOYMENT: Kind = kind("apps", "Deployment", "deployments", true);

/// In version v1.
const fn kind(group: &'static str, name: &'static str, plural: &'static str, is_namespaced: bool) -> Kind {
    Kind::known(group, "v1", name, plural, is_namespaced)
}

impl Kind {
    /// A kind that is known beforehand.
    #[must_use]
    pub const fn known(
        group: &'static str,
        version: &'static str,
        name: &'static str,
        plural: &'static str,
        is_namespaced: bool,
    ) -> Self {
        Self {
            group: Cow::Borrowed(group),
            version: Cow::Borrowed(version),
            name: Cow::Borrowed(name),
            plural: Cow::Borrowed(plural),
            is_namespaced,
        }
    }

    /// The address of an object of this kind, as it was listed or read.
    #[must_use]
    pub fn address(&self, object: &Value) -> Address {
        let text = |field: &str| object["metadata"][field].as_str().map(str::to_owned);
        Address {
            kind: self.clone(),
            namespace: text("namespace"),
            name: text("name").unwrap_or_default(),
        }
    }

    /// `apiVersion` of its objects.
    #[must_use]
    pub fn api_version(&self) -> String {
        match &*self.group {
            "" => self.version.to_string(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// When its objects are installed.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match &*self.name {
            "Namespace" => Stage::Namespaces,
            "ConfigMap" | "ServiceAccount" | "Secret" => Stage::Accounts,
            "Role" | "ClusterRole" => Stage::Roles,
            "RoleBinding" | "ClusterRoleBinding" => Stage::Bindings,
            _ => Stage::Workloads,
        }
    }
}

/// Which object: its kind, its namespace if the kind has one, and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl Address {
    /// The address of an object, from its `apiVersion`, `kind` and `metadata`.
    ///
    /// # Errors
    /// [`Exit::Bug`] if it is of no kind of [`KINDS`], or lacks a name, or a namespace that its kind has.
    pub fn of(object: &Value) -> Result<Self, Failure> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let metadata = &object["metadata"];
        let (namespace, name) = (text(&metadata["namespace"]), text(&metadata["name"]));
        let is_kind =
            |kind: &&Kind| object["kind"] == *kind.name && object["apiVersion"] == kind.api_version();
        match (KINDS.iter().find(is_kind), name) {
            (Some(kind), Some(name)) if kind.is_namespaced == namespace.is_some() => Ok(Self {
                kind: kind.clone(),
                namespace,
                name,
            }),
            _ => {
                let what = format!("{} {} {}", object["apiVersion"], object["kind"], metadata["name"]);
                let message = format!("not an object that can be installed: {what}");
                Err(Failure::new(Exit::Bug, Reason::Unexpected, message))
            }
        }
    }

    /// The path of the collection that it is in, below the API server.
    #[must_use]
    pub fn collection(&self) -> String {
        let version = self.kind.api_version();
        let root = if self.kind.group.is_empty() { "api" } else { "apis" };
        let plural = &self.kind.plural;
        match &self.namespace {
            Some(namespace) => format!("/{root}/{version}/namespaces/{namespace}/{plural}"),
            None => format!("/{root}/{version}/{plural}"),
        }
    }

    /// How it is named in messages.
    #[must_use]
    pub fn object(&self) -> ObjectRef {
        ObjectRef {
            kind: self.kind.name.to_string(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_are_in_the_order_of_their_stages() {
        assert!(KINDS.is_sorted_by_key(Kind::stage));
    }

    #[test]
    fn an_address_is_complete_or_refused() {
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
                          "metadata": {"namespace": "ns", "name": "a"}});
        let address = Address::of(&role).unwrap();
        assert_eq!(
            (&*address.kind.plural, address.object().to_string()),
            ("roles", "Role ns/a".to_owned())
        );
        let mut nowhere = role.clone();
        nowhere["metadata"]["namespace"] = Value::Null;
        let mut unknown = role.clone();
        unknown["kind"] = json!("Secret");
        let mut older = role.clone();
        older["apiVersion"] = json!("rbac.authorization.k8s.io/v1beta1");
        for object in [nowhere, unknown, older, json!({})] {
            assert_eq!(Address::of(&object).unwrap_err().exit, Exit::Bug, "{object}");
        }
    }
}
