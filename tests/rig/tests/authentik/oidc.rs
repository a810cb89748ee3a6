//! OpenID Connect and the client's secret (section 8 of the recording).

use rig::authentik::{Authentik, Options, ProviderSeed, Version};
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::providers::{at, dex};
use crate::{start, with_admin};

const DISCOVERY: &str = "/application/o/platform-services/.well-known/openid-configuration";
const JWKS: &str = "/application/o/platform-services/jwks/";
const TOKEN: &str = "/application/o/token/";
const REVOKE: &str = "/application/o/revoke/";
const SECRET: &str = "the-right-secret";
const CALLBACK: &str = "https://dex.home.local/callback";

fn seed() -> ProviderSeed {
    ProviderSeed {
        client_secret: Some(SECRET.into()),
        ..ProviderSeed::dex()
    }
}

async fn with(seed: ProviderSeed) -> (Authentik, Client) {
    let authentik = Authentik::start(Options {
        providers: vec![seed],
        ..with_admin()
    })
    .await
    .unwrap();
    let client = Client::new(&authentik);
    (authentik, client)
}

async fn issuer(client: &Client, headers: &[(&str, &str)]) -> Value {
    client
        .send("GET", DISCOVERY, headers, "")
        .await
        .expect(200)
        .json()["issuer"]
        .clone()
}

#[tokio::test]
async fn discovery() {
    let (authentik, client) = with(seed()).await;
    let answer = client.send("GET", DISCOVERY, &[], "").await.expect(200);
    assert!(answer.header("content-type").starts_with("application/json"));
    assert!(answer.body.contains('\n'), "indented");
    let document = answer.json();
    let base = authentik.url();
    for (name, path) in [
        ("issuer", "/application/o/platform-services/"),
        ("authorization_endpoint", "/application/o/authorize/"),
        ("token_endpoint", "/application/o/token/"),
        ("userinfo_endpoint", "/application/o/userinfo/"),
        (
            "end_session_endpoint",
            "/application/o/platform-services/end-session/",
        ),
        ("jwks_uri", "/application/o/platform-services/jwks/"),
    ] {
        assert_eq!(document[name], format!("{base}{path}"));
    }
    assert_eq!(
        document["id_token_signing_alg_values_supported"],
        json!(["RS256"])
    );
    assert_eq!(
        document["scopes_supported"],
        json!(["email", "openid", "profile"])
    );
    client.send("HEAD", DISCOVERY, &[], "").await.expect(200);
    client.send("POST", DISCOVERY, &[], "").await.expect_html(403);
    client
        .get(&DISCOVERY.replace("platform-services", "unknown"))
        .await
        .expect_html(404);
    authentik.assert_clean();
    client.get(&format!("{DISCOVERY}/")).await.expect_html(404);
}

#[tokio::test]
async fn the_issuer_follows_the_request() {
    let (authentik, client) = with(seed()).await;
    let slug = "/application/o/platform-services/";
    let https = ("x-forwarded-proto", "https");
    let host = ("host", "auth.example.com:8443");
    let own = authentik.url();
    for (headers, base) in [
        (vec![], own.as_str()),
        (vec![host, https], "https://auth.example.com:8443"),
        (
            vec![("x-forwarded-host", "fwd.example.com"), https],
            "https://fwd.example.com",
        ),
        (
            vec![
                ("x-forwarded-host", "fwd.example.com"),
                ("x-forwarded-port", "8443"),
            ],
            "http://fwd.example.com",
        ),
        (vec![("forwarded", "host=evil.example.com;proto=https")], &own),
        (vec![("x-forwarded-scheme", "https")], &own),
    ] {
        assert_eq!(
            issuer(&client, &headers).await,
            format!("{base}{slug}"),
            "{headers:?}"
        );
    }
    let bad = client
        .send("GET", DISCOVERY, &[("host", "bad_host!")], "")
        .await
        .expect(404);
    assert_eq!(bad.body, "");
}

#[tokio::test]
async fn an_untrusted_peer_forwards_less() {
    let headers = [
        ("x-forwarded-host", "fwd.example.com"),
        ("x-forwarded-proto", "https"),
    ];
    for (version, scheme) in [(Version::V2025_10, "https"), (Version::V2026_8, "http")] {
        let options = Options {
            version,
            trusted_proxy: false,
            ..with_admin()
        };
        let authentik = Authentik::start(options).await.unwrap();
        let expected = format!(
            "{scheme}://{}/application/o/platform-services/",
            authentik.address()
        );
        assert_eq!(
            issuer(&Client::new(&authentik), &headers).await,
            expected,
            "{version}"
        );
    }
}

