//! A server that counts what reaches it.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rig::proxy::{Proxy, Recorder, Upstream};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

/// What every ordinary answer of the server holds.
pub(crate) const ANSWER: &str = "the answer of the real server";

/// The lines `METHOD path body` of all requests that reached the server.
pub(crate) type Arrived = Arc<Mutex<Vec<String>>>;

/// A plain HTTP server, and a proxy with its recorder before it.
pub(crate) struct Setting {
    pub(crate) recorder: Recorder,
    pub(crate) proxy: Proxy,
    pub(crate) arrived: Arrived,
}

impl Setting {
    pub(crate) async fn new() -> Self {
        let (url, arrived) = start().await;
        let recorder = Recorder::new();
        let proxy = Proxy::start(Upstream::plain(url), &recorder, "server")
            .await
            .unwrap();
        Self {
            recorder,
            proxy,
            arrived,
        }
    }

    pub(crate) fn arrived(&self) -> Vec<String> {
        self.arrived.lock().unwrap().clone()
    }
}

/// Starts a server on a free port; it lives as long as the test's runtime.
pub(crate) async fn start() -> (String, Arrived) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let arrived = Arrived::default();
    tokio::spawn(accept(listener, arrived.clone()));
    (url, arrived)
}

async fn accept(listener: TcpListener, arrived: Arrived) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let arrived = arrived.clone();
        let service = service_fn(move |request| answer(arrived.clone(), request));
        let connection =
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection.with_upgrades());
    }
}

type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, std::io::Error>;

async fn answer(arrived: Arrived, request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
    let upgrade = request.uri().path() == "/upgrade";
    let watch = request.uri().query() == Some("watch=true");
    let (method, uri) = (request.method().clone(), request.uri().clone());
    if upgrade {
        tokio::spawn(echo(request));
        arrived.lock().unwrap().push(format!("{method} {uri}"));
        let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
        let response = response.header("connection", "upgrade").header("upgrade", "echo");
        return Ok(response.body(full("")).unwrap());
    }
    let body = request.into_body().collect().await?.to_bytes();
    arrived.lock().unwrap().push(
        format!("{method} {uri} {}", String::from_utf8_lossy(&body))
            .trim()
            .to_owned(),
    );
    Ok(Response::new(if watch { endless() } else { full(ANSWER) }))
}

async fn echo(request: Request<Incoming>) {
    let mut stream = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
    stream.write_all(b"hello ").await.unwrap();
    let (mut reader, mut writer) = tokio::io::split(stream);
    tokio::io::copy(&mut reader, &mut writer).await.unwrap();
}

fn full(text: &'static str) -> Body {
    Full::from(text).map_err(|never| match never {}).boxed_unsync()
}

/// One event at once, and a second one never.
fn endless() -> Body {
    let events = futures::stream::unfold(0, |sent| async move {
        if sent > 0 {
            tokio::time::sleep(Duration::from_secs(600)).await;
        }
        Some((
            Ok(hyper::body::Frame::data(Bytes::from_static(b"event\n"))),
            sent + 1,
        ))
    });
    http_body_util::StreamBody::new(events).boxed_unsync()
}
