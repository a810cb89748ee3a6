//! The layer under every request to the API server: counts, timeouts, retries, the stop gate.
//!
//! It replaces kube's own retry layer, which looks at the status alone and so sends a POST again that the
//! server has already committed. Here the method decides: what can be sent twice without harm is sent
//! again, everything else comes back as an error and the next round looks at the world first.

use crate::{
    converge::{Stop, requests::Requests},
    retry::{Budget, Verdict, retry},
};
use futures::future::BoxFuture;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, combinators::UnsyncBoxBody};
use hyper::body::Bytes;
use kube::client::Body;
use std::{
    error::Error,
    task::{Context, Poll},
    time::Duration,
};
use thiserror::Error;
use tower::{BoxError, Layer, Service, ServiceExt};

/// One ordinary request, body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// A list may be long.
const LIST_TIMEOUT: Duration = Duration::from_secs(60);
/// An answer that is longer is not one of ours: pages are bounded.
const LARGEST_ANSWER: usize = 64 << 20;

type AnyBody = UnsyncBoxBody<Bytes, BoxError>;

/// Why a request got no usable answer.
#[derive(Debug, Error)]
pub(super) enum TransportError {
    /// Nothing was sent: the connection could not be made.
    #[error("cannot connect")]
    Connect(#[source] BoxError),
    /// Sent, but the answer did not arrive; the server may have acted.
    #[error("the connection broke")]
    Broken(#[source] BoxError),
    /// No complete answer in time; the server may have acted.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// Longer than anything that we ask for.
    #[error("the answer is longer than {} MiB", LARGEST_ANSWER >> 20)]
    TooLong,
    /// Not sent, because the run is stopping.
    #[error("not sent, because the run is stopping")]
    Stopping,
}

/// What the transport shares with the rest of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared {
    pub(super) requests: Requests,
    pub(super) budget: Budget,
    pub(super) stop: Stop,
    /// Instead of the usual time limits.
    pub(super) timeout: Option<Duration>,
}

/// The layer.
#[derive(Debug, Clone)]
pub(super) struct TransportLayer(pub(super) Shared);

impl<S> Layer<S> for TransportLayer {
    type Service = Transport<S>;
    fn layer(&self, inner: S) -> Transport<S> {
        Transport {
            inner,
            shared: self.0.clone(),
        }
    }
}

/// The service that the layer makes.
#[derive(Debug, Clone)]
pub(super) struct Transport<S> {
    inner: S,
    shared: Shared,
}

impl<S, B> Service<Request<Body>> for Transport<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<AnyBody>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // Readiness is awaited for each attempt, on a clone of the inner service.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (inner, shared) = (self.inner.clone(), self.shared.clone());
        Box::pin(async move { send(inner, shared, request).await.map_err(BoxError::from) })
    }
}

async fn send<S, B>(
    inner: S,
    shared: Shared,
    request: Request<Body>,
) -> Result<Response<AnyBody>, TransportError>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError> + Clone + Send + Sync,
    S::Future: Send,
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let nature = Nature::of(&request);
    if nature.is_write && shared.stop.cause().is_some() {
        return Err(TransportError::Stopping);
    }
    let (parts, body) = request.into_parts();
    let body = body
        .collect_bytes()
        .await
        .map_err(|error| TransportError::Broken(Box::new(error)))?;
    let attempt = || {
        let request = Request::from_parts(parts.clone(), Body::from(body.to_vec()));
        let inner = inner.clone();
        let (requests, timeout) = (&shared.requests, shared.timeout);
        requests.sent(nature.verb);
        async move {
            let ended = match nature.timeout.map(|usual| timeout.unwrap_or(usual)) {
                None => stream(inner, request).await,
                Some(limit) => tokio::time::timeout(limit, whole(inner, request))
                    .await
                    .unwrap_or(Err(Attempt::Error(TransportError::TimedOut(limit)))),
            };
            if let Ok(response) | Err(Attempt::Refused(response)) = &ended {
                requests.answered(nature.verb, response.status().as_u16());
            }
            ended
        }
    };
    match retry(&shared.budget, attempt, |failed| failed.verdict(nature)).await {
        Ok(response) | Err(Attempt::Refused(response)) => Ok(response),
        Err(Attempt::Error(error)) => Err(error),
    }
}

