//! The one numbering of all requests of a run, over all proxies.

use std::sync::{Arc, Mutex, PoisonError};

use http::header::{CONTENT_TYPE, HeaderName, USER_AGENT};
use http::request;
use hyper::body::Bytes;
use sha2::{Digest, Sha256};

use super::Script;
use super::run::Run;

/// One request as a proxy saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Number in the run, from 1, in the order of arrival over all proxies.
    pub number: usize,
    /// Name of the proxy, as given to [`super::Proxy::start`].
    pub target: String,
    /// HTTP method.
    pub method: String,
    /// Path and query as sent.
    pub path_and_query: String,
    /// The header `User-Agent`.
    pub user_agent: Option<String>,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// SHA-256 of the body, in hexadecimal.
    pub body_sha256: String,
    /// Status that was sent to the client; none if the client got no answer.
    pub status: Option<u16>,
    /// The fault that struck this request, or why it could not.
    pub faulted: Option<String>,
}

/// Numbers the requests of a run and holds the script for it. Clones share one numbering.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Arc<Run>>>);

impl Recorder {
    /// A recorder with an empty record and no faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a run: the record and the script are empty, the numbering begins at 1, no process is named. What is
    /// left of the run before is cut off: its connections, and a kill that has not come yet.
    pub fn reset(&self) {
        let mut run = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *run).finish();
    }

    /// Sets the faults of this run.
    pub fn script(&self, script: Script) {
        self.run().set_script(script);
    }

    /// Names the client process, which a [`super::Fault::Kill`] ends. After such a fault nothing is forwarded until
    /// [`Recorder::reset`].
    pub fn victim(&self, pid: u32) {
        self.run().name(pid);
    }

    /// The requests of this run so far, in the order of their numbers.
    pub fn requests(&self) -> Vec<Seen> {
        self.run().requests()
    }

    /// The run that is now.
    pub(super) fn run(&self) -> Arc<Run> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Seen {
    pub(super) fn new(number: usize, target: &str, head: &request::Parts, body: &Bytes) -> Self {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let header = |name: HeaderName| head.headers.get(name).map(text);
        Self {
            number,
            target: target.to_owned(),
            method: head.method.to_string(),
            path_and_query: head
                .uri
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default(),
            user_agent: header(USER_AGENT),
            content_type: header(CONTENT_TYPE),
            body_sha256: Sha256::digest(body)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            status: None,
            faulted: None,
        }
    }
}
