//! `providers/oauth2/` (section 6 of the recording).

use rig::authentik::{Authentik, Options, ProviderSeed, SecretWrite};
use serde_json::{Value, json};

use crate::client::Client;
use crate::{start, with_admin};

pub(crate) const PROVIDERS: &str = "/api/v3/providers/oauth2/";

pub(crate) fn at(pk: &Value) -> String {
    format!("{PROVIDERS}{pk}/")
}

/// The provider "Dex OIDC Provider".
pub(crate) async fn dex(admin: &Client) -> Value {
    let list = admin
        .get(&format!("{PROVIDERS}?client_id=dex-client"))
        .await
        .expect(200)
        .json();
    list["results"][0].clone()
}

pub(crate) async fn flow(admin: &Client, slug: &str) -> Value {
    let list = admin
        .get(&format!("/api/v3/flows/instances/?slug={slug}"))
        .await
        .expect(200)
        .json();
    list["results"][0]["pk"].clone()
}

/// The least that can be created.
pub(crate) async fn minimal(admin: &Client, name: &str) -> Value {
    json!({
        "name": name,
        "authorization_flow": flow(admin, "default-provider-authorization-implicit-consent").await,
        "invalidation_flow": flow(admin, "default-provider-invalidation-flow").await,
        "redirect_uris": [],
    })
}

async fn count(admin: &Client, query: &str) -> Value {
    admin
        .get(&format!("{PROVIDERS}?{query}"))
        .await
        .expect(200)
        .json()["pagination"]["count"]
        .clone()
}

#[tokio::test]
async fn the_seeded_provider() {
    let (authentik, admin) = start(with_admin()).await;
    let dex = dex(&admin).await;
    assert_eq!(dex["name"], "Dex OIDC Provider");
    assert_eq!(
        dex["redirect_uris"],
        json!([{ "matching_mode": "strict", "url": "https://dex.home.local/callback" }])
    );
    assert_eq!(
        (&dex["client_type"], &dex["issuer_mode"]),
        (&json!("confidential"), &json!("per_provider"))
    );
    assert_eq!(dex["assigned_application_slug"], "platform-services");
    assert_eq!(dex["client_secret"].as_str().unwrap().len(), 128);
    assert_eq!(dex["property_mappings"].as_array().unwrap().len(), 3);
    assert!(dex["signing_key"].is_string() && dex["pk"].is_i64());
    assert_eq!(admin.get(&at(&dex["pk"])).await.expect(200).json(), dex);
    authentik.assert_clean();
}

