//! A server for tests that answers by script, one entry for each request, and remembers what it was asked.

use crate::{converge::Stop, http::Http, model::config::Config};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};

/// What the server does about one request.
#[derive(Clone)]
pub(crate) enum Say {
    /// Answers: status line and headers without the length, and the body.
    Answer(&'static str, String),
    /// Sends these bytes as they are.
    Raw(String),
    /// Reads it and closes the connection.
    Hangup,
    /// Reads it and never answers.
    Silence,
}

impl Say {
    /// 200 with a JSON body.
    pub(crate) fn json(body: impl Into<String>) -> Self {
        Self::Answer("200 OK\r\ncontent-type: application/json", body.into())
    }

    /// A status without a body.
    pub(crate) fn status(head: &'static str) -> Self {
        Self::Answer(head, String::new())
    }
}

/// The running server; it ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    script: Arc<dyn Fn(&str) -> Say + Send + Sync>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers by the request's head and body.
    pub(crate) async fn answering(script: impl Fn(&str) -> Say + Send + Sync + 'static) -> Self {
        let (listener, server) = Self::bind(script).await;
        let (script, seen) = (Arc::clone(&server.script), Arc::clone(&server.seen));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&seen)));
            }
        });
        server
    }

    /// Says one thing after the other; the last one for ever.
    pub(crate) async fn saying(script: impl Into<Vec<Say>>) -> Self {
        let script: Vec<Say> = script.into();
        let position = Mutex::new(0);
        Self::answering(move |_| {
            let mut position = position.lock().unwrap();
            let say = script[(*position).min(script.len() - 1)].clone();
            *position += 1;
            say
        })
        .await
    }

    /// Speaks TLS with a certificate for `host`; returns the PEM text of its authority too.
    pub(crate) async fn tls(
        host: &str,
        script: impl Fn(&str) -> Say + Send + Sync + 'static,
    ) -> (Self, String) {
        let certificate = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.cert.der().clone()], key.into())
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let (listener, server) = Self::bind(script).await;
        let (script, seen) = (Arc::clone(&server.script), Arc::clone(&server.seen));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(stream) = acceptor.accept(stream).await {
                    tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&seen)));
                }
            }
        });
        (server, certificate.cert.pem())
    }

    async fn bind(script: impl Fn(&str) -> Say + Send + Sync + 'static) -> (TcpListener, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (script, seen) = (Arc::new(script), Arc::default());
        (
            listener,
            Self {
                address,
                script,
                seen,
            },
        )
    }

    /// The URL of a path; the client made by [`http`] may go there.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests so far: head and body.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: Arc<dyn Fn(&str) -> Say + Send + Sync>,
    seen: Arc<Mutex<Vec<String>>>,
) {
    while let Some(request) = read(&mut stream).await {
        seen.lock().unwrap().push(request.clone());
        let text = match script(&request) {
            Say::Answer(head, body) => {
                format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
            }
            Say::Raw(text) => text,
            Say::Hangup => return,
            Say::Silence => std::future::pending().await,
        };
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text);
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => text.push_str(std::str::from_utf8(&buffer[..count]).unwrap()),
        }
    }
}

/// A client that may go to `127.0.0.1`.
pub(crate) fn http() -> Http {
    let mut config = Config::default();
    config.authentik.url = Some("http://127.0.0.1:1".to_owned());
    Http::new(&config, &Stop::default()).unwrap()
}
