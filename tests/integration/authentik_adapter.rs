//! The Authentik adapter against the stand-in: every recorded behaviour that it must survive.

#![expect(
    clippy::unwrap_used,
    reason = "a server that cannot be started fails its test"
)]

use aphex_ops::{
    authentik::{ApiError, Authentik, LoginError, Proof, has_default_flow, log_in, prove_secret},
    converge::Stop,
    http::Http,
    model::{
        config::{self, Config},
        names::{AUTHENTIK_ADMIN, CONFIG_SYNC},
        provider::{Match, Wanted, find},
    },
};
use rig::authentik::{
    Appear, Authentik as StandIn, LoginPages, Options, ProviderSeed, RouterState, SecretWrite, Version,
};
use secrecy::{ExposeSecret, SecretString};

const BOOTSTRAP: &str = "bootstrap-token-of-the-test";
const PERMISSIONS: [&str; 2] = [
    "authentik_providers_oauth2.view_oauth2provider",
    "authentik_providers_oauth2.change_oauth2provider",
];

async fn stand_in(options: Options) -> StandIn {
    let bootstrap_token = Some(BOOTSTRAP.to_owned());
    StandIn::start(Options {
        bootstrap_token,
        ..options
    })
    .await
    .unwrap()
}

fn http(server: &StandIn) -> Http {
    let config = Config {
        authentik: config::Authentik {
            url: Some(server.url()),
            ..config::Authentik::default()
        },
        ..Config::default()
    };
    Http::new(&config, &Stop::default()).unwrap()
}

fn with_token(server: &StandIn, token: &str) -> Authentik {
    Authentik::with_token(&http(server), &server.url(), token.into())
}

async fn dex_provider(api: &Authentik) -> Match {
    let all = api.providers().await.unwrap();
    let all: Vec<_> = all.iter().map(|provider| provider.facts()).collect();
    find(&all, &Wanted::from(&Config::default()))
}

/// The meaning of what comes back when providers are listed with this token.
async fn meaning(server: &StandIn, token: &str) -> String {
    match with_token(server, token).providers().await {
        Ok(providers) => format!("{} providers", providers.len()),
        Err(ApiError::Unanswered(failure)) => format!("Unanswered({})", failure.reason),
        Err(error) => format!("{error:?}"),
    }
}

#[tokio::test]
async fn every_state_of_the_router_has_its_meaning() {
    let server = stand_in(Options::default()).await;
    let states = [
        (RouterState::Starting, "Starting"),
        (RouterState::Booting, "TokenRefused"),
        (RouterState::Up, "1 providers"),
        (RouterState::BackendDead, "Starting"),
        (RouterState::DatabaseDown, "Crashed(500)"),
        (RouterState::Refuse, "Unanswered(Unavailable)"),
    ];
    for (state, expected) in states {
        server.set_state(state).await.unwrap();
        assert_eq!(meaning(&server, BOOTSTRAP).await, expected, "{state:?}");
    }
    server.set_state(RouterState::DatabaseDown).await.unwrap();
    let crashed = with_token(&server, BOOTSTRAP)
        .set_client_secret(1, &"x".into())
        .await;
    assert!(matches!(crashed, Err(ApiError::Crashed(405))), "{crashed:?}");
    server.assert_clean();
}

#[tokio::test]
async fn a_provider_on_page_three_is_found_in_every_version() {
    for version in Version::ALL {
        let server = stand_in(Options {
            version,
            crowd: 200,
            ..Options::default()
        })
        .await;
        let found = dex_provider(&with_token(&server, BOOTSTRAP)).await;
        let Match::One(provider) = found else {
            panic!("{version}: {found:?}")
        };
        assert_eq!(
            provider.redirect_uris,
            ["https://dex.home.local/callback"],
            "{version}"
        );
        assert_eq!(server.requests().len(), 3, "{version}");
        server.assert_clean();
    }
}

#[tokio::test]
async fn two_providers_that_fit_equally_well_are_ambiguous() {
    let callback = "https://dex.home.local/callback";
    let server = stand_in(Options {
        providers: vec![
            ProviderSeed::other("one", "one", callback),
            ProviderSeed::other("two", "two", callback),
        ],
        ..Options::default()
    })
    .await;
    let found = dex_provider(&with_token(&server, BOOTSTRAP)).await;
    assert!(matches!(&found, Match::Many(all) if all.len() == 2), "{found:?}");
}

