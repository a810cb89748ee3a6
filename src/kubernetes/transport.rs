//! The layer under every request to the API server: counts, timeouts, retries, the stop gate.
//!
//! It replaces kube's own retry layer, which looks at the status alone and so sends a POST again that the
//! server has already committed. Here the method decides: what can be sent twice without harm is sent
//! again, everything else comes back as an error and the next round looks at the world first.

use super::{
    bearer::Bearer,
    nature::{Nature, REQUEST_TIMEOUT},
};
use crate::{
    converge::{Stop, requests::Requests},
    retry::{Budget, Verdict, retry},
};
use futures::future::BoxFuture;
use http::{HeaderValue, Request, Response, StatusCode, header};
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
    /// The token to send, if it comes from a file.
    pub(super) bearer: Option<Bearer>,
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
    let request = |token: Option<HeaderValue>| {
        let mut request = Request::from_parts(parts.clone(), Body::from(body.to_vec()));
        if let Some(token) = token {
            request.headers_mut().insert(header::AUTHORIZATION, token);
        }
        request
    };
    let attempt = || authorized(inner.clone(), &shared, nature, &request);
    match retry(&shared.budget, attempt, |failed| failed.verdict(nature)).await {
        Ok(response) | Err(Attempt::Refused(response)) => Ok(response),
        Err(Attempt::Error(error)) => Err(error),
    }
}

/// One attempt, with the token of the file if there is one. If that token is refused and the file holds another one by
/// now, one with that: nothing was done yet, so this is no retry.
async fn authorized<S, B>(
    inner: S,
    shared: &Shared,
    nature: Nature,
    request: impl Fn(Option<HeaderValue>) -> Request<Body>,
) -> Result<Response<AnyBody>, Attempt>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError> + Clone,
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let Some(bearer) = &shared.bearer else {
        return once(inner, shared, nature, request(None)).await;
    };
    let token = bearer.header();
    let response = once(inner.clone(), shared, nature, request(Some(token.clone()))).await?;
    if response.status() != StatusCode::UNAUTHORIZED {
        return Ok(response);
    }
    match bearer.other_than(&token) {
        Some(other) => once(inner, shared, nature, request(Some(other))).await,
        None => Ok(response),
    }
}

async fn once<S, B>(
    inner: S,
    shared: &Shared,
    nature: Nature,
    request: Request<Body>,
) -> Result<Response<AnyBody>, Attempt>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    shared.requests.sent(nature.verb);
    let (verb, url) = (nature.verb, request.uri().clone());
    tracing::debug!(verb, %url, "requesting");
    let limit = nature.timeout.map(|usual| shared.timeout.unwrap_or(usual));
    let ended = match limit {
        None => stream(inner, request).await,
        Some(limit) => tokio::time::timeout(limit, whole(inner, request))
            .await
            .unwrap_or(Err(Attempt::Error(TransportError::TimedOut(limit)))),
    };
    if let Ok(response) | Err(Attempt::Refused(response)) = &ended {
        let status = response.status().as_u16();
        shared.requests.answered(nature.verb, status);
        tracing::debug!(verb, %url, status, "answered");
    }
    ended
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::bearer::tests::Place;
    use std::sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    };

    /// A server that knows one token, and what happens when it refuses one.
    async fn ask(
        shared: &Shared,
        known: &'static str,
        on_refusal: impl Fn() + Send + Sync + 'static,
    ) -> (StatusCode, usize) {
        let (asked, on_refusal) = (Arc::new(AtomicUsize::new(0)), Arc::new(on_refusal));
        let counter = asked.clone();
        let server = tower::service_fn(move |request: Request<Body>| {
            counter.fetch_add(1, Ordering::Relaxed);
            let is_known = request.headers()[header::AUTHORIZATION] == known;
            if !is_known {
                on_refusal();
            }
            let status = if is_known {
                StatusCode::OK
            } else {
                StatusCode::UNAUTHORIZED
            };
            let response = Response::builder().status(status).body(Full::<Bytes>::default());
            async move { response.map_err(BoxError::from) }
        });
        let request = Request::post("/api/v1/namespaces").body(Body::empty()).unwrap();
        let response = send(server, shared.clone(), request).await.unwrap();
        (response.status(), asked.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn a_refused_token_is_read_again_once() {
        let place = Place::new("transport");
        place.holds("old");
        let shared = Shared {
            bearer: Some(Bearer::open(place.path()).unwrap()),
            ..Shared::default()
        };
        let nothing = || {};
        assert_eq!(ask(&shared, "Bearer old", nothing).await, (StatusCode::OK, 1));
        assert_eq!(
            ask(&shared, "Bearer new", nothing).await,
            (StatusCode::UNAUTHORIZED, 1)
        );
        let renewed = Mutex::new(place);
        let renew = move || renewed.lock().unwrap().holds("new");
        assert_eq!(ask(&shared, "Bearer new", renew).await, (StatusCode::OK, 2));
    }
}
