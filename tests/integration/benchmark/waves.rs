//! What waves cost: thirty of one Deployment each, which somebody makes ready 50 ms after it was applied. Figures, printed
//! and not asserted.

use super::{measure, median, program};
use futures::TryStreamExt;
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Namespace};
use kube::{
    Api, Client,
    api::{ObjectMeta, Patch, PatchParams, PostParams, WatchEvent, WatchParams},
};
use rig::{
    laws::run::Run,
    sandbox::{Options, Sandbox},
};
use serde_json::{Value, json};
use std::{
    fs,
    pin::pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

const WAVES: usize = 30;
const READY_AFTER: Duration = Duration::from_millis(50);
const NAMESPACE: &str = "waves";

/// When each Deployment was seen, and when it was made ready, in this order.
type Times = Arc<Mutex<Vec<(Instant, Option<Instant>)>>>;

fn deployment(wave: usize) -> Value {
    let labels = json!({"app": format!("wave-{wave:02}")});
    let pod = json!({"containers": [{"name": "a", "image": "registry.invalid/a:1"}]});
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": format!("wave-{wave:02}"), "namespace": NAMESPACE,
            "annotations": {"argocd.argoproj.io/sync-wave": wave.to_string()}},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}})
}

/// Does what the controllers of a cluster do, always in the same time.
async fn make_ready(deployments: Api<Deployment>, times: Times) {
    let mut events = pin!(deployments.watch(&WatchParams::default(), "0").await.unwrap());
    while let Some(event) = events.try_next().await.unwrap() {
        let WatchEvent::Added(found) = event else { continue };
        let place = {
            let mut times = times.lock().unwrap();
            times.push((Instant::now(), None));
            times.len() - 1
        };
        tokio::time::sleep(READY_AFTER).await;
        let condition = |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason, "message": ""});
        let status = json!({"status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
            "availableReplicas": 1,
            "conditions": [condition("Available", "MinimumReplicasAvailable"), condition("Progressing", "NewReplicaSetAvailable")]}});
        let name = found.metadata.name.unwrap();
        deployments
            .patch_status(&name, &PatchParams::default(), &Patch::Merge(&status))
            .await
            .unwrap();
        times.lock().unwrap()[place].1 = Some(Instant::now());
    }
}

async fn namespace(client: &Client) {
    let object = Namespace {
        metadata: ObjectMeta {
            name: Some(NAMESPACE.to_owned()),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    };
    let namespaces = Api::<Namespace>::all(client.clone());
    namespaces.create(&PostParams::default(), &object).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures: `scripts/benchmark`"]
async fn of_thirty_waves() {
    let Some(ours) = program() else {
        println!("not measured: APHEX_OPS_PROGRAM names no program");
        return;
    };
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let client = sandbox.client().await.unwrap();
    namespace(&client).await;
    let folder = tempfile::tempdir().unwrap();
    let texts = (0..WAVES).map(|wave| serde_saphyr::to_string(&deployment(wave)).unwrap());
    let (file, config) = (
        folder.path().join("waves.yaml"),
        folder.path().join("config.yaml"),
    );
    fs::write(&file, texts.collect::<Vec<_>>().join("---\n")).unwrap();
    fs::write(&config, "namespaces: {platform: default}\n").unwrap();
    let times = Times::default();
    let deployments = Api::<Deployment>::namespaced(client, NAMESPACE);
    tokio::spawn(make_ready(deployments, Arc::clone(&times)));
    let run = Run::new(ours)
        .args(["waves", "install", "-q", "-o", "name", "-f"])
        .args([&file])
        .args(["--config"])
        .args([&config])
        .args(["--kubeconfig"])
        .args([sandbox.kubeconfig()]);
    let ran = measure(&run).await;
    let times = times.lock().unwrap();
    let overheads = times.windows(2).map(|pair| pair[1].0 - pair[0].1.unwrap());
    let overheads: Vec<Duration> = overheads.collect();
    println!("load {}", fs::read_to_string("/proc/loadavg").unwrap().trim());
    println!(
        "{WAVES} waves: {:.2} s in all; from ready to the next wave's object: median {:.1} ms, most {:.1} ms",
        ran.duration.as_secs_f64(),
        median(overheads.clone()).as_secs_f64() * 1000.0,
        overheads.iter().max().unwrap().as_secs_f64() * 1000.0,
    );
    sandbox.stop().unwrap();
}
