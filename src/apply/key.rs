//! What makes two manifests the same object.

use crate::model::object::ObjectRef;
use std::fmt;

/// The identity of an object: two versions of one kind are the same object, so the version is no part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// API group; empty for the core group.
    pub group: String,
    /// The kind, as Kubernetes writes it.
    pub kind: String,
    /// The namespace; `None` for a cluster-scoped kind.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

impl Key {
    /// A key from its parts.
    #[must_use]
    pub fn new(group: &str, kind: &str, namespace: Option<&str>, name: &str) -> Self {
        Self {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }

    /// Whether it is of this kind.
    #[must_use]
    pub fn is(&self, (group, kind): (&str, &str)) -> bool {
        self.group == group && self.kind == kind
    }

    /// How it is named in messages.
    #[must_use]
    pub fn object(&self) -> ObjectRef {
        ObjectRef {
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}

/// As [`ObjectRef`] shows it; a foreign group is added, since kinds of one name exist in several.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = self.object();
        match self.group.as_str() {
            "" => write!(f, "{object}"),
            group => write!(f, "{object} ({group})"),
        }
    }
}
