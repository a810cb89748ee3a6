//! A fault that is put into a platform on which all is well, and taken out again.

use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client,
    api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams},
    core::GroupVersionKind,
    discovery::{self, Scope},
};
use rig::sandbox;
use serde_json::{Value, json};
use std::time::Duration;

/// One fault, and what `check` must say of it.
pub(super) struct Fault {
    pub(super) code: &'static str,
    /// A port that is another one in each run is a `*` at the end.
    pub(super) object: &'static str,
    pub(super) reason: &'static str,
    /// A piece of the command that mends it.
    pub(super) remedy: &'static str,
    pub(super) changes: Vec<Change>,
}

/// One change.
pub(super) enum Change {
    /// Of the configuration: a merge patch.
    Config(Value),
    /// An object that was not there.
    Create(Value),
    /// The status of an object, which its kind keeps apart.
    Status(&'static str, Value),
    /// The status of the first Pod of a namespace that carries the labels.
    PodStatus((&'static str, &'static str), Value),
    /// A merge patch as this program would make it, of an object named as `apiVersion/Kind/namespace/name`.
    Patch(&'static str, Value),
    /// The same as somebody else.
    PatchAs(&'static str, &'static str, Value),
    /// The deletion of an object that something holds.
    Condemn(&'static str),
    /// An object that was there.
    Delete(&'static str),
}

/// What takes a change back.
pub(super) enum Undo {
    Delete(String),
    /// As it was before.
    Restore(Value),
}

/// `apiVersion/Kind/namespace/name`; without a namespace that part is empty. A group's version has a slash of its own.
pub(super) async fn api(client: &Client, path: &str) -> (Api<DynamicObject>, String) {
    let words: Vec<&str> = path.split('/').collect();
    let [version @ .., kind, namespace, name] = words.as_slice() else {
        panic!("{path}")
    };
    let gvk = match version {
        [version] => GroupVersionKind::gvk("", version, kind),
        [group, version] => GroupVersionKind::gvk(group, version, kind),
        _ => panic!("{path}"),
    };
    let (resource, capabilities) = discovery::pinned_kind(client, &gvk).await.unwrap();
    let api = match capabilities.scope {
        Scope::Namespaced => Api::namespaced_with(client.clone(), namespace, &resource),
        Scope::Cluster => Api::all_with(client.clone(), &resource),
    };
    (api, (*name).to_owned())
}

fn path(object: &Value) -> String {
    let metadata = &object["metadata"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    [
        &object["apiVersion"],
        &object["kind"],
        &metadata["namespace"],
        &metadata["name"],
    ]
    .map(text)
    .join("/")
}

/// What stands of an object without what the server adds.
async fn saved(client: &Client, path: &str) -> Value {
    let (api, name) = api(client, path).await;
    let mut object = serde_json::to_value(api.get(&name).await.unwrap()).unwrap();
    let metadata = object["metadata"].as_object_mut().unwrap();
    for field in [
        "resourceVersion",
        "uid",
        "creationTimestamp",
        "managedFields",
        "generation",
    ] {
        metadata.remove(field);
    }
    object
}

fn ours(manager: &str) -> PatchParams {
    PatchParams {
        field_manager: Some(manager.to_owned()),
        ..PatchParams::default()
    }
}

impl Change {
    pub(super) async fn make(&self, client: &Client, config: &mut Value) -> Option<Undo> {
        match self {
            Self::Config(patch) => {
                json_patch::merge(config, patch);
                None
            }
            Self::Create(object) => {
                sandbox::apply_all(client, vec![object.clone()]).await.unwrap();
                Some(Undo::Delete(path(object)))
            }
            Self::PodStatus((namespace, labels), patch) => {
                let pods = Api::<Pod>::namespaced(client.clone(), namespace);
                let found = pods.list(&ListParams::default().labels(labels)).await.unwrap();
                let name = found.items[0].metadata.name.clone().unwrap();
                let before = saved(client, &format!("v1/Pod/{namespace}/{name}")).await;
                let body = Patch::Merge(json!({ "status": patch }));
                pods.patch_status(&name, &ours("kubelet"), &body).await.unwrap();
                Some(Undo::Restore(before))
            }
            Self::Status(at, patch) => {
                let before = saved(client, at).await;
                let (api, name) = api(client, at).await;
                let body = json!({ "status": patch });
                api.patch_status(&name, &ours("aphex-ops"), &Patch::Merge(&body))
                    .await
                    .unwrap();
                Some(Undo::Restore(before))
            }
            Self::Patch(at, patch) => Self::patched(client, "aphex-ops", at, patch).await,
            Self::PatchAs(manager, at, patch) => Self::patched(client, manager, at, patch).await,
            Self::Condemn(at) => {
                let (api, name) = api(client, at).await;
                api.delete(&name, &DeleteParams::default()).await.unwrap();
                None
            }
            Self::Delete(at) => {
                let before = saved(client, at).await;
                delete(client, at).await;
                Some(Undo::Restore(before))
            }
        }
    }

    async fn patched(client: &Client, manager: &str, at: &str, patch: &Value) -> Option<Undo> {
        let before = saved(client, at).await;
        let (api, name) = api(client, at).await;
        api.patch(&name, &ours(manager), &Patch::Merge(patch))
            .await
            .unwrap();
        Some(Undo::Restore(before))
    }
}

async fn delete(client: &Client, at: &str) {
    let (api, name) = api(client, at).await;
    let _ = api.delete(&name, &DeleteParams::default()).await;
    for _ in 0..200 {
        if api.get_opt(&name).await.unwrap().is_none() {
            return;
        }
        // Nobody else lets go of what a test holds.
        let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
        let _ = api.patch(&name, &PatchParams::default(), &free).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{at} stays");
}

impl Undo {
    pub(super) async fn take_back(self, client: &Client) {
        match self {
            Self::Delete(at) => delete(client, &at).await,
            Self::Restore(before) => restore(client, before).await,
        }
    }
}

/// Deletes what is there and makes it as it was, with its status: so nobody's mark is left on it. A workload is changed back in
/// place, or its Pods would go with it.
async fn restore(client: &Client, before: Value) {
    let at = path(&before);
    let (api, name) = api(client, &at).await;
    let kind = before["kind"].as_str().unwrap();
    let in_place = ["Deployment", "StatefulSet", "Node", "Pod", "Namespace", "CronJob"].contains(&kind);
    if in_place {
        let now = api.get(&name).await.unwrap();
        let mut object = before.clone();
        object["metadata"]["resourceVersion"] = now.metadata.resource_version.clone().unwrap().into();
        let parameters = PostParams {
            field_manager: Some("aphex-ops".to_owned()),
            ..PostParams::default()
        };
        let object = serde_json::from_value(object).unwrap();
        api.replace(&name, &parameters, &object).await.unwrap();
    } else {
        delete(client, &at).await;
        let object = serde_json::from_value(before.clone()).unwrap();
        api.create(&PostParams::default(), &object).await.unwrap();
    }
    if before["status"].is_object() {
        let status = json!({"status": before["status"]});
        // Kinds without a status of their own have it restored with the rest.
        let _ = api
            .patch_status(&name, &ours("aphex-ops"), &Patch::Merge(&status))
            .await;
    }
}
