//! Verdicts on Kubernetes' own kinds.

use super::*;
use Health::*;

const APPS: &str = "apps";

#[test]
fn deployments() {
    let late = [mk_condition("Progressing", "False", "ProgressDeadlineExceeded")];
    let cases: &[Case<'_>] = &[
        (&[("/status/updatedReplicas", json!(1))], Progressing, "1 of 2"),
        (
            &[("/status/conditions", json!(late))],
            Degraded,
            "ProgressDeadlineExceeded",
        ),
        (&[("/spec/paused", json!(true))], Suspended, "paused"),
        (&[("/spec/replicas", json!("two"))], Unknown, "not a Deployment"),
    ];
    check(APPS, "Deployment", cases);
}

#[test]
fn stateful_sets() {
    let cases: &[Case<'_>] = &[
        (
            &[("/status/readyReplicas", json!(1))],
            Progressing,
            "1 of 2 Pods are ready",
        ),
        (
            &[("/status/updatedReplicas", json!(1))],
            Progressing,
            "1 of 2 Pods are of the current version",
        ),
        (
            &[("/status/currentRevision", json!("it-1"))],
            Progressing,
            "not complete",
        ),
        (
            &[("/status/observedGeneration", json!(0))],
            Progressing,
            "not seen",
        ),
        (
            &[("/spec/replicas", json!(1))],
            Progressing,
            "2 Pods run, and 1 are wanted",
        ),
        (
            &[
                ("/spec/updateStrategy/rollingUpdate/partition", json!(1)),
                ("/status/updatedReplicas", json!(1)),
                ("/status/currentRevision", json!("it-1")),
            ],
            Current,
            "",
        ),
        (
            &[
                ("/spec/updateStrategy", json!({"type": "OnDelete"})),
                ("/status/updatedReplicas", json!(0)),
            ],
            Current,
            "",
        ),
    ];
    check(APPS, "StatefulSet", cases);
}

#[test]
fn daemon_sets() {
    let cases: &[Case<'_>] = &[
        (
            &[("/status/updatedNumberScheduled", json!(1))],
            Progressing,
            "1 of 2 Pods are of the current",
        ),
        (
            &[("/status/numberAvailable", Value::Null)],
            Progressing,
            "0 of 2 Pods are available",
        ),
        (
            &[
                ("/spec/updateStrategy/type", json!("OnDelete")),
                ("/status/updatedNumberScheduled", json!(0)),
            ],
            Current,
            "",
        ),
        (
            &[("/status/desiredNumberScheduled", json!(0))],
            Current,
            "no node is one",
        ),
    ];
    check(APPS, "DaemonSet", cases);
}

#[test]
fn replica_sets() {
    let failure = [mk_condition("ReplicaFailure", "True", "FailedCreate")];
    let cases: &[Case<'_>] = &[
        (&[("/status/availableReplicas", json!(1))], Progressing, "1 of 2"),
        (&[("/status/replicas", json!(3))], Progressing, "3 Pods run"),
        (
            &[("/status/conditions", json!(failure))],
            Degraded,
            "FailedCreate",
        ),
    ];
    check(APPS, "ReplicaSet", cases);
}

#[test]
fn pods_say_why_a_rollout_does_not_come_on() {
    for kind in ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"] {
        let (mut live, mut found) = mk_current(APPS, kind);
        let status = live["status"].as_object_mut().unwrap();
        for field in ["readyReplicas", "availableReplicas", "numberAvailable"] {
            status.remove(field);
        }
        let pod = mk_pod("it-1", "b", THEN, "ErrImagePull");
        let need = needs(&live, None).remove(0);
        found.insert(need.clone(), Answer::Objects(vec![pod]));
        let verdict = judge(&live, Some(&mk_baseline()), &found);
        assert_eq!(verdict.health, Degraded, "{kind}: {verdict:?}");
        assert_eq!(verdict.reason.as_deref(), Some("ErrImagePull"));
        assert!(
            verdict
                .message
                .contains("Pod it-1: ErrImagePull (container main, about ErrImagePull)"),
            "{verdict:?}"
        );
        found.insert(
            need,
            Answer::Objects(vec![mk_pod("it-1", "b", THEN, "ContainerCreating")]),
        );
        assert_eq!(
            judge(&live, Some(&mk_baseline()), &found).health,
            Progressing,
            "{kind}"
        );
    }
}

#[test]
fn pods_of_an_earlier_version_are_silent_unless_they_hold_up_the_next() {
    for (kind, health) in [
        ("Deployment", Progressing),
        ("DaemonSet", Progressing),
        ("StatefulSet", Degraded),
    ] {
        let (mut live, mut found) = mk_current(APPS, kind);
        let status = live["status"].as_object_mut().unwrap();
        for field in ["readyReplicas", "availableReplicas", "numberAvailable"] {
            status.remove(field);
        }
        let pods = vec![
            mk_pod("old", "a", THEN, "CrashLoopBackOff"),
            mk_pod("new", "b", "2026-01-01T00:00:01Z", "ContainerCreating"),
        ];
        found.insert(needs(&live, None).remove(0), Answer::Objects(pods));
        let verdict = judge(&live, Some(&mk_baseline()), &found);
        assert_eq!(verdict.health, health, "{kind}: {verdict:?}");
    }
}

#[test]
fn pods_by_themselves() {
    let unready = [mk_observed("Ready", "False", "ContainersNotReady")];
    let unscheduled = [mk_condition("PodScheduled", "False", "Unschedulable")];
    let broken = mk_pod("it", "a", THEN, "InvalidImageName")["status"].clone();
    let cases: &[Case<'_>] = &[
        (&[("/status/phase", json!("Pending"))], Progressing, "not ready"),
        (
            &[("/status/conditions", json!(unready))],
            Progressing,
            "ContainersNotReady",
        ),
        (
            &[("/status/conditions", json!(unscheduled))],
            Progressing,
            "Unschedulable",
        ),
        (
            &[
                ("/status/phase", json!("Failed")),
                ("/status/message", json!("evicted")),
            ],
            Failed,
            "evicted",
        ),
        (&[("/status/phase", json!("Succeeded"))], Current, "done"),
        (&[("/status", broken)], Degraded, "InvalidImageName"),
        (
            &[("/spec/restartPolicy", json!("Never"))],
            Progressing,
            "not done",
        ),
    ];
    check("", "Pod", cases);
}