#[tokio::test]
async fn creating() {
    let (_authentik, admin) = start(with_admin()).await;
    let created = admin
        .post(PROVIDERS, &minimal(&admin, "p1").await)
        .await
        .expect(201)
        .json();
    assert_eq!(created["client_id"].as_str().unwrap().len(), 40);
    assert_eq!(created["client_secret"].as_str().unwrap().len(), 128);
    assert_eq!(
        (&created["signing_key"], &created["encryption_key"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (&created["access_code_validity"], &created["component"]),
        (&json!("minutes=1"), &json!("ak-provider-oauth2-form"))
    );
    assert_eq!(
        (
            &created["assigned_application_slug"],
            &created["backchannel_logout_uri"]
        ),
        (&Value::Null, &json!(""))
    );
    let mut again = minimal(&admin, "p1").await;
    again["client_id"] = created["client_id"].clone();
    let errors = json!({
        "name": ["provider with this name already exists."],
        "client_id": ["OAuth2/OpenID Provider with this Client ID already exists."],
    });
    admin.post(PROVIDERS, &again).await.expect_json(400, &errors);
    admin.delete(&at(&created["pk"])).await.expect(204);
    admin
        .get(&at(&created["pk"]))
        .await
        .expect_detail(404, "No OAuth2Provider matches the given query.");
}

#[tokio::test]
async fn refused_bodies() {
    let (_authentik, admin) = start(with_admin()).await;
    let required = json!(["This field is required."]);
    let errors = json!({
        "name": required, "authorization_flow": required, "invalidation_flow": required, "redirect_uris": required,
    });
    admin.post(PROVIDERS, &json!({})).await.expect_json(400, &errors);
    let pk = dex(&admin).await["pk"].clone();
    let unknown = "00000000-0000-4000-8000-000000000000";
    let refused = [
        (
            "authorization_flow",
            json!("not-a-uuid"),
            json!(["“not-a-uuid” is not a valid UUID."]),
        ),
        (
            "authorization_flow",
            json!(unknown),
            json!([format!("Invalid pk \"{unknown}\" - object does not exist.")]),
        ),
        (
            "client_type",
            json!("odd"),
            json!(["\"odd\" is not a valid choice."]),
        ),
        ("client_id", json!(""), json!(["This field may not be blank."])),
        ("client_id", Value::Null, json!(["This field may not be null."])),
        (
            "property_mappings",
            json!("x"),
            json!(["Expected a list of items but got type \"str\"."]),
        ),
    ];
    for (name, value, error) in refused {
        admin
            .patch(&at(&pk), &json!({ name: value }))
            .await
            .expect_json(400, &json!({ name: error }));
    }
}

#[tokio::test]
async fn finding() {
    let other = ProviderSeed::other("Another", "DEX-client", "https://other.example.com/cb");
    let options = Options {
        providers: vec![ProviderSeed::dex(), other],
        ..with_admin()
    };
    let (_authentik, admin) = start(options).await;
    for (query, expected) in [
        ("client_id=dex-client", 1),
        ("client_id=dex", 0),
        ("client_id=Dex-Client", 0),
        ("name=Dex%20OIDC%20Provider", 1),
        ("name=dex+oidc+provider", 0),
        ("search=OIDC", 1),
        ("search=oidc", 1),
        ("search=dex-client", 0),
        ("client_type=public", 0),
        ("client_type=confidential", 2),
    ] {
        assert_eq!(count(&admin, query).await, expected, "{query}");
    }
    let bad = admin
        .get(&format!("{PROVIDERS}?client_type=odd"))
        .await
        .expect(400)
        .json();
    assert!(
        bad["client_type"][0]
            .as_str()
            .unwrap()
            .starts_with("Select a valid choice.")
    );
    let list = admin.get(PROVIDERS).await.json();
    assert_eq!(list["results"][0]["name"], "Another");
}

#[tokio::test]
async fn none_and_two_matching() {
    let (_authentik, admin) = start(Options {
        providers: Vec::new(),
        ..with_admin()
    })
    .await;
    assert_eq!(count(&admin, "").await, 0);
    let twin = ProviderSeed::other("Dex twin", "other-client", "https://dex.home.local/callback");
    let (_authentik, admin) = start(Options {
        providers: vec![ProviderSeed::dex(), twin],
        ..with_admin()
    })
    .await;
    let list = admin.get(PROVIDERS).await.json();
    assert_eq!(
        list["results"][0]["redirect_uris"],
        list["results"][1]["redirect_uris"]
    );
}

#[tokio::test]
async fn the_client_secret() {
    let (_authentik, admin) = start(with_admin()).await;
    let path = at(&dex(&admin).await["pk"]);
    let long = "x".repeat(255);
    let umlauts = "é".repeat(255);
    let kept = "in\nner \t\"'`:/+%41&é☃😀";
    for (sent, stored) in [
        (json!(long), long.as_str()),
        (json!(umlauts), umlauts.as_str()),
        (json!(""), ""),
        (json!("  padded  "), "padded"),
        (json!("abc\n"), "abc"),
        (json!(kept), kept),
        (json!(12345), "12345"),
    ] {
        let answer = admin
            .patch(&path, &json!({ "client_secret": sent }))
            .await
            .expect(200)
            .json();
        assert_eq!(answer["client_secret"], stored);
        assert_eq!(answer["name"], "Dex OIDC Provider");
        assert_eq!(admin.get(&path).await.json()["client_secret"], stored);
    }
    for (sent, error) in [
        (
            json!("x".repeat(256)),
            "Ensure this field has no more than 255 characters.",
        ),
        (Value::Null, "This field may not be null."),
        (json!("a\0b"), "Null characters are not allowed."),
        (json!(true), "Not a valid string."),
        (json!(["x"]), "Not a valid string."),
    ] {
        let errors = json!({ "client_secret": [error] });
        admin
            .patch(&path, &json!({ "client_secret": sent }))
            .await
            .expect_json(400, &errors);
    }
    assert_eq!(admin.get(&path).await.json()["client_secret"], "12345");
}

#[tokio::test]
async fn patching_nothing_and_putting_everything() {
    let (authentik, admin) = start(with_admin()).await;
    let dex = dex(&admin).await;
    let path = at(&dex["pk"]);
    assert_eq!(admin.patch(&path, &json!({})).await.expect(200).json(), dex);
    admin
        .write("PUT", &path, &json!({ "client_secret": "x" }))
        .await
        .expect(400);
    authentik.assert_clean();
    assert_eq!(
        admin
            .patch(&path, &json!({ "pk": 99, "nonsense": 1 }))
            .await
            .expect(200)
            .json(),
        dex
    );
    assert_eq!(authentik.violations().len(), 2);
    let headers = [
        ("accept", "application/json"),
        ("content-type", "application/json"),
    ];
    let twice = r#"{"client_secret":"first","client_secret":"last"}"#;
    assert_eq!(
        admin
            .send("PATCH", &path, &headers, twice)
            .await
            .expect(200)
            .json()["client_secret"],
        "last"
    );
}

#[tokio::test]
async fn a_secret_that_does_not_take() {
    for (secret_write, shown) in [(SecretWrite::Kept, "old"), (SecretWrite::Echoed, "new")] {
        let seed = ProviderSeed {
            secret_write,
            client_secret: Some("old".into()),
            ..ProviderSeed::dex()
        };
        let (authentik, admin) = start(Options {
            providers: vec![seed],
            ..with_admin()
        })
        .await;
        let path = at(&dex(&admin).await["pk"]);
        let answer = admin
            .patch(&path, &json!({ "client_secret": "new" }))
            .await
            .expect(200)
            .json();
        assert_eq!(answer["client_secret"], shown);
        assert_eq!(admin.get(&path).await.json()["client_secret"], "old");
        assert_eq!(authentik.snapshot().providers[0].client_secret.expose(), "old");
    }
}

#[tokio::test]
async fn setup_urls() {
    let unbound = ProviderSeed::other("Unbound", "unbound", "https://u");
    let (authentik, admin) = start(Options {
        providers: vec![ProviderSeed::dex(), unbound],
        ..with_admin()
    })
    .await;
    let base = authentik.url();
    let bound = admin
        .get(&format!("{}setup_urls/", at(&dex(&admin).await["pk"])))
        .await;
    let expected = json!({
        "issuer": format!("{base}/application/o/platform-services/"),
        "authorize": format!("{base}/application/o/authorize/"),
        "token": format!("{base}/application/o/token/"),
        "user_info": format!("{base}/application/o/userinfo/"),
        "provider_info": format!("{base}/application/o/platform-services/.well-known/openid-configuration"),
        "logout": format!("{base}/application/o/platform-services/end-session/"),
        "jwks": format!("{base}/application/o/platform-services/jwks/"),
    });
    bound.expect_json(200, &expected);
    let list = admin.get(&format!("{PROVIDERS}?client_id=unbound")).await.json();
    let unbound = admin
        .get(&format!("{}setup_urls/", at(&list["results"][0]["pk"])))
        .await
        .expect(200)
        .json();
    for name in ["issuer", "provider_info", "logout"] {
        assert_eq!(unbound[name], Value::Null);
    }
    assert_eq!((unbound.get("jwks"), unbound["token"].is_string()), (None, true));
}

#[tokio::test]
async fn preview_user() {
    let (authentik, admin) = start(with_admin()).await;
    let path = format!("{}preview_user/", at(&dex(&admin).await["pk"]));
    let own = admin.get(&path).await.expect(200).json();
    assert_eq!(
        own["preview"]["iss"],
        format!("{}/application/o/platform-services/", authentik.url())
    );
    assert_eq!(
        (&own["preview"]["aud"], &own["preview"]["groups"]),
        (&json!("dex-client"), &json!(["authentik Admins"]))
    );
    assert_eq!(
        admin.get(&format!("{path}?for_user=6")).await.expect(200).json()["preview"]["sub"],
        own["preview"]["sub"]
    );
    let unknown = admin.get(&format!("{path}?for_user=99")).await;
    unknown.expect_json(400, &json!({ "for_user": "User not found" }));
    let text = admin.get(&format!("{path}?for_user=x")).await;
    text.expect_json(400, &json!({ "for_user": "input must be numerical" }));
}

#[tokio::test]
async fn ids_do_not_depend_on_what_else_was_asked() {
    let first = Authentik::start(with_admin()).await.unwrap();
    let second = Authentik::start(with_admin()).await.unwrap();
    Client::new(&second).get("/api/v3/root/config/").await.expect(200);
    assert_eq!(first.snapshot(), second.snapshot());
    let other = Authentik::start(Options {
        seed: "another".into(),
        ..with_admin()
    })
    .await
    .unwrap();
    assert_ne!(first.snapshot(), other.snapshot());
}
