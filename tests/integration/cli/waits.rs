//! Waiting: what ends it, and what is left behind.

use super::{cluster::Cluster, program::Running};
use rustix::process::Signal;
use serde_json::Value;

/// A run that waits for a namespace to be gone.
async fn waiting(cluster: &Cluster, line: &str) -> Running {
    cluster.delete_namespace("auth").await;
    let mut run = cluster.program(line).in_a_pod().start();
    run.says(&format!("waiting for Namespace {}", cluster.namespace("auth")))
        .await;
    run
}

#[tokio::test]
async fn a_terminating_namespace_is_waited_for_by_a_watch_and_made_again() {
    let cluster = Cluster::share("wait-gone").await.with_namespaces().await;
    let before = cluster.namespace_uid("auth").await.unwrap();
    let run = waiting(&cluster, "namespaces ensure -o json").await;
    while !cluster.requests().await.iter().any(|event| event.verb == "watch") {}
    cluster.finalize_namespace("auth").await;
    let left = run.end().await;
    let report = left.ended(0, &["created"]).json();
    assert!(report["requests"]["watch"].as_u64() > Some(0), "{report}");
    let after = cluster.namespace_uid("auth").await.unwrap();
    assert_ne!(before, after);
}

#[tokio::test]
async fn a_deadline_says_what_was_waited_for() {
    let cluster = Cluster::share("wait-late").await.with_namespaces().await;
    let run = waiting(&cluster, "namespaces ensure --timeout 2s -o json").await;
    let left = run.end().await;
    left.ended(
        5,
        &["Namespace wait-late-auth", "is being deleted", "longer --timeout"],
    );
    let report = left.json();
    assert_eq!(report["exitCode"], 5);
    assert_eq!(report["waiting"][0]["object"], "Namespace wait-late-auth");
    assert_eq!(report["waiting"][0]["reason"], "Terminating");
}

/// Ends a waiting run by a signal.
async fn stopped_by(cluster: &Cluster, signal: Signal, code: i32) {
    let run = waiting(cluster, "namespaces ensure").await;
    run.signal(signal);
    let left = run.end().await;
    left.ended(code, &["state is consistent: run the same command again"]);
    let lock = cluster.lock().await.unwrap();
    assert_eq!(
        lock.holder_identity.unwrap_or_default(),
        "",
        "the lock is released"
    );
    assert!(left.message.len() <= 4096, "{}", left.message);
    let message: Value = serde_json::from_str(&left.message).unwrap();
    assert_eq!(
        (&message["exit"], &message["step"]),
        (&code.into(), &"namespaces ensure".into())
    );
    assert_eq!(message["failure"]["reason"], "Interrupted");
}

#[tokio::test]
async fn sigterm_ends_a_wait_with_143_and_gives_the_lock_back() {
    stopped_by(
        &Cluster::share("wait-term").await.with_namespaces().await,
        Signal::TERM,
        143,
    )
    .await;
}

#[tokio::test]
async fn sigint_ends_a_wait_with_130_and_gives_the_lock_back() {
    stopped_by(
        &Cluster::share("wait-int").await.with_namespaces().await,
        Signal::INT,
        130,
    )
    .await;
}

#[tokio::test]
async fn a_signal_ends_the_wait_for_the_lock() {
    let cluster = Cluster::share("wait-lock").await.with_namespaces().await;
    cluster.lock_as("laptop/4711", 3600).await;
    let mut run = cluster.program("secrets generate -v").in_a_pod().start();
    run.says("another run holds the lock, waiting").await;
    run.signal(Signal::TERM);
    let left = run.end().await;
    left.ended(143, &[]);
    let message: Value = serde_json::from_str(&left.message).unwrap();
    assert_eq!(message["exit"], 143);
    assert_eq!(cluster.writes().await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_pod_is_told_how_a_run_ended() {
    let cluster = Cluster::share("wait-pod").await;
    let done = cluster.program("namespaces ensure").in_a_pod().run().await;
    let message: Value = serde_json::from_str(&done.ended(0, &[]).message).unwrap();
    assert_eq!((&message["exit"], &message["changed"]), (&0.into(), &3.into()));
    assert!(message["failure"].is_null(), "{message}");
    let failed = cluster.program("secrets status").in_a_pod().run().await;
    let message: Value = serde_json::from_str(&failed.ended(4, &[]).message).unwrap();
    assert_eq!(
        (&message["exit"], &message["failure"]["reason"]),
        (&4.into(), &"NotFound".into())
    );
}
