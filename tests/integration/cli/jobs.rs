//! What is told of the scheduled jobs, by `jobs status` and on the one screen of `status`.

use super::{cluster::Cluster, program::Left};
use k8s_openapi::api::batch::v1::CronJob;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};

/// A CronJob as `install` labels it.
fn mk_job(namespace: &str, name: &str, is_suspended: bool) -> Value {
    let container = json!({"name": "a", "image": "a", "resources": {}});
    let pod = json!({"restartPolicy": "Never", "containers": [container]});
    json!({
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"namespace": namespace, "name": name, "labels": {"platform.aphex/part-of": "install"}},
        "spec": {
            "schedule": "*/5 * * * *",
            "suspend": is_suspended,
            "jobTemplate": {"spec": {"template": {"spec": pod}}},
        },
    })
}

fn prints(left: &Left, says: &[&str]) {
    left.ended(0, &[]);
    let missing: Vec<_> = says.iter().filter(|text| !left.stdout.contains(**text)).collect();
    assert!(missing.is_empty(), "stdout does not say {missing:?}: {left:#?}");
}

#[tokio::test]
async fn the_last_and_the_next_run_are_told() {
    let cluster = Cluster::share("jobs").await.with_namespaces().await;
    let namespace = cluster.namespace("platform");
    let none = [
        "warning: NotFound",
        "no scheduled job is installed: `aphex-ops install`",
    ];
    prints(&cluster.run("jobs status").await, &none);

    for (name, is_suspended) in [("works", false), ("rests", true)] {
        cluster.apply(mk_job(&namespace, name, is_suspended)).await;
    }
    let jobs: Api<CronJob> = cluster.api("platform");
    let status = json!({"status": {"lastSuccessfulTime": "2026-11-24T12:00:04Z"}});
    let (parameters, patch) = (PatchParams::default(), Patch::Merge(&status));
    jobs.patch_status("works", &parameters, &patch).await.unwrap();

    let told = [
        "works",
        "last good run 2026-11-24T12:00:04Z, next 20",
        "rests",
        "warning: Paused",
        "suspended, so it does not run; no good run yet",
    ];
    prints(&cluster.run("jobs status -o wide").await, &told);
    let screen = cluster.run("status --skip-external --timeout 1s").await;
    prints(&screen, &[&["SCHEDULED JOB"], &told[..]].concat());
    let selected = cluster.run("status --only secrets").await;
    assert!(!selected.stdout.contains("SCHEDULED JOB"), "{}", selected.stdout);
}
