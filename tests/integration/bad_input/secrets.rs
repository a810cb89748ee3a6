//! Secrets that an operator, or a restore, left in a bad state.

use super::scene::Scene;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Secret};
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;

const COMMANDS: [&str; 2] = ["secrets generate", "secrets status"];
/// All of the bootstrap that needs no rights beyond the platform's own namespaces.
const WHOLE: &str = "bootstrap --from secrets";

#[tokio::test]
async fn a_doubtful_value_is_kept_and_warned_about() {
    let scene = Scene::start("bad-kept", &COMMANDS).await;
    scene.ends("secrets generate", 0, &[]).await;
    let good = scene.value("auth", "authentik-secrets", "admin-password").await;
    let cases: [(&[u8], &str); 5] = [
        (b"hunter2-hunter2", "is shorter than 22 characters"),
        (b"CHANGEME-before-the-first-run", "is a placeholder"),
        (b"fQ3kq9ZtYwEr7LmXv2BnPz8c\n", "contains a line break"),
        (b"fQ3kq9ZtYwEr7LmX\0v2BnPz8c", "control character"),
        (b"fQ3kq9ZtYwEr7LmX\xff\xfev2BnPz8c", "is not text"),
    ];
    for (value, complaint) in cases {
        scene
            .set("auth", "authentik-secrets", "admin-password", Some(value))
            .await;
        let before = scene.values().await;
        let kept = scene.ends("secrets generate -o wide", 0, &[]).await;
        for says in [
            "bad-kept-auth/authentik-secrets",
            "admin-password",
            complaint,
            "it is kept",
        ] {
            assert!(kept.stdout.contains(says), "{says}: {kept:#?}");
        }
        let says = [
            "bad-kept-auth/authentik-secrets: key admin-password",
            complaint,
            "of your own",
        ];
        scene.ends("secrets status", 4, &says).await;
        assert_eq!(scene.values().await, before, "{complaint}");
    }
    scene
        .set("auth", "authentik-secrets", "admin-password", Some(&good))
        .await;
    scene.ends("secrets status", 0, &[]).await;
}

#[tokio::test]
async fn missing_and_empty_keys_are_filled_and_nothing_else_changes() {
    let scene = Scene::start("bad-gaps", &COMMANDS).await;
    scene.ends("secrets generate", 0, &[]).await;
    let gaps = [
        ("auth", "authentik-postgresql", "postgresql-password"),
        ("auth", "authentik-secrets", "bootstrap-token"),
        ("auth", "dex-secrets", "kubernetes-client-secret"),
    ];
    for (value, complaint) in [(None, "is missing"), (Some(b"".as_slice()), "is empty")] {
        let mut before = scene.values().await;
        for (part, secret, key) in gaps {
            scene.set(part, secret, key, value).await;
            before.remove(&(part.to_owned(), secret.to_owned(), key.to_owned()));
        }
        let named = gaps.map(|(_, secret, key)| format!("bad-gaps-auth/{secret}: key {key} {complaint}"));
        let mut says: Vec<&str> = named.iter().map(String::as_str).collect();
        says.push("hint: run `aphex-ops secrets generate`");
        scene.ends("secrets status", 4, &says).await;
        scene.ends("secrets generate", 0, &[]).await;
        let after = scene.values().await;
        assert!(before.iter().all(|(at, value)| after.get(at) == Some(value)));
        assert!(gaps.iter().all(|(part, secret, key)| {
            let at = (part.to_string(), secret.to_string(), key.to_string());
            after[&at].len() == 43
        }));
        scene.ends("secrets status", 0, &[]).await;
    }
}

/// Even a source that is no text is copied byte by byte: it is kept, and its copy must be equal.
#[tokio::test]
async fn a_copy_that_differs_follows_its_source() {
    let scene = Scene::start("bad-pair", &COMMANDS).await;
    scene.ends("secrets generate", 0, &[]).await;
    let good = scene.value("auth", "dex-secrets", "argocd-client-secret").await;
    let odd = b"fQ3kq9ZtYwEr7LmX\xff\xfev2BnPz8c".as_slice();
    for (source, code) in [(good.as_slice(), 0), (odd, 4)] {
        scene
            .set("auth", "dex-secrets", "argocd-client-secret", Some(source))
            .await;
        let copy = b"n0tTheSameValueAsItsSource-9".as_slice();
        scene
            .set("argocd", "argocd-secret", "oidc.dex.clientSecret", Some(copy))
            .await;
        let says = [
            "Secret bad-pair-argocd/argocd-secret",
            "key oidc.dex.clientSecret differs from its source",
            "hint: run `aphex-ops secrets generate`",
        ];
        scene.ends("secrets status", 4, &says).await;
        scene.ends("secrets generate", 0, &[]).await;
        let copied = scene
            .value("argocd", "argocd-secret", "oidc.dex.clientSecret")
            .await;
        assert_eq!(copied, source);
        assert_eq!(
            scene.value("auth", "dex-secrets", "argocd-client-secret").await,
            source
        );
        scene.ends("secrets status", code, &[]).await;
    }
}

