//! The Cloudflare adapter against the stand-in: what every answer means, and an Organization that comes and goes.

mod organization;

use aphex_ops::{
    cloudflare::{ApiError, ApiToken, Cloudflare, Credentials, Permission},
    converge::Stop,
    http::Http,
    model::{
        config::{self, Config},
        exit::Exit,
        failure::Reason,
        tunnel::{Names, Proof},
    },
};
use rig::cloudflare::{AccountSeed, Cloudflare as StandIn, Options, Right, TokenSeed, Trouble};
use secrecy::{ExposeSecret, SecretString};
use std::time::{Duration, Instant};

const ZONE: &str = "arbiter-dev.com";
const ACCOUNT: &str = Options::ACCOUNT;

async fn stand_in() -> StandIn {
    StandIn::start(Options::default()).await.unwrap()
}

/// The adapter by that token, with the base URL in the configuration, which is what lets it go to loopback.
pub(crate) fn by_token(url: &str, token: &str) -> Cloudflare {
    let config = Config {
        cloudflare: config::Cloudflare {
            api_url: url.to_owned(),
            ..config::Cloudflare::default()
        },
        ..Config::default()
    };
    let http = Http::new(&config, &Stop::default()).unwrap();
    Cloudflare::new(&http, url, ApiToken::new(&token.into()).unwrap())
}

fn adapter(server: &StandIn) -> Cloudflare {
    by_token(&server.url(), Options::TOKEN)
}

fn secret() -> SecretString {
    Credentials::generate(ACCOUNT).unwrap().secret().clone()
}

fn names() -> Names {
    Names::of("acme", ZONE)
}

#[tokio::test]
async fn an_account_is_the_configured_one_or_the_only_one() {
    let server = stand_in().await;
    assert_eq!(adapter(&server).account(None).await.unwrap(), ACCOUNT);
    server.forget_requests();
    assert_eq!(
        adapter(&server).account(Some("configured")).await.unwrap(),
        "configured"
    );
    assert_eq!(server.requests().len(), 0);
    let account = |number: usize| AccountSeed {
        id: format!("{number:032x}"),
        name: format!("account {number}"),
    };
    server.reset(Options {
        accounts: (0..120).map(account).collect(),
        ..Options::default()
    });
    let failure = adapter(&server).account(None).await.unwrap_err();
    assert_eq!(
        (failure.exit, failure.reason),
        (Exit::Human, Reason::AmbiguousMatch)
    );
    assert!(failure.message.contains("\"account 119\""), "{failure}");
    assert_eq!(server.requests().len(), 3);
    server.assert_clean();
}

#[tokio::test]
async fn a_zone_is_found_by_its_exact_name() {
    let server = stand_in().await;
    let zone = adapter(&server).zone(ZONE).await.unwrap().unwrap();
    assert_eq!(Some(zone.id), server.zone(ZONE));
    assert!(adapter(&server).zone("other.example").await.unwrap().is_none());
    server.assert_clean();
}

#[tokio::test]
async fn a_tunnel_is_made_found_and_deleted() {
    let server = stand_in().await;
    let api = adapter(&server);
    let (name, secret) = (names().tunnel, secret());
    assert_eq!(api.tunnels_named(ACCOUNT, &name).await.unwrap(), []);
    let made = api.create_tunnel(ACCOUNT, &name, &secret).await.unwrap();
    assert_eq!(
        api.tunnels_named(ACCOUNT, &name).await.unwrap(),
        std::slice::from_ref(&made)
    );
    assert_eq!(server.inventory().tunnels[0].secret, secret.expose_secret());
    let again = api.create_tunnel(ACCOUNT, &name, &secret).await;
    assert!(matches!(again, Err(ApiError::Exists)), "{again:?}");
    api.delete_tunnel(ACCOUNT, &made.id).await.unwrap();
    api.delete_tunnel(ACCOUNT, &made.id).await.unwrap();
    assert_eq!(api.tunnels_named(ACCOUNT, &name).await.unwrap(), []);
    assert_eq!(api.deleted_tunnels(ACCOUNT, &name).await.unwrap()[0].id, made.id);
    let next = api.create_tunnel(ACCOUNT, &name, &secret).await.unwrap();
    assert_ne!(next.id, made.id);
    server.assert_clean();
}

