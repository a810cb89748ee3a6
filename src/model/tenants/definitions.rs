//! The definitions of the three kinds, made from their types.

use super::{KnowledgeBase, Organization, RepoBinding};
use kube_core::CustomResourceExt;
use serde_json::{Value, json};

/// The three definitions, as the API server takes them.
///
/// # Errors
/// If one of them is no JSON value, which is a bug.
pub fn definitions() -> Result<[Value; 3], serde_json::Error> {
    Ok([
        definition(serde_json::to_value(KnowledgeBase::crd())?, &label(63)),
        definition(serde_json::to_value(Organization::crd())?, &label(59)),
        definition(serde_json::to_value(RepoBinding::crd())?, &label(63)),
    ])
}

/// The name becomes part of others, so it is a label of DNS, with room for what is put before it.
fn label(length: usize) -> Value {
    json!({
        "rule": format!("size(self.metadata.name) <= {length} && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')"),
        "message": format!(
            "its name becomes part of others: at most {length} lower-case letters, digits and hyphens, none of these at an end"
        ),
    })
}

fn definition(mut definition: Value, name: &Value) -> Value {
    for version in definition["spec"]["versions"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        let schema = &mut version["schema"]["openAPIV3Schema"];
        schema["x-kubernetes-validations"] = json!([name]);
        // One condition of a type, whoever writes it.
        let conditions = &mut schema["properties"]["status"]["properties"]["conditions"];
        conditions["x-kubernetes-list-type"] = json!("map");
        conditions["x-kubernetes-list-map-keys"] = json!(["type"]);
    }
    definition
}
