//! What no script names passes through unchanged.

use std::sync::Arc;

use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rig::proxy::{Proxy, Recorder, Upstream};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{ANSWER, Setting, start};

fn client(ca_pem: &str) -> Client<HttpsConnector<HttpConnector>, Full<Bytes>> {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap())
        .unwrap();
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_only()
        .enable_http1()
        .build();
    Client::builder(TokioExecutor::new()).build(connector)
}

#[tokio::test]
async fn one_numbering_over_two_proxies_through_tls_on_both_sides() {
    let (url, arrived) = start().await;
    let behind = Upstream::plain(url).served_as(["localhost", "127.0.0.1"]);
    let inner = Proxy::start(behind, &Recorder::new(), "inner").await.unwrap();
    let recorder = Recorder::new();
    let tls = Upstream::tls(inner.url(), inner.ca_pem().unwrap());
    let api = Proxy::start(tls.clone(), &recorder, "kubernetes").await.unwrap();
    let other = Proxy::start(tls, &recorder, "authentik").await.unwrap();

    for (proxy, path) in [(&api, "/a?x=1"), (&other, "/b"), (&api, "/c")] {
        let request = Request::patch(format!("{}{path}", proxy.url()))
            .header("user-agent", "aphex-ops/test")
            .header("content-type", "application/json")
            .body(Full::from("{}"))
            .unwrap();
        let response = client(proxy.ca_pem().unwrap()).request(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), ANSWER);
    }

    let seen = recorder.requests();
    let places: Vec<_> = seen
        .iter()
        .map(|s| (s.number, s.target.as_str(), s.path_and_query.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            (1, "kubernetes", "/a?x=1"),
            (2, "authentik", "/b"),
            (3, "kubernetes", "/c")
        ]
    );
    assert_eq!(
        *arrived.lock().unwrap(),
        ["PATCH /a?x=1 {}", "PATCH /b {}", "PATCH /c {}"]
    );
    let first = &seen[0];
    assert_eq!(first.user_agent.as_deref(), Some("aphex-ops/test"));
    assert_eq!(first.content_type.as_deref(), Some("application/json"));
    let digest: String = Sha256::digest("{}")
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        (first.body_sha256.as_str(), first.status, first.faulted.as_deref()),
        (&*digest, Some(200), None)
    );
}

#[tokio::test]
async fn watches_are_streamed() {
    let setting = Setting::new().await;
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let url = format!("{}/pods?watch=true", setting.proxy.url())
        .parse()
        .unwrap();
    let mut response = client.get(url).await.unwrap();
    let frame = response.body_mut().frame().await.unwrap().unwrap();
    assert_eq!(
        frame.into_data().unwrap(),
        "event\n",
        "delivered although the body never ends"
    );
}

#[tokio::test]
async fn upgraded_connections_are_tunnels() {
    let setting = Setting::new().await;
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let request = Request::get(format!("{}/upgrade", setting.proxy.url()))
        .header("connection", "upgrade")
        .header("upgrade", "echo")
        .body(Empty::new())
        .unwrap();
    let response = client.request(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    let mut stream = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    stream.write_all(b"world").await.unwrap();
    let mut text = [0; 11];
    stream.read_exact(&mut text).await.unwrap();
    assert_eq!(&text, b"hello world");
    assert_eq!(setting.recorder.requests()[0].status, Some(101));
}

#[tokio::test]
async fn an_upstream_that_is_down_is_a_broken_connection_and_no_answer() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let recorder = Recorder::new();
    let proxy = Proxy::start(Upstream::plain(format!("http://{gone}")), &recorder, "gone")
        .await
        .unwrap();
    assert_eq!(crate::client::get(proxy.url(), "/x").await.unwrap().text, "");
    assert_eq!(recorder.requests()[0].status, None);
}

#[tokio::test]
async fn a_url_without_a_host_is_refused_by_name() {
    let result = Proxy::start(Upstream::plain("nowhere"), &Recorder::new(), "authentik").await;
    let message = result.err().unwrap().to_string();
    assert!(
        message.contains("authentik") && message.contains("nowhere"),
        "{message}"
    );
}
