//! Verdicts on what extends the API server, and on the kinds that guard what runs.

use super::*;
use Health::*;

#[test]
fn guards_hold_nobody_up() {
    let conditions = |active: &str, reason: &str| {
        json!([
            mk_condition("AbleToScale", "True", "ReadyForNewScale"),
            mk_condition("ScalingActive", active, reason)
        ])
    };
    let cases: &[Case<'_>] = &[
        (
            &[("/status/conditions", json!([]))],
            Progressing,
            "does not scale yet",
        ),
        (
            &[("/status/currentReplicas", json!(1))],
            Progressing,
            "1 of at least 2",
        ),
        (
            &[(
                "/status/conditions",
                conditions("False", "FailedGetResourceMetric"),
            )],
            Degraded,
            "FailedGet",
        ),
        (
            &[("/status/conditions", conditions("False", "ScalingDisabled"))],
            Suspended,
            "",
        ),
    ];
    check("autoscaling", "HorizontalPodAutoscaler", cases);
    check(
        "policy",
        "PodDisruptionBudget",
        &[(&[("/status/conditions", json!([]))], Progressing, "not counted")],
    );
    for (group, kind) in [
        ("autoscaling", "HorizontalPodAutoscaler"),
        ("policy", "PodDisruptionBudget"),
    ] {
        let (live, found) = mk_current(group, kind);
        assert!(!judge(&live, None, &found).is_gating);
    }
}

#[test]
fn plain_kinds() {
    check(
        "",
        "Namespace",
        &[(&[("/status", json!({}))], Progressing, "phase")],
    );
    check(
        "",
        "ResourceQuota",
        &[
            (&[("/spec/hard/pods", json!("20"))], Progressing, "limit of pods"),
            (&[("/status", json!({}))], Progressing, "limit of"),
        ],
    );
}

#[test]
fn definitions() {
    let conditions = |kind: &str, status: &str| {
        json!([
            mk_condition("NamesAccepted", "True", ""),
            mk_condition(kind, status, "Why")
        ])
    };
    let cases: &[Case<'_>] = &[
        (
            &[("/status/conditions", conditions("Established", "False"))],
            Progressing,
            "Why",
        ),
        (
            &[("/status/conditions", conditions("Terminating", "True"))],
            Terminating,
            "Why",
        ),
        (
            &[("/status/conditions", conditions("NonStructuralSchema", "True"))],
            Failed,
            "Why",
        ),
        (
            &[(
                "/status/conditions",
                json!([mk_condition("NamesAccepted", "False", "PluralConflict")]),
            )],
            Failed,
            "PluralConflict",
        ),
    ];
    let kind = "CustomResourceDefinition";
    check("apiextensions.k8s.io", kind, cases);
    let served = Probe::ServedVersion {
        group: "aphex.io".to_owned(),
        version: "v1alpha1".to_owned(),
        plural: "organizations".to_owned(),
    };
    assert_eq!(probe(&mk_current("apiextensions.k8s.io", kind).0), Some(served));
    assert_eq!(probe(&mk_current("", "ConfigMap").0), None);
}

#[test]
fn api_services_and_policies() {
    let missing = [mk_condition("Available", "False", "MissingEndpoints")];
    check(
        "apiregistration.k8s.io",
        "APIService",
        &[(
            &[("/status/conditions", json!(missing))],
            Degraded,
            "MissingEndpoints",
        )],
    );
    let warning = json!([{"fieldRef": "spec.validations[0].expression", "warning": "undefined field 'x'"}]);
    check(
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicy",
        &[
            (
                &[("/status/typeChecking/expressionWarnings", warning)],
                Degraded,
                "undefined field",
            ),
            (&[("/status", json!({}))], Unknown, "nobody has checked"),
            (
                &[("/status/observedGeneration", json!(1))],
                Progressing,
                "not seen",
            ),
        ],
    );
}

#[test]
fn webhooks() {
    let kind = "ValidatingWebhookConfiguration";
    let group = "admissionregistration.k8s.io";
    check(
        group,
        kind,
        &[
            (
                &[("/webhooks/0/clientConfig/caBundle", Value::Null)],
                Progressing,
                "no caBundle",
            ),
            (
                &[("/webhooks/0/clientConfig", json!({"url": "https://hook.example"}))],
                Current,
                "",
            ),
        ],
    );
    let unready = json!({"endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": false}}]});
    for objects in [vec![], vec![unready]] {
        let verdict = judged_with(group, kind, Answer::Objects(objects));
        assert_eq!(verdict.health, Progressing, "{verdict:?}");
    }
    let verdict = judged_with(group, kind, Answer::Unknown("forbidden".to_owned()));
    assert_eq!(verdict.health, Current);
    assert!(verdict.warning.unwrap().ends_with("forbidden"));
}
