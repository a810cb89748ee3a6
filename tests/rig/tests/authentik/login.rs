//! The flow executor and what its session may do (section 3 of the recording).

use rig::authentik::{Authentik, LoginPages, Options, Version};
use serde_json::{Value, json};

use crate::client::{Answer, Client};

const FLOW: &str = "/api/v3/flows/executor/default-authentication-flow/?query=";
const PASSWORD: &str = "akadmin-password";
const TOKENS: &str = "/api/v3/core/tokens/";
const ME: &str = "/api/v3/core/users/me/";
const JSON: [(&str, &str); 2] = [
    ("accept", "application/json"),
    ("content-type", "application/json"),
];

async fn fresh(options: Options) -> (Authentik, Client) {
    let authentik = Authentik::start(options).await.unwrap();
    let client = Client::new(&authentik);
    (authentik, client)
}

fn uid(name: &str) -> Value {
    json!({ "component": "ak-stage-identification", "uid_field": name })
}

fn password(text: &str) -> Value {
    json!({ "component": "ak-stage-password", "password": text })
}

#[track_caller]
fn expect_again(answer: Answer) {
    let answer = answer.expect(302);
    assert_eq!((answer.header("location"), answer.body.as_str()), (FLOW, ""));
}

#[track_caller]
fn expect_component(answer: Answer, component: &str) -> Value {
    let body = answer.expect(200).json();
    assert_eq!(body["component"], component, "{body}");
    body
}

async fn log_in(client: &Client) {
    expect_again(client.post(FLOW, &uid("akadmin")).await);
    expect_again(client.post(FLOW, &password(PASSWORD)).await);
    expect_again(client.get(FLOW).await);
    expect_component(client.get(FLOW).await, "xak-flow-redirect");
}

