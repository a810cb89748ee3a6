//! Faults that other controllers tell of.

use super::{
    super::fault::{Change::Create, Fault},
    fault, mk,
};
use serde_json::{Value, json};

pub(super) fn custom() -> Vec<Fault> {
    let app = |status: Value| {
        let source = json!({"repoURL": "https://git.example/x", "path": "."});
        let destination = json!({"server": "https://kubernetes.default.svc"});
        let mut whole = json!({"reconciledAt": "2026-01-01T00:00:00Z",
            "sync": {"status": "Synced", "comparedTo": {"source": source, "destination": destination}}, "health": {"status": "Healthy"}});
        json_patch::merge(&mut whole, &status);
        vec![Create(mk(
            "argoproj.io/v1",
            "Application",
            "argocd",
            "app",
            json!({"spec": {"source": source, "destination": destination}, "status": whole}),
        ))]
    };
    let object = "Application argocd/app";
    let unready = json!({"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "Broken", "message": "no way"}]}});
    let failed = json!({"status": {"phase": "Failed", "conditions": [{"type": "Ready", "status": "False", "reason": "Broken", "message": "no way"}]}});
    let binding = json!({"spec": {"pipelineName": "same"}});
    vec![
        fault(
            "APX-WAV-012",
            object,
            "ComparisonError",
            "describe applications.argoproj.io app",
            app(json!({
                "conditions": [{"type": "ComparisonError", "message": "repository not found"}],
            })),
        ),
        fault(
            "APX-WAV-013",
            object,
            "OutOfSync",
            "argocd app sync argocd/app",
            app(json!({"sync": {"status": "OutOfSync"}})),
        ),
        fault(
            "APX-WAV-014",
            object,
            "Running",
            "argocd app terminate-op",
            app(json!({
                "operationState": {"phase": "Running", "startedAt": "2026-01-01T00:00:00Z", "message": "waiting for a hook"},
            })),
        ),
        fault(
            "APX-WAV-015",
            object,
            "Degraded",
            "describe",
            app(json!({"health": {"status": "Degraded"}})),
        ),
        fault(
            "APX-WAV-016",
            "ClusterSecretStore org-a-store",
            "Broken",
            "describe clustersecretstore",
            vec![
                Create(mk(
                    "external-secrets.io/v1",
                    "ClusterSecretStore",
                    "",
                    "org-a-store",
                    unready.clone(),
                )),
                Create(mk(
                    "external-secrets.io/v1",
                    "ExternalSecret",
                    "platform-system",
                    "follows",
                    json!({"spec": {"secretStoreRef": {"name": "org-a-store"}}, "status": unready["status"]}),
                )),
            ],
        ),
        fault(
            "APX-WAV-017",
            "ExternalSecret platform-system/own",
            "Broken",
            "describe externalsecret own",
            vec![Create(mk(
                "external-secrets.io/v1",
                "ExternalSecret",
                "platform-system",
                "own",
                unready,
            ))],
        ),
        fault(
            "APX-TEN-001",
            "Organization platform-system/acme",
            "Broken",
            "describe organization acme",
            vec![Create(mk(
                "aphex.io/v1",
                "Organization",
                "platform-system",
                "acme",
                failed.clone(),
            ))],
        ),
        fault(
            "APX-TEN-002",
            "RepoBinding platform-system/one",
            "Broken",
            "describe repobinding one",
            vec![Create(mk(
                "aphex.io/v1",
                "RepoBinding",
                "platform-system",
                "one",
                failed.clone(),
            ))],
        ),
        fault(
            "APX-TEN-003",
            "KnowledgeBase platform-system/kb",
            "Broken",
            "describe knowledgebase kb",
            vec![Create(mk(
                "aphex.io/v1",
                "KnowledgeBase",
                "platform-system",
                "kb",
                failed,
            ))],
        ),
        fault(
            "APX-TEN-004",
            "RepoBinding platform-system/second",
            "AmbiguousMatch",
            "describe repobinding second",
            vec![
                Create(mk(
                    "aphex.io/v1",
                    "RepoBinding",
                    "platform-system",
                    "first",
                    binding.clone(),
                )),
                Create(mk(
                    "aphex.io/v1",
                    "RepoBinding",
                    "platform-system",
                    "second",
                    binding,
                )),
            ],
        ),
    ]
}
