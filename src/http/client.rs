//! The client of a run.

use super::{
    answer::Answer,
    attempt::{self, Failed},
    guard::{Guard, Resolver},
    request::Request,
    trouble::Trouble,
};
use crate::{
    converge::{Stop, requests::Requests},
    model::{
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
    },
    retry::{Budget, retry},
};
use reqwest::{
    Client, Proxy, Url,
    cookie::{CookieStore, Jar},
    redirect,
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use secrecy::SecretString;
use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The HTTP client of a run; clones share connections, retry budget, forwards and counters.
#[derive(Clone)]
pub struct Http {
    client: Client,
    jar: Option<Arc<Jar>>,
    shared: Arc<Shared>,
}

struct Shared {
    tls: rustls::ClientConfig,
    guard: Arc<Guard>,
    proxy: Option<Url>,
    stop: Stop,
    budget: Budget,
    requests: Requests,
}

impl Http {
    /// Prepares a client by the `http` section of the configuration; sends nothing.
    ///
    /// # Errors
    /// [`Exit::Usage`] if the CA bundle cannot be read or the proxy is not a URL.
    pub fn new(config: &Config, stop: &Stop) -> Result<Self, Failure> {
        let proxy = config.http.proxy.as_deref().map(Url::parse).transpose();
        let proxy = proxy.map_err(|error| invalid("http.proxy is not a URL").caused_by(error))?;
        let shared = Arc::new(Shared {
            tls: tls(config.http.ca_bundle.as_deref())?,
            guard: Arc::new(Guard::new(config)),
            proxy,
            stop: stop.clone(),
            budget: Budget::default(),
            requests: Requests::default(),
        });
        let client = build(&shared, None)?;
        Ok(Self {
            client,
            jar: None,
            shared,
        })
    }

    /// The same client with an empty cookie jar of its own.
    ///
    /// # Errors
    /// None that [`Http::new`] would not have met.
    pub fn session(&self) -> Result<Self, Failure> {
        let jar = Arc::new(Jar::default());
        let client = build(&self.shared, Some(&jar))?;
        let shared = Arc::clone(&self.shared);
        Ok(Self {
            client,
            jar: Some(jar),
            shared,
        })
    }

    /// The value of a cookie that would be sent to `url`.
    #[must_use]
    pub fn cookie(&self, url: &str, name: &str) -> Option<SecretString> {
        let cookies = self.jar.as_ref()?.cookies(&Url::parse(url).ok()?)?;
        let mut pairs = cookies.to_str().ok()?.split("; ");
        pairs
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
            .map(SecretString::from)
    }

    /// Leads all requests for one port of a host to a local address; they still name the host.
    pub fn forward(&self, host: &str, port: u16, to: SocketAddr) {
        self.shared.guard.forward(host, port, to);
    }

    /// Whether requests for that port of a host are led to another address.
    #[must_use]
    pub fn is_routed(&self, host: &str, port: u16) -> bool {
        self.shared.guard.route(host, port).is_some()
    }

    /// Sends a request, again where that can help and does no harm, and returns the last answer,
    /// whatever its status.
    ///
    /// # Errors
    /// No answer: [`Reason::Unavailable`] (transient). An answer that breaks the limits, or a certificate
    /// that is not trusted: [`Reason::InvalidAnswer`]. An address that must not be connected to:
    /// [`Reason::InvalidConfig`]. A write while the run is stopping: [`Reason::Interrupted`].
    pub async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let once = || async {
            if request.is_write() && self.shared.stop.cause().is_some() {
                return Err(Failed::Without(Trouble::Stopping));
            }
            let limit = request.policy.timeout;
            let exchange = attempt::exchange(self, &request);
            let timed_out = Err(Failed::Without(Trouble::TimedOut(limit)));
            tokio::time::timeout(limit, exchange).await.unwrap_or(timed_out)
        };
        match retry(&self.shared.budget, once, |failed| failed.verdict(request.policy)).await {
            Ok(answer) | Err(Failed::With(answer)) => Ok(*answer),
            Err(Failed::Without(trouble)) => Err(trouble.failure(&request.shown())),
        }
    }

    /// The requests sent so far, by method (`http-get`); retries and redirects count.
    #[must_use]
    pub fn requests(&self) -> &Requests {
        &self.shared.requests
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.shared.guard
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

fn build(shared: &Shared, jar: Option<&Arc<Jar>>) -> Result<Client, Failure> {
    let mut builder = Client::builder()
        .tls_backend_preconfigured(shared.tls.clone())
        .user_agent(concat!("aphex-ops/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .dns_resolver(Resolver(Arc::clone(&shared.guard)))
        .redirect(redirect::Policy::none())
        // Ours look at the method; the client's would resend on its own.
        .retry(reqwest::retry::never())
        .http1_only();
    if let Some(jar) = jar {
        builder = builder.cookie_provider(Arc::clone(jar));
    }
    if let Some(proxy) = shared.proxy.clone() {
        let guard = Arc::clone(&shared.guard);
        let outside = move |url: &Url| (!guard.is_direct(url.host_str()?)).then(|| proxy.clone());
        builder = builder.proxy(Proxy::custom(outside));
    }
    builder
        .build()
        .map_err(|error| invalid("cannot prepare the HTTP client").caused_by(error.without_url()))
}

/// Trusts the system's certificate authorities and those of the bundle.
fn tls(bundle: Option<&str>) -> Result<rustls::ClientConfig, Failure> {
    let mut roots = rustls::RootCertStore::empty();
    // A machine without any is fine as long as nothing needs https; then the certificate is refused.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = bundle {
        let refused = |problem: String| {
            invalid(format!("http.caBundle: {path}: {problem}")).hint("it must be a file of PEM certificates")
        };
        let text = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let certificates = certificates.map_err(|error| refused(error.to_string()))?;
        if certificates.is_empty() {
            return Err(refused("there is no certificate in it".to_owned()));
        }
        for certificate in certificates {
            roots
                .add(certificate)
                .map_err(|error| refused(error.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid("cannot prepare TLS").caused_by(error))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(Exit::Usage, Reason::InvalidConfig, message)
}
