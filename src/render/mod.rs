//! Pure rendering: from what is declared once to files and texts.

pub mod components;
pub mod install;
pub mod job;
pub mod overlay;
pub mod platform;
pub mod rbac;
pub mod reference;
pub mod schema;

use crate::model::{components::PodSecurity, names};
use serde::Serialize;
use serde_json::{Value, json};

/// Label that says which Pods a namespace takes.
pub const POD_SECURITY_LABEL: &str = "pod-security.kubernetes.io/enforce";

/// The Namespace object of that name, as we apply it, whichever command does: two of them that disagreed would undo each
/// other's labels for ever.
#[must_use]
pub fn namespace(name: &str, takes: PodSecurity) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {names::MANAGED_BY_LABEL: names::PRODUCT, POD_SECURITY_LABEL: takes.word()},
        },
    })
}

/// One of the platform's own namespaces: what runs there is hardened.
#[must_use]
pub fn platform_namespace(name: &str) -> Value {
    namespace(name, PodSecurity::Restricted)
}

/// Objects as YAML documents.
#[must_use]
pub fn documents(objects: &[Value]) -> String {
    objects.iter().map(document).collect::<Vec<_>>().join("---\n")
}

/// Typed objects of ours always serialize.
fn value(object: &impl Serialize) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

/// One YAML document; values of ours always serialize. If one did not, the text would be one that nothing accepts.
pub(crate) fn document(value: &impl Serialize) -> String {
    serde_saphyr::to_string(value).unwrap_or_else(|error| format!("cannot be rendered: {error}\n"))
}
