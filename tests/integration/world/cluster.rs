//! Putting a cluster into an initial state, without the controllers that a whole cluster has.

use aphex_ops::model::{kind::KINDS, names};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, DynamicObject, ListParams, PostParams},
    core::{ApiResource, GroupVersionKind},
};
use rig::laws::Trouble;
use serde_json::json;

pub(super) const NAMESPACES: [&str; 4] = ["auth-system", "argocd", "tekton-pipelines", "platform-system"];

/// Secrets as an operator would bring them. Random, so that no part of one is found elsewhere by chance.
const SECRETS: [(&str, &str, Values); 5] = [
    (
        "auth-system",
        "authentik-postgresql",
        &[
            ("postgresql-password", "HvJPuC11y4wtcIQPfAtSAiNHlsWU8PEN"),
            ("postgresql-postgres-password", "QxZnXoVYKxoP1v3vwElW1W3fsBg03rsc"),
        ],
    ),
    (
        "auth-system",
        "authentik-secrets",
        &[
            ("secret-key", "opggTIk367JsOJcGiYYD6BdhvWcHlFDY"),
            ("admin-password", ADMIN_PASSWORD),
            ("bootstrap-token", BOOTSTRAP_TOKEN),
        ],
    ),
    (
        "auth-system",
        "dex-secrets",
        &[
            ("client-secret", CLIENT_SECRET),
            ("authentik-client-secret", CLIENT_SECRET),
            ("argocd-client-secret", "0Oh3MuG0rIDxyare8HXyLygZTRYDBNGZ"),
            ("tekton-client-secret", "w8WbxcvrDSpcmS7hvRFwthxZTi2WBxhL"),
            ("kubernetes-client-secret", KUBERNETES_CLIENT_SECRET),
        ],
    ),
    (
        "argocd",
        "argocd-secret",
        &[("oidc.dex.clientSecret", "0Oh3MuG0rIDxyare8HXyLygZTRYDBNGZ")],
    ),
    (
        "tekton-pipelines",
        "tekton-dashboard-oidc",
        &[("client-secret", "w8WbxcvrDSpcmS7hvRFwthxZTi2WBxhL")],
    ),
];

/// Keys and values of one Secret.
type Values = &'static [(&'static str, &'static str)];

pub(crate) const CLIENT_SECRET: &str = "bEsWtPiTygtQzb6amb9AhvdDSZTkac8Q";
pub(crate) const KUBERNETES_CLIENT_SECRET: &str = "xqPWxJK8kaZ9yL8DNoIpqvLH8Q0btvRq";
pub(crate) const ADMIN_PASSWORD: &str = "pRKVQiSx7xIDWp2yCyol4FWl3rz3A2zM";
pub(crate) const BOOTSTRAP_TOKEN: &str = "utoiVVkWfZ3bxHSfiLRjviYeRtuiwal6";

/// What a reset removes from the platform's namespaces, as `(group, version, kind, plural)`.
const REMOVED: [(&str, &str, &str, &str); 5] = [
    ("events.k8s.io", "v1", "Event", "events"),
    ("", "v1", "Secret", "secrets"),
    ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    ("apps", "v1", "Deployment", "deployments"),
    ("coordination.k8s.io", "v1", "Lease", "leases"),
];

pub(crate) async fn ensure_namespace(client: &Client, name: &str) -> Result<(), Trouble> {
    let api = Api::<Namespace>::all(client.clone());
    if api.get_opt(name).await?.is_none() {
        let namespace = serde_json::from_value(json!({"metadata": {"name": name}}))?;
        api.create(&PostParams::default(), &namespace).await?;
    }
    Ok(())
}

pub(super) async fn empty(client: &Client) -> Result<(), Trouble> {
    for (group, version, kind, plural) in REMOVED {
        let kind = GroupVersionKind::gvk(group, version, kind);
        let resource = ApiResource::from_gvk_with_plural(&kind, plural);
        // Events about cluster-scoped objects are in the namespace `default`.
        let default = (kind.kind == "Event").then_some("default");
        for namespace in NAMESPACES.into_iter().chain(default) {
            let api = Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &resource);
            api.delete_collection(&DeleteParams::default(), &ListParams::default())
                .await?;
        }
    }
    Ok(())
}

/// Everything that `install` labels; it can be in any namespace.
pub(super) async fn remove_installed(client: &Client) -> Result<(), Trouble> {
    for kind in KINDS.iter().filter(|kind| kind.name != "Namespace") {
        let gvk = GroupVersionKind::gvk(&kind.group, &kind.version, &kind.name);
        let resource = ApiResource::from_gvk_with_plural(&gvk, &kind.plural);
        remove_labelled(client, &resource, "platform.aphex/part-of=install").await?;
    }
    Ok(())
}

