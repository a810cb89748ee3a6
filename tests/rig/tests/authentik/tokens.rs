//! `core/tokens/` (section 4 of the recording).

use std::time::Duration;

use rig::authentik::{Authentik, Options};
use serde_json::{Value, json};

use crate::client::Client;
use crate::{ADMIN_KEY, start, with_admin};

const TOKENS: &str = "/api/v3/core/tokens/";
const ME: &str = "/api/v3/core/users/me/";
const HOUR: Duration = Duration::from_secs(3600);

fn at(identifier: &str) -> String {
    format!("{TOKENS}{identifier}/")
}

async fn key_of(admin: &Client, identifier: &str) -> String {
    let body = admin
        .get(&format!("{TOKENS}{identifier}/view_key/"))
        .await
        .expect(200)
        .json();
    body["key"].as_str().unwrap().to_owned()
}

/// An ordinary user, and a client that uses a token which the administrator made for him.
async fn ordinary(authentik: &Authentik, admin: &Client, expiring: bool) -> (i64, Client) {
    let user = admin
        .post("/api/v3/core/users/", &json!({ "username": "u", "name": "U" }))
        .await
        .expect(201)
        .json();
    let pk = user["pk"].as_i64().unwrap();
    let token = json!({ "identifier": "of-u", "user": pk, "expiring": expiring });
    admin.post(TOKENS, &token).await.expect(201);
    (pk, Client::bearer(authentik, &key_of(admin, "of-u").await))
}

#[tokio::test]
async fn the_bootstrap_token() {
    let (_authentik, admin) = start(with_admin()).await;
    let token = admin
        .get(&at("authentik-bootstrap-token"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&token["intent"], &token["expiring"], &token["managed"]),
        (&json!("api"), &json!(false), &Value::Null)
    );
    assert_eq!(
        (&token["description"], &token["user_obj"]["username"]),
        (&json!(""), &json!("akadmin"))
    );
    assert!(token["expires"].is_string());
    assert_eq!(key_of(&admin, "authentik-bootstrap-token").await, ADMIN_KEY);
    admin.delete(&at("authentik-bootstrap-token")).await.expect(204);
    admin.get(ME).await.expect_detail(403, "Token invalid/expired");
}

#[tokio::test]
async fn without_the_variable_there_is_no_bootstrap_token() {
    let authentik = Authentik::start(Options::default()).await.unwrap();
    Client::bearer(&authentik, ADMIN_KEY).get(ME).await.expect(403);
    assert!(authentik.snapshot().tokens.is_empty());
}

#[tokio::test]
async fn another_start_makes_a_missing_bootstrap_token_and_changes_none() {
    let authentik = Authentik::start(Options::default()).await.unwrap();
    authentik.restart_with(Some("late"));
    let admin = Client::bearer(&authentik, "late");
    admin.get(ME).await.expect(200);
    authentik.restart_with(Some("later"));
    Client::bearer(&authentik, "later")
        .get(ME)
        .await
        .expect_detail(403, "Token invalid/expired");
    admin.delete(&at("authentik-bootstrap-token")).await.expect(204);
    authentik.restart_with(Some("later"));
    Client::bearer(&authentik, "later").get(ME).await.expect(200);
}

#[tokio::test]
async fn creating() {
    let (_authentik, admin) = start(with_admin()).await;
    let body =
        json!({ "identifier": "t2", "intent": "api", "expiring": false, "description": "x", "user": 6 });
    let created = admin.post(TOKENS, &body).await.expect(201).json();
    for name in ["identifier", "intent", "expiring", "description", "user"] {
        assert_eq!(created[name], body[name]);
    }
    assert_eq!(
        (created.get("key"), created["pk"].as_str().unwrap().len()),
        (None, 36)
    );
    assert_eq!(key_of(&admin, "t2").await.len(), 60);
    let defaults = admin
        .post(TOKENS, &json!({ "identifier": "t3" }))
        .await
        .expect(201)
        .json();
    assert_eq!(
        (&defaults["intent"], &defaults["expiring"], &defaults["user"]),
        (&json!("api"), &json!(true), &json!(6))
    );
}