#[tokio::test]
async fn a_connected_tunnel_is_deleted_after_its_connections() {
    let server = stand_in().await;
    let api = adapter(&server);
    let secret = secret();
    let made = api
        .create_tunnel(ACCOUNT, &names().tunnel, &secret)
        .await
        .unwrap();
    assert!(!server.connect(&made.id, "another secret"));
    assert!(server.connect(&made.id, secret.expose_secret()));
    let seen = api.tunnels_named(ACCOUNT, &names().tunnel).await.unwrap();
    assert!(seen[0].facts().is_connected);
    assert_eq!(api.connectors(ACCOUNT, &made.id).await.unwrap(), 1);
    let refused = api.delete_tunnel(ACCOUNT, &made.id).await;
    assert!(matches!(refused, Err(ApiError::Connected)), "{refused:?}");
    api.drop_connections(ACCOUNT, &made.id).await.unwrap();
    assert_eq!(api.connectors(ACCOUNT, &made.id).await.unwrap(), 0);
    api.delete_tunnel(ACCOUNT, &made.id).await.unwrap();
    api.drop_connections(ACCOUNT, &made.id).await.unwrap();
    assert!(server.inventory().is_empty());
    server.assert_clean();
}

#[tokio::test]
async fn the_secret_of_a_tunnel_is_compared_and_never_printed() {
    let server = stand_in().await;
    let api = adapter(&server);
    let held = Credentials::generate(ACCOUNT).unwrap();
    let made = api
        .create_tunnel(ACCOUNT, &names().tunnel, held.secret())
        .await
        .unwrap();
    let own = api.tunnel_credentials(ACCOUNT, &made.id).await.unwrap();
    assert_eq!(Credentials::proof(Some(&held), own.as_ref()), Proof::Same);
    assert_eq!(Credentials::proof(None, own.as_ref()), Proof::Different);
    let shown = format!("{made:?} {own:?} {held:?} {api:?}");
    for secret in [held.secret().expose_secret(), Options::TOKEN] {
        assert!(!shown.contains(secret));
    }
    assert!(
        api.tunnel_credentials(ACCOUNT, "no-such")
            .await
            .unwrap()
            .is_none()
    );
    server.assert_clean();
}

#[tokio::test]
async fn a_record_is_made_found_corrected_and_deleted() {
    let server = stand_in().await;
    let api = adapter(&server);
    let zone = server.zone(ZONE).unwrap();
    let names = names();
    let made = api.create_record(&zone, &names, "t1").await.unwrap();
    assert_eq!(
        (made.kind.as_str(), made.content.as_str()),
        ("CNAME", "t1.cfargotunnel.com")
    );
    assert!(made.proxied && made.comment.as_deref() == Some(names.comment.as_str()));
    assert_eq!(
        api.records_named(&zone, &names.host).await.unwrap(),
        std::slice::from_ref(&made)
    );
    let again = api.create_record(&zone, &names, "t2").await;
    assert!(matches!(again, Err(ApiError::Exists)), "{again:?}");
    let corrected = api.correct_record(&zone, &made.id, &names, "t2").await.unwrap();
    assert_eq!(
        (corrected.id.as_str(), corrected.content.as_str()),
        (made.id.as_str(), "t2.cfargotunnel.com")
    );
    api.delete_record(&zone, &made.id).await.unwrap();
    api.delete_record(&zone, &made.id).await.unwrap();
    let gone = api.correct_record(&zone, &made.id, &names, "t2").await;
    assert!(matches!(gone, Err(ApiError::NotFound)), "{gone:?}");
    server.add_record("A", &names.host, "192.0.2.1", "");
    let taken = api.create_record(&zone, &names, "t1").await;
    assert!(matches!(taken, Err(ApiError::Exists)), "{taken:?}");
    server.assert_clean();
}

#[tokio::test]
async fn the_things_of_a_thousand_organizations_are_read_in_a_few_requests() {
    let server = stand_in().await;
    let secret = secret();
    for number in 0..1005 {
        let names = Names::of(&format!("org{number}"), ZONE);
        let id = server.add_tunnel(&names.tunnel, secret.expose_secret());
        server.add_record(
            "CNAME",
            &names.host,
            &format!("{id}.cfargotunnel.com"),
            &names.comment,
        );
    }
    server.add_tunnel("somebody-elses", secret.expose_secret());
    let api = adapter(&server);
    let tunnels = api.tunnels_of(ACCOUNT, "webhooks-").await.unwrap();
    let records = api.records(&server.zone(ZONE).unwrap()).await.unwrap();
    assert_eq!((tunnels.len(), records.len()), (1005, 1005));
    assert_eq!(server.requests().len(), 13);
    server.assert_clean();
}

