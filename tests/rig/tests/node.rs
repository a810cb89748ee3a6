//! The largest size: pods run. Needs root, the node's packages and about a minute, so it runs only when asked for:
//! `cargo test -p rig --test node -- --ignored`.

#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, LogParams};
use kube::{Api, Client};
use rig::sandbox::{self, DexDeployment, Options, RIG_IMAGE, Sandbox, Size};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} has not come true");
}

/// Runs `rig` with these arguments in a pod; whether it succeeded.
async fn in_a_pod(client: &Client, name: &str, arguments: &[&str]) -> bool {
    let container = json!({ "name": "c", "image": RIG_IMAGE, "imagePullPolicy": "Never", "args": arguments });
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": "default" },
        "spec": { "restartPolicy": "Never", "containers": [container] },
    });
    sandbox::apply_all(client, vec![pod]).await.unwrap();
    let pods = Api::<Pod>::namespaced(client.clone(), "default");
    until("the pod's end", async || {
        match pods.get(name).await.unwrap().status?.phase?.as_str() {
            "Succeeded" => Some(true),
            "Failed" => Some(false),
            _ => None,
        }
    })
    .await
}

/// Dex's discovery document, asked for through a port-forward.
async fn discovery(client: &Client) -> String {
    let pods = Api::<Pod>::namespaced(client.clone(), "auth-system");
    let name = pods
        .list(&ListParams::default())
        .await
        .unwrap()
        .items
        .remove(0)
        .metadata
        .name
        .unwrap();
    assert!(
        pods.logs(&name, &LogParams::default())
            .await
            .unwrap()
            .contains("listening on")
    );
    let mut forwarder = pods.portforward(&name, &[5556]).await.unwrap();
    let mut stream = forwarder.take_stream(5556).unwrap();
    let request = "GET /.well-known/openid-configuration HTTP/1.0\r\nHost: dex.home.local\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn namespace_and_secret() -> Vec<Value> {
    let keys = [
        "authentik-client-secret",
        "argocd-client-secret",
        "tekton-client-secret",
        "kubernetes-client-secret",
    ];
    let data: serde_json::Map<_, _> = keys
        .map(|key| (key.to_owned(), json!("for-the-test")))
        .into_iter()
        .collect();
    vec![
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "auth-system" } }),
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "dex-secrets", "namespace": "auth-system" },
            "stringData": data,
        }),
    ]
}

#[tokio::test]
#[ignore = "starts a real node: root and Debian's containerd are needed"]
async fn names_resolve_in_pods_and_dex_runs() {
    let sandbox = Sandbox::start(Options { size: Size::Node }).await.unwrap();
    println!("{:?}", sandbox.timings());
    let client = sandbox.client().await.unwrap();
    assert!(in_a_pod(&client, "short-name", &["reach", "kubernetes:443"]).await);
    assert!(!in_a_pod(&client, "foreign-name", &["reach", "example.org:443"]).await);

    sandbox::apply_all(&client, namespace_and_secret()).await.unwrap();
    let dex = DexDeployment {
        replicas: 1,
        authentik_issuer: None,
        ..DexDeployment::default()
    };
    dex.apply(&sandbox).await.unwrap();
    let deployments = Api::<Deployment>::namespaced(client.clone(), "auth-system");
    until("a ready Dex", async || {
        let ready = deployments.get("dex").await.unwrap().status?.ready_replicas;
        (ready == Some(1)).then_some(())
    })
    .await;
    assert!(
        in_a_pod(
            &client,
            "dex",
            &["reach", "dex.auth-system.svc.cluster.local:5556"]
        )
        .await
    );
    assert!(
        discovery(&client)
            .await
            .contains(r#""issuer": "https://dex.home.local""#)
    );
    let folder = sandbox.kubeconfig().parent().unwrap().to_owned();
    sandbox.stop().unwrap();
    assert!(!folder.exists());
    assert_eq!(remains(&folder), Vec::<String>::new());
}

/// Mounts and processes that mention the sandbox's folder.
fn remains(folder: &Path) -> Vec<String> {
    let folder = folder.to_string_lossy();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let mounts = mounts
        .lines()
        .filter(|line| line.contains(&*folder))
        .map(ToOwned::to_owned);
    let processes = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let line = String::from_utf8_lossy(&fs::read(entry.path().join("cmdline")).ok()?).replace('\0', " ");
        line.contains(&*folder).then_some(line)
    });
    mounts.chain(processes).collect()
}