#[tokio::test]
async fn refused_and_ignored_fields() {
    let (_authentik, admin) = start(with_admin()).await;
    admin
        .post(TOKENS, &json!({ "identifier": "t1" }))
        .await
        .expect(201);
    let slug = "Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens.";
    let refused = [
        (
            json!({ "identifier": "t1" }),
            json!({ "identifier": ["Token with this identifier already exists."] }),
        ),
        (json!({}), json!({ "identifier": ["This field is required."] })),
        (json!({ "identifier": "a b" }), json!({ "identifier": [slug] })),
        (
            json!({ "identifier": "x", "intent": "recovery" }),
            json!({ "intent": ["Invalid intent recovery"] }),
        ),
        (
            json!({ "identifier": "x", "intent": "verification" }),
            json!({ "intent": ["Invalid intent verification"] }),
        ),
        (
            json!({ "identifier": "x", "intent": "bogus" }),
            json!({ "intent": ["\"bogus\" is not a valid choice."] }),
        ),
        (
            json!({ "identifier": "x", "user": 99999 }),
            json!({ "user": ["Invalid pk \"99999\" - object does not exist."] }),
        ),
    ];
    for (body, errors) in refused {
        admin.post(TOKENS, &body).await.expect_json(400, &errors);
    }
    let body = json!({ "identifier": "t4", "key": "mine", "expires": "2030-01-01T00:00:00Z" });
    let created = admin.post(TOKENS, &body).await.expect(201).json();
    assert!(
        !created["expires"].as_str().unwrap().starts_with("2030"),
        "{created}"
    );
    assert_ne!(key_of(&admin, "t4").await, "mine");
}

#[tokio::test]
async fn reading_changing_and_deleting() {
    let (_authentik, admin) = start(with_admin()).await;
    admin
        .post(TOKENS, &json!({ "identifier": "t1", "expiring": false }))
        .await
        .expect(201);
    let list = admin
        .get(&format!("{TOKENS}?identifier=t1"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&list["pagination"]["count"], &list["results"][0]["identifier"]),
        (&json!(1), &json!("t1"))
    );
    let list = admin
        .get(&format!("{TOKENS}?user__username=nobody"))
        .await
        .expect(200)
        .json();
    assert_eq!(list["pagination"]["count"], 0);
    let changed = admin
        .patch(&at("t1"), &json!({ "description": "new" }))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&changed["description"], &changed["expiring"]),
        (&json!("new"), &json!(false))
    );
    let other = admin
        .post("/api/v3/core/users/", &json!({ "username": "u", "name": "U" }))
        .await
        .json();
    admin
        .patch(&at("t1"), &json!({ "user": other["pk"] }))
        .await
        .expect(400);
    let deleted = admin.delete(&at("t1")).await.expect(204);
    assert_eq!(deleted.body, "");
    admin
        .delete(&at("t1"))
        .await
        .expect_detail(404, "No Token matches the given query.");
    let view_key = format!("{TOKENS}t1/view_key/");
    admin
        .get(&view_key)
        .await
        .expect_detail(404, "No Token matches the given query.");
}

#[tokio::test]
async fn setting_a_key() {
    let (authentik, admin) = start(with_admin()).await;
    admin
        .post(TOKENS, &json!({ "identifier": "t1", "expiring": false }))
        .await
        .expect(201);
    let old = key_of(&admin, "t1").await;
    let set_key = format!("{TOKENS}t1/set_key/");
    for body in [json!({}), json!({ "key": "" })] {
        assert_eq!(admin.post(&set_key, &body).await.expect(400).body, "");
    }
    assert_eq!(
        admin
            .post(&set_key, &json!({ "key": "chosen" }))
            .await
            .expect(204)
            .body,
        ""
    );
    Client::bearer(&authentik, &old).get(ME).await.expect(403);
    Client::bearer(&authentik, "chosen").get(ME).await.expect(200);
    admin
        .post(&set_key, &json!({ "key": ADMIN_KEY }))
        .await
        .expect(204);
}

