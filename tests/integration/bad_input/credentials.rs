//! Credentials for Authentik that are wrong, gone, or somebody else's.

use super::scene::Scene;
use aphex_ops::{
    converge::Stop,
    http::{Http, Request},
    model::config::Config,
};
use rig::authentik::{LoginPages, Options, Secret};
use serde_json::{Value, json};

const COMMANDS: [&str; 2] = ["authentik token", "dex sync"];
const OURS: &str = "aphex-ops-config-sync";

/// A new database forgets every token; the stored one is replaced, in place.
#[tokio::test]
async fn a_token_that_was_revoked_is_replaced() {
    let scene = Scene::with_authentik("bad-revoked", &COMMANDS, Options::default()).await;
    scene.ends("authentik token", 0, &[]).await;
    let revoked = scene.value("auth", "authentik-api-token", "token").await;
    let values = scene.values().await;
    let odd: [&[u8]; 4] = [&revoked, b"no token\n", b"", b"\xff\xfe"];
    for (round, stored) in odd.into_iter().enumerate() {
        let seed = format!("another database {round}");
        let options = Options {
            seed,
            ..Options::default()
        };
        scene.authentik().reset(scene.initialised(options).await);
        scene
            .set("auth", "authentik-api-token", "token", Some(stored))
            .await;
        let says = [
            "Secret bad-revoked-auth/authentik-api-token",
            "hint: run `aphex-ops authentik token`",
        ];
        scene.ends("dex sync --timeout 1s", 5, &says).await;
        scene.ends("authentik token", 0, &[]).await;
        scene.ends("dex sync", 0, &[]).await;
    }
    let now = scene.values().await;
    let changed: Vec<_> = now
        .iter()
        .filter(|(at, value)| values.get(*at) != Some(*value))
        .collect();
    assert_eq!(changed.len(), 1, "only the token was replaced");
}

#[tokio::test]
async fn without_credentials_there_is_a_command_that_makes_them() {
    let scene = Scene::with_authentik("bad-none", &COMMANDS, Options::default()).await;
    let secret = "Secret bad-none-auth/authentik-secrets";
    let hint = "hint: run `aphex-ops secrets generate`, then this command again";
    for key in ["bootstrap-token", "admin-password"] {
        scene.set("auth", "authentik-secrets", key, None).await;
    }
    let says = [secret, "neither bootstrap-token nor admin-password", hint];
    scene.ends("authentik token --timeout 1s", 5, &says).await;
    scene
        .ends(
            "dex sync --timeout 1s",
            5,
            &["there is no API token yet", "`aphex-ops authentik token`"],
        )
        .await;
    scene.ends("secrets generate", 0, &[]).await;
    scene.reset(Options::default()).await;
    scene.ends("authentik token", 0, &[]).await;
}

/// With the password alone there is nothing to wait for, and a second factor is no matter of time either.
#[tokio::test]
async fn the_password_alone_does_unless_a_person_is_needed() {
    let scene = Scene::with_authentik("bad-factor", &COMMANDS, Options::default()).await;
    let token = scene.value("auth", "authentik-secrets", "bootstrap-token").await;
    let login = |login| Options {
        login,
        ..Options::default()
    };
    scene.reset(login(LoginPages::SecondFactor)).await;
    scene
        .set("auth", "authentik-secrets", "bootstrap-token", None)
        .await;
    let says = [
        "Secret bad-factor-auth/authentik-secrets: no credential in it gives access to Authentik",
        "bootstrap-token is missing",
        "asks for a second factor, which only a person can give",
        "hint: make an API token of an administrator in Authentik and put its key into key bootstrap-token",
    ];
    let left = scene.ends("authentik token", 6, &says).await;
    assert!(!left.stderr.contains("changepassword"), "{left:#?}");
    assert_eq!(scene.authentik().snapshot().users.len(), 1, "nothing was made");
    // What the hint says helps.
    scene
        .set("auth", "authentik-secrets", "bootstrap-token", Some(&token))
        .await;
    scene.ends("authentik token", 0, &[]).await;
    for pages in [LoginPages::One, LoginPages::Two] {
        scene.reset(login(pages)).await;
        scene
            .set("auth", "authentik-secrets", "bootstrap-token", None)
            .await;
        scene.ends("authentik token", 0, &[]).await;
        scene
            .set("auth", "authentik-secrets", "bootstrap-token", Some(&token))
            .await;
    }
}