#[tokio::test]
async fn a_poisoned_provider_is_trouble_and_not_an_empty_list() {
    let poisoned = ProviderSeed {
        poisoned: true,
        ..ProviderSeed::dex()
    };
    let server = stand_in(Options {
        providers: vec![poisoned],
        ..Options::default()
    })
    .await;
    assert_eq!(meaning(&server, BOOTSTRAP).await, "Crashed(500)");
}

#[tokio::test]
async fn the_login_walks_every_form_of_the_flow() {
    for version in Version::ALL {
        for login in [LoginPages::One, LoginPages::Two] {
            let server = stand_in(Options {
                version,
                login,
                ..Options::default()
            })
            .await;
            let password = "akadmin-password".into();
            let api = log_in(&http(&server), &server.url(), AUTHENTIK_ADMIN, &password)
                .await
                .unwrap();
            assert!(api.me().await.unwrap().is_superuser);
            // A write shows whether the session's CSRF proof is right.
            api.create_role("some-role").await.unwrap();
            assert!(
                api.role("some-role").await.unwrap().is_some(),
                "{version} {login:?}"
            );
            server.assert_clean();
        }
    }
}

#[tokio::test]
async fn a_login_that_fails_says_why() {
    let server = stand_in(Options::default()).await;
    let attempt = async |server: &StandIn, password: &str| {
        log_in(&http(server), &server.url(), AUTHENTIK_ADMIN, &password.into()).await
    };
    for _ in 0..6 {
        let refused = attempt(&server, "wrong").await;
        assert!(matches!(refused, Err(LoginError::Refused)), "{refused:?}");
    }
    assert!(attempt(&server, "akadmin-password").await.is_ok());
    let second_factor = stand_in(Options {
        login: LoginPages::SecondFactor,
        ..Options::default()
    })
    .await;
    let refused = attempt(&second_factor, "akadmin-password").await;
    assert!(matches!(refused, Err(LoginError::SecondFactor)), "{refused:?}");
    server.assert_clean();
    second_factor.assert_clean();
}

#[tokio::test]
async fn the_default_flow_comes_after_the_server_is_ready() {
    let appear = Appear {
        flow: 2,
        ..Appear::default()
    };
    let server = stand_in(Options {
        appear,
        ..Options::default()
    })
    .await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(has_default_flow(&http(&server), &server.url()).await.unwrap());
    }
    assert_eq!(seen, [false, false, true]);
}

/// Makes the dedicated account by hand and returns its key.
async fn dedicated(api: &Authentik, provider: i64) -> SecretString {
    api.create_service_account(CONFIG_SYNC).await.unwrap();
    api.create_group(CONFIG_SYNC).await.unwrap();
    api.create_role(CONFIG_SYNC).await.unwrap();
    let user = api.user(CONFIG_SYNC).await.unwrap().unwrap();
    let group = api.group(CONFIG_SYNC).await.unwrap().unwrap();
    let role = api.role(CONFIG_SYNC).await.unwrap().unwrap();
    api.set_group(&group.pk, user.pk, &role.pk).await.unwrap();
    api.grant(&role.pk, &PERMISSIONS, provider).await.unwrap();
    api.create_token(CONFIG_SYNC, user.pk).await.unwrap();
    api.token_key(CONFIG_SYNC).await.unwrap()
}

