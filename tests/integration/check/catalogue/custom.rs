//! Faults that other controllers tell of.

use super::{
    super::fault::{
        Change::{Create, Status},
        Fault,
    },
    fault, mk,
};
use serde_json::{Value, json};

const VERSION: &str = "aphex.io/v1alpha1";

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
    let failed = json!({"phase": "Failed", "conditions": [{"type": "Ready", "status": "False", "reason": "Broken", "message": "no way",
        "lastTransitionTime": "2026-01-01T00:00:00Z"}]});
    let pending = json!({"phase": "Pending", "conditions": [{"type": "ListenerReady", "status": "False", "reason": "NotReady",
        "message": "no Pod runs", "lastTransitionTime": "2026-01-01T00:00:00Z"}]});
    let organization = json!({"spec": {"displayName": "ACME", "adminUsers": ["admin@acme.example"]}});
    let base = json!({"spec": {"displayName": "Docs", "repositories": [
        {"url": "https://github.com/acme/docs", "branch": "main", "paths": [".kiro/docs"]}]}});
    let binding = json!({"spec": {"aphexOrg": "acme", "repoOrg": "acme", "repoName": "app", "pipelineName": "same",
        "templateRef": "run-pipeline-v1", "pipelineSpec": "apiVersion: tekton.dev/v1\nkind: Pipeline"}});
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
            vec![
                Create(mk(
                    VERSION,
                    "Organization",
                    "platform-system",
                    "acme",
                    organization.clone(),
                )),
                Status(
                    "aphex.io/v1alpha1/Organization/platform-system/acme",
                    failed.clone(),
                ),
            ],
        ),
        fault(
            "APX-TEN-002",
            "RepoBinding platform-system/one",
            "Broken",
            "describe repobinding one",
            vec![
                Create(mk(
                    VERSION,
                    "RepoBinding",
                    "platform-system",
                    "one",
                    binding.clone(),
                )),
                Status(
                    "aphex.io/v1alpha1/RepoBinding/platform-system/one",
                    failed.clone(),
                ),
            ],
        ),
        fault(
            "APX-TEN-003",
            "KnowledgeBase platform-system/kb",
            "Broken",
            "describe knowledgebase kb",
            vec![
                Create(mk(VERSION, "KnowledgeBase", "platform-system", "kb", base)),
                Status("aphex.io/v1alpha1/KnowledgeBase/platform-system/kb", failed),
            ],
        ),
        fault(
            "APX-TEN-004",
            "RepoBinding platform-system/second",
            "AmbiguousMatch",
            "describe repobinding second",
            vec![
                Create(mk(
                    VERSION,
                    "RepoBinding",
                    "platform-system",
                    "first",
                    binding.clone(),
                )),
                Create(mk(VERSION, "RepoBinding", "platform-system", "second", binding)),
            ],
        ),
        fault(
            "APX-TEN-005",
            "Organization platform-system/waits",
            "NotReady",
            "describe organization waits",
            vec![
                Create(mk(
                    VERSION,
                    "Organization",
                    "platform-system",
                    "waits",
                    organization,
                )),
                Status("aphex.io/v1alpha1/Organization/platform-system/waits", pending),
            ],
        ),
    ]
}