#[tokio::test]
async fn six_steps() {
    let (authentik, client) = fresh(Options::default()).await;
    let first = client.get(FLOW).await;
    let cookie = first.header("set-cookie").to_owned();
    assert!(cookie.starts_with("authentik_session="), "{cookie}");
    for attribute in ["HttpOnly", "Path=/", "SameSite=Lax"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let body = expect_component(first, "ak-stage-identification");
    assert_eq!(
        (&body["password_fields"], &body["flow_info"]["title"]),
        (&json!(false), &json!("Welcome to authentik!"))
    );
    expect_again(client.post(FLOW, &uid("akadmin")).await);
    let body = expect_component(client.get(FLOW).await, "ak-stage-password");
    assert_eq!(body["pending_user"], "akadmin");
    expect_again(client.post(FLOW, &password(PASSWORD)).await);
    let anonymous = client.cookie("authentik_session").unwrap();
    expect_again(client.get(FLOW).await);
    assert_eq!(client.cookie("authentik_csrf"), None);
    let body = expect_component(client.get(FLOW).await, "xak-flow-redirect");
    assert_eq!(body["to"], "/");
    assert_ne!(client.cookie("authentik_session").unwrap(), anonymous);
    assert!(client.cookie("authentik_csrf").is_some() && client.cookie("authentik_device").is_some());
    assert_eq!(
        client.get(ME).await.expect(200).json()["user"]["username"],
        "akadmin"
    );
    assert_eq!(
        authentik.requests().last().unwrap().user.as_deref(),
        Some("akadmin")
    );
    authentik.assert_clean();
}

#[tokio::test]
async fn a_mail_address_names_the_user_too() {
    let (_authentik, client) = fresh(Options::default()).await;
    expect_again(
        client
            .post(FLOW, &json!({ "uid_field": "akadmin@example.com" }))
            .await,
    );
    assert_eq!(client.get(FLOW).await.json()["pending_user"], "akadmin");
}

#[tokio::test]
async fn the_fifth_wrong_password_ends_the_plan_but_locks_nobody() {
    let (authentik, client) = fresh(Options::default()).await;
    let errors = json!({ "password": [{ "string": "Invalid password", "code": "invalid" }] });
    expect_again(client.post(FLOW, &uid("akadmin")).await);
    for _ in 0..4 {
        let body = expect_component(client.post(FLOW, &password("wrong")).await, "ak-stage-password");
        assert_eq!(body["response_errors"], errors);
    }
    let body = expect_component(
        client.post(FLOW, &password("wrong")).await,
        "ak-stage-access-denied",
    );
    assert_eq!(
        (&body["error_message"], &body["pending_user"]),
        (&json!("Invalid password"), &json!("akadmin"))
    );
    expect_component(client.get(FLOW).await, "ak-stage-identification");
    log_in(&Client::new(&authentik)).await;
}

#[tokio::test]
async fn an_unknown_user_looks_like_a_known_one() {
    let (_authentik, client) = fresh(Options::default()).await;
    expect_again(client.post(FLOW, &uid("nobody")).await);
    assert_eq!(
        expect_component(client.get(FLOW).await, "ak-stage-password")["pending_user"],
        "nobody"
    );
    let body = expect_component(client.post(FLOW, &password(PASSWORD)).await, "ak-stage-password");
    assert_eq!(
        body["response_errors"]["password"][0]["string"],
        "Invalid password"
    );
}

#[tokio::test]
async fn failures_are_200() {
    let (authentik, client) = fresh(Options::default()).await;
    for body in [json!({}), password(PASSWORD)] {
        let answer = expect_component(client.post(FLOW, &body).await, "ak-stage-identification");
        let errors = json!({ "uid_field": [{ "string": "This field is required.", "code": "required" }] });
        assert_eq!(answer["response_errors"], errors);
    }
    authentik.assert_clean();
    client
        .post(FLOW, &json!({ "username": "akadmin" }))
        .await
        .expect(200);
    assert!(authentik.violations()[0].contains("\"username\" is no part"));
    let malformed = client.send("POST", FLOW, &JSON, "{").await;
    assert!(expect_component(malformed, "ak-stage-flow-error")["request_id"].is_string());
    expect_component(
        client.form(FLOW, &[("uid_field", "akadmin")]).await,
        "ak-stage-flow-error",
    );
    let unknown = FLOW.replace("default-authentication-flow", "nothing");
    client.get(&unknown).await.expect_html(404);
}

#[tokio::test]
async fn without_cookies_every_request_starts_over() {
    let (_authentik, client) = fresh(Options::default()).await;
    expect_again(client.post(FLOW, &uid("akadmin")).await);
    client.forget_cookies();
    let body = expect_component(
        client.post(FLOW, &password(PASSWORD)).await,
        "ak-stage-identification",
    );
    assert!(body["response_errors"]["uid_field"].is_array());
}

#[tokio::test]
async fn writes_of_a_session_need_the_csrf_header() {
    let (authentik, client) = fresh(Options::default()).await;
    log_in(&client).await;
    let csrf = client.cookie("authentik_csrf").unwrap();
    let wrong = csrf.chars().rev().collect::<String>();
    let create = async |extra: &[(&str, &str)]| {
        let headers = [&JSON[..], extra].concat();
        client
            .send("POST", TOKENS, &headers, r#"{"identifier":"t1"}"#)
            .await
    };
    let header = "X-authentik-CSRF";
    create(&[])
        .await
        .expect_detail(403, "CSRF Failed: CSRF token missing.");
    let text = "CSRF Failed: CSRF token from the 'X-Authentik-Csrf' HTTP header has incorrect length.";
    create(&[(header, "short")]).await.expect_detail(403, text);
    let text = "CSRF Failed: CSRF token from the 'X-Authentik-Csrf' HTTP header incorrect.";
    create(&[(header, &wrong)]).await.expect_detail(403, text);
    let text =
        "CSRF Failed: Origin checking failed - http://evil.example.com does not match any trusted origins.";
    create(&[(header, &csrf), ("origin", "http://evil.example.com")])
        .await
        .expect_detail(403, text);
    let secure = ("x-forwarded-proto", "https");
    let text = "CSRF Failed: Referer checking failed - no Referer.";
    create(&[(header, &csrf), secure]).await.expect_detail(403, text);
    let referer = format!("{}/", authentik.url().replace("http:", "https:"));
    create(&[(header, &csrf), secure, ("referer", &referer)])
        .await
        .expect(201);
    create(&[(header, &csrf)]).await.expect(400);
    let bearer = [("authorization", "Bearer wrong"), (header, csrf.as_str())];
    create(&bearer).await.expect_detail(403, "Token invalid/expired");
    expect_component(client.post(FLOW, &uid("akadmin")).await, "ak-stage-flow-error");
}

#[tokio::test]
async fn behind_https_cookies_are_secure() {
    let (_authentik, client) = fresh(Options::default()).await;
    let answer = client
        .send(
            "GET",
            FLOW,
            &[("accept", "application/json"), ("x-forwarded-proto", "https")],
            "",
        )
        .await;
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.contains("Secure") && cookie.contains("SameSite=None"),
        "{cookie}"
    );
}

#[tokio::test]
async fn logging_out() {
    let (_authentik, client) = fresh(Options::default()).await;
    log_in(&client).await;
    let flow = FLOW.replace("authentication", "invalidation");
    expect_component(client.get(&flow).await, "xak-flow-redirect");
    assert_eq!(client.cookie("authentik_session"), None);
    client.get(ME).await.expect(403);
}

#[tokio::test]
async fn user_name_and_password_on_one_page() {
    let (_authentik, client) = fresh(Options {
        login: LoginPages::One,
        ..Options::default()
    })
    .await;
    assert_eq!(client.get(FLOW).await.json()["password_fields"], true);
    let wrong = json!({ "uid_field": "akadmin", "password": "wrong" });
    let body = expect_component(client.post(FLOW, &wrong).await, "ak-stage-identification");
    assert_eq!(
        body["response_errors"]["password"][0]["string"],
        "Invalid password"
    );
    expect_again(
        client
            .post(FLOW, &json!({ "uid_field": "akadmin", "password": PASSWORD }))
            .await,
    );
    expect_again(client.get(FLOW).await);
    expect_component(client.get(FLOW).await, "xak-flow-redirect");
}

#[tokio::test]
async fn a_second_factor_cannot_be_passed() {
    let (_authentik, client) = fresh(Options {
        login: LoginPages::SecondFactor,
        ..Options::default()
    })
    .await;
    expect_again(client.post(FLOW, &uid("akadmin")).await);
    expect_again(client.post(FLOW, &password(PASSWORD)).await);
    expect_component(client.get(FLOW).await, "ak-stage-authenticator-validate");
    expect_component(client.get(FLOW).await, "ak-stage-authenticator-validate");
    client.get(ME).await.expect(403);
}

#[tokio::test]
async fn challenges_per_version() {
    for version in Version::ALL {
        let (_authentik, client) = fresh(Options {
            version,
            ..Options::default()
        })
        .await;
        let first = client.get(FLOW).await.json();
        assert_eq!(
            first.get("type").is_some(),
            version < Version::V2024_12,
            "{version}"
        );
        assert_eq!(
            first.get("allow_show_password").is_some(),
            version >= Version::V2024_12,
            "{version}"
        );
        expect_again(client.post(FLOW, &uid("akadmin")).await);
        expect_again(client.post(FLOW, &password(PASSWORD)).await);
        expect_again(client.get(FLOW).await);
        let last = expect_component(client.get(FLOW).await, "xak-flow-redirect");
        assert_eq!(
            last.get("final_redirect").is_some(),
            version >= Version::V2026_8,
            "{version}"
        );
        let me = client.get(ME).await.expect(200).json();
        assert_eq!(
            me["user"].get("roles").is_some(),
            version >= Version::V2025_12,
            "{version}"
        );
        assert_eq!(
            me.get("users").is_some(),
            version >= Version::V2026_8,
            "{version}"
        );
    }
}
