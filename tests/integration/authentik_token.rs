//! `authentik token` against a real API server and the Authentik stand-in.

use crate::authentik_stage::{Admin, BOOTSTRAP, CLIENT_SECRET, PASSWORD, Stage, assert_exit};
use aphex_ops::{
    model::names::CONFIG_SYNC,
    steps::{authentik_token::AuthentikToken, dex_sync::DexSync},
};
use kube::api::{Patch, PatchParams};
use rig::authentik::{Appear, Options, ProviderSeed, RouterState, Version};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_made_once_in_every_version() {
    let stage = Stage::start().await;
    for (version, name) in Version::ALL.into_iter().zip(["v1", "v2", "v3", "v4", "v5"]) {
        let options = Options {
            version,
            crowd: 200,
            ..Options::default()
        };
        let scene = stage.scene(name, options).await;
        let report = scene.make_token().await;
        assert_exit(&report, 0);
        scene.assert_complete().await;
        let asked = scene.run_idle(&AuthentikToken::default()).await;
        assert_eq!(
            asked,
            ["GET /api/v3/providers/oauth2/?page=1&page_size=100"],
            "{version}"
        );

        assert_exit(&scene.run(&DexSync::default()).await, 0);
        assert_eq!(scene.provider_secret(), CLIENT_SECRET, "{version}");
        let asked = scene.run_idle(&DexSync::default()).await;
        assert_eq!(asked.len(), 2, "{asked:?}");
        scene.assert_complete().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_starting_is_waited_for() {
    let stage = Stage::start().await;
    let appear = Appear {
        flow: 2,
        token: 4,
        mappings: 5,
        provider: 10,
    };
    let scene = stage
        .scene(
            "starting",
            Options {
                appear,
                ..Options::default()
            },
        )
        .await;
    scene
        .authentik
        .script([
            (RouterState::Refuse, 1),
            (RouterState::Starting, 1),
            (RouterState::BackendDead, 1),
            (RouterState::DatabaseDown, 1),
            (RouterState::Booting, 2),
        ])
        .await
        .unwrap();
    assert_exit(&scene.run(&AuthentikToken::default()).await, 0);
    scene.assert_complete().await;
    let logins = scene.authentik.requests();
    let logins = logins.iter().filter(|request| request.method == "POST");
    assert!(
        logins
            .map(|request| &request.path_and_query)
            .all(|path| !path.contains("/flows/")),
        "the password was tried although the token only needed time"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_is_the_last_resort() {
    let stage = Stage::start().await;
    let other_token = Options {
        bootstrap_token: Some("another-token-than-the-stored-one".to_owned()),
        ..Options::default()
    };
    let scene = stage.scene("password", other_token.clone()).await;
    assert_exit(&scene.make_token().await, 0);
    scene.assert_complete().await;

    let scene = stage.scene("refused", other_token.clone()).await;
    scene
        .store("authentik-secrets", &[("admin-password", "wrong")])
        .await;
    let report = scene.make_token().await;
    assert_exit(&report, 6);
    let failure = &report.failures[0];
    assert!(
        failure
            .message
            .contains("bootstrap-token is not accepted, and with admin-password"),
        "{failure:?}"
    );
    assert!(
        failure
            .hint
            .as_ref()
            .is_some_and(|hint| hint.contains("changepassword")),
        "{failure:?}"
    );

    // Without a token to wait for, the password is tried at once and believed only later.
    let scene = stage.scene("only-password", other_token).await;
    scene
        .secrets()
        .delete("authentik-secrets", &Default::default())
        .await
        .unwrap();
    scene
        .store("authentik-secrets", &[("admin-password", PASSWORD)])
        .await;
    assert_exit(&scene.run(&AuthentikToken::default()).await, 0);
    scene.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_broke_is_repaired() {
    let stage = Stage::start().await;
    let scene = stage.scene("repair", Options::default()).await;
    assert_exit(&scene.make_token().await, 0);
    let first = scene.token().await;

    for damaged in ["a-revoked-token", "with a newline\n", "", BOOTSTRAP] {
        scene.store("authentik-api-token", &[("token", damaged)]).await;
        assert_exit(&scene.make_token().await, 0);
        assert_eq!(scene.token().await, first, "{damaged:?}");
        scene.assert_complete().await;
    }

    let secrets = scene.secrets();
    let without_key = json!({"data": {"token": null}});
    let patch = Patch::Merge(&without_key);
    secrets
        .patch("authentik-api-token", &PatchParams::default(), &patch)
        .await
        .unwrap();
    assert_exit(&scene.make_token().await, 0);
    assert_eq!(scene.token().await, first);

    let admin = Admin(&scene);
    // A right on all objects comes along; the token still works, so it stays until the token does not.
    admin.delete(&format!("core/tokens/{CONFIG_SYNC}/")).await;
    admin
        .post(
            "core/tokens/",
            &json!({"identifier": CONFIG_SYNC, "intent": "api", "expiring": false}),
        )
        .await;
    assert_exit(&scene.make_token().await, 0);
    assert_ne!(scene.token().await, first, "the token of another user was kept");
    scene.assert_complete().await;

    let user = admin.pk(&format!("core/users/?username={CONFIG_SYNC}")).await;
    admin
        .patch(&format!("core/users/{user}/"), &json!({"is_active": false}))
        .await;
    assert_exit(&scene.make_token().await, 0);
    scene.assert_complete().await;

    let group = admin.pk(&format!("core/groups/?name={CONFIG_SYNC}")).await;
    admin
        .patch(&format!("core/groups/{group}/"), &json!({"roles": []}))
        .await;
    assert_exit(&scene.make_token().await, 0);
    scene.assert_complete().await;

    admin.delete(&format!("core/users/{user}/")).await;
    assert_exit(&scene.make_token().await, 0);
    scene.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_follows_the_provider() {
    let stage = Stage::start().await;
    let other = ProviderSeed::other("other", "other", "https://other/cb");
    let scene = stage
        .scene(
            "moved",
            Options {
                providers: vec![ProviderSeed::dex(), other],
                ..Options::default()
            },
        )
        .await;
    assert_exit(&scene.make_token().await, 0);
    let admin = Admin(&scene);
    let old = admin.pk("providers/oauth2/?client_id=dex-client").await;
    let new = admin.pk("providers/oauth2/?client_id=other").await;
    let away = json!({
        "name": "old", "client_id": "old",
        "redirect_uris": [{"matching_mode": "strict", "url": "https://old/cb"}]
    });
    admin.patch(&format!("providers/oauth2/{old}/"), &away).await;
    let here = json!({"name": "Dex OIDC Provider", "client_id": "dex-client"});
    admin.patch(&format!("providers/oauth2/{new}/"), &here).await;
    assert_exit(&scene.make_token().await, 0);
    scene.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_human_can_decide_is_refused() {
    let stage = Stage::start().await;
    let callback = "https://dex.home.local/callback";
    let two = vec![
        ProviderSeed::other("one", "one", callback),
        ProviderSeed::other("two", "two", callback),
    ];
    let scene = stage
        .scene(
            "ambiguous",
            Options {
                providers: two,
                ..Options::default()
            },
        )
        .await;
    let report = scene.make_token().await;
    assert_exit(&report, 7);
    assert!(report.failures[0].message.contains("\"one\" (pk "), "{report:?}");
    assert_eq!(scene.token().await, None);

    let scene = stage
        .scene(
            "nothing",
            Options {
                providers: Vec::new(),
                ..Options::default()
            },
        )
        .await;
    let step = AuthentikToken::default();
    let report = scene.run_within(&step, Duration::from_secs(1)).await;
    assert_exit(&report, 5);
    assert!(report.failures[0].message.contains("blueprint"), "{report:?}");

    let scene = stage.scene("foreign", Options::default()).await;
    let person = json!({"username": CONFIG_SYNC, "name": "somebody"});
    Admin(&scene).post("core/users/", &person).await;
    assert_exit(&scene.make_token().await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_superuser_token_is_retired_on_request_and_only_then() {
    let stage = Stage::start().await;
    let scene = stage.scene("retire", Options::default()).await;
    let report = scene.make_token().await;
    let warned = report
        .actions
        .iter()
        .any(|row| row.message.contains("--retire-bootstrap"));
    assert!(warned, "{report:?}");
    let retiring = || AuthentikToken::default().retiring_bootstrap();
    assert_exit(&scene.run(&retiring()).await, 0);
    let tokens = scene.authentik.snapshot().tokens;
    assert!(
        tokens
            .iter()
            .all(|token| token.identifier != "authentik-bootstrap-token"),
        "{tokens:?}"
    );
    assert_eq!(scene.run_idle(&retiring()).await.len(), 2);
    scene.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_at_the_same_time_make_one_token() {
    let stage = Stage::start().await;
    let scene = stage.scene("race", Options::default()).await;
    let reports = futures::future::join_all((0..5).map(|_| scene.make_token())).await;
    for report in &reports {
        assert_exit(report, 0);
    }
    scene.assert_complete().await;
}
