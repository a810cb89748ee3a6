//! What answers before the backend, in each state; and what the backend answers to every request.

use rig::authentik::{Appear, Options, RouterState};
use serde_json::json;

use crate::client::Client;
use crate::{start, with_admin};

const LIVE: &str = "/-/health/live/";
const READY: &str = "/-/health/ready/";
const CONFIG: &str = "/api/v3/root/config/";
const ME: &str = "/api/v3/core/users/me/";

#[tokio::test]
async fn refuses_connections_and_comes_back_on_the_same_port() {
    let (authentik, admin) = start(with_admin()).await;
    admin.get(ME).await.expect(200);
    authentik.set_state(RouterState::Refuse).await.unwrap();
    let error = admin.try_send("GET", ME, &[], "").await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    authentik.set_state(RouterState::Up).await.unwrap();
    admin.get(ME).await.expect(200);
}

#[tokio::test]
async fn refusing_cuts_open_connections() {
    use tokio::io::AsyncReadExt as _;
    let (authentik, _admin) = start(with_admin()).await;
    let mut open = tokio::net::TcpStream::connect(authentik.address()).await.unwrap();
    authentik.set_state(RouterState::Refuse).await.unwrap();
    let read = open.read(&mut [0]).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

#[tokio::test]
async fn starting_lies_to_clients_that_accept_json() {
    let (authentik, admin) = start(with_admin()).await;
    authentik.set_state(RouterState::Starting).await.unwrap();
    for (method, path) in [
        ("GET", READY),
        ("GET", CONFIG),
        ("GET", ME),
        ("POST", "/api/v3/core/tokens/"),
        ("PATCH", "/api/v3/providers/oauth2/7/"),
        ("DELETE", "/api/v3/core/tokens/x/"),
        ("POST", "/application/o/token/"),
        ("GET", "/nowhere"),
    ] {
        let answer = admin
            .send(method, path, &[("accept", "application/json")], "")
            .await;
        assert_eq!(answer.header("retry-after"), "5", "{method} {path}");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("x-powered-by"), "");
        answer.expect_json(200, &json!({ "error": "authentik starting" }));
    }
    let text = admin.send("GET", READY, &[], "").await.expect(503);
    assert_eq!(
        (text.body.as_str(), text.header("retry-after")),
        ("authentik starting", "5")
    );
    assert!(text.header("content-type").starts_with("text/plain"));
    admin.send("GET", "/-/health/ready", &[], "").await.expect(503);
    admin
        .send("GET", "/", &[("accept", "text/html")], "")
        .await
        .expect_html(503);
    let live = admin.send("GET", LIVE, &[], "").await.expect(200);
    assert_eq!((live.body.as_str(), live.header("content-type")), ("", ""));
}

#[tokio::test]
async fn up() {
    let (_authentik, admin) = start(with_admin()).await;
    for method in ["GET", "HEAD"] {
        let live = admin.send(method, LIVE, &[], "").await.expect(200);
        assert_eq!((live.body.as_str(), live.header("content-type")), ("", ""));
        let ready = admin.send(method, READY, &[], "").await.expect(200);
        assert!(ready.is_html() && ready.body.is_empty());
    }
    admin.send("POST", READY, &[], "").await.expect_html(403);
    admin
        .send("GET", "/-/health/ready", &[], "")
        .await
        .expect_html(404);
    let answer = admin.get(ME).await.expect(200);
    assert_eq!(answer.header("x-powered-by"), "authentik");
    assert_eq!(answer.header("x-authentik-id").len(), 32);
}

#[tokio::test]
async fn database_down() {
    let (authentik, admin) = start(with_admin()).await;
    authentik.set_state(RouterState::DatabaseDown).await.unwrap();
    admin.get(LIVE).await.expect(200);
    for path in [READY, CONFIG, ME] {
        admin.get(path).await.expect_html(500);
    }
    admin
        .patch("/api/v3/providers/oauth2/7/", &json!({}))
        .await
        .expect_405_html();
    admin.form("/application/o/token/", &[]).await.expect_405_html();
    admin.delete("/api/v3/core/tokens/x/").await.expect_405_html();
}

#[tokio::test]
async fn backend_dead() {
    let (authentik, admin) = start(with_admin()).await;
    authentik.set_state(RouterState::BackendDead).await.unwrap();
    admin.get(LIVE).await.expect(200);
    let json = admin.get(ME).await.expect(502).json();
    assert!(
        json["error"]
            .as_str()
            .unwrap()
            .starts_with("failed to connect to authentik backend: dial unix")
    );
    let text = admin.send("GET", READY, &[], "").await.expect(502);
    assert!(text.header("content-type").starts_with("text/plain"));
    assert!(text.body.starts_with("failed to connect"));
}

#[tokio::test]
async fn redis_down_concerns_only_ready() {
    let (authentik, admin) = start(with_admin()).await;
    authentik.set_state(RouterState::RedisDown).await.unwrap();
    assert_eq!(admin.get(READY).await.expect(503).body, "");
    for path in [LIVE, CONFIG, ME] {
        admin.get(path).await.expect(200);
    }
}

#[tokio::test]
async fn booting_is_ready_and_knows_nothing() {
    let (authentik, admin) = start(with_admin()).await;
    authentik.set_state(RouterState::Booting).await.unwrap();
    admin.get(READY).await.expect(200);
    admin.get(ME).await.expect_detail(403, "Token invalid/expired");
    admin
        .get("/api/v3/flows/executor/default-authentication-flow/")
        .await
        .expect_html(404);
    authentik.set_state(RouterState::Up).await.unwrap();
    admin.get(ME).await.expect(200);
}

#[tokio::test]
async fn blueprints_bring_their_objects_one_after_the_other() {
    let appear = Appear {
        flow: 1,
        token: 2,
        mappings: 3,
        provider: 4,
    };
    let (_authentik, admin) = start(Options {
        appear,
        ..with_admin()
    })
    .await;
    admin
        .get("/api/v3/flows/executor/default-authentication-flow/")
        .await
        .expect_html(404);
    admin.get(ME).await.expect_detail(403, "Token invalid/expired");
    let mappings = admin
        .get("/api/v3/propertymappings/provider/scope/")
        .await
        .expect(200)
        .json();
    assert_eq!(mappings["pagination"]["count"], 0);
    let providers = admin.get("/api/v3/providers/oauth2/").await.expect(200).json();
    assert_eq!(providers["pagination"]["count"], 0);
    let providers = admin.get("/api/v3/providers/oauth2/").await.expect(200).json();
    assert_eq!(providers["results"][0]["client_id"], "dex-client");
}

#[tokio::test]
async fn a_script_counts_requests() {
    let (authentik, admin) = start(with_admin()).await;
    let steps = [
        (RouterState::Refuse, 1),
        (RouterState::Starting, 2),
        (RouterState::BackendDead, 1),
    ];
    authentik.script(steps).await.unwrap();
    Client::new(&authentik)
        .try_send("GET", ME, &[], "")
        .await
        .unwrap_err();
    for status in [200, 200, 502, 200, 200] {
        admin.get(ME).await.expect(status);
    }
    assert_eq!(authentik.requests().len(), 5);
    assert_eq!(authentik.requests()[0].user, None);
    assert_eq!(authentik.requests()[4].user.as_deref(), Some("akadmin"));
}
