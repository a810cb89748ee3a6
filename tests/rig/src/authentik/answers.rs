//! The answers that many resources share, with their recorded texts.

use http::{HeaderValue, Method, StatusCode, header};
use hyper::body::Bytes;
use serde_json::{Value, json};

/// Boxed, for it travels as the error of many functions.
pub(super) type Answer = Box<http::Response<Bytes>>;

/// An answer either way: `?` ends a request early.
pub(super) type Reply = Result<Answer, Answer>;

pub(super) fn empty(status: StatusCode) -> Answer {
    let mut answer = Box::new(http::Response::new(Bytes::new()));
    *answer.status_mut() = status;
    answer
}

pub(super) fn typed(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Box::new(http::Response::new(body.into()));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}

pub(super) fn json_with(status: StatusCode, body: &Value) -> Answer {
    typed(status, "application/json", body.to_string())
}

pub(super) fn ok(body: &Value) -> Answer {
    json_with(StatusCode::OK, body)
}

pub(super) fn created(body: &Value) -> Answer {
    json_with(StatusCode::CREATED, body)
}

pub(super) fn no_content() -> Answer {
    empty(StatusCode::NO_CONTENT)
}

pub(super) fn html(status: StatusCode) -> Answer {
    typed(
        status,
        "text/html; charset=utf-8",
        "<!DOCTYPE html><html><title>authentik</title></html>",
    )
}

pub(super) fn detail(status: StatusCode, text: &str) -> Answer {
    json_with(status, &json!({ "detail": text }))
}

pub(super) fn bad_request(body: &Value) -> Answer {
    json_with(StatusCode::BAD_REQUEST, body)
}

/// 403 with one of the four recorded texts; Authentik never answers 401 on its API.
pub(super) fn forbidden(text: &str) -> Answer {
    detail(StatusCode::FORBIDDEN, text)
}

pub(super) fn not_permitted() -> Answer {
    forbidden("You do not have permission to perform this action.")
}

pub(super) fn not_authenticated() -> Answer {
    forbidden("Authentication credentials were not provided.")
}

pub(super) fn no_such(model: &str) -> Answer {
    detail(
        StatusCode::NOT_FOUND,
        &format!("No {model} matches the given query."),
    )
}

/// An id that cannot be one: text for a number, or no UUID.
pub(super) fn not_found() -> Answer {
    detail(StatusCode::NOT_FOUND, "Not found.")
}

/// A genuine 405, which is JSON.
pub(super) fn method_not_allowed(method: &Method, allowed: &'static str) -> Answer {
    let mut answer = detail(
        StatusCode::METHOD_NOT_ALLOWED,
        &format!("Method \"{method}\" not allowed."),
    );
    answer
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allowed));
    answer
}

/// What Django's error pages answer to a write, whatever the error: 405 without a body, for the page only knows GET.
fn error_page_on_write() -> Answer {
    let mut answer = typed(StatusCode::METHOD_NOT_ALLOWED, "text/html; charset=utf-8", "");
    answer
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    answer
}

/// An unknown URL or a missing trailing slash.
pub(super) fn unknown_url(method: &Method) -> Answer {
    if matches!(*method, Method::GET | Method::HEAD) {
        html(StatusCode::NOT_FOUND)
    } else {
        error_page_on_write()
    }
}

/// An exception inside Django: 500 for reads, 405 for writes.
pub(super) fn crash(method: &Method) -> Answer {
    if matches!(*method, Method::GET | Method::HEAD) {
        html(StatusCode::INTERNAL_SERVER_ERROR)
    } else {
        error_page_on_write()
    }
}
