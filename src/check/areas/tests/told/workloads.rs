//! What runs.

use super::{Case, at, condition, json_with, with};
use crate::check::areas::testing::mk_workload;
use serde_json::{Value, json};

pub(super) fn workloads() -> Vec<Case> {
    let worker = |patch: Value| json_with(mk_workload("argocd", "worker"), patch);
    let unready = || worker(json!({"status": {"availableReplicas": 0, "conditions": []}}));
    let pod = |status: Value| {
        at(
            "argocd",
            "worker-1",
            json!({"metadata": {"labels": {"app": "worker"}}, "spec": {"containers": []}, "status": status}),
        )
    };
    let waiting = |reason: &str, message: &str| {
        let state = json!({"waiting": {"reason": reason, "message": message}});
        pod(
            json!({"containerStatuses": [{"name": "a", "image": "", "imageID": "", "ready": false, "restartCount": 1, "state": state}]}),
        )
    };
    let dex = || mk_workload("auth-system", "dex");
    let of_pod = |pod: Value| with("Deployment", &[unready(), dex()]).with("Pod", vec![pod]);
    let unschedulable = json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no room"}]});
    let refused = json!({"status": {"availableReplicas": 0, "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
        "message": "pods is forbidden: exceeded quota: small, requested: pods=1"}]}});
    let failed = condition("Failed", "True", "BackoffLimitExceeded");
    let app = |status: Value| {
        let whole = json!({"status": {"reconciledAt": "2026-11-24T11:00:00Z", "sync": {"status": "Synced"}, "health": {"status": "Healthy"}}});
        with(
            "Application",
            &[at("argocd", "app", json_with(whole, json!({"status": status})))],
        )
    };
    let (object, application) = ("Deployment argocd/worker", "Application argocd/app");
    let by_hand = json!({"metadata": {"labels": {"platform.aphex/managed-by": "aphex-ops"}, "managedFields": [
        {"manager": "aphex-ops", "operation": "Apply", "fieldsV1": {"f:spec": {}}},
        {"manager": "kube-controller-manager", "operation": "Update", "fieldsV1": {"f:spec": {}}},
        {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]}});
    let stores = condition("Ready", "False", "InvalidProviderConfig");
    vec![
        (
            "APX-WAV-001",
            with("Deployment", &[unready(), dex()]),
            object,
            "NotReady",
        ),
        (
            "APX-WAV-002",
            of_pod(waiting("ImagePullBackOff", "no such host")),
            object,
            "ImagePullBackOff",
        ),
        (
            "APX-WAV-003",
            of_pod(waiting("CrashLoopBackOff", "")),
            object,
            "CrashLoopBackOff",
        ),
        (
            "APX-WAV-004",
            of_pod(waiting(
                "CreateContainerConfigError",
                "configmap \"settings\" not found",
            )),
            "ConfigMap argocd/settings",
            "NotFound",
        ),
        ("APX-WAV-005", of_pod(pod(unschedulable)), object, "Unschedulable"),
        (
            "APX-WAV-006",
            with("Deployment", &[worker(refused), dex()]),
            "ResourceQuota argocd/small",
            "FailedCreate",
        ),
        (
            "APX-WAV-007",
            with("Deployment", &[worker(json!({"spec": {"paused": true}})), dex()]),
            object,
            "Paused",
        ),
        (
            "APX-WAV-008",
            with(
                "Deployment",
                &[
                    worker(
                        json!({"spec": {"replicas": 0}, "status": {"replicas": 0, "updatedReplicas": 0, "availableReplicas": 0}}),
                    ),
                    dex(),
                ],
            ),
            object,
            "Paused",
        ),
        (
            "APX-WAV-009",
            with("Job", &[at("argocd", "late", failed)]),
            "Job argocd/late",
            "BackoffLimitExceeded",
        ),
        (
            "APX-WAV-010",
            with(
                "Service",
                &[
                    at("argocd", "a", json!({"spec": {"selector": {"app": "nobody"}}})),
                    at(
                        "auth-system",
                        "dex",
                        json!({"spec": {"selector": {"app": "dex"}}}),
                    ),
                ],
            ),
            "Service argocd/a",
            "Mismatch",
        ),
        (
            "APX-WAV-011",
            with(
                "CustomResourceDefinition",
                &[at("", "a.b", condition("NamesAccepted", "False", "KindConflict"))],
            ),
            "CustomResourceDefinition a.b",
            "KindConflict",
        ),
        (
            "APX-WAV-012",
            app(json!({"conditions": [{"type": "ComparisonError", "message": "no repository"}]})),
            application,
            "ComparisonError",
        ),
        (
            "APX-WAV-012",
            app(json!({"operationState": {"phase": "Failed"}, "sync": {"status": "OutOfSync"}})),
            application,
            "Failed",
        ),
        (
            "APX-WAV-013",
            app(json!({"sync": {"status": "OutOfSync"}})),
            application,
            "OutOfSync",
        ),
        (
            "APX-WAV-014",
            app(json!({"operationState": {"phase": "Running", "startedAt": "2026-11-24T11:40:00Z"}})),
            application,
            "Running",
        ),
        (
            "APX-WAV-015",
            app(json!({"health": {"status": "Degraded"}})),
            application,
            "Degraded",
        ),
        (
            "APX-WAV-016",
            with("ClusterSecretStore", &[at("", "store", stores.clone())]),
            "ClusterSecretStore store",
            "InvalidProviderConfig",
        ),
        (
            "APX-WAV-017",
            with(
                "ExternalSecret",
                &[at(
                    "argocd",
                    "a",
                    condition("Ready", "False", "SecretSyncedError"),
                )],
            ),
            "ExternalSecret argocd/a",
            "SecretSyncedError",
        ),
        (
            "APX-WAV-018",
            with("Service", &[at("argocd", "a", by_hand)]),
            "Service argocd/a",
            "FieldConflict",
        ),
    ]
}
