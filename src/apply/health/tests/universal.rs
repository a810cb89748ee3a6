//! What is the same for all kinds, and kinds that nobody knows.

use super::*;
use Health::*;

fn mk_unknown(status: Value) -> Value {
    let (mut live, _) = mk_current("example.com", "Widget");
    live["status"] = status;
    live
}

#[test]
fn unknown_kinds_are_judged_by_convention() {
    let conditions = |list: &[Value]| json!({"observedGeneration": 2, "conditions": list});
    let cases = [
        (conditions(&[mk_condition("Ready", "True", "Fine")]), Current),
        (conditions(&[mk_condition("Ready", "False", "Not")]), Progressing),
        (
            conditions(&[mk_condition("Ready", "Unknown", "Not")]),
            Progressing,
        ),
        (conditions(&[mk_condition("Available", "True", "Fine")]), Current),
        (conditions(&[mk_condition("Succeeded", "False", "Broke")]), Failed),
        (
            conditions(&[
                mk_condition("Ready", "True", "Fine"),
                mk_condition("Reconciling", "True", "Busy"),
            ]),
            Progressing,
        ),
        (
            conditions(&[
                mk_condition("Ready", "True", "Fine"),
                mk_condition("Stalled", "True", "Stuck"),
            ]),
            Failed,
        ),
        (conditions(&[]), Current),
        (
            json!({"observedGeneration": 1, "conditions": [mk_condition("Ready", "True", "Fine")]}),
            Progressing,
        ),
        (json!({"phase": "Whatever"}), Unknown),
        (Value::Null, Unknown),
    ];
    for (status, health) in cases {
        let verdict = judge(
            &mk_unknown(status.clone()),
            Some(&mk_baseline()),
            &Found::default(),
        );
        assert_eq!(verdict.health, health, "{status}: {verdict:?}");
        let settles = health == Unknown;
        assert_eq!(
            (verdict.settles, verdict.warning.is_some()),
            (settles, settles),
            "{status}"
        );
    }
}

#[test]
fn a_condition_of_an_earlier_generation_does_not_count() {
    let mut ready = mk_observed("Ready", "True", "Fine");
    let live = |ready: &Value| mk_unknown(json!({"conditions": [ready]}));
    let judged = |ready: &Value| judge(&live(ready), Some(&mk_baseline()), &Found::default()).health;
    assert_eq!(judged(&ready), Current);
    ready["observedGeneration"] = json!(1);
    assert_eq!(judged(&ready), Progressing);
}

#[test]
fn a_condition_without_a_generation_counts_if_it_is_new_or_nothing_changed() {
    let live = mk_unknown(json!({"conditions": [mk_condition("Ready", "True", "Fine")]}));
    let later = Baseline {
        written_at: Some("2026-01-01T00:01:00Z".parse().unwrap()),
        ..mk_baseline()
    };
    let unchanged = Baseline {
        is_changed: false,
        ..later.clone()
    };
    let first = Baseline {
        generation: Some(1),
        ..later.clone()
    };
    let undated = Baseline {
        written_at: None,
        ..later.clone()
    };
    for (baseline, health) in [
        (mk_baseline(), Current),
        (later, Unknown),
        (unchanged, Current),
        (first, Current),
        (undated, Unknown),
    ] {
        let verdict = judge(&live, Some(&baseline), &Found::default());
        assert_eq!(
            (verdict.health, verdict.settles),
            (health, health == Unknown),
            "{baseline:?}"
        );
    }
}

#[test]
fn versions_that_are_no_numbers_are_not_compared() {
    let (live, found) = mk_current("", "ConfigMap");
    let baseline = Baseline {
        resource_version: "later".to_owned(),
        ..mk_baseline()
    };
    assert_eq!(judge(&live, Some(&baseline), &found).health, Current);
}

#[test]
fn what_is_not_there_is_missing() {
    let verdict = judge(&Value::Null, Some(&mk_baseline()), &Found::default());
    assert_eq!((verdict.health, verdict.is_gating), (Missing, true));
}

#[test]
fn a_namespace_says_what_is_left_in_it() {
    let (mut live, found) = mk_current("", "Namespace");
    let left = mk_condition("NamespaceContentRemaining", "True", "SomeResourcesRemain");
    change(
        &mut live,
        &[
            ("/metadata/deletionTimestamp", json!(THEN)),
            ("/status/conditions", json!([left])),
        ],
    );
    let verdict = judge(&live, None, &found);
    assert!(
        verdict
            .message
            .contains("finalizers kubernetes; SomeResourcesRemain happened"),
        "{verdict:?}"
    );
}

#[test]
fn the_rule_is_found_by_group_and_kind_whatever_the_version() {
    let (mut live, found) = mk_current("cert-manager.io", "Certificate");
    live["apiVersion"] = json!("cert-manager.io/v7");
    assert_eq!(needs(&live, None).len(), 1);
    live["apiVersion"] = json!("example.com/v1");
    assert_eq!(
        (needs(&live, None).len(), judge(&live, None, &found).health),
        (0, Current)
    );
}
