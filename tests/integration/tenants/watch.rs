//! `tenants reconcile --watch`: it stays, and reacts.

use super::stage::{PLATFORM, Stage, binding, end_namespaces, organization};
use aphex_ops::{cli::StepCommand, steps::tenants::TenantsReconcile};
use kube::api::DeleteParams;
use rustix::process::Signal;
use serde_json::json;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Longer than a reaction takes on the slowest machine, and shorter than the time from one run to the next.
const SOON: Duration = Duration::from_secs(60);

async fn until_phase(stage: &Stage, kind: &str, name: &str, phase: Option<&str>) {
    let reached = async {
        loop {
            let found = stage.get(kind, Some(PLATFORM), name).await;
            let is = found.as_ref().map(|found| &found["status"]["phase"]);
            if is.and_then(|is| is.as_str()) == phase && (phase.is_some() || found.is_none()) {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let reached = timeout(SOON, reached).await;
    assert!(reached.is_ok(), "{kind} {name} never was {phase:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_stays_reacts_to_what_is_asked_for_and_rests_in_between() {
    let mut stage = Stage::start().await;
    let step = StepCommand::TenantsReconcile(TenantsReconcile::default().staying());
    stage.work_as(&step).await;
    end_namespaces(stage.client.clone());
    let mut staying = stage.begin("tenants reconcile --watch --every 1h");
    staying.says("tenants reconcile: unchanged").await;

    stage.apply([organization("acme-corp")]).await;
    until_phase(&stage, "Organization", "acme-corp", Some("Active")).await;
    stage.apply([binding("app", "acme-corp", "app")]).await;
    until_phase(&stage, "RepoBinding", "app", Some("Ready")).await;
    let mut app = binding("app", "acme-corp", "app");
    app["spec"]["repoName"] = json!("other");
    stage.apply([app]).await;
    let renamed = async {
        loop {
            let trigger = stage.get("Trigger", Some("org-acme-corp"), "app-trigger").await;
            if trigger.is_some_and(|trigger| trigger.to_string().contains("/other")) {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(SOON, renamed)
        .await
        .expect("the trigger was never changed");
    let bindings = stage.api("RepoBinding", Some(PLATFORM));
    bindings.delete("app", &DeleteParams::default()).await.unwrap();
    until_phase(&stage, "RepoBinding", "app", None).await;

    // Its own writes wake it up once more at most.
    sleep(Duration::from_secs(4)).await;
    stage.mark().await;
    sleep(Duration::from_secs(3)).await;
    assert_eq!(stage.requests().await, 0, "it does not rest");
    // What else it takes is looked at where everything happens: see `life`.
    let usage = stage.usage().await;
    let listening = [usage.unused, usage.missing].concat();
    let listening = listening.iter().filter(|right| right.starts_with("watch"));
    assert_eq!(listening.count(), 0);

    staying.signal(Signal::TERM);
    let left = staying.end().await;
    left.ended(0, &[]);
    for done in [
        "Organization platform-system/acme-corp",
        "RepoBinding platform-system/app",
    ] {
        assert!(left.stdout.contains(done), "{left:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_may_not_listen_ends_at_once() {
    let mut stage = Stage::start().await;
    let denied = stage.run("tenants reconcile --watch").await;
    denied.ended(6, &["watch"]);
    let planned = stage.run("tenants reconcile --watch --dry-run").await;
    planned.ended(2, &["--watch"]);
}
