//! Answers that stand in for a server's.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::{Value, json};

/// A complete HTTP answer, with a name for reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    name: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// An answer with this body and content type.
    pub fn new(name: &str, status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Self {
            name: name.to_owned(),
            status,
            headers,
            body: body.into(),
        }
    }

    /// An answer with this JSON body.
    pub fn json(name: &str, status: StatusCode, body: &Value) -> Self {
        Self::new(name, status, "application/json", body.to_string())
    }

    /// A failure as the API server writes it: a `Status` object of apimachinery (`meta/v1`).
    /// An empty `reason` is left out, as the server does for errors that it does not know.
    pub fn status(name: &str, status: StatusCode, reason: &str, message: &str, details: Value) -> Self {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "code": status.as_u16(),
        });
        if !reason.is_empty() {
            body["reason"] = reason.into();
        }
        if !details.is_null() {
            body["details"] = details;
        }
        Self::json(name, status, &body)
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    pub(super) fn to_response(&self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body.clone()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.name)
    }
}
