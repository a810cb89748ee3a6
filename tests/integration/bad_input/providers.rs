//! Authentik's providers: several that fit, none, one that is broken, one among many.

use super::scene::Scene;
use rig::authentik::{Options, ProviderSeed, SecretWrite, Version};

const COMMANDS: [&str; 2] = ["authentik token", "dex sync"];
const CALLBACK: &str = "https://dex.home.local/callback";

fn with(provider: ProviderSeed) -> Options {
    Options {
        providers: vec![provider],
        ..Options::default()
    }
}

/// What is there before the run is there after it, and a second run writes nothing.
async fn both_succeed(scene: &Scene) {
    for command in COMMANDS {
        scene.ends(command, 0, &[]).await;
    }
    scene.authentik().forget_requests();
    for command in COMMANDS {
        scene.ends(command, 0, &[]).await;
    }
    let requests = scene.authentik().requests();
    let writes = requests
        .iter()
        .filter(|request| request.writes() && !request.path_and_query.contains("/revoke/"));
    assert_eq!(writes.count(), 0, "{requests:#?}");
}

#[tokio::test]
async fn two_providers_that_fit_are_both_named_and_neither_is_taken() {
    let scene = Scene::with_authentik("bad-two", &COMMANDS, Options::default()).await;
    let twins = Options {
        providers: vec![
            ProviderSeed::other("Dex One", "one", CALLBACK),
            ProviderSeed::other("Dex Two", "two", CALLBACK),
        ],
        ..Options::default()
    };
    scene.reset(twins).await;
    let says = [
        "Authentik provider Dex OIDC Provider: several providers fit equally well",
        "\"Dex One\" (pk ",
        "\"Dex Two\" (pk ",
        "give one of them client_id dex-client, or set authentik.clientID in the configuration",
    ];
    scene.ends("authentik token", 7, &says).await;
    let seen = scene.authentik().snapshot();
    assert!(seen.users.len() == 1 && seen.tokens.len() == 1, "{seen:#?}");
    // As the hint says.
    let mut mended = Scene { ..scene };
    mended.config["authentik"]["clientID"] = "two".into();
    both_succeed(&mended).await;
}

#[tokio::test]
async fn a_provider_on_page_three_is_found_and_so_is_one_of_another_version() {
    let scene = Scene::with_authentik("bad-crowd", &COMMANDS, Options::default()).await;
    for version in Version::ALL {
        let options = Options {
            version,
            crowd: if version == Version::V2025_10 { 250 } else { 0 },
            ..Options::default()
        };
        scene.reset(options).await;
        both_succeed(&scene).await;
        let roles = scene.authentik().snapshot().roles;
        let ours = roles
            .iter()
            .find(|role| role.name == "aphex-ops-config-sync")
            .unwrap();
        assert_eq!(ours.permissions.len(), 2, "{version}: {ours:?}");
    }
}

/// One broken redirect URI makes the whole list an error, which is never taken for an empty list.
#[tokio::test]
async fn a_poisoned_provider_is_an_error_of_the_server() {
    let scene = Scene::with_authentik("bad-poison", &COMMANDS, Options::default()).await;
    let poisoned = ProviderSeed {
        poisoned: true,
        ..ProviderSeed::dex()
    };
    scene.reset(with(poisoned)).await;
    let says = [
        "the deadline was reached while waiting",
        "internal error (500): its database is down, or an object is broken",
        "hint: the log of Authentik's server says why",
    ];
    scene.ends("authentik token --timeout 2s", 5, &says).await;
    scene.reset(Options::default()).await;
    both_succeed(&scene).await;
}

#[tokio::test]
async fn a_public_provider_is_refused() {
    let scene = Scene::with_authentik("bad-public", &COMMANDS, Options::default()).await;
    let public = ProviderSeed {
        public: true,
        ..ProviderSeed::dex()
    };
    scene.reset(with(public)).await;
    scene.ends("authentik token", 0, &[]).await;
    let says = [
        "Authentik provider Dex OIDC Provider (pk ",
        "it is a public client, for which Authentik accepts any secret",
        "hint: set its client type to confidential in Authentik",
    ];
    scene.ends("dex sync", 7, &says).await;
    scene.reset(Options::default()).await;
    both_succeed(&scene).await;
}

#[tokio::test]
async fn a_secret_that_does_not_take_is_noticed() {
    let scene = Scene::with_authentik("bad-take", &COMMANDS, Options::default()).await;
    let cases = [
        (
            SecretWrite::Kept,
            "stored another client secret",
            "what else writes to this provider",
        ),
        (
            SecretWrite::Echoed,
            "and yet refuses it",
            "restart Authentik's server",
        ),
    ];
    for (secret_write, says, hint) in cases {
        let provider = ProviderSeed {
            secret_write,
            ..ProviderSeed::dex()
        };
        scene.reset(with(provider)).await;
        scene.ends("authentik token", 0, &[]).await;
        let before = scene.values().await;
        for _ in 0..2 {
            let says = ["Authentik provider Dex OIDC Provider (pk ", says, hint];
            scene.ends("dex sync", 11, &says).await;
        }
        assert_eq!(scene.values().await, before);
        scene.reset(Options::default()).await;
        both_succeed(&scene).await;
    }
}
