//! The envelope, and the answers that several resources share.

use http::{HeaderValue, StatusCode, header};
use hyper::body::Bytes;
use serde_json::{Value, json};

/// Boxed, for it travels as the error of many functions.
pub(super) type Answer = Box<http::Response<Bytes>>;

/// An answer either way: `?` ends a request early.
pub(super) type Reply = Result<Answer, Answer>;

fn typed(status: StatusCode, media_type: &'static str, body: String) -> Answer {
    let mut answer = Box::new(http::Response::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}

pub(super) fn ok(result: &Value) -> Answer {
    let body = json!({ "success": true, "errors": [], "messages": [], "result": result });
    typed(StatusCode::OK, "application/json", body.to_string())
}

pub(super) fn page(result: &[Value], info: &Value) -> Answer {
    let body =
        json!({ "success": true, "errors": [], "messages": [], "result": result, "result_info": info });
    typed(StatusCode::OK, "application/json", body.to_string())
}

pub(super) fn refused(status: StatusCode, code: u64, message: &str) -> Answer {
    let errors = [json!({ "code": code, "message": message })];
    let body = json!({ "success": false, "errors": errors, "messages": [], "result": null });
    typed(status, "application/json", body.to_string())
}

pub(super) fn invalid(code: u64, message: &str) -> Answer {
    refused(StatusCode::BAD_REQUEST, code, message)
}

pub(super) fn denied() -> Answer {
    refused(StatusCode::FORBIDDEN, 10000, "Authentication error")
}

pub(super) fn no_tunnel() -> Answer {
    refused(StatusCode::NOT_FOUND, 1003, "Tunnel not found")
}

pub(super) fn no_record() -> Answer {
    refused(StatusCode::NOT_FOUND, 81044, "Record does not exist.")
}

pub(super) fn no_route(path: &str) -> Answer {
    let text = format!("Could not route to {path}, perhaps your object identifier is invalid?");
    refused(StatusCode::NOT_FOUND, 7003, &text)
}

pub(super) fn html(status: StatusCode) -> Answer {
    let body = "<!DOCTYPE html><html><title>api.cloudflare.com</title></html>";
    typed(status, "text/html; charset=UTF-8", body.to_owned())
}