/// What comes of every call by a token with these rights.
async fn denied(rights: &[Right]) -> Vec<Permission> {
    let server = stand_in().await;
    server.reset(Options {
        tokens: vec![TokenSeed {
            value: "limited".to_owned(),
            rights: rights.to_vec(),
        }],
        ..Options::default()
    });
    let api = by_token(&server.url(), "limited");
    let zone = server.zone(ZONE).unwrap();
    let secret = secret();
    let outcomes = [
        api.tunnels_named(ACCOUNT, "x").await.map(drop),
        api.create_tunnel(ACCOUNT, "x", &secret).await.map(drop),
        api.tunnel_credentials(ACCOUNT, "x").await.map(drop),
        api.drop_connections(ACCOUNT, "x").await,
        api.records_named(&zone, "x").await.map(drop),
        api.create_record(&zone, &names(), "x").await.map(drop),
        api.delete_record(&zone, "x").await,
    ];
    let missing = outcomes.into_iter().filter_map(|outcome| match outcome {
        Err(ApiError::PermissionMissing(permission)) => Some(permission),
        _ => None,
    });
    missing.collect()
}

#[tokio::test]
async fn a_token_that_may_not_is_told_which_permission_it_lacks() {
    assert_eq!(denied(&Right::ALL).await, []);
    assert_eq!(denied(&[Right::DnsEdit]).await, [Permission::TunnelEdit; 4]);
    assert_eq!(denied(&[Right::TunnelEdit]).await, [Permission::DnsEdit; 3]);
    let server = stand_in().await;
    let refused = by_token(&server.url(), "unknown").zone(ZONE).await;
    assert!(matches!(refused, Err(ApiError::TokenRefused)), "{refused:?}");
    let no_account = adapter(&server).tunnels_named("no-such-account", "x").await;
    assert!(matches!(no_account, Err(ApiError::NoSuchPath)), "{no_account:?}");
}

#[tokio::test]
async fn whoever_may_see_no_account_or_zone_is_told_so() {
    let server = stand_in().await;
    server.reset(Options {
        tokens: vec![TokenSeed {
            value: "blind".to_owned(),
            rights: Vec::new(),
        }],
        ..Options::default()
    });
    let api = by_token(&server.url(), "blind");
    let failure = api.account(None).await.unwrap_err();
    assert_eq!(
        (failure.exit, failure.reason),
        (Exit::Forbidden, Reason::NotFound)
    );
    assert!(
        failure
            .hint
            .is_some_and(|hint| hint.contains("Account Settings > Read"))
    );
    let failure = api.zone_id(ZONE).await.unwrap_err();
    assert_eq!(
        (failure.exit, failure.reason),
        (Exit::Forbidden, Reason::NotFound)
    );
    assert!(
        failure
            .hint
            .is_some_and(|hint| hint.contains("Zone > Zone > Read"))
    );
}

#[tokio::test]
async fn a_look_waits_as_long_as_the_server_asks_and_a_creation_is_left_to_the_next_look() {
    let server = stand_in().await;
    let api = adapter(&server);
    server.script([(Trouble::Limited { retry_after: 1 }, 1)]);
    let start = Instant::now();
    assert!(api.zone(ZONE).await.unwrap().is_some());
    assert!(start.elapsed() >= Duration::from_secs(1));
    server.script([(Trouble::Limited { retry_after: 1 }, 1)]);
    server.forget_requests();
    let busy = api.create_tunnel(ACCOUNT, "x", &secret()).await;
    assert!(matches!(busy, Err(ApiError::Busy)), "{busy:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn what_stands_before_the_api_is_not_taken_for_it() {
    let server = stand_in().await;
    let api = adapter(&server);
    for (trouble, expected) in [
        (
            Trouble::Page(200),
            "Foreign { status: 200, media_type: \"text/html\" }",
        ),
        (
            Trouble::Page(403),
            "Foreign { status: 403, media_type: \"text/html\" }",
        ),
        (Trouble::Page(520), "Crashed(520)"),
        (Trouble::Internal, "Crashed(500)"),
    ] {
        server.script([(trouble, 1)]);
        let error = api.zone(ZONE).await.unwrap_err();
        assert_eq!(format!("{error:?}"), expected);
    }
    let elsewhere = by_token(&server.origin(), Options::TOKEN).zone(ZONE).await;
    assert!(matches!(elsewhere, Err(ApiError::NoSuchPath)), "{elsewhere:?}");
}

#[tokio::test]
async fn the_guard_lets_only_the_configured_server_be_internal() {
    let server = stand_in().await;
    let http = Http::new(&Config::default(), &Stop::default()).unwrap();
    let token = ApiToken::new(&Options::TOKEN.into()).unwrap();
    let error = Cloudflare::new(&http, &server.url(), token)
        .zone(ZONE)
        .await
        .unwrap_err();
    let ApiError::Unanswered(failure) = error else {
        panic!("{error:?}")
    };
    assert_eq!(failure.reason, Reason::InvalidConfig);
    assert_eq!(server.requests().len(), 0);
}
