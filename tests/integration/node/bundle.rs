//! A support bundle of a real node: what containers really wrote is in it, without what they should not have written.

use crate::{rbac::bundle, world::PROGRAM};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod, Secret};
use kube::{Api, Client, api::LogParams};
use rig::{
    laws::run::{Exit, Run},
    sandbox::{RIG_IMAGE, Sandbox, apply_all},
};
use serde_json::json;
use std::time::Duration;

const NAMESPACE: &str = "auth-system";

/// It is told a command that it does not know, says which, and is started again; this waits until it has said it in
/// both runs and rests. A run that has just begun has written nothing yet.
async fn talk(client: &Client) {
    let secret = json!({"name": "dex-secrets", "key": "client-secret"});
    let container = json!({
        "name": "only", "image": RIG_IMAGE, "imagePullPolicy": "Never", "args": ["$(WORD)"],
        "env": [{"name": "WORD", "valueFrom": {"secretKeyRef": secret}}],
        "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": true, "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    });
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "talkative", "namespace": NAMESPACE},
        "spec": {"containers": [container]},
    });
    apply_all(client, vec![pod]).await.unwrap();
    let pods = Api::<Pod>::namespaced(client.clone(), NAMESPACE);
    let has_run_twice = |status: &ContainerStatus| {
        let waiting = status.state.as_ref().and_then(|state| state.waiting.as_ref());
        let reason = waiting.and_then(|waiting| waiting.reason.as_deref());
        status.restart_count > 0 && reason == Some("CrashLoopBackOff")
    };
    let rests = async {
        loop {
            let status = pods.get("talkative").await.unwrap().status.unwrap_or_default();
            let containers = status.container_statuses.unwrap_or_default();
            if containers.iter().any(has_run_twice) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), rests)
        .await
        .unwrap();
}

pub(super) async fn has_logs_and_no_secrets(sandbox: &Sandbox) {
    let client = sandbox.client().await.unwrap();
    talk(&client).await;
    let secrets = Api::<Secret>::namespaced(client.clone(), NAMESPACE);
    let data = secrets.get("dex-secrets").await.unwrap().data.unwrap();
    let value = String::from_utf8(data["client-secret"].0.clone()).unwrap();
    let pods = Api::<Pod>::namespaced(client, NAMESPACE);
    let log = pods.logs("talkative", &LogParams::default()).await.unwrap();
    assert!(log.contains(&value), "it did not say it: {}", log.len());

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("support.tar.gz");
    let run = Run::new(PROGRAM)
        .args(["support-bundle", file.to_str().unwrap()])
        .args(["--kubeconfig".as_ref(), sandbox.kubeconfig().as_os_str()]);
    let ran = run.timeout(Duration::from_secs(60)).finish().await.unwrap();
    assert_eq!(
        ran.exit,
        Exit::Code(0),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let files = bundle::files(&file);
    let bytes: usize = files.values().map(String::len).sum();
    println!("support bundle: {} files, {bytes} bytes", files.len());
    let log = &files[&format!("logs/{NAMESPACE}/talkative/only.log")];
    assert!(log.contains("(redacted)"), "{log}");
    // Of a run before, the kubelet may have nothing left.
    assert!(files.contains_key(&format!("logs/{NAMESPACE}/talkative/only.previous.log")));
    let is_of_dex = |path: &&String| path.starts_with("logs/auth-system/dex-");
    let of_dex = files.keys().find(is_of_dex).unwrap();
    assert!(files[of_dex].contains("listening"), "{}", files[of_dex]);
    assert!(files.values().all(|text| !text.contains(&value)));
}
