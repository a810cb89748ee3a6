//! How Authentik reads a request.

use http::{Method, header};

pub(super) use crate::stand_in::Request;

impl Request {
    pub(super) fn path(&self) -> &str {
        self.uri.path()
    }

    /// GET and HEAD run the same code.
    pub(super) fn reads(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }

    /// A query parameter that has a value; given twice, the last counts.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.query()
            .iter()
            .rev()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn accept(&self) -> &str {
        self.header(header::ACCEPT).unwrap_or("*/*")
    }

    /// The media type of the body, without parameters.
    pub(super) fn media_type(&self) -> &str {
        let value = self.header(header::CONTENT_TYPE).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim()
    }

    pub(super) fn is_form(&self) -> bool {
        self.media_type() == "application/x-www-form-urlencoded"
    }

    /// A field of a form body; given twice, the last counts.
    pub(super) fn form_field(&self, name: &str) -> Option<String> {
        if !self.is_form() {
            return None;
        }
        form_urlencoded::parse(&self.body)
            .filter(|(key, _)| key == name)
            .last()
            .map(|(_, value)| value.into_owned())
    }

    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}
