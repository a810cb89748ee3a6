//! Which objects belong together, so that what is no longer wanted can be found: the ApplySet of KEP-3659.
//!
//! Members carry a label with the set's ID. The parent, a ConfigMap, says which tool keeps the set, and in which kinds and
//! namespaces members may be; `kubectl apply --applyset` and other tools that follow the KEP can read it.

mod parent;
mod prune;

#[cfg(test)]
mod tests;

pub use parent::{Parent, ParentError};
pub use prune::{Kept, Live, Removal, Round, Selection, select};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// Label of a member: the ID of its set.
pub const PART_OF: &str = "applyset.kubernetes.io/part-of";

/// The ID of the set that has this parent; 55 characters, which a label can hold.
#[must_use]
pub fn id(name: &str, namespace: &str, kind: &str, group: &str) -> String {
    let digest = Sha256::digest(format!("{name}.{namespace}.{kind}.{group}"));
    format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(digest))
}

/// An object is a member of another set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("it belongs to another ApplySet, {other}")]
pub struct Foreign {
    /// The ID of that set.
    pub other: String,
}

/// Whether an object, live or from a manifest, is a member of the set already.
///
/// # Errors
/// [`Foreign`] if it is a member of another one: two tools would take turns at changing it.
pub fn is_member(object: &Value, id: &str) -> Result<bool, Foreign> {
    match object["metadata"]["labels"][PART_OF].as_str() {
        None => Ok(false),
        Some(set) if set == id => Ok(true),
        Some(other) => Err(Foreign {
            other: other.to_owned(),
        }),
    }
}
