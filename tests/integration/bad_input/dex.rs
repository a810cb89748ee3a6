//! Dex's Deployment and its Pods in every state that keeps Dex from running.

use super::scene::Scene;
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Pod, ServiceAccount},
};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

const SCALE: &str = "dex scale";

/// A platform with all secrets and Dex's Deployment, as it is shipped.
async fn scene(name: &'static str) -> Scene {
    let scene = Scene::start(name, &["secrets generate", SCALE]).await;
    scene.ends("secrets generate", 0, &[]).await;
    let account = serde_json::from_value(json!({"metadata": {"name": "default"}})).unwrap();
    let accounts = scene.cluster.api::<ServiceAccount>("auth");
    accounts.create(&PostParams::default(), &account).await.unwrap();
    create(&scene).await;
    scene
}

async fn create(scene: &Scene) {
    let labels = json!({"app": "dex"});
    let template = json!({
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "dex", "image": "localhost/dex:1"}]},
    });
    let deployment = json!({
        "metadata": {"name": "dex"},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
    });
    let deployment = serde_json::from_value(deployment).unwrap();
    let api = scene.cluster.api::<Deployment>("auth");
    api.create(&PostParams::default(), &deployment).await.unwrap();
}

/// Plays the controller: a status of the Deployment's present generation.
async fn judged(scene: &Scene, available: i32, conditions: Value) {
    let api = scene.cluster.api::<Deployment>("auth");
    let generation = api.get("dex").await.unwrap().metadata.generation;
    let status = json!({"status": {
        "observedGeneration": generation, "replicas": 1, "updatedReplicas": 1,
        "readyReplicas": available, "availableReplicas": available, "conditions": conditions,
    }});
    api.patch_status("dex", &PatchParams::default(), &Patch::Merge(&status))
        .await
        .unwrap();
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": message})
}

/// Dex runs: the rest of its rollout, after which the same command succeeds.
async fn mend(scene: &Scene) {
    scene
        .cluster
        .api::<Pod>("auth")
        .delete_collection(&DeleteParams::default().grace_period(0), &ListParams::default())
        .await
        .unwrap();
    let conditions = [
        condition("Available", "True", "MinimumReplicasAvailable", ""),
        condition("Progressing", "True", "NewReplicaSetAvailable", ""),
    ];
    judged(scene, 1, json!(conditions)).await;
    scene.ends(SCALE, 0, &[]).await;
}

/// A Pod of Dex's with a status as the kubelet, or the scheduler, writes it.
async fn create_pod(scene: &Scene, status: Value) {
    let pod = json!({
        "metadata": {"name": "dex-7d4b9c-x2x9p", "labels": {"app": "dex"}},
        "spec": {"containers": [{"name": "dex", "image": "localhost/dex:1"}]},
    });
    let api = scene.cluster.api::<Pod>("auth");
    let pod = serde_json::from_value(pod).unwrap();
    api.create(&PostParams::default(), &pod).await.unwrap();
    let status = Patch::Merge(json!({"status": status}));
    api.patch_status("dex-7d4b9c-x2x9p", &PatchParams::default(), &status)
        .await
        .unwrap();
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({"phase": "Pending", "containerStatuses": [{
        "name": "dex", "image": "localhost/dex:1", "imageID": "", "ready": false, "restartCount": 0,
        "state": {"waiting": {"reason": reason, "message": message}},
    }]})
}

#[tokio::test]
async fn a_missing_deployment_is_waited_for() {
    let scene = scene("bad-absent").await;
    let api = scene.cluster.api::<Deployment>("auth");
    api.delete("dex", &DeleteParams::default()).await.unwrap();
    let says = [
        "Deployment bad-absent-auth/dex: the deadline was reached while waiting: it does not exist yet",
        "hint: apply the manifest that brings Dex, or name its Deployment in `dex.deployment`",
    ];
    scene.ends("dex scale --timeout 1s", 5, &says).await;
    // It comes while the command waits, and then it runs.
    let mut run = scene.program(SCALE).start();
    run.says("waiting for Deployment bad-absent-auth/dex: it does not exist yet")
        .await;
    create(&scene).await;
    run.says("Deployment bad-absent-auth/dex: configured").await;
    let conditions = [
        condition("Available", "True", "MinimumReplicasAvailable", ""),
        condition("Progressing", "True", "NewReplicaSetAvailable", ""),
    ];
    judged(&scene, 1, json!(conditions)).await;
    scene.judge(run.end().await, 0, &[]).await;
}

