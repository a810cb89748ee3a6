//! Jobs, webhooks, hosts and tenants.

use super::{Case, at, condition, json_with, with};
use crate::check::Look;
use serde_json::{Value, json};

pub(super) fn rest() -> Vec<Case> {
    let job = |patch: Value| {
        let ours = json!({"metadata": {"labels": {"platform.aphex/part-of": "install"}, "creationTimestamp": "2026-11-24T08:00:00Z"},
            "spec": {"schedule": "*/5 * * * *"}, "status": {"lastSuccessfulTime": "2026-11-24T11:55:01Z"}});
        with(
            "CronJob",
            &[at("platform-system", "sync", json_with(ours, patch))],
        )
    };
    let owned = json_with(
        condition("Failed", "True", "BackoffLimitExceeded"),
        json!({"metadata": {"ownerReferences": [{"kind": "CronJob", "name": "sync"}]}}),
    );
    let unconfigured = {
        let mut facts = job(json!({}));
        facts.has_jobs_config = Look::Seen(false);
        facts
    };
    let hook = |namespace: &str, authority: &str| {
        let client = json!({"service": {"namespace": namespace, "name": "nobody"}, "caBundle": authority});
        at(
            "",
            "hook",
            json!({"webhooks": [{"name": "a.b", "clientConfig": client}]}),
        )
    };
    let api = json_with(
        condition("Available", "False", "ServiceNotFound"),
        json!({"spec": {"service": {"name": "x"}}}),
    );
    let listener = |interceptor: Value| {
        at(
            "org-a",
            "el",
            json!({"spec": {"triggers": [{"name": "push", "interceptors": [interceptor]}]}}),
        )
    };
    let signed =
        json!({"ref": {"name": "github"}, "params": [{"name": "secretRef", "value": {"secretName": "x"}}]});
    let path = |service: &str| json!({"path": "/", "backend": {"service": {"name": service, "port": {"number": 80}}}});
    let ingress = |name: &str, host: &str| {
        at(
            "argocd",
            name,
            json!({"spec": {"ingressClassName": "nginx", "rules": [{"host": host, "http": {"paths": [path("web")]}}]}}),
        )
    };
    let hosts = ["auth", "dex", "argocd"].map(|host| ingress(host, &format!("{host}.home.local")));
    let failed = |name: &str| {
        at(
            "platform-system",
            name,
            json_with(
                condition("Ready", "False", "Broken"),
                json!({"status": {"phase": "Failed"}}),
            ),
        )
    };
    let waiting = |then: &str| {
        let unmet =
            json!([{"type": "Ready", "status": "False", "reason": "NotYet", "lastTransitionTime": then}]);
        let status = json!({"status": {"phase": "Pending", "conditions": unmet}});
        at("platform-system", "a", status)
    };
    let cron = "CronJob platform-system/sync";
    let binding = |name: &str, created: &str| {
        at(
            "platform-system",
            name,
            json!({"metadata": {"creationTimestamp": created}, "spec": {"pipelineName": "same"}}),
        )
    };
    vec![
        (
            "APX-JOB-001",
            job(json!({"spec": {"suspend": true}})),
            cron,
            "Paused",
        ),
        (
            "APX-JOB-002",
            job(json!({"status": {"lastSuccessfulTime": "2026-11-24T11:00:00Z"}})),
            cron,
            "NotReady",
        ),
        (
            "APX-JOB-003",
            job(json!({})).with("Job", vec![at("platform-system", "sync-1", owned)]),
            cron,
            "BackoffLimitExceeded",
        ),
        (
            "APX-JOB-004",
            unconfigured,
            "ConfigMap platform-system/aphex-ops-config",
            "NotFound",
        ),
        (
            "APX-JOB-005",
            job(json!({"spec": {"schedule": "@every 5m"}})),
            cron,
            "InvalidValue",
        ),
        (
            "APX-WHK-001",
            with(
                "ValidatingWebhookConfiguration",
                &[
                    hook("argocd", "x"),
                    json_with(hook("elsewhere", "x"), json!({"metadata": {"name": "foreign"}})),
                ],
            ),
            "ValidatingWebhookConfiguration hook",
            "Unavailable",
        ),
        (
            "APX-WHK-002",
            with("MutatingWebhookConfiguration", &[hook("elsewhere", "")]),
            "MutatingWebhookConfiguration hook",
            "NotFound",
        ),
        (
            "APX-WHK-003",
            with("APIService", &[at("", "v1.a.b", api)]),
            "APIService v1.a.b",
            "ServiceNotFound",
        ),
        (
            "APX-WHK-004",
            with(
                "EventListener",
                &[
                    listener(json!({"ref": {"name": "cel"}})),
                    json_with(listener(signed), json!({"metadata": {"name": "signed"}})),
                ],
            ),
            "EventListener org-a/el",
            "InvalidValue",
        ),
        (
            "APX-WHK-005",
            with(
                "EventListener",
                &[at("org-a", "el", condition("Ready", "False", "Broken"))],
            ),
            "EventListener org-a/el",
            "Broken",
        ),
        (
            "APX-DNS-001",
            with("Ingress", &hosts),
            "Host tekton.home.local",
            "NotFound",
        ),
        (
            "APX-DNS-002",
            with("Ingress", &hosts[..1]),
            "Ingress argocd/auth",
            "NotFound",
        ),
        (
            "APX-DNS-003",
            with("Ingress", &hosts[..1]),
            "Service argocd/web",
            "NotFound",
        ),
        (
            "APX-DNS-004",
            with(
                "Ingress",
                &[hosts[0].clone(), ingress("again", "auth.home.local")],
            ),
            "Ingress argocd/again",
            "AmbiguousMatch",
        ),
        (
            "APX-TEN-001",
            with("Organization", &[failed("a")]),
            "Organization platform-system/a",
            "Broken",
        ),
        (
            "APX-TEN-002",
            with("RepoBinding", &[failed("a")]),
            "RepoBinding platform-system/a",
            "Broken",
        ),
        (
            "APX-TEN-003",
            with("KnowledgeBase", &[failed("a")]),
            "KnowledgeBase platform-system/a",
            "Broken",
        ),
        (
            "APX-TEN-004",
            with(
                "RepoBinding",
                &[
                    binding("young", "2026-02-01T00:00:00Z"),
                    binding("old", "2026-01-01T00:00:00Z"),
                ],
            ),
            "RepoBinding platform-system/young",
            "AmbiguousMatch",
        ),
        (
            "APX-TEN-005",
            with("Organization", &[waiting("2026-11-24T11:00:00Z")]),
            "Organization platform-system/a",
            "NotYet",
        ),
        (
            "APX-TEN-005",
            with(
                "RepoBinding",
                &[json_with(
                    at("platform-system", "a", json!({})),
                    json!({"metadata": {"creationTimestamp": "2026-11-24T11:00:00Z"}}),
                )],
            ),
            "RepoBinding platform-system/a",
            "NotReady",
        ),
    ]
}
