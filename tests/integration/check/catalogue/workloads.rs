//! Faults of what runs.

use super::{
    super::fault::{
        Change::{Create, Patch, PatchAs, PodStatus},
        Fault,
    },
    fault, mk, mk_pod,
};
use serde_json::{Value, json};

/// Namespace, and labels.
const WORKER_PODS: (&str, &str) = ("auth-system", "app=authentik,component=worker");
const SERVER: &str = "apps/v1/Deployment/auth-system/authentik-server";
const WORKER: &str = "apps/v1/Deployment/auth-system/authentik-worker";

pub(super) fn workloads() -> Vec<Fault> {
    let roll =
        |value: &str| json!({"spec": {"template": {"metadata": {"annotations": {"tests/roll": value}}}}});
    let far = json!({"spec": {"template": {"spec": {"nodeSelector": {"tests/nowhere": "yes"}}}}});
    let job = json!({"spec": {"activeDeadlineSeconds": 1, "template": {"spec": mk_pod(json!({"nodeSelector": {"tests/nowhere": "yes"}}))}}});
    let taken = json!({"spec": {"group": "cert-manager.io", "scope": "Namespaced",
        "names": {"kind": "Certificate", "plural": "certificatez", "singular": "certificatez"},
        "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]}});
    let container = |state: Value| {
        json!({"conditions": [{"type": "Ready", "status": "False"}], "containerStatuses": [{"name": "authentik", "image": "", "imageID": "",
            "ready": false, "restartCount": 3, "state": state, "lastState": {"terminated": {"exitCode": 2, "reason": "Error"}}}]})
    };
    let waiting =
        |reason: &str, message: &str| container(json!({"waiting": {"reason": reason, "message": message}}));
    let worker = "Deployment auth-system/authentik-worker";
    vec![
        fault(
            "APX-WAV-001",
            worker,
            "NotReady",
            "describe deployment authentik-worker",
            vec![PodStatus(
                WORKER_PODS,
                json!({"conditions": [{"type": "Ready", "status": "False"}]}),
            )],
        ),
        fault(
            "APX-WAV-002",
            worker,
            "ErrImagePull",
            "describe pod authentik-worker-",
            vec![PodStatus(WORKER_PODS, waiting("ErrImagePull", "no such host"))],
        ),
        fault(
            "APX-WAV-003",
            worker,
            "CrashLoopBackOff",
            "--previous",
            vec![PodStatus(
                WORKER_PODS,
                waiting("CrashLoopBackOff", "back-off 40s"),
            )],
        ),
        fault(
            "APX-WAV-004",
            "Secret auth-system/nowhere",
            "NotFound",
            "`aphex-ops secrets generate`",
            vec![PodStatus(
                WORKER_PODS,
                waiting("CreateContainerConfigError", "secret \"nowhere\" not found"),
            )],
        ),
        fault(
            "APX-WAV-005",
            "Deployment auth-system/authentik-worker",
            "Unschedulable",
            "describe pod",
            vec![Patch(WORKER, far)],
        ),
        fault(
            "APX-WAV-006",
            "ResourceQuota auth-system/none",
            "FailedCreate",
            "describe resourcequota none",
            vec![
                Create(mk(
                    "v1",
                    "ResourceQuota",
                    "auth-system",
                    "none",
                    json!({"spec": {"hard": {"pods": "0"}}}),
                )),
                Patch(WORKER, roll("quota")),
            ],
        ),
        fault(
            "APX-WAV-007",
            "Deployment auth-system/authentik-server",
            "Paused",
            "rollout resume",
            vec![Patch(SERVER, json!({"spec": {"paused": true}}))],
        ),
        fault(
            "APX-WAV-008",
            "Deployment auth-system/authentik-worker",
            "Paused",
            "--replicas 1",
            vec![Patch(WORKER, json!({"spec": {"replicas": 0}}))],
        ),
        fault(
            "APX-WAV-009",
            "Job platform-system/late",
            "DeadlineExceeded",
            "logs job/late",
            vec![Create(mk("batch/v1", "Job", "platform-system", "late", job))],
        ),
        fault(
            "APX-WAV-010",
            "Service auth-system/blind",
            "Mismatch",
            "--show-labels",
            vec![Create(mk(
                "v1",
                "Service",
                "auth-system",
                "blind",
                json!({"spec": {"selector": {"app": "nobody"}, "ports": [{"port": 80}]}}),
            ))],
        ),
        fault(
            "APX-WAV-011",
            "CustomResourceDefinition certificatez.cert-manager.io",
            "ListKindConflict",
            "describe",
            vec![Create(mk(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                "",
                "certificatez.cert-manager.io",
                taken,
            ))],
        ),
        fault(
            "APX-WAV-018",
            "Deployment auth-system/authentik-worker",
            "FieldConflict",
            "--show-managed-fields",
            vec![PatchAs(
                "kubectl-edit",
                WORKER,
                json!({"spec": {"minReadySeconds": 1}}),
            )],
        ),
    ]
}
