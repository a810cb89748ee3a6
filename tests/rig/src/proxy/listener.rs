//! A running proxy.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use super::connection::serve;
use super::exchange::Target;
use super::upstream::Forwarder;
use super::{Error, Recorder, Upstream, certificate};

/// A proxy on a free port of the loopback interface. It ends when it is dropped.
pub struct Proxy {
    url: String,
    ca_pem: Option<String>,
    target: Arc<Target>,
    accepting: AbortHandle,
}

impl Proxy {
    /// Starts a proxy before `upstream`; its requests appear in the record under the name `target`.
    pub async fn start(upstream: Upstream, recorder: &Recorder, target: &str) -> Result<Self, Error> {
        let listen = |source| Error::Listen {
            target: target.to_owned(),
            source,
        };
        let forwarder = Forwarder::new(&upstream, target)?;
        let (tls, ca_pem) = match upstream.tls_names.as_slice() {
            [] => (None, None),
            names => {
                let (config, ca_pem) = certificate::server(names).map_err(|why| Error::Certificate {
                    target: target.to_owned(),
                    why: why.to_string(),
                })?;
                (Some(config), Some(ca_pem))
            }
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let target = Arc::new(Target {
            name: target.to_owned(),
            forwarder,
            refusing: watch::Sender::new(false),
        });
        let accepting =
            tokio::spawn(accept(listener, address, tls, target.clone(), recorder.clone())).abort_handle();
        Ok(Self {
            url: format!("{scheme}://{address}"),
            ca_pem,
            target,
            accepting,
        })
    }

    /// Address for clients, `https://127.0.0.1:PORT` or `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The authority that signed the proxy's certificate, as PEM; none if the proxy speaks plain HTTP.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Breaks all connections and refuses new ones (true), or accepts them again (false).
    pub fn refuse_connections(&self, refuse: bool) {
        self.target.refusing.send_replace(refuse);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    target: Arc<Target>,
    recorder: Recorder,
) {
    let mut refusing = target.refusing.subscribe();
    let mut listener = Some(listener);
    loop {
        // The connections live here, so that all of them end with this task.
        let mut connections = JoinSet::new();
        if let Some(listener) = listener.take() {
            while !*refusing.borrow_and_update() {
                tokio::select! {
                    _ = refusing.changed() => {}
                    Some(_) = connections.join_next() => {}
                    accepted = listener.accept() => {
                        if let Ok((stream, _)) = accepted {
                            connections.spawn(serve(stream, tls.clone(), target.clone(), recorder.run()));
                        }
                    }
                }
            }
        }
        connections.shutdown().await;
        if refusing.wait_for(|refuse| !refuse).await.is_err() {
            return;
        }
        match TcpListener::bind(address).await {
            Ok(again) => listener = Some(again),
            // Somebody's outgoing connection may hold the port for a moment.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}
