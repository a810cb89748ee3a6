//! What is sent.

use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::Serialize;
use std::{fmt, time::Duration};

/// One whole exchange. Authentik's slowest recorded answers take several seconds.
const TIMEOUT: Duration = Duration::from_secs(15);
/// A page of an API is far smaller.
const LARGEST_ANSWER: usize = 8 << 20;

/// A request that was not sent yet; it can be sent several times.
#[derive(Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(&'static str, Zeroizing<String>)>,
    pub(super) bearer: Option<SecretString>,
    pub(super) body: Body,
    pub(super) policy: Policy,
}

/// How a request is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policy {
    pub(super) timeout: Duration,
    pub(super) body_limit: usize,
    pub(super) follows: Follows,
    pub(super) repeatable: bool,
    pub(super) retries: bool,
}

/// Which redirects are followed; never from https to http.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follows {
    /// None.
    No,
    /// Those on the same host.
    SameHost,
    /// All: then nothing that is sent may be meant for the first host only.
    Anywhere,
}

/// What a request carries; wiped when it is dropped.
#[derive(Clone)]
pub(super) enum Body {
    Empty,
    Json(Zeroizing<Vec<u8>>),
    Form(Vec<(String, Zeroizing<String>)>),
    /// A value that does not serialize; reported when it is sent.
    Broken,
}

impl Request {
    fn new(method: Method, url: impl Into<String>) -> Self {
        // RFC 9110 §9.2.2; a PATCH is repeatable only if its author says so.
        let repeatable = method.is_idempotent();
        Self {
            method,
            url: url.into(),
            query: Vec::new(),
            headers: Vec::new(),
            bearer: None,
            body: Body::Empty,
            policy: Policy {
                timeout: TIMEOUT,
                body_limit: LARGEST_ANSWER,
                follows: Follows::No,
                repeatable,
                retries: true,
            },
        }
    }

    /// A GET of an absolute http or https URL.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    /// A POST; sent again only if it certainly did not arrive, or is [`Request::idempotent`].
    pub fn post(url: impl Into<String>) -> Self {
        Self::new(Method::POST, url)
    }

    /// A PATCH; sent again only if it certainly did not arrive, or is [`Request::idempotent`].
    pub fn patch(url: impl Into<String>) -> Self {
        Self::new(Method::PATCH, url)
    }

    /// A PUT.
    pub fn put(url: impl Into<String>) -> Self {
        Self::new(Method::PUT, url)
    }

    /// A DELETE.
    pub fn delete(url: impl Into<String>) -> Self {
        Self::new(Method::DELETE, url)
    }

    /// Adds query parameters; they are encoded here and never shown.
    #[must_use]
    pub fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.query.extend(pairs.iter().map(owned));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, Zeroizing::new(value.to_owned())));
        self
    }

    /// Asks for JSON.
    #[must_use]
    pub fn accept_json(self) -> Self {
        self.header("accept", "application/json")
    }

    /// Authenticates with a bearer token (RFC 6750).
    #[must_use]
    pub fn bearer(mut self, token: &SecretString) -> Self {
        self.bearer = Some(token.expose_secret().into());
        self
    }

    /// Sends a value as JSON.
    #[must_use]
    pub fn json(mut self, value: &impl Serialize) -> Self {
        self.body = match serde_json::to_vec(value) {
            Ok(bytes) => Body::Json(Zeroizing::new(bytes)),
            Err(_) => Body::Broken,
        };
        self
    }

    /// Sends an HTML form.
    #[must_use]
    pub fn form(mut self, pairs: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), Zeroizing::new((*value).to_owned()));
        self.body = Body::Form(pairs.iter().map(owned).collect());
        self
    }

    /// Declares that sending it twice has the effect of sending it once, so that it may be sent again
    /// when nobody knows whether it arrived.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.policy.repeatable = true;
        self
    }

    /// Sends it once only: for callers that poll, where the next round is the retry.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.policy.retries = false;
        self
    }

    /// Follows up to three redirects on the same host, never from https to http.
    #[must_use]
    pub fn following(mut self) -> Self {
        self.policy.follows = Follows::SameHost;
        self
    }

    /// Follows up to three redirects to any host, never from https to http: for files whose content is checked by other
    /// means, and which are asked for without headers or credentials.
    #[must_use]
    pub fn following_anywhere(mut self) -> Self {
        self.policy.follows = Follows::Anywhere;
        self
    }

    /// Bounds one exchange in time and its answer in bytes.
    #[must_use]
    pub fn limits(mut self, timeout: Duration, body_bytes: usize) -> Self {
        self.policy.timeout = timeout;
        self.policy.body_limit = body_bytes;
        self
    }

    /// Whether it may change something.
    pub(super) fn is_write(&self) -> bool {
        !self.method.is_safe()
    }

    /// Method and URL for messages, without user, query and fragment.
    pub(super) fn shown(&self) -> String {
        let url = Url::parse(&self.url).map_or_else(|_| "(not a URL)".to_owned(), |url| shown(&url));
        format!("{} {url}", self.method)
    }
}

/// A URL for messages: without user, query and fragment, which may hold secrets.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Fails only for URLs without an authority, which cannot hold a user.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}