#[tokio::test]
async fn a_dedicated_account_sees_and_changes_its_provider_only() {
    for version in Version::ALL {
        let other = ProviderSeed::other("other", "other", "https://other/cb");
        let server = stand_in(Options {
            version,
            providers: vec![other, ProviderSeed::dex()],
            ..Options::default()
        })
        .await;
        let admin = with_token(&server, BOOTSTRAP);
        let Match::One(provider) = dex_provider(&admin).await else {
            panic!("{version}: no provider")
        };
        let key = dedicated(&admin, provider.pk).await;
        let api = with_token(&server, key.expose_secret());
        let seen = api.providers().await.unwrap();
        let seen: Vec<_> = seen.iter().map(|one| one.facts()).collect();
        assert!(seen.len() == 1 && seen[0] == provider, "{version}: {seen:?}");

        let wanted = SecretString::from("a-new-secret");
        let stored = api.set_client_secret(provider.pk, &wanted).await.unwrap();
        assert_eq!(stored.client_secret.expose_secret(), "a-new-secret", "{version}");
        let proof = async |secret: &str| {
            prove_secret(&http(&server), &server.url(), "dex-client", &secret.into()).await
        };
        assert_eq!(proof("a-new-secret").await.unwrap(), Proof::Right, "{version}");
        assert_eq!(proof("another").await.unwrap(), Proof::Wrong, "{version}");

        let role = admin.role(CONFIG_SYNC).await.unwrap().unwrap();
        let held = admin.permissions(&role.pk).await.unwrap();
        assert!(
            held.len() == 2
                && held
                    .iter()
                    .all(|one| one.object_pk == Some(provider.pk.to_string())),
            "{version}: {held:?}"
        );
        let withdrawn = PERMISSIONS.map(str::to_owned);
        admin
            .revoke(&role.pk, &withdrawn, Some(provider.pk))
            .await
            .unwrap();
        assert_eq!(
            meaning(&server, key.expose_secret()).await,
            "PermissionMissing",
            "{version}"
        );
        admin.delete_token(CONFIG_SYNC).await.unwrap();
        admin.delete_token(CONFIG_SYNC).await.unwrap();
        assert_eq!(
            meaning(&server, key.expose_secret()).await,
            "TokenRefused",
            "{version}"
        );
        server.assert_clean();
    }
}

#[tokio::test]
async fn a_right_on_a_provider_that_is_gone_is_never_granted() {
    let server = stand_in(Options::default()).await;
    let admin = with_token(&server, BOOTSTRAP);
    admin.create_role(CONFIG_SYNC).await.unwrap();
    let role = admin.role(CONFIG_SYNC).await.unwrap().unwrap();
    let refused = admin.grant(&role.pk, &PERMISSIONS, 4711).await;
    assert!(matches!(refused, Err(ApiError::NotFound)), "{refused:?}");
    assert!(admin.permissions(&role.pk).await.unwrap().is_empty());
    server.assert_clean();
}

#[tokio::test]
async fn an_account_without_superuser_rights_does_not_get_a_token_for_another() {
    let server = stand_in(Options::default()).await;
    let admin = with_token(&server, BOOTSTRAP);
    let Match::One(provider) = dex_provider(&admin).await else {
        panic!("no provider")
    };
    let key = dedicated(&admin, provider.pk).await;
    let administrator = admin.user(AUTHENTIK_ADMIN).await.unwrap().unwrap();
    let refused = with_token(&server, key.expose_secret())
        .create_token("more", administrator.pk)
        .await;
    assert!(matches!(refused, Err(ApiError::PermissionMissing)), "{refused:?}");
}

#[tokio::test]
async fn a_write_is_judged_by_what_comes_back() {
    for (write, shows_new) in [(SecretWrite::Kept, false), (SecretWrite::Echoed, true)] {
        let seed = ProviderSeed {
            secret_write: write,
            ..ProviderSeed::dex()
        };
        let server = stand_in(Options {
            providers: vec![seed],
            ..Options::default()
        })
        .await;
        let api = with_token(&server, BOOTSTRAP);
        let Match::One(provider) = dex_provider(&api).await else {
            panic!("no provider")
        };
        let secret = SecretString::from("a-new-secret");
        let stored = api.set_client_secret(provider.pk, &secret).await.unwrap();
        assert_eq!(stored.client_secret.expose_secret() == "a-new-secret", shows_new);
        let proof = prove_secret(&http(&server), &server.url(), "dex-client", &secret)
            .await
            .unwrap();
        assert_eq!(proof, Proof::Wrong);
    }
}

#[tokio::test]
async fn validation_names_the_field() {
    let server = stand_in(Options::default()).await;
    let api = with_token(&server, BOOTSTRAP);
    let Match::One(provider) = dex_provider(&api).await else {
        panic!("no provider")
    };
    let too_long = SecretString::from("x".repeat(256));
    let refused = api.set_client_secret(provider.pk, &too_long).await;
    let message = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(
        message,
        "Authentik refuses it: client_secret: Ensure this field has no more than 255 characters."
    );
}
