//! Argo CD's Applications, whose verdict depends on most, and what is told at the end.

use super::*;
use Health::*;

const LATER: &str = "2026-01-01T00:02:00Z";

#[test]
fn applications() {
    let error = json!([{"type": "ComparisonError", "message": "no such path", "lastTransitionTime": THEN}]);
    let warning = json!([{"type": "OrphanedResourceWarning", "message": "1 orphan"}]);
    let failed = json!([{"kind": "Job", "name": "seed", "status": "SyncFailed", "message": "quota"}]);
    let unwell =
        json!([{"kind": "Deployment", "name": "web", "health": {"status": "Degraded", "message": "late"}}]);
    let cases: &[Case<'_>] = &[
        (&[("/status", json!({}))], Progressing, "not compared"),
        (
            &[("/status/reconciledAt", json!("2025-12-31T23:59:59Z"))],
            Progressing,
            "not compared",
        ),
        (
            &[("/spec/source/targetRevision", json!("v2"))],
            Progressing,
            "not compared",
        ),
        (
            &[("/spec/destination/namespace", json!("other"))],
            Progressing,
            "not compared",
        ),
        (
            &[(
                "/metadata/annotations",
                json!({"argocd.argoproj.io/refresh": "normal"}),
            )],
            Progressing,
            "not compared",
        ),
        (&[("/spec/source/chart", json!(""))], Current, ""),
        (&[("/spec/destination/server", Value::Null)], Current, ""),
        (
            &[("/status/conditions", error)],
            Degraded,
            "ComparisonError: no such path",
        ),
        (&[("/status/conditions", warning)], Current, ""),
        (&[("/operation", json!({"sync": {}}))], Progressing, "syncing"),
        (
            &[("/status/operationState/phase", json!("Running"))],
            Progressing,
            "syncing",
        ),
        (
            &[
                ("/status/operationState/phase", json!("Failed")),
                ("/status/operationState/syncResult/resources", failed),
            ],
            Degraded,
            "Job seed: quota",
        ),
        (
            &[("/status/operationState/syncResult/revision", json!("abd"))],
            Progressing,
            "since it was synced",
        ),
        (
            &[
                ("/status/operationState/syncResult/revision", json!("abd")),
                ("/status/reconciledAt", json!(LATER)),
            ],
            Current,
            "",
        ),
        (&[("/status/operationState", Value::Null)], Current, ""),
        (
            &[("/status/sync/status", json!("OutOfSync"))],
            Progressing,
            "OutOfSync",
        ),
        (
            &[
                ("/status/health/status", json!("Degraded")),
                ("/status/resources", unwell),
            ],
            Degraded,
            "web: late",
        ),
        (&[("/status/health/status", json!("Suspended"))], Suspended, ""),
        (
            &[("/status/health/status", json!("Unknown"))],
            Progressing,
            "Unknown",
        ),
        (
            &[("/status/health/status", json!("Progressing"))],
            Progressing,
            "",
        ),
    ];
    check("argoproj.io", "Application", cases);
}

#[test]
fn an_application_with_several_sources() {
    let (mut live, found) = mk_current("argoproj.io", "Application");
    let source = live["spec"]["source"].clone();
    let sources = json!([source, {"repoURL": "https://git.example/values", "ref": "values"}]);
    change(
        &mut live,
        &[
            ("/spec/source", Value::Null),
            ("/spec/sources", sources.clone()),
            ("/status/sync/comparedTo/source", json!({"repoURL": ""})),
        ],
    );
    assert_eq!(judge(&live, None, &found).health, Progressing);
    change(&mut live, &[("/status/sync/comparedTo/sources", sources)]);
    assert_eq!(judge(&live, None, &found).health, Current);
}