/// A refusal is believed only after 30 s, because a server that has just started refuses what is right.
#[tokio::test]
async fn a_refusal_that_lasts_is_believed() {
    let start = async |name| Scene::with_authentik(name, &COMMANDS, Options::default()).await;
    let (good, bad, alone) = (
        start("bad-old").await,
        start("bad-both").await,
        start("bad-password").await,
    );
    for scene in [&good, &bad, &alone] {
        let options = scene.initialised(Options::default()).await;
        scene.authentik().reset(Options {
            bootstrap_token: None,
            ..options
        });
    }
    let wrong = Some(b"n0tThePasswordOfAkadmin-1234".as_slice());
    let right = bad.value("auth", "authentik-secrets", "admin-password").await;
    for scene in [&bad, &alone] {
        scene
            .set("auth", "authentik-secrets", "admin-password", wrong)
            .await;
    }
    alone
        .set("auth", "authentik-secrets", "bootstrap-token", None)
        .await;
    let early = ["refuses the credentials, as a server that has just started does for a while"];
    bad.ends("authentik token --timeout 1s", 5, &early).await;
    let refused = |token: &'static str| {
        [
            "/authentik-secrets: no credential in it gives access to Authentik",
            token,
            "with admin-password Authentik refuses user name and password",
            "`ak changepassword akadmin`",
            "into key bootstrap-token",
        ]
    };
    let (missing, unknown) = (
        refused("bootstrap-token is missing"),
        refused("bootstrap-token is not accepted"),
    );
    // All three wait at the same time.
    tokio::join!(
        good.ends(
            "authentik token",
            0,
            &["Secret bad-old-auth/authentik-api-token: created"]
        ),
        bad.ends("authentik token", 6, &unknown),
        alone.ends("authentik token", 6, &missing),
    );
    assert_eq!(bad.authentik().snapshot().users.len(), 1, "nothing was made");
    for scene in [&bad, &alone] {
        scene
            .set("auth", "authentik-secrets", "admin-password", Some(&right))
            .await;
    }
    // Mended without a token, the password is tried at once.
    bad.set("auth", "authentik-secrets", "bootstrap-token", None)
        .await;
    bad.ends("authentik token", 0, &[]).await;
}

/// Sends a request to Authentik with the bootstrap token.
async fn ask(scene: &Scene, request: Request) -> Value {
    let token = scene.value("auth", "authentik-secrets", "bootstrap-token").await;
    let token = String::from_utf8(token).unwrap().into();
    let mut config = Config::default();
    config.authentik.url = Some(scene.authentik().url());
    let http = Http::new(&config, &Stop::default()).unwrap();
    let answer = http.send(request.bearer(&token).accept_json()).await.unwrap();
    assert!(answer.is_success(), "{answer}");
    answer.json().unwrap()
}

async fn post(scene: &Scene, path: &str, body: Value) -> Value {
    let url = format!("{}/api/v3/{path}", scene.authentik().url());
    ask(scene, Request::post(url).json(&body)).await
}

async fn make_user(scene: &Scene, name: &str, kind: &str) -> Value {
    let body = json!({"username": name, "name": name, "type": kind, "path": "users"});
    post(scene, "core/users/", body).await["pk"].clone()
}

