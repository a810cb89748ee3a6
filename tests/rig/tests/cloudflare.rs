//! The Cloudflare stand-in over plain HTTP: what it refuses, what it lists, and what it takes notice of.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use rig::cloudflare::{Cloudflare, Options};
use serde_json::{Value, json};

const SECRET: &str = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==";

async fn start() -> Cloudflare {
    Cloudflare::start(Options::default()).await.unwrap()
}

/// A request with the token and these headers.
async fn send(
    server: &Cloudflare,
    method: &str,
    path: &str,
    body: Option<Value>,
    headers: &[(&str, &str)],
) -> (u16, Value) {
    let mut request = http::Request::builder()
        .method(method)
        .uri(format!("{}/{path}", server.url()))
        .header("authorization", format!("Bearer {}", Options::TOKEN));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let request = request.body(Full::new(Bytes::from(body))).unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

const USUAL: [(&str, &str); 3] = [
    ("accept", "application/json"),
    ("user-agent", "tests"),
    ("content-type", "application/json"),
];

async fn usual(server: &Cloudflare, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    send(server, method, path, body, &USUAL).await
}

fn code((status, body): &(u16, Value)) -> (u16, u64) {
    (*status, body["errors"][0]["code"].as_u64().unwrap_or_default())
}

fn tunnels() -> String {
    format!("accounts/{}/cfd_tunnel", Options::ACCOUNT)
}

#[tokio::test]
async fn what_a_careful_client_never_sends_is_written_down() {
    let server = start().await;
    let zone = server.zone("arbiter-dev.com").unwrap();
    let records = format!("zones/{zone}/dns_records");
    let one = |path: &str| format!("{path}/x");
    for (method, path, body, expected) in [
        ("GET", "users".to_owned(), None, "there is no such path"),
        (
            "DELETE",
            "zones".to_owned(),
            None,
            "the method is not allowed here",
        ),
        (
            "GET",
            "zones?nmae=x".to_owned(),
            None,
            "\"nmae\" is no query parameter here",
        ),
        ("GET", "zones?name=".to_owned(), None, "\"name\" is empty"),
        ("GET", tunnels(), None, "without is_deleted"),
        (
            "POST",
            tunnels(),
            Some(json!({ "nmae": "x" })),
            "the field \"nmae\" means nothing",
        ),
        ("POST", tunnels(), None, "the body is no JSON object"),
        (
            "DELETE",
            one(&records),
            Some(json!({})),
            "a body means nothing here",
        ),
    ] {
        server.forget_requests();
        usual(&server, method, &path, body).await;
        let violations = server.violations();
        assert!(
            violations.iter().any(|violation| violation.contains(expected)),
            "{expected}: {violations:?}"
        );
    }
    server.forget_requests();
    send(&server, "GET", "zones", None, &[]).await;
    assert_eq!(server.violations().len(), 2, "{:?}", server.violations());
}

#[tokio::test]
async fn what_the_server_cannot_do_has_its_code() {
    let server = start().await;
    let zone = server.zone("arbiter-dev.com").unwrap();
    let records = format!("zones/{zone}/dns_records");
    let tunnel =
        |name: &str, secret: &str| json!({ "name": name, "tunnel_secret": secret, "config_src": "local" });
    let record = |kind: &str, content: &str| json!({ "type": kind, "name": "acme", "content": content });
    let noted = json!({ "type": "TXT", "name": "x", "content": "x", "comment": "x".repeat(101) });
    for (path, body, expected) in [
        (tunnels(), tunnel("a", SECRET), (200, 0)),
        (tunnels(), tunnel("a", SECRET), (409, 1013)),
        (tunnels(), tunnel("b", "c2hvcnQ="), (400, 1002)),
        (tunnels(), tunnel("", SECRET), (400, 1002)),
        (records.clone(), record("CNAME", "a.example"), (200, 0)),
        (records.clone(), record("CNAME", "b.example"), (400, 81053)),
        (records.clone(), record("A", "192.0.2.1"), (400, 81054)),
        (records.clone(), record("A", "no-address"), (400, 9007)),
        (records.clone(), record("TXT", "x"), (200, 0)),
        (records.clone(), record("TXT", "x"), (400, 81058)),
        (records, noted, (400, 9213)),
    ] {
        let answer = usual(&server, "POST", &path, Some(body.clone())).await;
        assert_eq!(code(&answer), expected, "{path} {body}");
    }
    assert_eq!(server.inventory().records[0].name, "acme.arbiter-dev.com");
    for (path, expected) in [
        ("zones?per_page=51".to_owned(), (400, 1004)),
        ("zones?page=0".to_owned(), (400, 1004)),
        (format!("{}/x", tunnels()), (404, 1003)),
        ("zones/x/dns_records".to_owned(), (404, 7003)),
    ] {
        assert_eq!(
            code(&usual(&server, "GET", &path, None).await),
            expected,
            "{path}"
        );
    }
}

#[tokio::test]
async fn deleted_tunnels_stay_listed_and_connected_ones_cannot_be_deleted() {
    let server = start().await;
    let id = server.add_tunnel("a", SECRET);
    let path = format!("{}/{id}", tunnels());
    assert!(server.connect(&id, SECRET));
    assert_eq!(code(&usual(&server, "DELETE", &path, None).await), (400, 1022));
    server.disconnect(&id);
    assert_eq!(server.inventory().tunnels[0].status, "down");
    assert_eq!(usual(&server, "DELETE", &path, None).await.0, 200);
    assert_eq!(code(&usual(&server, "DELETE", &path, None).await), (404, 1003));
    assert!(!server.connect(&id, SECRET));
    for (query, count) in [("", 1), ("?is_deleted=false", 0), ("?is_deleted=true", 1)] {
        let (_, body) = usual(&server, "GET", &format!("{}{query}", tunnels()), None).await;
        assert_eq!(body["result"].as_array().unwrap().len(), count, "{query}");
        assert_eq!(body["result_info"]["total_count"], count, "{query}");
    }
    assert!(server.inventory().is_empty());
}