#[test]
fn a_sync_of_before_the_change_does_not_count() {
    let (mut live, found) = mk_current("argoproj.io", "Application");
    let later = Baseline {
        written_at: Some("2026-01-01T00:01:00.5Z".parse().unwrap()),
        ..mk_baseline()
    };
    change(
        &mut live,
        &[
            ("/status/operationState/phase", json!("Failed")),
            ("/status/reconciledAt", json!(LATER)),
        ],
    );
    assert_eq!(judge(&live, Some(&later), &found).health, Current);
    change(
        &mut live,
        &[("/status/operationState/startedAt", json!("2026-01-01T00:01:00Z"))],
    );
    assert_eq!(judge(&live, Some(&later), &found).health, Degraded);
    let unchanged = Baseline {
        is_changed: false,
        ..later
    };
    assert_eq!(judge(&live, Some(&unchanged), &found).health, Current);
}

fn mk_event(kind: &str, reason: &str, message: &str, at: &str) -> Value {
    json!({
        "type": kind, "reason": reason, "message": message, "lastTimestamp": at, "count": 4,
        "involvedObject": {"kind": "ReplicaSet", "name": "it-6d9"},
    })
}

#[test]
fn causes_go_from_the_object_to_its_pods_and_to_what_was_reported() {
    let (mut live, found) = mk_current("apps", "Deployment");
    let failure = mk_condition("ReplicaFailure", "True", "FailedCreate");
    let unavailable = mk_condition("Available", "False", "MinimumReplicasUnavailable");
    change(
        &mut live,
        &[("/status/conditions", json!([failure, unavailable]))],
    );
    let verdict = judge(&live, None, &found);
    let events = [
        mk_event(
            "Warning",
            "FailedCreate",
            "exceeded quota: standard",
            "2026-01-01T00:00:02Z",
        ),
        mk_event("Warning", "FailedCreate", "an older word", "2026-01-01T00:00:01Z"),
        mk_event("Normal", "ScalingReplicaSet", "scaled up", "2026-01-01T00:00:00Z"),
        mk_event("Normal", "Chatter", "one", "2026-01-01T00:00:09Z"),
        mk_event("Warning", "FailedMount", "no such volume", "2026-01-01T00:00:08Z"),
    ];
    let lines = causes(&live, &verdict, &found, &events);
    assert_eq!(
        lines,
        [
            "Deployment here/it: Degraded, FailedCreate: FailedCreate happened",
            "Available is False: MinimumReplicasUnavailable: MinimumReplicasUnavailable happened",
            "Event of ReplicaSet it-6d9: FailedCreate: exceeded quota: standard (4 times)",
            "Event of ReplicaSet it-6d9: FailedMount: no such volume (4 times)",
            "Event of ReplicaSet it-6d9: Chatter: one (4 times)",
        ]
    );
}

#[test]
fn a_pod_is_told_once() {
    let pod = json!({
        "metadata": {"name": "it-1"},
        "status": {"phase": "Pending", "conditions": [mk_condition("PodScheduled", "False", "Unschedulable")]},
    });
    let (mut live, mut found) = mk_current("apps", "StatefulSet");
    found.insert(needs(&live, None).remove(0), Answer::Objects(vec![pod]));
    change(&mut live, &[("/status/readyReplicas", json!(0))]);
    let verdict = judge(&live, None, &found);
    assert_eq!(causes(&live, &verdict, &found, &[]).len(), 1, "{verdict:?}");
    let silent = Verdict::new(Progressing, "on its way");
    let lines = causes(&live, &silent, &found, &[]);
    assert_eq!(lines[1], "Pod it-1: Unschedulable (Unschedulable happened)");
}

#[test]
fn selectors_are_written_as_the_server_reads_them() {
    let selector = json!({
        "matchLabels": {"app": "it"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["a", "b"]},
            {"key": "old", "operator": "NotIn", "values": ["yes"]},
            {"key": "there", "operator": "Exists"},
            {"key": "gone", "operator": "DoesNotExist"},
        ],
    });
    let text = super::super::needs::selector(&selector);
    assert_eq!(
        text.as_deref(),
        Some("app=it,tier in (a,b),old notin (yes),there,!gone")
    );
    assert_eq!(super::super::needs::selector(&json!({})), None);
}