#[tokio::test]
async fn an_expired_token_is_deleted_when_it_is_presented() {
    let (authentik, admin) = start(with_admin()).await;
    admin
        .post(TOKENS, &json!({ "identifier": "t1" }))
        .await
        .expect(201);
    let key = key_of(&admin, "t1").await;
    let client = Client::bearer(&authentik, &key);
    client.get(ME).await.expect(200);
    authentik.advance(HOUR);
    assert_eq!(key_of(&admin, "t1").await, key);
    client.get(ME).await.expect_detail(403, "Token invalid/expired");
    admin.get(&at("t1")).await.expect(404);
    admin
        .post(TOKENS, &json!({ "identifier": "t1" }))
        .await
        .expect(201);
    assert_ne!(key_of(&admin, "t1").await, key);
}

#[tokio::test]
async fn the_clean_up_task_rotates_expired_tokens() {
    let (authentik, admin) = start(with_admin()).await;
    admin
        .post(TOKENS, &json!({ "identifier": "t1" }))
        .await
        .expect(201);
    admin
        .post(
            TOKENS,
            &json!({ "identifier": "password", "intent": "app_password" }),
        )
        .await
        .expect(201);
    let key = key_of(&admin, "t1").await;
    authentik.clean_expired();
    assert_eq!(key_of(&admin, "t1").await, key);
    authentik.advance(HOUR);
    authentik.clean_expired();
    let rotated = key_of(&admin, "t1").await;
    assert_ne!(rotated, key);
    Client::bearer(&authentik, &key).get(ME).await.expect(403);
    Client::bearer(&authentik, &rotated).get(ME).await.expect(200);
    admin.get(&at("password")).await.expect(404);
    assert_eq!(key_of(&admin, "authentik-bootstrap-token").await, ADMIN_KEY);
}

#[tokio::test]
async fn a_patch_prolongs_an_expiring_token() {
    let (authentik, admin) = start(with_admin()).await;
    admin
        .post(TOKENS, &json!({ "identifier": "t1" }))
        .await
        .expect(201);
    let client = Client::bearer(&authentik, &key_of(&admin, "t1").await);
    authentik.advance(HOUR);
    admin.patch(&at("t1"), &json!({})).await.expect(200);
    client.get(ME).await.expect(200);
}

#[tokio::test]
async fn an_app_password_is_no_key() {
    let (authentik, admin) = start(with_admin()).await;
    let body = json!({ "identifier": "p", "intent": "app_password", "expiring": false });
    admin.post(TOKENS, &body).await.expect(201);
    let client = Client::bearer(&authentik, &key_of(&admin, "p").await);
    client.get(ME).await.expect_detail(403, "Token invalid/expired");
}

#[tokio::test]
async fn an_ordinary_user_and_his_tokens() {
    let (authentik, admin) = start(with_admin()).await;
    let (pk, user) = ordinary(&authentik, &admin, false).await;
    let denied = "You do not have permission to perform this action.";
    let list = user.get(TOKENS).await.expect(200).json();
    assert_eq!(
        (&list["pagination"]["count"], &list["results"][0]["identifier"]),
        (&json!(1), &json!("of-u"))
    );
    user.get(&at("authentik-bootstrap-token"))
        .await
        .expect_detail(404, "No Token matches the given query.");
    user.get(&at("of-u")).await.expect(200);
    user.get(&format!("{TOKENS}of-u/view_key/"))
        .await
        .expect_detail(403, denied);
    user.post(&format!("{TOKENS}of-u/set_key/"), &json!({ "key": "x" }))
        .await
        .expect_detail(403, denied);
    // What he asks for is not what he gets.
    let own = json!({ "identifier": "own", "user": 6, "expiring": false });
    let own = user.post(TOKENS, &own).await.expect(201).json();
    assert_eq!((&own["user"], &own["expiring"]), (&json!(pk), &json!(true)));
    assert_eq!(key_of(&user, "own").await.len(), 60);
}
