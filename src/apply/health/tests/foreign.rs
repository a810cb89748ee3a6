//! Verdicts on the kinds of Tekton and of the Gateway API, and on our own.

use super::*;
use Health::*;

#[test]
fn tekton() {
    let ready = |status: &str| json!([mk_condition("Ready", status, "Error")]);
    for kind in [
        "TektonConfig",
        "TektonPipeline",
        "TektonTrigger",
        "TektonInstallerSet",
    ] {
        check(
            "operator.tekton.dev",
            kind,
            &[(&[("/status/conditions", ready("False"))], Progressing, "Error")],
        );
    }
    check(
        "triggers.tekton.dev",
        "EventListener",
        &[
            (&[("/status/conditions", ready("False"))], Degraded, "Error"),
            (&[("/status/conditions", ready("Unknown"))], Progressing, "Error"),
            (&[("/status/conditions", ready("True"))], Progressing, "Available"),
            (&[("/status/address", Value::Null)], Progressing, "no address"),
        ],
    );
    let (mut unready, _) = mk_current("apps", "Deployment");
    change(&mut unready, &[("/status/availableReplicas", json!(0))]);
    for objects in [vec![], vec![unready]] {
        let verdict = judged_with("triggers.tekton.dev", "EventListener", Answer::Objects(objects));
        assert_eq!(verdict.health, Progressing);
        assert!(verdict.message.contains("Deployment el-it"), "{verdict:?}");
    }
    check(
        "triggers.tekton.dev",
        "ClusterInterceptor",
        &[
            (&[("/status", json!({}))], Progressing, "no address"),
            (
                &[
                    ("/metadata/labels", json!({"server/type": "https"})),
                    ("/spec/clientConfig/caBundle", Value::Null),
                ],
                Progressing,
                "no caBundle",
            ),
        ],
    );
    let run = |status: &str| json!([mk_condition("Succeeded", status, "PipelineRunTimeout")]);
    for kind in ["PipelineRun", "TaskRun", "CustomRun"] {
        check(
            "tekton.dev",
            kind,
            &[
                (
                    &[("/status/conditions", run("False"))],
                    Failed,
                    "PipelineRunTimeout",
                ),
                (&[("/status/conditions", run("Unknown"))], Progressing, ""),
            ],
        );
    }
}

#[test]
fn gateways_and_routes() {
    let with = |kind: &str, status: &str, reason: &str| {
        json!([
            mk_observed("Accepted", "True", "Accepted"),
            mk_observed(kind, status, reason)
        ])
    };
    check(
        "gateway.networking.k8s.io",
        "Gateway",
        &[
            (
                &[("/status/conditions", with("Programmed", "False", "Pending"))],
                Progressing,
                "Pending",
            ),
            (
                &[("/status/conditions", with("Programmed", "False", "Invalid"))],
                Degraded,
                "Invalid",
            ),
            (
                &[("/status/conditions", with("Other", "True", ""))],
                Progressing,
                "Programmed",
            ),
        ],
    );
    for kind in ["HTTPRoute", "GRPCRoute"] {
        check(
            "gateway.networking.k8s.io",
            kind,
            &[
                (
                    &[("/status", json!({"parents": []}))],
                    Progressing,
                    "parent front has not",
                ),
                (
                    &[(
                        "/status/parents",
                        json!([{
                            "parentRef": {"name": "front", "namespace": "edge"},
                            "conditions": with("ResolvedRefs", "False", "BackendNotFound"),
                        }]),
                    )],
                    Degraded,
                    "BackendNotFound",
                ),
                (
                    &[("/spec/parentRefs", json!([{"name": "front"}]))],
                    Progressing,
                    "has not looked",
                ),
                (&[("/spec/parentRefs", json!([]))], Current, "no parent"),
            ],
        );
    }
}

#[test]
fn tenants() {
    let ready = |status: &str| json!([mk_observed("Ready", status, "QuotaMissing")]);
    for kind in ["Organization", "RepoBinding", "KnowledgeBase"] {
        check(
            "aphex.io",
            kind,
            &[
                (&[("/status/phase", json!("Active"))], Current, ""),
                (&[("/status/phase", json!("Pending"))], Progressing, "Pending"),
                (
                    &[("/status/conditions", ready("False"))],
                    Progressing,
                    "QuotaMissing",
                ),
                (
                    &[
                        ("/status/conditions", ready("False")),
                        ("/status/phase", json!("Failed")),
                    ],
                    Failed,
                    "QuotaMissing",
                ),
            ],
        );
    }
}
