//! The lock between runs.

use super::{cluster::Cluster, program::Left};
use k8s_openapi::api::coordination::v1::LeaseSpec;

fn holder(spec: &LeaseSpec) -> &str {
    spec.holder_identity.as_deref().unwrap_or_default()
}

#[tokio::test]
async fn a_held_lock_ends_a_run_that_names_the_holder() {
    let cluster = Cluster::share("lock-held").await.with_namespaces().await;
    cluster.lock_as("laptop/4711", 3600).await;
    let left = cluster.run("secrets generate --lock-timeout 1s").await;
    left.ended(8, &["laptop/4711", "--lock-timeout", "--no-lock"]);
    assert_eq!(cluster.writes().await, [] as [&str; 0]);
    assert_eq!(holder(&cluster.lock().await.unwrap()), "laptop/4711");
}

/// As a scheduled run does; and what it did not do is nothing to go on from.
#[tokio::test]
async fn a_run_that_may_skip_leaves_it_to_the_holder() {
    let cluster = Cluster::share("lock-skipped").await.with_namespaces().await;
    cluster.lock_as("laptop/4711", 3600).await;
    for line in ["secrets generate", "bootstrap"] {
        let left = cluster
            .run(&format!("{line} --lock-timeout 1s --skip-if-locked"))
            .await;
        left.ended(0, &["skipped", "laptop/4711"]);
        for promise in ["Next: ", "First login"] {
            assert!(!left.stderr.contains(promise), "{left:#?}");
        }
    }
    assert_eq!(cluster.writes().await, [] as [&str; 0]);
}

#[tokio::test]
async fn runs_that_take_no_lock_do_not_mind_it() {
    let cluster = Cluster::share("lock-ignored").await.with_namespaces().await;
    cluster.lock_as("laptop/4711", 3600).await;
    for line in [
        "secrets generate --dry-run",
        "secrets generate --no-lock",
        "secrets status",
    ] {
        cluster.run(line).await.ended(0, &[]);
    }
    let lock = cluster.lock().await.unwrap();
    assert_eq!((holder(&lock), lock.lease_transitions), ("laptop/4711", Some(6)));
}

#[tokio::test]
async fn the_lock_of_a_dead_holder_is_taken_over_and_given_back() {
    let cluster = Cluster::share("lock-dead").await.with_namespaces().await;
    cluster.lock_as("laptop/4711", 1).await;
    cluster.run("secrets generate").await.ended(0, &[]);
    let lock = cluster.lock().await.unwrap();
    assert_eq!((holder(&lock), lock.lease_transitions), ("", Some(7)));
}

#[tokio::test]
async fn of_two_runs_at_once_one_waits_and_finds_nothing_to_do() {
    let cluster = Cluster::share("lock-two").await;
    let (one, other) = tokio::join!(
        cluster.run("namespaces ensure -o json"),
        cluster.run("namespaces ensure -o json")
    );
    let created = |left: &Left| {
        let report = left.ended(0, &[]).json();
        let actions = report["actions"].as_array().unwrap();
        actions
            .iter()
            .filter(|action| action["outcome"] == "created")
            .count()
    };
    // The lock's own namespace is made by whoever takes the lock first.
    assert_eq!([created(&one), created(&other)].iter().sum::<usize>(), 3);
    assert!(created(&one) == 0 || created(&other) == 0, "{one:?} {other:?}");
    assert_eq!(holder(&cluster.lock().await.unwrap()), "");
}

#[tokio::test]
async fn a_run_that_loses_the_lock_stops() {
    let cluster = Cluster::share("lock-lost").await.with_namespaces().await;
    cluster.delete_namespace("auth").await;
    let mut run = cluster.program("namespaces ensure").start();
    run.says("waiting for Namespace lock-lost-auth").await;
    cluster.lock_as("laptop/4711", 3600).await;
    run.end().await.ended(8, &["another run took over the lock"]);
    assert_eq!(holder(&cluster.lock().await.unwrap()), "laptop/4711");
}
