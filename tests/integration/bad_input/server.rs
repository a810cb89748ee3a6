//! A server that answers whatever a test wants, and can change its mind.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{TlsAcceptor, rustls};

/// What the server does about one request.
#[derive(Clone)]
pub(crate) enum Say {
    /// Status line and headers without the length, and the body.
    Answer(&'static str, String),
    /// Closes the connection.
    Hangup,
    /// Never answers.
    Silence,
}

impl Say {
    /// 200 with a JSON body.
    pub(crate) fn json(body: impl ToString) -> Self {
        Self::Answer("200 OK\r\ncontent-type: application/json", body.to_string())
    }
}

type Script = Arc<Mutex<Box<dyn Fn(&str) -> Say + Send>>>;

/// A running server; it ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    script: Script,
}

impl Server {
    /// Answers by path and query.
    pub(crate) async fn start(script: impl Fn(&str) -> Say + Send + 'static) -> Self {
        Self::listen(None, script).await
    }

    /// The same with a certificate for these hosts, whose PEM text is returned.
    pub(crate) async fn tls(hosts: &[&str], script: impl Fn(&str) -> Say + Send + 'static) -> (Self, String) {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let certificate = rcgen::generate_simple_self_signed(hosts).unwrap();
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.cert.der().clone()], key.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        (Self::listen(Some(acceptor), script).await, certificate.cert.pem())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers differently from now on.
    pub(crate) fn says(&self, script: impl Fn(&str) -> Say + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    async fn listen(acceptor: Option<TlsAcceptor>, script: impl Fn(&str) -> Say + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script: Script = Arc::new(Mutex::new(Box::new(script)));
        let shared = Arc::clone(&script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, script) = (acceptor.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    match acceptor {
                        None => serve(stream, script).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                serve(stream, script).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, script }
    }
}

/// Requests that are answered here have no body.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, script: Script) {
    let (mut head, mut buffer) = (String::new(), [0; 4096]);
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => head += &String::from_utf8_lossy(&buffer[..count]),
        }
        if !head.contains("\r\n\r\n") {
            continue;
        }
        let say = script.lock().unwrap()(head.split(' ').nth(1).unwrap_or_default());
        head.clear();
        match say {
            Say::Answer(head, body) => {
                let text = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
            Say::Hangup => return,
            Say::Silence => std::future::pending().await,
        }
    }
}
