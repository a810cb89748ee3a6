//! Putting plain YAML into a sandbox.

use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client, ResourceExt, discovery};

use super::error::SandboxError;
use super::kubeconfig::USER_AGENT;

/// Applies the documents in their order, server-side and by force: whatever is there is the rig's to change.
///
/// # Errors
/// When a document is no object, its kind is unknown, or the API server refuses it; the error names it.
pub async fn apply(client: &Client, yaml: &str) -> Result<(), SandboxError> {
    let documents: Vec<DynamicObject> = serde_saphyr::from_multiple(yaml)
        .map_err(|error| SandboxError::io("reading objects")(std::io::Error::other(error.to_string())))?;
    for object in documents {
        apply_one(client, &object).await?;
    }
    Ok(())
}

async fn apply_one(client: &Client, object: &DynamicObject) -> Result<(), SandboxError> {
    let types = object.types.clone().unwrap_or_default();
    let doing = format!("applying {} {}", types.kind, object.name_any());
    let gvk = GroupVersionKind::try_from(&types)
        .map_err(|error| SandboxError::io(doing.clone())(std::io::Error::other(error)))?;
    let found = discovery::pinned_kind(client, &gvk).await;
    let (resource, _) = found.map_err(SandboxError::kubernetes(format!(
        "looking up the kind {}",
        gvk.kind
    )))?;
    let api: Api<DynamicObject> = match object.namespace() {
        Some(namespace) => Api::namespaced_with(client.clone(), &namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let by_force = PatchParams::apply(USER_AGENT).force();
    let applied = api
        .patch(&object.name_any(), &by_force, &Patch::Apply(object))
        .await;
    applied.map(|_| ()).map_err(SandboxError::kubernetes(doing))
}
