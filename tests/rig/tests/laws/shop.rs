//! The server of the command, and the world around both.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use base64::Engine;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rig::laws::dump::Dump;
use rig::laws::run::Run;
use rig::laws::{Trouble, World};
use rig::proxy::{Proxy, Recorder, Upstream};
use serde_json::json;
use tokio::net::TcpListener;

/// What the server holds.
#[derive(Default)]
struct Stock {
    secret: Option<String>,
    config: Option<String>,
    tokens: usize,
    /// How often the secret was made: its uid.
    made: usize,
    writes: Vec<String>,
}

/// A server, a proxy before it, and the command with one of its bugs.
pub(crate) struct Shop {
    recorder: Recorder,
    proxy: Proxy,
    bug: &'static str,
    stock: Arc<Mutex<Stock>>,
}

impl Shop {
    pub(crate) async fn open(bug: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stock = Arc::default();
        tokio::spawn(serve(listener, Arc::clone(&stock)));
        let recorder = Recorder::new();
        let proxy = Proxy::start(Upstream::plain(url), &recorder, "shop")
            .await
            .unwrap();
        Self {
            recorder,
            proxy,
            bug,
            stock,
        }
    }
}

impl World for Shop {
    fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    fn command(&self) -> Run {
        super::command::command(self.proxy.url(), self.bug)
    }

    async fn reset(&mut self) -> Result<(), Trouble> {
        *self.stock.lock().unwrap() = Stock::default();
        Ok(())
    }

    async fn dump(&mut self) -> Result<Dump, Trouble> {
        let stock = self.stock.lock().unwrap();
        let object = |kind: &str, uid: usize, data: &str| {
            json!({
                "apiVersion": "v1", "kind": kind, "data": {"key": data},
                "metadata": {"name": "it", "uid": format!("uid {uid}")},
            })
        };
        let encode = |text: &String| base64::engine::general_purpose::STANDARD.encode(text);
        let secret = stock
            .secret
            .as_ref()
            .map(|secret| object("Secret", stock.made, &encode(secret)));
        let config = stock.config.as_ref().map(|config| object("ConfigMap", 0, config));
        let mut dump = Dump::of_objects(secret.into_iter().chain(config));
        dump.insert("tokens", stock.tokens);
        Ok(dump)
    }

    async fn writes(&mut self) -> Result<Vec<String>, Trouble> {
        Ok(std::mem::take(&mut self.stock.lock().unwrap().writes))
    }
}

async fn serve(listener: TcpListener, stock: Arc<Mutex<Stock>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let stock = stock.clone();
        let service = service_fn(move |request| answer(stock.clone(), request));
        let http = hyper::server::conn::http1::Builder::new();
        tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    stock: Arc<Mutex<Stock>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = String::from_utf8(body.collect().await?.to_bytes().into()).unwrap();
    let (status, text) = stock.lock().unwrap().answer(&head.method, head.uri.path(), body);
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    Ok(response)
}

impl Stock {
    fn answer(&mut self, method: &Method, path: &str, body: String) -> (StatusCode, String) {
        let found = |kind: &str, value: Option<&String>| match value {
            Some(value) => (StatusCode::OK, format!("{kind}:{value}")),
            None => (StatusCode::NOT_FOUND, String::new()),
        };
        match (method.as_str(), path) {
            ("GET", "/secret") => return found("value", self.secret.as_ref()),
            ("GET", "/config") => return found("config", self.config.as_ref()),
            ("GET", "/tokens") => return (StatusCode::OK, format!("tokens:{}", self.tokens)),
            ("POST", "/secret") if self.secret.is_some() => return (StatusCode::CONFLICT, String::new()),
            ("POST" | "PUT", "/secret") => {
                self.made += usize::from(self.secret.is_none());
                self.secret = Some(body);
            }
            ("DELETE", "/secret") => self.secret = None,
            ("PUT", "/config") => self.config = Some(body),
            ("POST", "/tokens") => self.tokens += 1,
            _ => return (StatusCode::METHOD_NOT_ALLOWED, String::new()),
        }
        self.writes.push(format!("{method} {path}"));
        (StatusCode::OK, "done".to_owned())
    }
}
