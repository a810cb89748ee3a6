//! The plan's tables.

use super::*;
use crate::model::{config::Config, secrets::catalog};

/// All secrets as they are after a good run; `change` then spoils them.
fn mk_seen(change: impl Fn(&mut SecretSeen)) -> Seen {
    let see = |spec: crate::model::secrets::SecretSpec| {
        let keys = spec.keys.iter().map(|key| KeySeen {
            spec: key.clone(),
            quality: Quality::Good,
            pair: if matches!(key.origin, Origin::CopyOf(_)) {
                Pair::Same
            } else {
                Pair::None
            },
        });
        let mut secret = SecretSeen {
            uid: Some("u".to_owned()),
            immutable: false,
            rotating: Vec::new(),
            keys: keys.collect(),
            spec,
        };
        change(&mut secret);
        secret
    };
    Seen {
        secrets: catalog(&Config::default()).into_iter().map(see).collect(),
        claims: Vec::new(),
    }
}

fn absent(secret: &mut SecretSeen) {
    secret.uid = None;
    for key in &mut secret.keys {
        spoil(key, Quality::Missing);
    }
}

fn spoil(key: &mut KeySeen, quality: Quality) {
    key.quality = quality;
    if key.pair != Pair::None {
        key.pair = Pair::Incomplete;
    }
}

/// Spoils one key and, as seeing would, the pairs that it belongs to.
fn mk_spoiled(secret: &str, name: &str, quality: Quality) -> Seen {
    mk_seen(|seen| {
        for key in &mut seen.keys {
            let source_is_spoiled =
                matches!(&key.spec.origin, Origin::CopyOf(at) if at.secret == secret && at.key == name);
            if seen.spec.name == secret && key.spec.at.key == name {
                spoil(key, quality);
            } else if source_is_spoiled && !quality.has_value() {
                key.pair = Pair::Incomplete;
            }
        }
    })
}

fn actions(seen: &Seen) -> Vec<String> {
    plan(seen)
        .act
        .iter()
        .map(|action| format!("{}: {action}", action.secret))
        .collect()
}

#[test]
fn nothing_is_to_be_done_when_all_is_good() {
    let plan = plan(&mk_seen(|_| ()));
    assert!(plan.is_converged() && plan.refused.is_empty());
    assert_eq!(plan.notes.len(), 5);
}

#[test]
fn an_empty_cluster_gets_each_secret_in_one_request_and_copies_in_the_next_round() {
    let seen = mk_seen(absent);
    assert_eq!(
        actions(&seen),
        [
            "authentik-postgresql: add postgresql-password (32 random bytes), postgresql-postgres-password (32 random bytes)",
            "authentik-secrets: add secret-key (50 random bytes), admin-password (32 random bytes), bootstrap-token (32 random bytes)",
            "dex-secrets: add client-secret (32 random bytes), authentik-client-secret (same as client-secret), \
             argocd-client-secret (32 random bytes), tekton-client-secret (32 random bytes), \
             kubernetes-client-secret (32 random bytes)",
        ]
    );
    assert_eq!(plan(&seen).wait.len(), 2);
}

#[test]
fn only_what_is_missing_is_added() {
    let seen = mk_spoiled("authentik-secrets", "bootstrap-token", Quality::Missing);
    assert_eq!(
        actions(&seen),
        ["authentik-secrets: add bootstrap-token (32 random bytes)"]
    );
    let seen = mk_spoiled("tekton-dashboard-oidc", "client-secret", Quality::Missing);
    assert_eq!(
        actions(&seen),
        ["tekton-dashboard-oidc: add client-secret (copy of dex-secrets/tekton-client-secret)"]
    );
}

#[test]
fn an_empty_key_counts_as_missing() {
    let seen = mk_spoiled("dex-secrets", "kubernetes-client-secret", Quality::Empty);
    assert_eq!(
        actions(&seen),
        ["dex-secrets: fill the empty kubernetes-client-secret (32 random bytes)"]
    );
}

#[test]
fn a_copy_that_outlived_its_source_becomes_the_source() {
    let seen = mk_spoiled("dex-secrets", "argocd-client-secret", Quality::Missing);
    assert_eq!(
        actions(&seen),
        ["dex-secrets: add argocd-client-secret (copy of argocd-secret/oidc.dex.clientSecret)"]
    );
    let seen = mk_spoiled("dex-secrets", "client-secret", Quality::Empty);
    assert_eq!(
        actions(&seen),
        ["dex-secrets: fill the empty client-secret (copy of dex-secrets/authentik-client-secret)"]
    );
}

#[test]
fn a_copy_that_differs_is_made_equal_again() {
    let seen = mk_seen(|secret| {
        for key in secret.keys.iter_mut().filter(|key| key.pair == Pair::Same) {
            key.pair = Pair::Different;
        }
    });
    assert_eq!(
        actions(&seen),
        [
            "dex-secrets: make authentik-client-secret equal to dex-secrets/client-secret again",
            "argocd-secret: make oidc.dex.clientSecret equal to dex-secrets/argocd-client-secret again",
            "tekton-dashboard-oidc: make client-secret equal to dex-secrets/tekton-client-secret again",
        ]
    );
}

#[test]
fn a_doubtful_value_is_kept_with_a_warning() {
    for quality in [Quality::Short, Quality::Placeholder, Quality::ControlCharacters] {
        let plan = plan(&mk_spoiled("authentik-secrets", "admin-password", quality));
        assert!(plan.is_converged(), "{quality:?}");
        let warnings: Vec<&Note> = plan.notes.iter().filter(|note| note.reason.is_some()).collect();
        assert!(
            warnings[0].message.contains("admin-password") && warnings[0].message.ends_with("it is kept")
        );
    }
}

#[test]
fn nothing_at_all_is_done_when_data_could_be_lost() {
    let mut seen = mk_seen(absent);
    seen.claims = vec!["postgresql-data".to_owned()];
    let plan = plan(&seen);
    assert!(plan.act.is_empty() && plan.wait.is_empty());
    let refused: Vec<(Exit, &str)> = plan
        .refused
        .iter()
        .map(|refusal| (refusal.exit, refusal.object.name.as_str()))
        .collect();
    assert_eq!(
        refused,
        [
            (Exit::Human, "authentik-postgresql"),
            (Exit::Human, "authentik-secrets")
        ]
    );
    assert!(plan.refused[0].message.contains("postgresql-data"));
}

#[test]
fn an_immutable_secret_is_left_to_a_human_and_the_others_go_on() {
    let mut seen = mk_seen(absent);
    seen.secrets[2].immutable = true;
    let plan = plan(&seen);
    assert_eq!(plan.refused.len(), 1);
    assert_eq!(plan.act.len(), 2);
}