/// All objects of a kind that carry the labels, in whatever namespace.
pub(super) async fn remove_labelled(
    client: &Client,
    resource: &ApiResource,
    labels: &str,
) -> Result<(), Trouble> {
    let all = Api::<DynamicObject>::all_with(client.clone(), resource);
    for found in all.list(&ListParams::default().labels(labels)).await? {
        let api = match found.namespace() {
            Some(namespace) => Api::<DynamicObject>::namespaced_with(client.clone(), &namespace, resource),
            None => all.clone(),
        };
        api.delete(&found.name_any(), &DeleteParams::default()).await?;
    }
    Ok(())
}

/// One object of each kind that an earlier version could have installed and this one does not.
pub(crate) async fn leave_behind(client: &Client) -> Result<(), Trouble> {
    let labels = json!({names::MANAGED_BY_LABEL: names::PRODUCT, names::PART_OF_LABEL: names::INSTALL_PART});
    let mut objects = Vec::new();
    for kind in KINDS.iter().filter(|kind| kind.name != "Namespace") {
        let metadata = json!({"name": "left-behind", "labels": labels});
        let mut object = json!({"apiVersion": kind.api_version(), "kind": kind.name, "metadata": metadata});
        if kind.is_namespaced {
            object["metadata"]["namespace"] = "platform-system".into();
        }
        if kind.name.ends_with("Binding") {
            let group = "rbac.authorization.k8s.io";
            object["roleRef"] = json!({"apiGroup": group, "kind": "ClusterRole", "name": "none"});
        }
        if kind.name == "CronJob" {
            let container = json!({"name": "old", "image": "registry.example/old"});
            let pod = json!({"restartPolicy": "Never", "containers": [container]});
            let job = json!({"spec": {"template": {"spec": pod}}});
            object["spec"] = json!({"schedule": "0 0 1 1 *", "jobTemplate": job});
        }
        objects.push(object);
    }
    rig::sandbox::apply_all(client, objects).await?;
    Ok(())
}

/// There is no controller that finalizes a namespace, so this does.
pub(super) async fn remove_namespaces(client: &Client) -> Result<(), Trouble> {
    let api = Api::<Namespace>::all(client.clone());
    for name in NAMESPACES {
        if api.get_opt(name).await?.is_some() {
            api.delete(name, &DeleteParams::default()).await?;
        }
        if let Some(mut namespace) = api.get_opt(name).await? {
            namespace.spec.get_or_insert_default().finalizers = Some(Vec::new());
            api.replace_subresource("finalize", name, &PostParams::default(), &namespace)
                .await?;
        }
    }
    Ok(())
}

async fn create(
    client: &Client,
    namespace: &str,
    name: &str,
    values: &[(&str, &str)],
) -> Result<(), Trouble> {
    let values: serde_json::Map<String, serde_json::Value> = values
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).into()))
        .collect();
    let secret = json!({"metadata": {"name": name}, "stringData": values});
    let api = Api::<Secret>::namespaced(client.clone(), namespace);
    api.create(&PostParams::default(), &serde_json::from_value(secret)?)
        .await?;
    Ok(())
}

pub(crate) async fn create_secret(client: &Client, namespace: &str, name: &str) -> Result<(), Trouble> {
    for (_, _, values) in SECRETS
        .iter()
        .filter(|(ns, secret, _)| (*ns, *secret) == (namespace, name))
    {
        create(client, namespace, name, values).await?;
    }
    Ok(())
}

pub(super) async fn create_all_secrets(client: &Client) -> Result<(), Trouble> {
    for (namespace, name, values) in SECRETS {
        create(client, namespace, name, values).await?;
    }
    Ok(())
}

/// Of [`create_some_secrets`], named as in a dump.
pub(super) const DIFFERING_COPY: &str = "Secret/tekton-pipelines/tekton-dashboard-oidc/client-secret";

/// A copy without its source, an empty key, a copy that differs, a Secret with one key of three.
pub(super) async fn create_some_secrets(client: &Client) -> Result<(), Trouble> {
    create(
        client,
        "auth-system",
        "authentik-secrets",
        &[("admin-password", ADMIN_PASSWORD)],
    )
    .await?;
    let dex = [
        ("authentik-client-secret", "l4f7hcJWbgFVbV4sHynffHoxy8rY1JDn"),
        ("tekton-client-secret", "w8WbxcvrDSpcmS7hvRFwthxZTi2WBxhL"),
        ("kubernetes-client-secret", ""),
    ];
    create(client, "auth-system", "dex-secrets", &dex).await?;
    create(
        client,
        "tekton-pipelines",
        "tekton-dashboard-oidc",
        &[("client-secret", "kQ7F9wa5sTxohE92SzRtTlXKhgISIKkS")],
    )
    .await
}
