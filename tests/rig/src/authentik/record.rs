//! What was asked and answered, and what should not have been asked.

use http::Method;
use sha2::{Digest, Sha256};

use super::entropy::hex;

/// One request that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its method.
    pub method: Method,
    /// Its path and query string, as sent.
    pub path_and_query: String,
    /// The status of the answer.
    pub status: u16,
    /// The account that the credentials named; None: nobody, or refused credentials.
    pub user: Option<String>,
    /// SHA-256 of the body in hexadecimal, so that bodies can be compared without being kept.
    pub body_sha256: String,
    /// The names of the body's JSON fields, sorted; empty for other bodies.
    pub body_fields: Vec<String>,
}

impl Recorded {
    /// Whether the method is one that writes.
    pub fn writes(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }
}

#[derive(Default)]
pub(super) struct Record {
    pub(super) requests: Vec<Recorded>,
    pub(super) violations: Vec<String>,
}

pub(super) fn body_sha256(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

pub(super) fn body_fields(body: &[u8]) -> Vec<String> {
    match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body) {
        Ok(fields) => fields.keys().cloned().collect(),
        Err(_) => Vec::new(),
    }
}
