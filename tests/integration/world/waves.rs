//! What the sweep of `waves` leaves in a cluster, and how it is removed.

use super::cluster::remove_labelled;
use aphex_ops::model::names;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client,
    core::{ApiResource, GroupVersionKind},
};
use rig::laws::{Trouble, dump::Kind};
use std::time::Duration;
use tokio::time::sleep;

/// All of it.
pub(super) const MANIFESTS: &str = "tests/fixtures/waves";

const DEFINITION: &str = "things.demo.aphex.io";

/// What the manifests have, as `(group, version, kind, plural)`.
const KINDS: [(&str, &str, &str, &str); 10] = [
    (
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
    ),
    ("apps", "v1", "Deployment", "deployments"),
    ("", "v1", "Service", "services"),
    ("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
    (
        "rbac.authorization.k8s.io",
        "v1",
        "ClusterRoleBinding",
        "clusterrolebindings",
    ),
    ("rbac.authorization.k8s.io", "v1", "Role", "roles"),
    ("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles"),
    (
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
    ),
    ("", "v1", "ServiceAccount", "serviceaccounts"),
    ("", "v1", "ConfigMap", "configmaps"),
];

/// Removes everything that carries our label, and the parents of sets; waits until the definition is gone with all that
/// is of it.
pub(super) async fn remove(client: &Client) -> Result<(), Trouble> {
    let ours = format!("{}={}", names::MANAGED_BY_LABEL, names::PRODUCT);
    for (group, version, kind, plural) in KINDS {
        let resource =
            ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural);
        for labels in [ours.as_str(), "applyset.kubernetes.io/id"] {
            remove_labelled(client, &resource, labels).await?;
        }
    }
    while is_defined(client).await? {
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// The kind that the manifests define, where it is defined.
pub(super) async fn kinds(client: &Client) -> Result<Option<Kind>, Trouble> {
    let is_defined = is_defined(client).await?;
    Ok(is_defined.then(|| Kind::new("demo.aphex.io", "v1", "Thing", "things")))
}

async fn is_defined(client: &Client) -> Result<bool, Trouble> {
    let api = Api::<CustomResourceDefinition>::all(client.clone());
    Ok(api.get_opt(DEFINITION).await?.is_some())
}
