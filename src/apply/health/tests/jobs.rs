//! Verdicts on Jobs, on what is reached by the network, and on storage.

use super::*;
use Health::*;

#[test]
fn jobs() {
    let conditions = |kind: &str, status: &str| json!([mk_condition(kind, status, "BackoffLimitExceeded")]);
    let cases: &[Case<'_>] = &[
        (&[("/status", json!({"active": 1}))], Progressing, "0 of 1 Pods"),
        (
            &[("/status/conditions", conditions("Complete", "False"))],
            Progressing,
            "",
        ),
        (
            &[("/status/conditions", conditions("SuccessCriteriaMet", "True"))],
            Progressing,
            "last Pods",
        ),
        (
            &[("/status/conditions", conditions("Failed", "True"))],
            Failed,
            "BackoffLimitExceeded",
        ),
        (
            &[("/status/conditions", conditions("Failed", "False"))],
            Progressing,
            "",
        ),
        (
            &[("/status/conditions", conditions("FailureTarget", "True"))],
            Degraded,
            "BackoffLimit",
        ),
        (
            &[("/status/conditions", conditions("Suspended", "True"))],
            Progressing,
            "",
        ),
        (
            &[("/status", json!({})), ("/spec/suspend", json!(true))],
            Suspended,
            "suspended",
        ),
    ];
    check("batch", "Job", cases);
}

#[test]
fn a_job_is_held_up_by_pods_that_do_not_start_and_not_by_those_that_are_tried_again() {
    for (reason, health) in [("ImagePullBackOff", Degraded), ("CrashLoopBackOff", Progressing)] {
        let (mut live, mut found) = mk_current("batch", "Job");
        live["status"] = json!({"active": 1});
        let mut ended = mk_pod("first", "", THEN, "");
        ended["status"] = json!({"phase": "Failed"});
        let pods = vec![ended, mk_pod("second", "", THEN, reason)];
        found.insert(needs(&live, None).remove(0), Answer::Objects(pods));
        let verdict = judge(&live, Some(&mk_baseline()), &found);
        assert_eq!(verdict.health, health, "{verdict:?}");
        assert!(verdict.message.contains("Pod second"), "{verdict:?}");
    }
}

#[test]
fn cron_jobs_hold_nobody_up() {
    let mk_job = |name: &str, created: &str, kind: &str| {
        json!({
            "metadata": {"name": name, "creationTimestamp": created, "ownerReferences": [{"uid": "u1"}]},
            "status": {"conditions": [mk_condition(kind, "True", "")]},
        })
    };
    let mut other = mk_job("other", "2026-01-03T00:00:00Z", "Failed");
    other["metadata"]["ownerReferences"] = json!([]);
    let jobs = |last: &str| {
        let jobs = vec![
            mk_job("b", "2026-01-02T00:00:00Z", last),
            mk_job("a", THEN, "Failed"),
            other.clone(),
        ];
        let verdict = judged_with("batch", "CronJob", Answer::Objects(jobs));
        (verdict.health, verdict.is_gating)
    };
    assert_eq!(jobs("Failed"), (Degraded, false));
    assert_eq!(jobs("Complete"), (Current, true));
    check(
        "batch",
        "CronJob",
        &[(&[("/spec/suspend", json!(true))], Suspended, "suspended")],
    );
}

#[test]
fn services_and_ingresses() {
    let balanced = ("/spec/type", json!("LoadBalancer"));
    let address = ("/status/loadBalancer/ingress", json!([{"ip": "192.0.2.1"}]));
    check(
        "",
        "Service",
        &[
            (std::slice::from_ref(&balanced), Progressing, "no load balancer"),
            (&[balanced.clone(), address], Current, "address"),
        ],
    );
    check(
        "networking.k8s.io",
        "Ingress",
        &[
            (
                &[("/spec/ingressClassName", json!("other"))],
                Current,
                "was not looked at",
            ),
            (&[("/spec/ingressClassName", Value::Null)], Current, ""),
            (
                &[(
                    "/spec/rules/0/http/paths/0/backend/service/port",
                    json!({"number": 81}),
                )],
                Progressing,
                "no port",
            ),
            (
                &[(
                    "/spec/rules/0/http/paths/0/backend/service/port",
                    json!({"name": "http"}),
                )],
                Current,
                "",
            ),
        ],
    );
    let verdict = judged_with("networking.k8s.io", "Ingress", Answer::Objects(vec![]));
    assert_eq!(
        (verdict.health, verdict.message.as_str()),
        (Progressing, "IngressClass nginx does not exist")
    );
}

#[test]
fn storage() {
    check(
        "",
        "PersistentVolumeClaim",
        &[
            (&[("/status/phase", json!("Pending"))], Progressing, "not bound"),
            (&[("/status/phase", json!("Lost"))], Failed, "gone"),
        ],
    );
    check(
        "",
        "PersistentVolume",
        &[
            (&[("/status/phase", json!("Available"))], Current, "available"),
            (&[("/status/phase", json!("Pending"))], Progressing, ""),
            (&[("/status/phase", json!("Released"))], Degraded, "claim is gone"),
            (
                &[
                    ("/status/phase", json!("Failed")),
                    ("/status/message", json!("why")),
                ],
                Failed,
                "why",
            ),
        ],
    );
    let (mut live, mut found) = mk_current("", "PersistentVolumeClaim");
    change(&mut live, &[("/status/phase", json!("Pending"))]);
    for (mode, health) in [("WaitForFirstConsumer", Current), ("Immediate", Progressing)] {
        let class = json!({"volumeBindingMode": mode});
        found.insert(needs(&live, None).remove(0), Answer::Objects(vec![class]));
        let verdict = judge(&live, None, &found);
        assert_eq!(
            (verdict.health, verdict.warning.is_some()),
            (health, health == Current)
        );
    }
}