/// A token under our identifier that expires, or is another user's, is made anew; theirs is never stored.
#[tokio::test]
async fn a_token_of_our_name_that_is_not_ours_is_made_anew() {
    let scene = Scene::with_authentik("bad-token", &COMMANDS, Options::default()).await;
    let ours = |scene: &Scene| {
        let tokens = scene.authentik().snapshot().tokens;
        tokens.into_iter().find(|token| token.identifier == OURS).unwrap()
    };
    for (owner, expiring) in [("somebody", false), (OURS, true)] {
        scene.reset(Options::default()).await;
        let kind = if owner == OURS {
            "service_account"
        } else {
            "internal"
        };
        let user = make_user(&scene, owner, kind).await;
        let body = json!({"identifier": OURS, "intent": "api", "user": user, "expiring": expiring});
        post(&scene, "core/tokens/", body).await;
        let before: Secret = ours(&scene).key;
        scene.ends("authentik token", 0, &[]).await;
        let after = ours(&scene);
        assert_eq!((after.user.as_str(), after.expiring), (OURS, false));
        assert_ne!(after.key, before);
        let stored = scene.value("auth", "authentik-api-token", "token").await;
        assert_eq!(stored, after.key.expose().as_bytes());
        scene.ends("dex sync", 0, &[]).await;
    }
}

/// A user or group of our name with more rights than ours is a person's to judge.
#[tokio::test]
async fn what_has_our_name_and_more_rights_is_not_taken_over() {
    let scene = Scene::with_authentik("bad-foreign", &COMMANDS, Options::default()).await;
    let says = ["rename or delete it in Authentik, then run this again"];
    let user = make_user(&scene, OURS, "internal").await;
    let left = scene.ends("authentik token", 7, &says).await;
    assert!(
        left.stderr
            .contains("Authentik user aphex-ops-config-sync: it is no plain service account"),
        "{left:#?}"
    );
    let url = scene.authentik().url();
    let rename =
        Request::patch(format!("{url}/api/v3/core/users/{user}/")).json(&json!({"username": "person"}));
    ask(&scene, rename).await;
    let group = post(
        &scene,
        "core/groups/",
        json!({"name": OURS, "is_superuser": true}),
    )
    .await;
    let left = scene.ends("authentik token", 7, &says).await;
    assert!(
        left.stderr
            .contains("Authentik group aphex-ops-config-sync: it is a group of superusers"),
        "{left:#?}"
    );
    let pk = group["pk"].as_str().unwrap();
    let rename = Request::patch(format!("{url}/api/v3/core/groups/{pk}/")).json(&json!({"name": "people"}));
    ask(&scene, rename).await;
    scene.ends("authentik token", 0, &[]).await;
    let users = scene.authentik().snapshot().users;
    assert!(
        users
            .iter()
            .any(|user| user.username == "person" && user.kind == "internal"),
        "{users:#?}"
    );
}

/// An operator's own token, stored before the first run, is used as long as it sees the provider.
#[tokio::test]
async fn a_token_without_the_right_is_replaced() {
    let scene = Scene::with_authentik("bad-blind", &COMMANDS, Options::default()).await;
    let user = make_user(&scene, "somebody", "internal").await;
    let body = json!({"identifier": "theirs", "intent": "api", "user": user, "expiring": false});
    post(&scene, "core/tokens/", body).await;
    let tokens = scene.authentik().snapshot().tokens;
    let theirs = tokens.iter().find(|token| token.identifier == "theirs").unwrap();
    let value = theirs.key.expose().as_bytes();
    scene
        .create("auth", "authentik-api-token", &[("token", value)], json!({}))
        .await;
    let says = [
        "Secret bad-blind-auth/authentik-api-token",
        "does not show exactly one provider",
        "hint: run `aphex-ops authentik token`",
    ];
    scene.ends("dex sync --timeout 1s", 5, &says).await;
    scene.ends("authentik token", 0, &[]).await;
    scene.ends("dex sync", 0, &[]).await;
    assert!(
        scene
            .authentik()
            .snapshot()
            .tokens
            .iter()
            .any(|token| token.identifier == "theirs")
    );
}
