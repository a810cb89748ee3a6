//! What was asked and answered, and what should not have been asked.

use http::Method;

use super::request::Request;

/// One request that was answered. Bodies are not kept: they hold secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its method.
    pub method: Method,
    /// Its path and query string, as sent.
    pub path_and_query: String,
    /// The status of the answer.
    pub status: u16,
}

impl Recorded {
    /// Whether the method is one that writes.
    pub fn writes(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD)
    }
}

#[derive(Default)]
pub(super) struct History {
    pub(super) requests: Vec<Recorded>,
    pub(super) violations: Vec<String>,
}

impl History {
    pub(super) fn violation(&mut self, request: &Request, what: &str) {
        self.violations
            .push(format!("{} {}: {what}", request.method, request.path_and_query()));
    }
}
