//! The real server behind a proxy.

use std::sync::Arc;
use std::time::Duration;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, Request, Response, Uri, header, request};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::Error;

/// Shorter than any server's own, so that a connection is rarely closed under a request.
const IDLE: Duration = Duration::from_secs(5);

/// Where a proxy sends requests, and how it presents itself to clients.
#[derive(Debug, Clone)]
pub struct Upstream {
    url: String,
    ca_pem: Option<String>,
    pub(super) tls_names: Vec<String>,
}

impl Upstream {
    /// A server that speaks plain HTTP. The proxy speaks plain HTTP, too.
    pub fn plain(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ca_pem: None,
            tls_names: Vec::new(),
        }
    }

    /// A server that speaks TLS, with the authority that signed its certificate. The proxy speaks TLS, too, with
    /// a certificate of its own for the loopback addresses. A client's certificate does not reach the server:
    /// clients authenticate by token.
    pub fn tls(url: impl Into<String>, ca_pem: impl Into<String>) -> Self {
        let names = ["127.0.0.1", "localhost"].map(str::to_owned);
        Self {
            url: url.into(),
            ca_pem: Some(ca_pem.into()),
            tls_names: names.into(),
        }
    }

    /// The proxy speaks TLS whatever the server speaks, and its certificate is good for these names as well.
    #[must_use]
    pub fn served_as<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.tls_names.extend(names.into_iter().map(Into::into));
        self
    }
}

/// The connection pool towards one upstream.
pub(super) struct Forwarder {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    scheme: Scheme,
    authority: Authority,
}

impl Forwarder {
    pub(super) fn new(upstream: &Upstream, target: &str) -> Result<Self, Error> {
        let bad_url = |why: String| Error::Upstream {
            target: target.to_owned(),
            url: upstream.url.clone(),
            why,
        };
        let uri: Uri = upstream
            .url
            .parse()
            .map_err(|error: http::uri::InvalidUri| bad_url(error.to_string()))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(bad_url("it needs a scheme and a host".to_owned()));
        };
        let tls = client_config(upstream.ca_pem.as_deref()).map_err(|why| Error::Certificate {
            target: target.to_owned(),
            why: why.to_string(),
        })?;
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self {
            client,
            scheme,
            authority,
        })
    }

    /// Sends a request on and returns the answer's head with its body still to come.
    pub(super) async fn forward(
        &self,
        head: &request::Parts,
        body: Bytes,
    ) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
        let path = head
            .uri
            .path_and_query()
            .cloned()
            .unwrap_or_else(|| PathAndQuery::from_static("/"));
        let mut uri = http::uri::Parts::default();
        uri.scheme = Some(self.scheme.clone());
        uri.authority = Some(self.authority.clone());
        uri.path_and_query = Some(path);
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = Uri::from_parts(uri).unwrap_or_default();
        *request.headers_mut() = end_to_end(&head.headers);
        let mut response = self.client.request(request).await?;
        *response.headers_mut() = end_to_end(response.headers());
        Ok(response)
    }
}

fn client_config(ca_pem: Option<&str>) -> Result<ClientConfig, Box<dyn std::error::Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem.unwrap_or_default().as_bytes()) {
        roots.add(certificate?)?;
    }
    Ok(
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}

/// The headers without those that hold for one connection only (RFC 9110, 7.6.1), except of an upgrade, which
/// is asked for and granted in them.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let upgrade = headers.contains_key(header::UPGRADE);
    let mut headers = headers.clone();
    for name in [
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::PROXY_AUTHORIZATION,
    ] {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    if !upgrade {
        headers.remove(header::CONNECTION);
    }
    headers
}
