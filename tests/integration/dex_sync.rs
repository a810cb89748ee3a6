//! `dex sync` against a real API server and the Authentik stand-in.

use crate::authentik_stage::{Admin, CLIENT_SECRET, Stage, assert_exit};
use aphex_ops::{converge::Report, steps::dex_sync::DexSync};
use rig::authentik::{Options, ProviderSeed, SecretWrite};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_secret_that_is_not_taken_is_noticed() {
    let stage = Stage::start().await;
    let cases = [
        ("kept", SecretWrite::Kept, "stored another client secret"),
        ("echoed", SecretWrite::Echoed, "yet refuses it"),
    ];
    for (name, secret_write, expected) in cases {
        let seed = ProviderSeed {
            secret_write,
            ..ProviderSeed::dex()
        };
        let scene = stage
            .scene(
                name,
                Options {
                    providers: vec![seed],
                    ..Options::default()
                },
            )
            .await;
        assert_exit(&scene.make_token().await, 0);
        let report = scene.run(&DexSync::default()).await;
        assert_exit(&report, 11);
        assert!(report.failures[0].message.contains(expected), "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dex_sync_says_what_it_needs() {
    let stage = Stage::start().await;
    let scene = stage.scene("needs", Options::default()).await;
    let soon = Duration::from_secs(1);
    let hint = |report: &Report| report.failures[0].hint.clone().unwrap_or_default();

    let report = scene.run_within(&DexSync::default(), soon).await;
    assert_exit(&report, 5);
    assert!(hint(&report).contains("aphex-ops authentik token"), "{report:?}");

    scene
        .store("authentik-api-token", &[("token", "a-revoked-token")])
        .await;
    let report = scene.run_within(&DexSync::default(), soon).await;
    assert_exit(&report, 5);
    assert!(hint(&report).contains("aphex-ops authentik token"), "{report:?}");

    assert_exit(&scene.make_token().await, 0);
    scene
        .store("dex-secrets", &[("client-secret", "with-a-newline\n")])
        .await;
    let report = scene.run(&DexSync::default()).await;
    assert_exit(&report, 7);
    assert!(hint(&report).contains("aphex-ops secrets generate"), "{report:?}");

    scene.store("dex-secrets", &[("client-secret", "")]).await;
    let report = scene.run_within(&DexSync::default(), soon).await;
    assert_exit(&report, 5);
    assert!(hint(&report).contains("aphex-ops secrets generate"), "{report:?}");

    let provider = Admin(&scene).pk("providers/oauth2/?client_id=dex-client").await;
    let public = json!({"client_type": "public"});
    Admin(&scene)
        .patch(&format!("providers/oauth2/{provider}/"), &public)
        .await;
    scene
        .store("dex-secrets", &[("client-secret", CLIENT_SECRET)])
        .await;
    assert_exit(&scene.run(&DexSync::default()).await, 7);
    scene.authentik.assert_clean();
}
