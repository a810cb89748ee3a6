//! Putting objects into a sandbox.

use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::discovery::Scope;
use kube::{Api, Client, ResourceExt, discovery};
use serde_json::Value;

use super::error::SandboxError;
use super::kubeconfig::USER_AGENT;

/// Applies the documents of a YAML text in their order, server-side and by force: whatever is there is the rig's to
/// change. A field that the API server does not know is refused.
///
/// # Errors
/// When a document is no object, its kind is unknown, or the API server refuses it; the error names it.
pub async fn apply(client: &Client, yaml: &str) -> Result<(), SandboxError> {
    apply_all(client, documents(yaml)?).await
}

/// The documents of a YAML text that are not empty.
pub(super) fn documents(yaml: &str) -> Result<Vec<Value>, SandboxError> {
    let mut documents: Vec<Value> =
        serde_saphyr::from_multiple(yaml).map_err(|error| malformed("objects", &error.to_string()))?;
    documents.retain(|document| !document.is_null());
    Ok(documents)
}

/// The same for objects that are not text.
///
/// # Errors
/// As [`apply`].
pub async fn apply_all(client: &Client, objects: Vec<Value>) -> Result<(), SandboxError> {
    for object in objects {
        apply_in(client, object, None).await?;
    }
    Ok(())
}

/// Applies one object, to the given namespace if its kind has one and it names none.
pub(super) async fn apply_in(
    client: &Client,
    object: Value,
    namespace: Option<&str>,
) -> Result<(), SandboxError> {
    let mut object: DynamicObject =
        serde_json::from_value(object).map_err(|error| malformed("an object", &error.to_string()))?;
    let types = object.types.clone().unwrap_or_default();
    let doing = format!("applying {} {}", types.kind, object.name_any());
    let gvk = GroupVersionKind::try_from(&types).map_err(|error| malformed(&doing, &error.to_string()))?;
    let found = discovery::pinned_kind(client, &gvk).await;
    let (resource, capabilities) = found.map_err(SandboxError::kubernetes(format!(
        "looking up the kind {}",
        gvk.kind
    )))?;
    if capabilities.scope == Scope::Namespaced && object.metadata.namespace.is_none() {
        object.metadata.namespace = namespace.map(ToOwned::to_owned);
    }
    let api: Api<DynamicObject> = match object.namespace() {
        Some(namespace) => Api::namespaced_with(client.clone(), &namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let by_force = PatchParams::apply(USER_AGENT).force().validation_strict();
    let applied = api
        .patch(&object.name_any(), &by_force, &Patch::Apply(object))
        .await;
    applied.map(|_| ()).map_err(SandboxError::kubernetes(doing))
}

fn malformed(what: &str, reason: &str) -> SandboxError {
    SandboxError::io(format!("reading {what}"))(std::io::Error::other(reason.to_owned()))
}
