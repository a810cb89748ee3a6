//! Client secrets of Dex's that Authentik could not hold.

use super::scene::Scene;
use rig::authentik::Options;

#[tokio::test]
async fn a_client_secret_that_cannot_work_is_not_sent() {
    let scene =
        Scene::with_authentik("bad-client", &["authentik token", "dex sync"], Options::default()).await;
    scene.ends("authentik token", 0, &[]).await;
    let good = scene.value("auth", "dex-secrets", "client-secret").await;
    let before = scene.authentik().snapshot().providers;
    let long = [b'x'; 256];
    let cases: [(&[u8], &str); 5] = [
        (b"fQ3kq9ZtYwEr7LmXv2BnPz8c\n", "has a line break in it"),
        (b"fQ3kq9ZtYwEr7LmX\0v2BnPz8c", "has a NUL character in it"),
        (b" fQ3kq9ZtYwEr7LmXv2BnPz8c", "begins or ends with a space"),
        (&long, "is longer than 255 characters"),
        (b"fQ3kq9ZtYwEr7LmX\xff\xfev2BnPz8c", "is not text"),
    ];
    for (value, problem) in cases {
        scene
            .set("auth", "dex-secrets", "client-secret", Some(value))
            .await;
        let says = [
            "Secret bad-client-auth/dex-secrets: key client-secret",
            problem,
            "delete the key and its copy authentik-client-secret; then run `aphex-ops secrets generate`",
        ];
        scene.ends("dex sync", 7, &says).await;
        assert_eq!(scene.value("auth", "dex-secrets", "client-secret").await, value);
    }
    scene.set("auth", "dex-secrets", "client-secret", None).await;
    let says = [
        "Secret bad-client-auth/dex-secrets",
        "there is no key client-secret",
        "hint: run `aphex-ops secrets generate`, then this command again",
    ];
    scene.ends("dex sync --timeout 1s", 5, &says).await;
    assert_eq!(scene.authentik().snapshot().providers, before, "nothing was sent");
    scene
        .set("auth", "dex-secrets", "client-secret", Some(&good))
        .await;
    scene.ends("dex sync", 0, &[]).await;
    // The other way that the hint names.
    for key in ["client-secret", "authentik-client-secret"] {
        scene.set("auth", "dex-secrets", key, None).await;
    }
    scene.ends("secrets generate", 0, &[]).await;
    scene.ends("dex sync", 0, &[]).await;
    let made = scene.value("auth", "dex-secrets", "client-secret").await;
    assert!(
        made != good
            && made
                == scene
                    .value("auth", "dex-secrets", "authentik-client-secret")
                    .await
    );
}
