//! What comes back.

use super::request::shown;
use crate::model::{
    exit::Exit,
    failure::{Failure, Reason},
};
use reqwest::{Method, Url, header::HeaderMap};
use secrecy::zeroize::Zeroizing;
use serde::de::DeserializeOwned;
use std::fmt;

/// A complete answer, whatever its status; the body is wiped when it is dropped.
pub struct Answer {
    /// The status code (RFC 9110 §15).
    pub status: u16,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Answer {
    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header's value, if it is there and readable.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type in lower case without its parameters; empty if there is none.
    #[must_use]
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    }

    /// Where it came from, after redirects.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The body; it may hold secrets, so no part of it belongs into a message.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as a value.
    ///
    /// # Errors
    /// [`Reason::InvalidAnswer`] if it is not; the text says where, and quotes nothing.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // serde_json's own text can quote values.
            let problem = match error.classify() {
                serde_json::error::Category::Data => "has other fields or types than expected",
                _ => "is not JSON",
            };
            let (line, column) = (error.line(), error.column());
            let message = format!("{self}: its body {problem} (line {line}, column {column})");
            Failure::new(Exit::Transient, Reason::InvalidAnswer, message)
        })
    }
}

/// The request and what was said to it, without any part of the body.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let media_type = self.media_type();
        write!(f, "{} {} answered {}", self.method, shown(&self.url), self.status)?;
        if media_type.is_empty() {
            Ok(())
        } else {
            write!(f, " ({media_type})")
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