#[tokio::test]
async fn a_lost_database_secret_stops_everything() {
    let scene = Scene::start("bad-lost", &[&COMMANDS, [WHOLE].as_slice()].concat()).await;
    let claim = json!({
        "metadata": {"name": "postgresql-data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    let claims = scene.cluster.api::<PersistentVolumeClaim>("auth");
    let claim = serde_json::from_value(claim).unwrap();
    claims.create(&Default::default(), &claim).await.unwrap();
    let remedies = [
        "restore Secret authentik-postgresql from a backup",
        "`kubectl -n bad-lost-auth delete pvc postgresql-data`",
    ];
    let says = [
        &[
            "Secret bad-lost-auth/authentik-postgresql: it is missing",
            "volume postgresql-data exists",
        ],
        remedies.as_slice(),
    ];
    scene.ends("secrets generate", 7, &says.concat()).await;
    assert!(scene.values().await.is_empty());
    assert_eq!(scene.cluster.writes().await, [] as [&str; 0]);
    let bootstrap = scene.ends(WHOLE, 7, &says.concat()).await;
    assert!(
        !bootstrap.stderr.contains("authentik token:"),
        "nothing comes after it: {bootstrap:#?}"
    );
    let status = scene.ends("secrets status", 4, &says.concat()).await;
    let wrong = "authentik-postgresql: it does not exist";
    assert!(
        !status.stderr.contains(wrong),
        "making it anew is no remedy: {status:#?}"
    );

    // Restored, it is what was missing: the rest is made.
    let restored: &[(&str, &[u8])] = &[
        ("postgresql-password", b"HvJPuC11y4wtcIQPfAtSAiNHlsWU8PEN"),
        (
            "postgresql-postgres-password",
            b"QxZnXoVYKxoP1v3vwElW1W3fsBg03rsc",
        ),
    ];
    scene
        .create("auth", "authentik-postgresql", restored, json!({}))
        .await;
    scene
        .ends("secrets generate", 7, &["authentik-secrets: it is missing"])
        .await;
    // No controller here takes the finalizer away that protects a claim in use.
    let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    claims
        .patch("postgresql-data", &PatchParams::default(), &free)
        .await
        .unwrap();
    claims
        .delete("postgresql-data", &DeleteParams::default())
        .await
        .unwrap();
    scene.ends("secrets generate", 0, &[]).await;
    let kept = scene
        .value("auth", "authentik-postgresql", "postgresql-password")
        .await;
    assert_eq!(kept, restored[0].1);
}

#[tokio::test]
async fn an_immutable_secret_is_left_and_the_rest_is_made() {
    let scene = Scene::start("bad-fixed", &COMMANDS).await;
    let data: &[(&str, &[u8])] = &[("secret-key", b"opggTIk367JsOJcGiYYD6BdhvWcHlFDY")];
    scene
        .create("auth", "authentik-secrets", data, json!({"immutable": true}))
        .await;
    let says = [
        "Secret bad-fixed-auth/authentik-secrets",
        "the Secret is immutable",
        "`kubectl -n bad-fixed-auth get secret authentik-secrets -o yaml`",
        "without `immutable: true`",
    ];
    scene.ends("secrets generate", 7, &says).await;
    let after = scene.values().await;
    assert_eq!(after.len(), 10, "two keys are missing and all others there");
    scene
        .cluster
        .api::<Secret>("auth")
        .delete("authentik-secrets", &DeleteParams::default())
        .await
        .unwrap();
    scene.create("auth", "authentik-secrets", data, json!({})).await;
    scene.ends("secrets generate", 0, &[]).await;
    let mended = scene.values().await;
    assert_eq!(mended.len(), 12);
    assert!(
        after.iter().all(|(at, value)| mended.get(at) == Some(value)),
        "nothing was lost"
    );
}
