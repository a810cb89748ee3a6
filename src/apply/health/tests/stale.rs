//! A status of before the last change is never taken for one of after it.

use super::*;
use std::collections::BTreeSet;

/// Kinds whose status is the same before and after a change: what can be changed of them does not matter to it, is not
/// seen in it before somebody tries (CRDs, see `probe`), or they have none.
const BLIND: [(&str, &str); 18] = [
    ("", "Namespace"),
    ("", "Service"),
    ("", "ResourceQuota"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("networking.k8s.io", "Ingress"),
    ("batch", "Job"),
    ("batch", "CronJob"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("cert-manager.io", "CertificateRequest"),
    ("acme.cert-manager.io", "Order"),
    ("acme.cert-manager.io", "Challenge"),
    ("triggers.tekton.dev", "ClusterInterceptor"),
    ("tekton.dev", "PipelineRun"),
    ("tekton.dev", "TaskRun"),
    ("tekton.dev", "CustomRun"),
];

fn all() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.into_iter().flatten()
}

fn has_status(rule: &Rule) -> bool {
    mk_current(rule.group, rule.kind).0.get("status").is_some() || rule.kind.ends_with("WebhookConfiguration")
}

/// What we wrote after everything in the fixtures.
fn mk_later() -> Baseline {
    Baseline {
        generation: Some(3),
        resource_version: "101".to_owned(),
        written_at: Some("2026-01-01T00:01:00Z".parse().unwrap()),
        ..mk_baseline()
    }
}

#[test]
fn every_kind_has_a_fixture_that_is_current() {
    for rule in all() {
        let (live, found) = mk_current(rule.group, rule.kind);
        for baseline in [Some(&mk_baseline()), None] {
            let verdict = judge(&live, baseline, &found);
            assert_eq!(verdict.health, Health::Current, "{}: {verdict:?}", rule.kind);
            assert!(!verdict.settles, "{}", rule.kind);
        }
    }
}

#[test]
fn every_kind_has_one_rule() {
    let kinds: BTreeSet<(&str, &str)> = all().map(|rule| (rule.group, rule.kind)).collect();
    assert_eq!(kinds.len(), all().count());
}

#[test]
fn a_status_of_before_the_change_is_not_current() {
    for rule in all().filter(|rule| has_status(rule)) {
        let (mut live, found) = mk_current(rule.group, rule.kind);
        change(
            &mut live,
            &[
                ("/metadata/generation", json!(3)),
                ("/metadata/resourceVersion", json!("101")),
            ],
        );
        let verdict = judge(&live, Some(&mk_later()), &found);
        let is_blind = BLIND.contains(&(rule.group, rule.kind));
        assert_eq!(
            verdict.health == Health::Current,
            is_blind,
            "{}: {verdict:?}",
            rule.kind
        );
    }
}

#[test]
fn without_a_baseline_the_present_generation_is_the_measure() {
    for rule in all().filter(|rule| rule.observes) {
        let (mut live, found) = mk_current(rule.group, rule.kind);
        change(&mut live, &[("/metadata/generation", json!(3))]);
        let verdict = judge(&live, None, &found);
        assert_eq!(verdict.health, Health::Progressing, "{}: {verdict:?}", rule.kind);
    }
}

#[test]
fn what_was_read_before_the_write_is_not_current() {
    let older = Baseline {
        resource_version: "101".to_owned(),
        ..mk_baseline()
    };
    let newer = Baseline {
        generation: Some(3),
        ..mk_baseline()
    };
    for rule in all() {
        let (live, found) = mk_current(rule.group, rule.kind);
        for baseline in [&older, &newer] {
            let verdict = judge(&live, Some(baseline), &found);
            assert_eq!(verdict.health, Health::Progressing, "{}: {verdict:?}", rule.kind);
        }
    }
}

#[test]
fn another_object_of_that_name_is_not_the_one() {
    for rule in all() {
        let (mut live, found) = mk_current(rule.group, rule.kind);
        change(&mut live, &[("/metadata/uid", json!("u2"))]);
        let verdict = judge(&live, Some(&mk_baseline()), &found);
        assert_eq!(verdict.health, Health::Missing, "{}: {verdict:?}", rule.kind);
    }
}

#[test]
fn what_is_being_deleted_is_not_current() {
    for rule in all() {
        let (mut live, found) = mk_current(rule.group, rule.kind);
        change(
            &mut live,
            &[
                ("/metadata/deletionTimestamp", json!(THEN)),
                ("/metadata/finalizers", json!(["keep"])),
            ],
        );
        let verdict = judge(&live, Some(&mk_baseline()), &found);
        assert_eq!(verdict.health, Health::Terminating, "{}: {verdict:?}", rule.kind);
        assert!(verdict.message.contains("keep"), "{verdict:?}");
    }
}

#[test]
fn nothing_in_the_status_yet_is_not_current() {
    for rule in all().filter(|rule| rule.observes || rule.has_conditions) {
        let (live, found) = mk_current(rule.group, rule.kind);
        for status in [Value::Null, json!({}), json!({"conditions": []})] {
            let mut live = live.clone();
            live["status"] = status;
            let verdict = judge(&live, Some(&mk_baseline()), &found);
            assert_eq!(verdict.health, Health::Progressing, "{}: {verdict:?}", rule.kind);
        }
    }
}
