//! The files of `jobs/` on a real API server: every field is known to it, and Pod Security "restricted" lets the Pods be.

use crate::golden;
use kube::{
    Api, Client,
    api::{DynamicObject, PostParams},
    core::{ApiResource, GroupVersionKind},
};
use rig::sandbox::{self, Options, Sandbox, SandboxError};
use serde_json::{Value, json};
use std::fs;

const NAMESPACES: [&str; 4] = ["auth-system", "argocd", "tekton-pipelines", "platform-system"];

async fn apply(client: &Client, object: &Value) -> Result<(), SandboxError> {
    sandbox::apply_all(client, vec![object.clone()]).await
}

/// The Pod that the Job's controller would make.
fn pod_of(object: &Value) -> Option<Value> {
    let job = object.pointer("/spec/jobTemplate").unwrap_or(object);
    let template = job.pointer("/spec/template")?;
    let (spec, name) = (&template["spec"], &object["metadata"]["name"]);
    let metadata = json!({"name": name, "namespace": object["metadata"]["namespace"]});
    Some(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}))
}

async fn create_pod(client: &Client, pod: &Value) -> Result<DynamicObject, kube::Error> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Pod"));
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), "platform-system", &resource);
    api.create(
        &PostParams::default(),
        &serde_json::from_value(pod.clone()).unwrap(),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_takes_every_line_and_restricted_rejects_nothing() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let client = sandbox.client().await.unwrap();
    for name in NAMESPACES {
        let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
        let metadata = json!({"name": name, "labels": labels});
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        apply(&client, &namespace).await.unwrap();
    }
    let (mut objects, mut pods) = (0, Vec::new());
    for path in golden::files(&golden::root().join("jobs")) {
        for document in fs::read_to_string(&path).unwrap().split("---\n") {
            let object: Value = serde_saphyr::from_str(document).unwrap();
            let applied = apply(&client, &object).await;
            applied.unwrap_or_else(|error| panic!("{}: {error}\n{document}", path.display()));
            objects += 1;
            pods.extend(pod_of(&object));
        }
    }
    for pod in &pods {
        let created = create_pod(&client, pod).await;
        created.unwrap_or_else(|error| panic!("{}: {error}", pod["metadata"]["name"]));
    }
    println!("{objects} objects and {} Pods were taken", pods.len());
    assert!(pods.len() >= 8);

    // What tells that the two checks can fail.
    let mut privileged = pods[0].clone();
    privileged["metadata"]["name"] = json!("privileged");
    privileged["spec"]["containers"][0]["securityContext"]["privileged"] = json!(true);
    privileged["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = json!(null);
    let refused = create_pod(&client, &privileged).await.unwrap_err().to_string();
    assert!(refused.contains("violates PodSecurity"), "{refused}");
    let account = json!({"name": "x", "namespace": "platform-system"});
    let typo = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account, "automount": true});
    let refused = apply(&client, &typo).await.unwrap_err().to_string();
    assert!(refused.contains("automount"), "{refused}");
}
