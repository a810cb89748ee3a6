//! The cluster and its secrets.

use super::{Case, at, change, condition, going, mk_trouble, with};
use crate::{
    check::{Account, Facts, KeyFact, LeaseFact, Listing, Look, SecretFact, Source},
    model::{config::Suppression, failure::Reason, object::ObjectRef, rotation::Rotatable, secrets::Quality},
};
use serde_json::json;

pub(super) fn cluster() -> Vec<Case> {
    let own = |name: &str| at("", name, json!({}));
    let others = ["auth-system", "tekton-pipelines", "platform-system"].map(own);
    let stuck = going(condition(
        "NamespaceFinalizersRemaining",
        "True",
        "SomeFinalizersRemain",
    ));
    let used = json!({"spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]}});
    let held = going(json!({"metadata": {"finalizers": ["a.example/b"]}}));
    let lease = LeaseFact {
        object: ObjectRef::namespaced("Lease", "platform-system", "lock"),
        holder: "a/b".to_owned(),
        renewed: "2026-11-24T11:59:29Z".parse().ok(),
        seconds: 30,
    };
    let quota = json!({"status": {"hard": {"pods": "2", "cpu": "1", "secrets": "0"}, "used": {"pods": "2", "cpu": "900m", "secrets": "0"}}});
    let run_out = Suppression {
        check: "secrets".to_owned(),
        reason: "x".to_owned(),
        until: "2026-11-23".parse().ok(),
    };
    let today = Suppression {
        until: "2026-11-24".parse().ok(),
        ..run_out.clone()
    };
    vec![
        (
            "APX-CLU-001",
            change(|facts| facts.unreachable = Some(mk_trouble(Reason::Unavailable))),
            "API server https://api.example",
            "Unavailable",
        ),
        (
            "APX-CLU-002",
            change(|facts| facts.is_too_old = true),
            "API server https://api.example",
            "UnsupportedVersion",
        ),
        (
            "APX-CLU-003",
            with("Namespace", &others),
            "Namespace argocd",
            "NotFound",
        ),
        (
            "APX-CLU-004",
            with(
                "Namespace",
                &[at("", "other", stuck), at("", "soon", going(json!({})))],
            ),
            "Namespace other",
            "SomeFinalizersRemain",
        ),
        (
            "APX-CLU-005",
            with(
                "Node",
                &[
                    at("", "a", condition("Ready", "Unknown", "NodeStatusUnknown")),
                    at("", "b", condition("Ready", "True", "")),
                ],
            ),
            "Node a",
            "NodeStatusUnknown",
        ),
        (
            "APX-CLU-006",
            with(
                "Node",
                &[
                    at("", "a", condition("MemoryPressure", "True", "X")),
                    at("", "b", condition("DiskPressure", "False", "X")),
                ],
            ),
            "Node a",
            "MemoryPressure",
        ),
        (
            "APX-CLU-007",
            with(
                "Node",
                &[
                    at("", "a", json!({"spec": {"unschedulable": true}})),
                    at("", "b", json!({})),
                ],
            ),
            "Node a",
            "Paused",
        ),
        (
            "APX-CLU-008",
            with(
                "PersistentVolumeClaim",
                &[
                    at("auth-system", "data", json!({"status": {"phase": "Pending"}})),
                    at("auth-system", "unused", json!({"status": {"phase": "Pending"}})),
                ],
            )
            .with("Pod", vec![at("auth-system", "db", used)]),
            "PersistentVolumeClaim auth-system/data",
            "Pending",
        ),
        (
            "APX-CLU-009",
            with(
                "PersistentVolumeClaim",
                &[at("auth-system", "data", json!({"status": {"phase": "Lost"}}))],
            ),
            "PersistentVolumeClaim auth-system/data",
            "Lost",
        ),
        (
            "APX-CLU-010",
            with("ResourceQuota", &[at("argocd", "a", quota)]),
            "ResourceQuota argocd/a",
            "Exhausted",
        ),
        (
            "APX-CLU-011",
            with(
                "Service",
                &[at("argocd", "a", held), at("argocd", "b", going(json!({})))],
            ),
            "Service argocd/a",
            "Terminating",
        ),
        (
            "APX-CLU-012",
            change(|facts| facts.lease = Look::Seen(Some(lease))),
            "Lease platform-system/lock",
            "LockLost",
        ),
        (
            "APX-CLU-013",
            change(|facts| facts.config.suppress = vec![today, run_out]),
            "Suppression secrets",
            "InvalidConfig",
        ),
        (
            "APX-CLU-014",
            with(
                "Namespace",
                &[
                    own("auth-system"),
                    at("", "argocd", going(json!({}))),
                    own("tekton-pipelines"),
                    own("platform-system"),
                ],
            ),
            "Namespace argocd",
            "Terminating",
        ),
        (
            "APX-PER-001",
            change(|facts| {
                facts.access = Look::Seen(Account {
                    missing: vec!["list pods (cluster)".to_owned()],
                    is_incomplete: false,
                })
            }),
            "Permission list pods (cluster)",
            "Forbidden",
        ),
        (
            "APX-PER-002",
            change(|facts| {
                facts.access = Look::Seen(Account {
                    missing: Vec::new(),
                    is_incomplete: true,
                })
            }),
            "API server https://api.example",
            "Incomplete",
        ),
        (
            "APX-PER-003",
            change(|facts| {
                let (jobs, pods) = (listed(facts, "Job"), listed(facts, "Pod"));
                facts
                    .lists
                    .insert(jobs, Listing::Unseen(mk_trouble(Reason::Unavailable)));
                facts
                    .lists
                    .insert(pods, Listing::Unseen(mk_trouble(Reason::Forbidden)));
            }),
            "List jobs.batch",
            "Unavailable",
        ),
    ]
}

fn listed(facts: &Facts, kind: &str) -> Source {
    *facts.lists.keys().find(|of| of.kind == kind).unwrap()
}

pub(super) fn secrets() -> Vec<Case> {
    let key = |quality, differs_from: Option<&str>| KeyFact {
        name: "key".to_owned(),
        quality,
        differs_from: differs_from.map(str::to_owned),
    };
    let secret = |exists, keys: Vec<KeyFact>| SecretFact {
        object: ObjectRef::secret("auth-system", "dex-secrets"),
        exists,
        is_immutable: false,
        rotating: Vec::new(),
        data_loss: None,
        keys,
    };
    let seen = |secret: SecretFact| change(|facts| facts.secrets = Look::Seen(vec![secret]));
    let flawed = |quality| seen(secret(true, vec![key(quality, None), key(Quality::Good, None)]));
    let rotating = SecretFact {
        rotating: vec![Rotatable::ClientSecret],
        ..secret(true, Vec::new())
    };
    let lost = SecretFact {
        data_loss: Some(("lost".to_owned(), "restore".to_owned())),
        ..secret(false, Vec::new())
    };
    let object = "Secret auth-system/dex-secrets";
    vec![
        (
            "APX-SEC-001",
            seen(secret(false, vec![key(Quality::Missing, None)])),
            object,
            "NotFound",
        ),
        ("APX-SEC-002", flawed(Quality::Missing), object, "NotFound"),
        ("APX-SEC-002", flawed(Quality::Empty), object, "NotFound"),
        (
            "APX-SEC-003",
            seen(secret(true, vec![key(Quality::Good, Some("a/b"))])),
            object,
            "Mismatch",
        ),
        (
            "APX-SEC-004",
            flawed(Quality::Placeholder),
            object,
            "InvalidValue",
        ),
        ("APX-SEC-005", flawed(Quality::Short), object, "InvalidValue"),
        ("APX-SEC-006", flawed(Quality::NotText), object, "InvalidValue"),
        (
            "APX-SEC-006",
            flawed(Quality::ControlCharacters),
            object,
            "InvalidValue",
        ),
        ("APX-SEC-007", seen(lost), object, "DataLossGuard"),
        ("APX-SEC-009", seen(rotating), object, "NotReady"),
        (
            "APX-SEC-008",
            seen(SecretFact {
                is_immutable: true,
                ..secret(true, Vec::new())
            }),
            object,
            "InvalidValue",
        ),
    ]
}