#[tokio::test]
async fn a_global_issuer_and_no_signing_key() {
    let (authentik, client) = with(ProviderSeed {
        global_issuer: true,
        ..seed()
    })
    .await;
    assert_eq!(issuer(&client, &[]).await, format!("{}/", authentik.url()));
    let keys = client.get(JWKS).await.expect(200).json();
    let key = &keys["keys"][0];
    assert_eq!(
        (&key["kty"], &key["alg"], &key["e"], &key["use"]),
        (&json!("RSA"), &json!("RS256"), &json!("AQAB"), &json!("sig"))
    );
    assert_eq!(key["n"].as_str().unwrap().len(), 342);
    let (_authentik, client) = with(ProviderSeed {
        signing_key: false,
        ..seed()
    })
    .await;
    client.get(JWKS).await.expect_json(200, &json!({}));
    let document = client.get(DISCOVERY).await.json();
    assert_eq!(
        document["id_token_signing_alg_values_supported"],
        json!(["HS256"])
    );
}

#[track_caller]
fn expect_error(answer: Answer, status: u16, code: &str) {
    let body = answer.expect(status).json();
    assert_eq!(body["error"], code, "{body}");
    assert!(
        body["error_description"].is_string() && body["request_id"].is_string(),
        "{body}"
    );
}

#[tokio::test]
async fn the_token_endpoint() {
    let (authentik, client) = with(seed()).await;
    let ask = async |grant: &str, id: &str, secret: &str| {
        let fields = [
            ("grant_type", grant),
            ("client_id", id),
            ("client_secret", secret),
            ("refresh_token", "junk"),
            ("code", "junk"),
            ("redirect_uri", CALLBACK),
        ];
        client.form(TOKEN, &fields).await
    };
    for (grant, right, wrong) in [
        ("authorization_code", "invalid_grant", "invalid_client"),
        ("refresh_token", "invalid_grant", "invalid_client"),
        ("", "unsupported_grant_type", "unsupported_grant_type"),
        ("odd", "unsupported_grant_type", "unsupported_grant_type"),
    ] {
        expect_error(ask(grant, "dex-client", SECRET).await, 400, right);
        expect_error(ask(grant, "dex-client", "wrong").await, 400, wrong);
        expect_error(ask(grant, "unknown", SECRET).await, 400, "invalid_client");
    }
    expect_error(
        ask("client_credentials", "dex-client", "wrong").await,
        400,
        "invalid_grant",
    );
    expect_error(
        ask("client_credentials", "unknown", SECRET).await,
        400,
        "invalid_client",
    );
    expect_error(
        client.post(TOKEN, &json!({ "client_id": "dex-client" })).await,
        400,
        "invalid_client",
    );
    client.get(TOKEN).await.expect(405);
    let refused = ask("odd", "dex-client", SECRET).await;
    assert_eq!(
        (
            refused.header("cache-control"),
            refused.header("www-authenticate")
        ),
        ("no-store", "")
    );
    let before = authentik.snapshot();
    let granted = ask("client_credentials", "dex-client", SECRET)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&granted["token_type"], &granted["expires_in"]),
        (&json!("Bearer"), &json!(3600))
    );
    assert_eq!(granted["id_token"].as_str().unwrap().split('.').count(), 3);
    let users: Vec<_> = authentik
        .snapshot()
        .users
        .into_iter()
        .map(|user| user.username)
        .collect();
    assert_eq!(users.len(), before.users.len() + 1);
    assert!(
        users.contains(&"ak-Dex OIDC Provider-client_credentials".to_owned()),
        "{users:?}"
    );
}

#[tokio::test]
async fn the_probe_without_side_effect() {
    let (authentik, client) = with(seed()).await;
    let probe = async |id: &str, secret: &str| {
        client
            .form(
                REVOKE,
                &[("client_id", id), ("client_secret", secret), ("token", "x")],
            )
            .await
    };
    let before = authentik.snapshot();
    probe("dex-client", SECRET).await.expect_json(200, &json!({}));
    expect_error(probe("dex-client", "wrong").await, 401, "invalid_client");
    expect_error(probe("unknown", SECRET).await, 401, "invalid_client");
    let introspect = "/application/o/introspect/";
    for secret in [SECRET, "wrong"] {
        let fields = [
            ("client_id", "dex-client"),
            ("client_secret", secret),
            ("token", "x"),
        ];
        client
            .form(introspect, &fields)
            .await
            .expect_json(200, &json!({ "active": false }));
    }
    assert_eq!(authentik.snapshot(), before);
    let (_authentik, client) = with(ProviderSeed {
        public: true,
        ..seed()
    })
    .await;
    let fields = [
        ("client_id", "dex-client"),
        ("client_secret", "anything"),
        ("token", "x"),
    ];
    client.form(REVOKE, &fields).await.expect_json(200, &json!({}));
}

