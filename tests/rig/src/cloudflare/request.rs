//! How Cloudflare reads a request.

pub(super) use crate::stand_in::Request;

impl Request {
    /// A query parameter; given twice, the first counts.
    pub(super) fn filter(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query().iter();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}
