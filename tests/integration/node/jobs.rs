//! Jobs and CronJobs on a real node, from the image that is shipped: they do what the commands do, each with an account of
//! its own, and Kubernetes' controllers understand how they end.

use super::place::{Place, load_image, message};
use futures::{TryStreamExt, future::join_all};
use k8s_openapi::api::{
    coordination::v1::Lease,
    core::v1::{Pod, Secret},
    rbac::v1::RoleBinding,
};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, EvictParams, ListParams, PostParams, WatchEvent, WatchParams},
};
use rig::{
    authentik,
    sandbox::{DexDeployment, Options, Sandbox, Size},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::{fs, time::Duration};
use tokio::time::sleep;

async fn node() -> Sandbox {
    let sandbox = Sandbox::start(Options { size: Size::Node }).await.unwrap();
    load_image(&sandbox);
    sandbox
}

/// The main job as a Job; then the CronJob that keeps the secret in step, twice, which has nothing to do.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts a real node: `cargo test -- --ignored`"]
async fn the_bootstrap_runs_as_a_job_and_a_cron_job_changes_nothing_after_it() {
    let sandbox = node().await;
    let place = Place::new(&sandbox, "").await;
    DexDeployment::default().apply(&sandbox).await.unwrap();
    authentik::deploy(&sandbox, "auth-system").await.unwrap();

    let job = place.start(&["bootstrap", "--skip-external"]).await;
    let ended = place.end_of(&job).await;
    let messages = place.messages(&job).await;
    assert_eq!(ended.type_, "Complete", "{messages:#?}");
    assert_eq!(messages.last().unwrap()["exit"], 0);
    for pod in place.pods_of(&job).await {
        let log = place
            .pods()
            .logs(&pod.name_any(), &Default::default())
            .await
            .unwrap();
        let ids: Vec<_> = log.lines().map(run_id).collect();
        assert!(!ids.is_empty() && ids.iter().all(|id| *id == ids[0]), "{log}");
    }

    let mark = sandbox.audit_mark().await.unwrap();
    place.start(&["--schedule", "* * * * *", "dex", "sync"]).await;
    let runs = async {
        loop {
            let jobs = place.jobs().list(&ListParams::default()).await.unwrap().items;
            let scheduled = jobs
                .iter()
                .filter(|job| job.name_any().starts_with("aphex-ops-dex-sync-"));
            let statuses = scheduled.filter_map(|job| job.status.as_ref());
            if statuses.filter(|status| status.succeeded == Some(1)).count() >= 2 {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(180), runs)
        .await
        .unwrap();
    let events = sandbox.audit_since(mark).await.unwrap();
    let ours = events
        .iter()
        .filter(|event| event.user.username == "system:serviceaccount:platform-system:aphex-ops-dex-sync");
    let writes: Vec<_> = ours
        .clone()
        .filter(|event| event.is_write())
        .map(|event| event.request_uri.as_str())
        .collect();
    println!(
        "two scheduled runs: {} requests, {} writes",
        ours.count(),
        writes.len()
    );
    assert!(writes.is_empty(), "{writes:?}");
    sandbox.stop().unwrap();
}

/// Of a line of a Pod's log, all of which are JSON.
fn run_id(line: &str) -> Option<String> {
    let line: serde_json::Value =
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let own = line.get("runID").or_else(|| line.pointer("/items/0/runID"));
    own.or_else(|| line.pointer("/spans/0/runID"))?
        .as_str()
        .map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts a real node: `cargo test -- --ignored`"]
async fn jobs_end_as_their_exit_codes_say_and_survive_what_kills_them() {
    let sandbox = node().await;
    tokio::join!(
        a_wrong_configuration_ends_the_job(&sandbox),
        a_missing_permission_ends_the_job(&sandbox),
        what_a_human_must_decide_ends_the_job(&sandbox),
        what_time_may_mend_is_tried_again(&sandbox),
        a_live_holder_of_the_lock_is_left_alone(&sandbox),
        a_stop_leaves_a_free_lock_and_says_so(&sandbox),
        a_killed_attempt_is_made_good(&sandbox, How::Delete),
        a_killed_attempt_is_made_good(&sandbox, How::Evict),
        a_killed_attempt_is_made_good(&sandbox, How::Kill),
    );
    sandbox.stop().unwrap();
}

/// Fails at once, by the policy, with one attempt; and the Job's own Event says all that is needed.
async fn assert_ended_at_once(place: &Place, job: &str, exit: u8, says: &[&str]) {
    let ended = place.end_of(job).await;
    assert_eq!(ended.type_, "Failed", "{job}");
    assert_eq!(ended.reason.as_deref(), Some("PodFailurePolicy"), "{ended:?}");
    assert!(ended.message.unwrap().contains(&format!("exit code {exit}")));
    let messages = place.messages(job).await;
    assert_eq!(messages.len(), 1, "{messages:#?}");
    assert_eq!(messages[0]["exit"], exit, "{messages:#?}");
    let events = place.told_of(job).await;
    assert_eq!(events.len(), 1, "{events:#?}");
    let note = events[0].note.clone().unwrap();
    println!("{job}: {} {note}", events[0].reason.as_deref().unwrap());
    for part in says {
        assert!(note.contains(part), "{part} is missing in {note}");
    }
}

async fn a_wrong_configuration_ends_the_job(sandbox: &Sandbox) {
    let place = Place::new(sandbox, "wrong").await;
    place.configure("profile: kind\nhots: {}\n").await;
    let job = place.start(&["namespaces", "ensure"]).await;
    assert_ended_at_once(&place, &job, 2, &["exit 2", "config.yaml", "hots", "line 2"]).await;
}

async fn a_missing_permission_ends_the_job(sandbox: &Sandbox) {
    let place = Place::new(sandbox, "forbidden").await;
    let mut objects = place.render(&["secrets", "generate"]);
    let job = objects.pop().unwrap();
    for object in &objects {
        place.apply(object).await;
    }
    let bindings: Api<RoleBinding> = Api::namespaced(place.client.clone(), &place.namespace("argocd"));
    let name = job["metadata"]["name"].as_str().unwrap();
    bindings.delete(name, &DeleteParams::default()).await.unwrap();
    place.apply(&job).await;
    assert_ended_at_once(&place, name, 6, &["exit 6", "secrets generate", "argocd-secret"]).await;
}

async fn what_a_human_must_decide_ends_the_job(sandbox: &Sandbox) {
    let place = Place::new(sandbox, "human").await;
    place.claim().await;
    let job = place.start(&["secrets", "generate"]).await;
    assert_ended_at_once(&place, &job, 7, &["exit 7", "authentik-postgresql", "restore"]).await;
}

/// Exit 5, where nothing answers in time, and exit 10, where no server is.
async fn what_time_may_mend_is_tried_again(sandbox: &Sandbox) {
    let place = Place::new(sandbox, "again").await;
    let commands = [
        (&["--once", "authentik", "token", "--timeout", "2s"][..], 5),
        (
            &[
                "--once",
                "dex",
                "scale",
                "--no-lock",
                "--server",
                "https://127.0.0.1:1",
            ][..],
            10,
        ),
    ];
    join_all(commands.map(async |(words, exit)| {
        let job = place.start(words).await;
        let tried = async {
            loop {
                let status = place.jobs().get(&job).await.unwrap().status.unwrap_or_default();
                assert_eq!(status.conditions, None, "{job} was given up");
                if status.failed >= Some(2) {
                    return;
                }
                sleep(Duration::from_millis(500)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(150), tried)
            .await
            .unwrap();
        for message in place.messages(&job).await {
            assert_eq!(message["exit"], exit, "{message:#}");
        }
        println!("{job}: exit {exit} was tried again");
    }))
    .await;
}

async fn a_live_holder_of_the_lock_is_left_alone(sandbox: &Sandbox) {
    let place = Place::new(sandbox, "locked").await;
    let leases: Api<Lease> = Api::namespaced(place.client.clone(), &place.namespace("platform"));
    let spec = json!({"holderIdentity": "somebody/else", "leaseDurationSeconds": 30});
    let lease = json!({"metadata": {"name": "aphex-ops-platform"}, "spec": spec});
    leases
        .create(&PostParams::default(), &serde_json::from_value(lease).unwrap())
        .await
        .unwrap();
    let words = [
        "--schedule",
        "0 0 1 1 *",
        "secrets",
        "generate",
        "--lock-timeout",
        "3s",
    ];
    let job = place.trigger(&words).await;
    assert_eq!(place.end_of(&job).await.type_, "Complete");
    let pods = place.pods_of(&job).await;
    let log = place
        .pods()
        .logs(&pods[0].name_any(), &Default::default())
        .await
        .unwrap();
    assert!(log.contains("skipped") && log.contains("somebody/else"), "{log}");
    let secrets: Api<Secret> = Api::namespaced(place.client.clone(), &place.namespace("auth"));
    assert!(
        secrets
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let holder = leases
        .get("aphex-ops-platform")
        .await
        .unwrap()
        .spec
        .unwrap()
        .holder_identity;
    assert_eq!(holder.as_deref(), Some("somebody/else"));
}

/// Of a run that waits for what does not come.
async fn a_stop_leaves_a_free_lock_and_says_so(sandbox: &Sandbox) {
    let place = Place::new(sandbox, "stopped").await;
    let job = place.start(&["--once", "authentik", "token"]).await;
    let pod = running(&place, &job).await;
    let leases: Api<Lease> = Api::namespaced(place.client.clone(), &place.namespace("platform"));
    let holder = async || {
        let lease = leases.get_opt("aphex-ops-platform").await.unwrap();
        lease
            .and_then(|lease| lease.spec?.holder_identity)
            .unwrap_or_default()
    };
    while !holder().await.starts_with(&pod.name_any()) {
        sleep(Duration::from_millis(100)).await;
    }
    let selector = WatchParams::default().fields(&format!("metadata.name={}", pod.name_any()));
    let since = pod.resource_version().unwrap();
    let changes = place.pods().watch(&selector, &since).await.unwrap();
    place
        .pods()
        .delete(&pod.name_any(), &DeleteParams::default())
        .await
        .unwrap();
    let mut changes = std::pin::pin!(changes);
    let mut said = None;
    while let Some(change) = changes.try_next().await.unwrap() {
        match change {
            WatchEvent::Modified(pod) => said = message(&pod).or(said),
            WatchEvent::Deleted(pod) => {
                said = message(&pod).or(said);
                break;
            }
            _ => {}
        }
    }
    let said = said.unwrap();
    println!("after SIGTERM: {said}");
    assert_eq!(said["exit"], 143, "{said:#}");
    assert!(
        !holder().await.starts_with(&pod.name_any()),
        "the lock is still held"
    );
}

/// What ends an attempt before its time.
#[derive(Debug, Clone, Copy)]
enum How {
    /// `kubectl delete pod`.
    Delete,
    /// The eviction of a drained node.
    Evict,
    /// SIGKILL, as the kernel does it when memory is out.
    Kill,
}

/// Somewhere in a run that makes the secrets, and the token as soon as Authentik has started with them.
async fn a_killed_attempt_is_made_good(sandbox: &Sandbox, how: How) {
    let place = Place::new(sandbox, &format!("{how:?}").to_lowercase()).await;
    authentik::deploy(sandbox, &place.namespace("auth"))
        .await
        .unwrap();
    let job = place
        .start(&["bootstrap", "--only", "secrets", "--only", "token"])
        .await;
    let pod = running(&place, &job).await;
    let delay = some_milliseconds();
    sleep(Duration::from_millis(delay)).await;
    match how {
        How::Delete => drop(
            place
                .pods()
                .delete(&pod.name_any(), &DeleteParams::default())
                .await,
        ),
        How::Evict => drop(place.pods().evict(&pod.name_any(), &EvictParams::default()).await),
        How::Kill => kill_container(&pod),
    }
    let ended = place.end_of(&job).await;
    assert_eq!(
        ended.type_,
        "Complete",
        "{how:?}: {:#?}",
        place.messages(&job).await
    );
    let secrets: Api<Secret> = Api::namespaced(place.client.clone(), &place.namespace("auth"));
    for (name, keys) in [("dex-secrets", 5), ("authentik-api-token", 1)] {
        assert_eq!(
            secrets.get(name).await.unwrap().data.unwrap().len(),
            keys,
            "{name}"
        );
    }
    let pods = place.pods_of(&job).await;
    let others = pods.iter().filter(|other| other.uid() != pod.uid()).count();
    println!("{how:?} {delay} ms after the start: complete, {others} more attempts");
    assert!(others > 0, "{how:?}: the attempt was not killed in time");
}

fn some_milliseconds() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap() % 1000
}

async fn running(place: &Place, job: &str) -> Pod {
    let found = async {
        loop {
            let pods = place.pods_of(job).await;
            let is_running = |pod: &Pod| {
                let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
                phase.is_some_and(|phase| phase != "Pending")
            };
            if let Some(pod) = pods.into_iter().find(is_running) {
                return pod;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), found)
        .await
        .unwrap()
}

/// Kills the process in the Pod; it may be over already. Its environment has the Pod's name.
fn kill_container(pod: &Pod) {
    let mark = format!("HOSTNAME={}", pod.name_any());
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        let is_ours = environment
            .split(|byte| *byte == 0)
            .any(|entry| entry == mark.as_bytes());
        let id = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
            .and_then(Pid::from_raw);
        if let Some(id) = id.filter(|_| is_ours) {
            let _ = kill_process(id, Signal::KILL);
        }
    }
}
