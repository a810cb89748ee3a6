//! What Authentik's Go router answers alone, in front of the Python backend.

use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::answers::{self, Answer};
use super::request::Request;

/// How far Authentik is, or which part of it is broken (recorded, each of them).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouterState {
    /// Nothing listens: connections are refused and the open ones are cut. In a script, where there must be something that
    /// counts, a connection is accepted and closed without an answer.
    Refuse,
    /// The router listens, the backend does not: 200 with an error body for clients that accept JSON, else 503.
    Starting,
    /// Ready, but no blueprint was applied: the bootstrap token is 403, the flow executor 404, lists are empty.
    Booting,
    /// Everything works.
    Up,
    /// PostgreSQL is down: reads are 500, writes 405.
    DatabaseDown,
    /// The backend died: 502.
    BackendDead,
    /// Redis is down: only `ready` notices.
    RedisDown,
}

const CONNECT_ERROR: &str = "failed to connect to authentik backend: dial unix /dev/shm/authentik-core.sock: connect: connection refused";

/// The answer that needs no backend, if there is one.
pub(super) fn answer(state: RouterState, request: &Request) -> Option<Answer> {
    if request.path() == "/-/health/live/" && request.reads() {
        return Some(answers::empty(StatusCode::OK));
    }
    match state {
        RouterState::Starting => Some(starting(request)),
        RouterState::BackendDead => Some(backend_dead(request)),
        RouterState::DatabaseDown => Some(answers::crash(&request.method)),
        RouterState::RedisDown if is_ready_probe(request) => {
            Some(answers::empty(StatusCode::SERVICE_UNAVAILABLE))
        }
        _ if is_ready_probe(request) => Some(answers::typed(StatusCode::OK, "text/html; charset=utf-8", "")),
        _ => None,
    }
}

fn is_ready_probe(request: &Request) -> bool {
    request.path() == "/-/health/ready/" && request.reads()
}

/// The JSON branch writes no status, which makes it 200 for every method and path.
fn starting(request: &Request) -> Answer {
    let accept = request.accept();
    let mut answer = if accept.contains("application/json") {
        answers::ok(&json!({ "error": "authentik starting" }))
    } else if accept.contains("text/html") {
        answers::html(StatusCode::SERVICE_UNAVAILABLE)
    } else {
        answers::typed(
            StatusCode::SERVICE_UNAVAILABLE,
            "text/plain; charset=utf-8",
            "authentik starting",
        )
    };
    answer
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    answer
}

fn backend_dead(request: &Request) -> Answer {
    if request.accept().contains("application/json") {
        answers::json_with(StatusCode::BAD_GATEWAY, &json!({ "error": CONNECT_ERROR }))
    } else {
        answers::typed(
            StatusCode::BAD_GATEWAY,
            "text/plain; charset=utf-8",
            CONNECT_ERROR,
        )
    }
}
