//! One attempt at a request: redirects, limits, and what may be done when it failed.

use super::{
    answer::Answer,
    client::Http,
    request::{Body, Follows, Policy, Request, shown},
    trouble::Trouble,
};
use crate::retry::Verdict;
use reqwest::{Method, Response, StatusCode, Url, header};
use secrecy::{ExposeSecret, zeroize::Zeroizing};
use std::time::Duration;

const MOST_REDIRECTS: usize = 3;

/// A failed attempt: an answer that may be worth another one, or none at all.
pub(super) enum Failed {
    With(Box<Answer>),
    Without(Trouble),
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        Self::Without(trouble)
    }
}

impl Failed {
    pub(super) fn verdict(&self, policy: Policy) -> Verdict {
        if !policy.retries {
            return Verdict::Final;
        }
        match self {
            Self::Without(Trouble::Connect(_) | Trouble::Unresolved(_)) => Verdict::Again,
            Self::Without(Trouble::Broken(_) | Trouble::TimedOut(_)) if policy.repeatable => Verdict::Again,
            Self::With(answer) if policy.repeatable => match retry_after(answer) {
                Some(delay) => Verdict::After(delay),
                None => Verdict::Again,
            },
            _ => Verdict::Final,
        }
    }
}

fn retry_after(answer: &Answer) -> Option<Duration> {
    answer
        .header("retry-after")?
        .parse()
        .ok()
        .map(Duration::from_secs)
}

/// Statuses that say nothing about the request itself: the server or something before it had trouble.
fn is_trouble(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

/// Sends a request once and follows its redirects, if it follows any.
pub(super) async fn exchange(http: &Http, request: &Request) -> Result<Box<Answer>, Failed> {
    let mut url = parsed(request)?;
    let mut method = request.method.clone();
    let origin = url.origin();
    for _ in 0..=MOST_REDIRECTS {
        let carries = (method == request.method, url.origin() == origin);
        let response = send(http, request, &method, &url, carries).await?;
        let status = response.status();
        let target = match response.headers().get(header::LOCATION) {
            Some(location) if request.policy.follows != Follows::No && status.is_redirection() => {
                redirect_target(&url, location, request.policy.follows)?
            }
            _ => return read(response, method, url, request.policy).await,
        };
        if status == StatusCode::SEE_OTHER || (method == Method::POST && status.as_u16() <= 302) {
            method = Method::GET;
        }
        url = target;
    }
    let to = shown(&url);
    Err(Trouble::Redirected {
        to,
        why: "one redirect after the other",
    }
    .into())
}

fn parsed(request: &Request) -> Result<Url, Trouble> {
    let mut url = Url::parse(&request.url).map_err(|_| Trouble::Invalid("this is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Trouble::Invalid("only http and https are spoken"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Trouble::Invalid("the URL must not carry a user or password"));
    }
    if !request.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&request.query);
    }
    Ok(url)
}

async fn send(
    http: &Http,
    request: &Request,
    method: &Method,
    url: &Url,
    (same_method, same_origin): (bool, bool),
) -> Result<Response, Trouble> {
    http.guard()
        .check_literal(url)
        .map_err(|error| Trouble::Guarded(error.to_string()))?;
    let mut builder = http.client().request(method.clone(), at_route(http, url));
    if let Some(authority) = authority(url) {
        builder = builder.header(header::HOST, authority);
    }
    for (name, value) in &request.headers {
        builder = builder.header(*name, value.as_str());
    }
    if let Some(token) = request.bearer.as_ref().filter(|_| same_origin) {
        builder = builder.bearer_auth(token.expose_secret());
    }
    builder = match &request.body {
        Body::Broken => return Err(Trouble::Invalid("the body cannot be written as JSON")),
        Body::Json(bytes) if same_method => builder
            .header(header::CONTENT_TYPE, "application/json")
            .body(bytes.to_vec()),
        Body::Form(pairs) if same_method => builder.form(
            &pairs
                .iter()
                .map(|(name, value)| (name, value.as_str()))
                .collect::<Vec<_>>(),
        ),
        _ => builder,
    };
    let verb = verb(method);
    http.requests().sent(verb);
    let response = builder.send().await.map_err(Trouble::of)?;
    http.requests().answered(verb, response.status().as_u16());
    Ok(response)
}

/// By which a request is counted, apart from those to the API server.
fn verb(method: &Method) -> &'static str {
    match *method {
        Method::GET => "http-get",
        Method::POST => "http-post",
        Method::PUT => "http-put",
        Method::PATCH => "http-patch",
        _ => "http-delete",
    }
}

/// The URL with the port of the address that stands in for its host; the resolver supplies the address.
fn at_route(http: &Http, url: &Url) -> Url {
    let mut at = url.clone();
    let place = url.host_str().zip(url.port_or_known_default());
    if let Some(to) = place.and_then(|(host, port)| http.guard().route(host, port)) {
        // Fails only for URLs without a host.
        let _ = at.set_port(Some(to.port()));
    }
    at
}

/// Host and port as the Host header names them.
fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

fn redirect_target(from: &Url, location: &header::HeaderValue, follows: Follows) -> Result<Url, Trouble> {
    let location = location.to_str().unwrap_or_default();
    let to = from.join(location).map_err(|_| Trouble::Redirected {
        to: "nowhere".to_owned(),
        why: "which is not a URL",
    })?;
    let refused = |why| Err(Trouble::Redirected { to: shown(&to), why });
    match () {
        () if !matches!(to.scheme(), "http" | "https") => refused("which is not http"),
        () if follows == Follows::SameHost && to.host_str() != from.host_str() => {
            refused("which is another host")
        }
        () if from.scheme() == "https" && to.scheme() == "http" => refused("which is not encrypted"),
        () if !to.username().is_empty() || to.password().is_some() => refused("with a user in the URL"),
        () => Ok(to),
    }
}

async fn read(
    mut response: Response,
    method: Method,
    url: Url,
    policy: Policy,
) -> Result<Box<Answer>, Failed> {
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let announced = response.content_length().unwrap_or(0);
    let limit = policy.body_limit;
    let too_long = || Failed::Without(Trouble::TooLong(limit));
    let room = usize::try_from(announced)
        .ok()
        .filter(|length| *length <= limit)
        .ok_or_else(too_long)?;
    let mut body = Zeroizing::new(Vec::with_capacity(room));
    while let Some(chunk) = response.chunk().await.map_err(Trouble::of)? {
        if body.len() + chunk.len() > limit {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
    }
    let answer = Box::new(Answer {
        status,
        method,
        url,
        headers,
        body,
    });
    if is_trouble(status) {
        Err(Failed::With(answer))
    } else {
        Ok(answer)
    }
}
