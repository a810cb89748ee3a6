//! A dump over HTTP, from a server that answers as the API server does.

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router, http::StatusCode};
use rig::laws::dump::{Dump, Kind};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

type Pages = Arc<Mutex<Vec<HashMap<String, String>>>>;

/// Two secrets on two pages.
async fn secrets(State(pages): State<Pages>, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    let second = query.get("continue").is_some_and(|token| token == "next");
    pages.lock().unwrap().push(query);
    let (name, token) = if second { ("b", "") } else { ("a", "next") };
    let metadata = json!({"name": name, "namespace": "x", "uid": name, "resourceVersion": "1"});
    let item = json!({"metadata": metadata, "type": "Opaque", "data": {"key": "c2VjcmV0"}});
    Json(json!({
        "apiVersion": "v1", "kind": "SecretList", "items": [item],
        "metadata": {"resourceVersion": "1", "continue": token},
    }))
}

async fn missing() -> (StatusCode, Json<Value>) {
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404,
        "message": "the server could not find the requested resource", "metadata": {},
    });
    (StatusCode::NOT_FOUND, Json(status))
}

#[tokio::test]
async fn all_pages_are_read_and_kinds_that_are_not_served_have_no_objects() {
    let pages = Pages::default();
    let app = Router::new()
        .route("/api/v1/secrets", get(secrets))
        .fallback(missing)
        .with_state(pages.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let client = kube::Client::try_from(kube::Config::new(url.parse().unwrap())).unwrap();

    let kinds = [
        Kind::new("", "v1", "Secret", "secrets"),
        Kind::new("aphex.io", "v1alpha1", "Organization", "organizations").within("platform-system"),
    ];
    let dump = Dump::of_cluster(&client, &kinds).await.unwrap();
    let keys: Vec<_> = dump.entries().keys().map(String::as_str).collect();
    assert_eq!(keys, ["Secret/x/a", "Secret/x/b"]);
    assert_eq!(dump.entries()["Secret/x/b"]["data"]["key"], "present:6 class 1");
    assert_eq!(dump.secret_values(), [b"secret", b"secret"]);
    assert_eq!(pages.lock().unwrap().len(), 2);
}