#[tokio::test]
async fn basic_is_not_percent_decoded() {
    use base64::Engine as _;
    let secret = "a/b+c=d%e:f g";
    let (_authentik, client) = with(ProviderSeed {
        client_secret: Some(secret.into()),
        ..seed()
    })
    .await;
    let probe = async |secret: &str| {
        let encoded = base64::engine::general_purpose::STANDARD.encode(format!("dex-client:{secret}"));
        let basic = format!("Basic {encoded}");
        let headers = [
            ("authorization", basic.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        client.send("POST", REVOKE, &headers, "token=x").await
    };
    probe(secret).await.expect(200);
    expect_error(probe("a%2Fb%2Bc%3Dd%25e%3Af%20g").await, 401, "invalid_client");
    let fields = [
        ("client_id", "dex-client"),
        ("client_secret", secret),
        ("token", "x"),
    ];
    client.form(REVOKE, &fields).await.expect(200);
}

#[tokio::test]
async fn a_new_secret_is_effective_at_once() {
    let (authentik, admin) = start(with_admin()).await;
    let client = Client::new(&authentik);
    let path = at(&dex(&admin).await["pk"]);
    admin
        .patch(&path, &json!({ "client_secret": "rotated" }))
        .await
        .expect(200);
    let fields = [
        ("client_id", "dex-client"),
        ("client_secret", "rotated"),
        ("token", "x"),
    ];
    client.form(REVOKE, &fields).await.expect(200);
    admin
        .patch(&path, &json!({ "client_secret": "" }))
        .await
        .expect(200);
    client.form(REVOKE, &fields).await.expect(401);
    client
        .form(
            REVOKE,
            &[("client_id", "dex-client"), ("client_secret", ""), ("token", "x")],
        )
        .await
        .expect(200);
}

/// A client that is logged in as the administrator.
async fn browser(authentik: &Authentik) -> Client {
    let browser = Client::new(authentik);
    let flow = "/api/v3/flows/executor/default-authentication-flow/";
    browser
        .post(flow, &json!({ "uid_field": "akadmin" }))
        .await
        .expect(302);
    browser
        .post(flow, &json!({ "password": "akadmin-password" }))
        .await
        .expect(302);
    browser.get(flow).await.expect(302);
    browser.get(flow).await.expect(200);
    browser
}

#[tokio::test]
async fn the_authorization_code_journey() {
    let (authentik, client) = with(seed()).await;
    let query = |client_id: &str, redirect_uri: &str| {
        let pairs = [
            ("client_id", client_id),
            ("redirect_uri", redirect_uri),
            ("state", "st1"),
            ("nonce", "n1"),
        ];
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        format!("/application/o/authorize/?response_type=code&scope=openid&{query}")
    };
    let anonymous = client.get(&query("dex-client", CALLBACK)).await.expect(302);
    assert!(
        anonymous
            .header("location")
            .starts_with("/flows/-/default/authentication/?next=%2Fapplication")
    );
    let browser = browser(&authentik).await;
    browser.get(&query("unknown", CALLBACK)).await.expect_html(400);
    browser
        .get(&query("dex-client", "https://evil.example.com/"))
        .await
        .expect_html(400);
    let redirect = browser.get(&query("dex-client", CALLBACK)).await.expect(302);
    let location = redirect.header("location");
    let code = location
        .strip_prefix(&format!("{CALLBACK}?code="))
        .unwrap()
        .strip_suffix("&state=st1")
        .unwrap();
    assert_eq!(code.len(), 32);
    let exchange = async |secret: &str, redirect_uri: &str| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", "dex-client"),
            ("client_secret", secret),
            ("redirect_uri", redirect_uri),
        ];
        client.form(TOKEN, &fields).await
    };
    expect_error(exchange("wrong", CALLBACK).await, 400, "invalid_client");
    expect_error(exchange(SECRET, "https://other").await, 400, "invalid_client");
    let tokens = exchange(SECRET, CALLBACK).await.expect(200).json();
    expect_error(exchange(SECRET, CALLBACK).await, 400, "invalid_grant");
    let bearer = Client::bearer(&authentik, tokens["access_token"].as_str().unwrap());
    let userinfo = bearer.get("/application/o/userinfo/").await.expect(200).json();
    assert_eq!(
        (&userinfo["preferred_username"], userinfo.get("iss")),
        (&json!("akadmin"), None)
    );
    let nobody = client.get("/application/o/userinfo/").await.expect(401);
    assert!(nobody.header("www-authenticate").contains("invalid_token"));
}
