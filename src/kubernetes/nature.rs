//! What a request to the API server is, from its method, path and content: whether it writes, and whether it may be sent
//! twice.

use http::{Method, Request, header};
use kube::client::Body;
use std::time::Duration;

/// One ordinary request, body included.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// A list may be long.
const LIST_TIMEOUT: Duration = Duration::from_secs(60);

/// What a request is, as far as sending it twice matters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nature {
    pub(super) verb: &'static str,
    pub(super) is_write: bool,
    pub(super) is_repeatable: bool,
    /// `None`: the answer is a stream without an end.
    pub(super) timeout: Option<Duration>,
}

impl Nature {
    pub(super) fn of(request: &Request<Body>) -> Self {
        let path = request.uri().path();
        let query = request.uri().query().unwrap_or_default();
        let is_review = path.starts_with("/apis/authorization.k8s.io/") || path.ends_with("/tokenreviews");
        let is_lease = path.starts_with("/apis/coordination.k8s.io/");
        let has = |flag: &str| query.split('&').any(|pair| pair == flag);
        let is_watch = is_watch(request);
        let verb = match *request.method() {
            Method::GET if is_watch => "watch",
            Method::GET if is_collection(path) => "list",
            Method::GET => "get",
            Method::POST if is_review => "review",
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            _ => "delete",
        };
        // An apply or merge patch says what shall be; a JSON patch says what to do.
        let content = request
            .headers()
            .get(header::CONTENT_TYPE)
            .map(|value| value.as_bytes())
            .unwrap_or_default();
        let is_declarative = content.starts_with(b"application/apply-patch")
            || content.starts_with(b"application/merge-patch");
        let is_read = request.method() == Method::GET || is_review;
        let timeout = match verb {
            "list" => LIST_TIMEOUT,
            _ => REQUEST_TIMEOUT,
        };
        Self {
            verb,
            // The lease is released after a stop, so it passes the gate.
            is_write: !is_read && !is_lease && !has("dryRun=All"),
            is_repeatable: is_read || (request.method() == Method::PATCH && is_declarative),
            timeout: (!keeps_its_connection(request)).then_some(timeout),
        }
    }
}

/// Whether the answer has no end of its own, so that nothing else is sent on its connection any more.
pub(super) fn keeps_its_connection(request: &Request<Body>) -> bool {
    is_watch(request) || request.headers().contains_key(header::UPGRADE)
}

fn is_watch(request: &Request<Body>) -> bool {
    let mut query = request.uri().query().unwrap_or_default().split('&');
    query.any(|pair| matches!(pair, "watch=true" | "watch=1"))
}

/// Whether a path names a collection: below the version, one segment, or one after `namespaces/<name>`.
fn is_collection(path: &str) -> bool {
    let mut segments = path.trim_matches('/').split('/');
    let below_version = match segments.next() {
        Some("api") => segments.next().is_some(),
        Some("apis") => segments.nth(1).is_some(),
        _ => false,
    };
    let rest: Vec<&str> = segments.collect();
    below_version && matches!(rest.as_slice(), [_] | ["namespaces", _, _])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nature(method: &str, uri: &str, content: &str) -> Nature {
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::CONTENT_TYPE, content);
        Nature::of(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn the_method_and_the_content_decide_what_is_sent_again() {
        let secrets = "/api/v1/namespaces/auth-system/secrets";
        let cases = [
            ("GET", format!("{secrets}/dex-secrets"), "", "get", false, true),
            ("GET", secrets.to_owned(), "", "list", false, true),
            ("GET", format!("{secrets}?watch=true"), "", "watch", false, true),
            ("GET", "/api/v1/namespaces".to_owned(), "", "list", false, true),
            (
                "GET",
                "/api/v1/namespaces/argocd".to_owned(),
                "",
                "get",
                false,
                true,
            ),
            ("GET", "/version".to_owned(), "", "get", false, true),
            (
                "POST",
                secrets.to_owned(),
                "application/json",
                "create",
                true,
                false,
            ),
            (
                "PATCH",
                format!("{secrets}/a"),
                "application/apply-patch+yaml",
                "patch",
                true,
                true,
            ),
            (
                "PATCH",
                format!("{secrets}/a"),
                "application/merge-patch+json",
                "patch",
                true,
                true,
            ),
            (
                "PATCH",
                format!("{secrets}/a"),
                "application/json-patch+json",
                "patch",
                true,
                false,
            ),
            (
                "PATCH",
                format!("{secrets}/a?dryRun=All"),
                "application/apply-patch+yaml",
                "patch",
                false,
                true,
            ),
            (
                "POST",
                "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews".to_owned(),
                "",
                "review",
                false,
                true,
            ),
            (
                "PUT",
                "/apis/coordination.k8s.io/v1/namespaces/p/leases/l".to_owned(),
                "",
                "update",
                false,
                false,
            ),
        ];
        for (method, uri, content, verb, is_write, is_repeatable) in cases {
            let nature = nature(method, &uri, content);
            assert_eq!(
                (nature.verb, nature.is_write, nature.is_repeatable),
                (verb, is_write, is_repeatable),
                "{uri}"
            );
        }
    }
}