/// A failed attempt: an answer that may be worth another one, or none at all.
enum Attempt {
    Refused(Response<AnyBody>),
    Error(TransportError),
}

impl Attempt {
    fn verdict(&self, nature: Nature) -> Verdict {
        let ambiguous = if nature.is_repeatable {
            Verdict::Again
        } else {
            Verdict::Final
        };
        match self {
            Self::Error(TransportError::Connect(_)) => Verdict::Again,
            Self::Error(TransportError::Broken(_) | TransportError::TimedOut(_)) => ambiguous,
            Self::Error(TransportError::TooLong | TransportError::Stopping) => Verdict::Final,
            Self::Refused(response) => match response.status() {
                StatusCode::TOO_MANY_REQUESTS => {
                    Verdict::After(retry_after(response).unwrap_or(Duration::from_secs(1)))
                }
                _ => match (ambiguous, retry_after(response)) {
                    (Verdict::Again, Some(delay)) => Verdict::After(delay),
                    (verdict, _) => verdict,
                },
            },
        }
    }
}

fn retry_after(response: &Response<AnyBody>) -> Option<Duration> {
    let seconds = response
        .headers()
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

/// Statuses that say nothing about the request itself: the server, a proxy or etcd had trouble, perhaps
/// after committing. 429 is refused before anything happens.
fn is_trouble(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

async fn whole<S, B>(inner: S, request: Request<Body>) -> Result<Response<AnyBody>, Attempt>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (parts, body) = answer(inner, request).await?.into_parts();
    let bytes = Limited::new(body, LARGEST_ANSWER)
        .collect()
        .await
        .map_err(|error| {
            let too_long = error.downcast_ref::<LengthLimitError>().is_some();
            Attempt::Error(if too_long {
                TransportError::TooLong
            } else {
                TransportError::Broken(error)
            })
        })?;
    let body = Full::new(bytes.to_bytes())
        .map_err(|never| match never {})
        .boxed_unsync();
    checked(Response::from_parts(parts, body))
}

async fn stream<S, B>(inner: S, request: Request<Body>) -> Result<Response<AnyBody>, Attempt>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let limit = REQUEST_TIMEOUT;
    let response = tokio::time::timeout(limit, answer(inner, request))
        .await
        .unwrap_or(Err(Attempt::Error(TransportError::TimedOut(limit))))?;
    checked(response.map(|body| body.map_err(Into::into).boxed_unsync()))
}

async fn answer<S, B>(inner: S, request: Request<Body>) -> Result<Response<B>, Attempt>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
{
    inner
        .oneshot(request)
        .await
        .map_err(|error| Attempt::Error(classify(error)))
}

fn checked(response: Response<AnyBody>) -> Result<Response<AnyBody>, Attempt> {
    if is_trouble(response.status()) {
        Err(Attempt::Refused(response))
    } else {
        Ok(response)
    }
}

fn classify(error: BoxError) -> TransportError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error.as_ref());
    while let Some(current) = cause {
        if current
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(|e| e.is_connect())
        {
            return TransportError::Connect(error);
        }
        cause = current.source();
    }
    TransportError::Broken(error)
}

/// What a request is, as far as sending it twice matters.
#[derive(Debug, Clone, Copy)]
struct Nature {
    verb: &'static str,
    is_write: bool,
    is_repeatable: bool,
    /// `None`: the answer is a stream without an end.
    timeout: Option<Duration>,
}

impl Nature {
    fn of(request: &Request<Body>) -> Self {
        let path = request.uri().path();
        let query = request.uri().query().unwrap_or_default();
        let is_review = path.starts_with("/apis/authorization.k8s.io/");
        let is_lease = path.starts_with("/apis/coordination.k8s.io/");
        let has = |flag: &str| query.split('&').any(|pair| pair == flag);
        let is_watch = has("watch=true") || has("watch=1");
        let is_upgrade = request.headers().contains_key(header::UPGRADE);
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
            timeout: (!is_watch && !is_upgrade).then_some(timeout),
        }
    }
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
