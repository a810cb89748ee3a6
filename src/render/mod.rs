//! Pure rendering: from what is declared once to files and texts.

pub mod rbac;
pub mod reference;

use crate::model::names;
use serde_json::{Value, json};

/// The Namespace object of that name, as we apply it.
#[must_use]
pub fn namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {names::MANAGED_BY_LABEL: names::PRODUCT}},
    })
}