#[tokio::test]
async fn a_paused_rollout_is_for_a_person() {
    let scene = scene("bad-paused").await;
    let api = scene.cluster.api::<Deployment>("auth");
    let pause = async |paused: bool| {
        let patch = Patch::Merge(json!({"spec": {"paused": paused}}));
        api.patch("dex", &PatchParams::default(), &patch).await.unwrap()
    };
    let before = pause(true).await;
    let says = [
        "Deployment bad-paused-auth/dex: its rollout is paused",
        "hint: run `kubectl -n bad-paused-auth rollout resume deployment/dex`, then this again",
    ];
    scene.ends(SCALE, 7, &says).await;
    assert_eq!(api.get("dex").await.unwrap(), before, "nothing was written");
    pause(false).await;
    scene
        .ends("dex scale --timeout 1s", 5, &["its controller has not"])
        .await;
    mend(&scene).await;
}

#[tokio::test]
async fn a_missing_secret_of_dex_is_named_with_the_command_that_makes_it() {
    let scene = scene("bad-keyless").await;
    for (secret, key) in [
        ("dex-secrets", "tekton-client-secret"),
        ("authentik-secrets", "secret-key"),
    ] {
        let value = scene.value("auth", secret, key).await;
        scene.set("auth", secret, key, None).await;
        let object = format!("Secret bad-keyless-auth/{secret}");
        let problem = format!("it has no key {key} yet");
        let says = [
            object.as_str(),
            &problem,
            "hint: run `aphex-ops secrets generate`, then this command again",
        ];
        scene.ends("dex scale --timeout 1s", 5, &says).await;
        scene.set("auth", secret, key, Some(&value)).await;
    }
    let api = scene.cluster.api::<Deployment>("auth");
    assert_eq!(
        api.get("dex").await.unwrap().spec.unwrap().replicas,
        Some(0),
        "it was not started"
    );
    scene.ends("dex scale --timeout 1s", 5, &[]).await;
    mend(&scene).await;
}

#[tokio::test]
async fn why_its_pods_do_not_start_is_said() {
    let scene = scene("bad-pods").await;
    scene
        .ends("dex scale --timeout 1s", 5, &["its controller has not"])
        .await;
    let ended = json!({"terminated": {"exitCode": 2, "reason": "Error"}});
    let mut crashed = waiting("CrashLoopBackOff", "back-off 10s restarting failed container");
    crashed["containerStatuses"][0]["lastState"] = ended;
    crashed["containerStatuses"][0]["restartCount"] = 3.into();
    let describe = "`kubectl -n bad-pods-auth describe pod dex-7d4b9c-x2x9p` shows more";
    let logs = "`kubectl -n bad-pods-auth logs dex-7d4b9c-x2x9p --all-containers --previous` shows more";
    let unscheduled = condition(
        "PodScheduled",
        "False",
        "Unschedulable",
        "0/1 nodes are available",
    );
    let cases = [
        (crashed, 11, "CrashLoopBackOff", logs),
        (
            waiting("ImagePullBackOff", "Back-off pulling image"),
            11,
            "ImagePullBackOff",
            describe,
        ),
        (
            waiting("CreateContainerConfigError", "secret \"dex-secrets\" not found"),
            11,
            "CreateContainerConfigError",
            describe,
        ),
        (
            json!({"phase": "Pending", "conditions": [unscheduled]}),
            5,
            "Unschedulable (0/1 nodes are available)",
            describe,
        ),
    ];
    for (status, code, reason, hint) in cases {
        judged(
            &scene,
            0,
            json!([condition("Progressing", "True", "ReplicaSetUpdated", "")]),
        )
        .await;
        create_pod(&scene, status).await;
        let pod = format!("Pod dex-7d4b9c-x2x9p: {reason}");
        let says = [
            "Deployment bad-pods-auth/dex",
            "0 of 1 Pods are available",
            &pod,
            hint,
        ];
        scene.ends("dex scale --timeout 1s", code, &says).await;
        mend(&scene).await;
    }
}

#[tokio::test]
async fn a_rollout_that_failed_says_why() {
    let scene = scene("bad-rollout").await;
    scene.ends("dex scale --timeout 1s", 5, &[]).await;
    let describe = "`kubectl -n bad-rollout-auth describe deployment dex` shows more";
    let cases = [
        condition(
            "Progressing",
            "False",
            "ProgressDeadlineExceeded",
            "ReplicaSet \"dex-7d4b9c\" has timed out",
        ),
        condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota: tight"),
    ];
    for failed in cases {
        let why = format!(
            "{}: {}",
            failed["reason"].as_str().unwrap(),
            failed["message"].as_str().unwrap()
        );
        judged(&scene, 0, json!([failed])).await;
        let says = ["Deployment bad-rollout-auth/dex", &why, describe];
        scene.ends("dex scale --timeout 1s", 11, &says).await;
        mend(&scene).await;
    }
}
