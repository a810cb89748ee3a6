//! A request, read completely.

use http::{HeaderMap, Method, Uri, header};
use hyper::body::Bytes;

pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    query: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn new(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Self {
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
        Self {
            method,
            uri,
            headers,
            body,
            query,
        }
    }

    pub(crate) fn path_and_query(&self) -> String {
        self.uri
            .path_and_query()
            .map_or_else(|| self.uri.path().to_owned(), ToString::to_string)
    }

    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// All query parameters, in order.
    pub(crate) fn query(&self) -> &[(String, String)] {
        &self.query
    }
}
