//! The middle size: controllers act on objects, and pods become ready without running.

#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client};
use rig::sandbox::{Options, Sandbox, Size};
use serde_json::json;

async fn until(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if reached().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} has not come true");
}

async fn deploy(client: &Client, replicas: i32) -> Api<Deployment> {
    let namespaces = Api::<Namespace>::all(client.clone());
    let namespace = serde_json::from_value(json!({ "metadata": { "name": "many" } })).unwrap();
    namespaces
        .create(&PostParams::default(), &namespace)
        .await
        .unwrap();
    let deployments = Api::<Deployment>::namespaced(client.clone(), "many");
    let labels = json!({ "app": "many" });
    let deployment = json!({
        "metadata": { "name": "many" },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": { "containers": [{ "name": "c", "image": "none" }] } },
        },
    });
    let deployment = serde_json::from_value(deployment).unwrap();
    deployments
        .create(&PostParams::default(), &deployment)
        .await
        .unwrap();
    deployments
}

#[tokio::test]
async fn pods_become_ready_and_a_namespace_can_be_deleted() {
    let sandbox = Sandbox::start(Options {
        size: Size::Controllers,
    })
    .await
    .unwrap();
    let client = sandbox.client().await.unwrap();
    let deployments = deploy(&client, 5).await;
    until("five ready pods", async || {
        let status = deployments.get("many").await.unwrap().status.unwrap();
        status.ready_replicas == Some(5)
    })
    .await;
    let namespaces = Api::<Namespace>::all(client);
    namespaces.delete("many", &DeleteParams::default()).await.unwrap();
    until("the end of the namespace", async || {
        namespaces.get_opt("many").await.unwrap().is_none()
    })
    .await;
    sandbox.stop().unwrap();
}
