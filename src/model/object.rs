//! How one object is named in messages, plans and reports.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use std::{borrow::Cow, fmt};

/// The name of one thing: a Kubernetes object, or something outside the cluster.
///
/// Shown as `Kind namespace/name` (`Secret auth-system/dex-secrets`), `Kind name` for cluster-scoped
/// things, and as `kind/name` by [`ObjectRef::short`] as in `kubectl -o name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectRef {
    /// The kind, as Kubernetes writes it (`Secret`); for outside things, the field's word (`Authentik provider`).
    pub kind: String,
    /// The namespace, if the thing has one.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

impl ObjectRef {
    /// Names a thing that lives in a namespace.
    pub fn namespaced(
        kind: impl Into<String>,
        namespace: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            kind: kind.into(),
            namespace: Some(namespace.into()),
            name: name.into(),
        }
    }

    /// Names a thing without a namespace: cluster-scoped, or outside the cluster.
    pub fn global(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            namespace: None,
            name: name.into(),
        }
    }

    /// The Secret of that name.
    pub fn secret(namespace: &str, name: &str) -> Self {
        Self::namespaced("Secret", namespace, name)
    }

    /// `kind/name`, lower case, as `kubectl -o name` prints it.
    #[must_use]
    pub fn short(&self) -> String {
        format!("{}/{}", self.kind.to_lowercase().replace(' ', "-"), self.name)
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

impl Serialize for ObjectRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Of what [`Serialize`] writes.
impl JsonSchema for ObjectRef {
    fn schema_name() -> Cow<'static, str> {
        "Object".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let description =
            "The name of one thing: `Kind namespace/name`, or `Kind name` for what is in no namespace.";
        json_schema!({"type": "string", "description": description})
    }
}
