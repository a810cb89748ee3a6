//! On a real API server: it knows every field, and takes the Pods where they will run.

use super::{list, shipped, text};
use aphex_ops::{
    model::config::{Config, Profile},
    render::components,
};
use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams, PostParams},
    core::{ApiResource, GroupVersionKind},
    discovery,
};
use rig::sandbox::{self, Options, Sandbox};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Groups of the API server itself; the others are of software that is not here.
fn is_core(object: &Value) -> bool {
    let group = text(&object["apiVersion"])
        .split_once('/')
        .map_or("", |(group, _)| group);
    [
        "",
        "apps",
        "batch",
        "policy",
        "networking.k8s.io",
        "rbac.authorization.k8s.io",
        "apiextensions.k8s.io",
    ]
    .contains(&group)
}

/// A dry run of a server-side apply by our field manager, in which an unknown field is an error.
async fn try_apply(client: &Client, object: &Value) -> Result<DynamicObject, kube::Error> {
    let object: DynamicObject = serde_json::from_value(object.clone()).unwrap();
    let gvk = GroupVersionKind::try_from(object.types.as_ref().unwrap()).unwrap();
    let (resource, _) = discovery::pinned_kind(client, &gvk).await?;
    let api: Api<DynamicObject> = match &object.metadata.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let strict = PatchParams::apply("aphex-ops").validation_strict().dry_run();
    let name = object.metadata.name.clone().unwrap_or_default();
    api.patch(&name, &strict, &Patch::Apply(object)).await
}

/// The Pod that the workload's controller would make.
fn pod_of(object: &Value) -> Option<Value> {
    let template = object.pointer("/spec/template")?;
    let mut spec = template["spec"].clone();
    for claim in object["spec"]["volumeClaimTemplates"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let name = &claim["metadata"]["name"];
        let volume = json!({"name": name, "persistentVolumeClaim": {"claimName": name}});
        spec["volumes"].as_array_mut()?.push(volume);
    }
    // The account is no matter of Pod Security.
    spec.as_object_mut()?.remove("serviceAccountName");
    let metadata = json!({"name": object["metadata"]["name"], "namespace": object["metadata"]["namespace"],
                          "labels": template["metadata"]["labels"]});
    Some(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}))
}

async fn try_pod(client: &Client, pod: &Value) -> Result<DynamicObject, kube::Error> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Pod"));
    let api: Api<DynamicObject> =
        Api::namespaced_with(client.clone(), text(&pod["metadata"]["namespace"]), &resource);
    let dry_run = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    api.create(&dry_run, &serde_json::from_value(pod.clone()).unwrap())
        .await
}

/// Every namespace that a component names, with its level, and the account that Pods run as where none is named.
async fn make_namespaces(client: &Client) {
    let mut namespaces = BTreeMap::new();
    for profile in Profile::ALL {
        let config = Config {
            profile,
            ..Config::default()
        };
        for component in list().all().iter().filter(|component| component.is_in(profile)) {
            for namespace in components::namespaces(component, &config) {
                let name = text(&namespace["metadata"]["name"]).to_owned();
                let other = namespaces.insert(name, namespace.clone());
                assert!(
                    other.is_none_or(|other| other == namespace),
                    "two levels for {namespace}"
                );
            }
        }
    }
    let names: Vec<String> = namespaces.keys().cloned().collect();
    sandbox::apply_all(client, namespaces.into_values().collect())
        .await
        .unwrap();
    for namespace in names.iter().map(String::as_str).chain(["kube-system"]) {
        let metadata = json!({"name": "default", "namespace": namespace});
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata});
        sandbox::apply_all(client, vec![account]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_takes_every_object_and_every_pod_where_it_runs() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let client = sandbox.client().await.unwrap();
    make_namespaces(&client).await;
    let (mut objects, mut pods) = (0, Vec::new());
    for (path, object) in shipped().iter().filter(|(_, object)| is_core(object)) {
        let applied = try_apply(&client, object).await;
        applied.unwrap_or_else(|error| panic!("{path}: {error}\n{object:#}"));
        objects += 1;
        pods.extend(pod_of(object));
    }
    for pod in &pods {
        let created = try_pod(&client, pod).await;
        created.unwrap_or_else(|error| panic!("{}: {error}", pod["metadata"]["name"]));
    }
    println!("{objects} objects and {} Pods were taken", pods.len());
    assert!(
        objects > 50 && pods.len() == 6,
        "{objects} objects, {} Pods",
        pods.len()
    );

    // What tells that the two checks can fail.
    let mut open = pods
        .iter()
        .find(|pod| pod["metadata"]["namespace"] == "auth-system")
        .unwrap()
        .clone();
    open["spec"]["securityContext"]["runAsNonRoot"] = json!(false);
    let refused = try_pod(&client, &open).await.unwrap_err().to_string();
    assert!(refused.contains("violates PodSecurity"), "{refused}");
    let (_, dex) = shipped()
        .into_iter()
        .find(|(path, _)| path.ends_with("auth/dex.yaml"))
        .unwrap();
    let mut typo = dex;
    typo["spec"]["replica"] = json!(1);
    let refused = try_apply(&client, &typo).await.unwrap_err().to_string();
    assert!(refused.contains("replica"), "{refused}");
}

/// What every Pod of ours does, beyond what Pod Security asks for.
#[test]
fn every_pod_is_limited_and_says_how_it_does() {
    for pod in shipped().iter().filter_map(|(_, object)| pod_of(object)) {
        let name = &pod["metadata"]["name"];
        assert!(pod["spec"]["automountServiceAccountToken"].is_boolean(), "{name}");
        for container in pod["spec"]["containers"].as_array().unwrap() {
            let resources = &container["resources"];
            assert!(resources["requests"]["cpu"].is_string(), "{name}");
            assert!(resources["limits"]["memory"].is_string(), "{name}");
            for probe in ["livenessProbe", "readinessProbe"] {
                assert!(container[probe].is_object(), "{name} has no {probe}");
            }
        }
    }
}
