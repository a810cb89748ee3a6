//! Fetching a provider's documents.

use super::{Document, Finding};
use crate::{
    http::{Answer, Http, Request},
    model::failure::{Failure, Reason},
};
use std::time::Duration;

/// Discovery of a real Authentik takes up to 0.7 s (recorded); a provider that needs ten is not ready.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Discovery documents and key sets have a few KiB.
const LARGEST: usize = 256 << 10;

/// Why there is no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absent {
    /// Nothing yet, for a reason that can pass.
    NotYet(Finding),
    /// Something that is not such a document.
    Wrong(Finding),
}

/// Fetches a JSON document once; the caller polls. Nobody has judged yet what it says.
///
/// No JSON is asked for: Authentik, while it starts, answers 200 to clients that accept JSON, and an
/// honest 503 to others (recorded).
///
/// # Errors
/// Failures that are not about the provider: the run stops, or the address is one not to connect to.
pub async fn document(http: &Http, url: &str) -> Result<Result<Document, Absent>, Failure> {
    let request = Request::get(url).limits(TIMEOUT, LARGEST).following().once();
    match http.send(request).await {
        Ok(answer) => Ok(judge(&answer)),
        Err(failure) if failure.is_transient() => Ok(Err(Absent::NotYet(failure.into()))),
        Err(failure) if failure.reason == Reason::InvalidAnswer => Ok(Err(Absent::Wrong(failure.into()))),
        Err(failure) => Err(failure),
    }
}

fn judge(answer: &Answer) -> Result<Document, Absent> {
    match answer.status {
        200 => match Document::parse(answer.body()) {
            Ok(document) if is_starting(&document) => {
                let message = format!("{answer} with an error instead of a document");
                Err(Absent::NotYet(Finding::new(Reason::Starting, message)))
            }
            Ok(document) => Ok(document),
            Err(finding) => {
                let message = format!("{answer}, but {}", finding.message);
                Err(Absent::Wrong(Finding { message, ..finding }))
            }
        },
        // Routes and applications come after the server: 404 is an early answer too.
        404 => not_yet(Reason::NotFound, answer),
        429 | 500..=599 => not_yet(Reason::Unavailable, answer),
        _ => Err(Absent::Wrong(Finding::invalid(answer.to_string()))),
    }
}

fn not_yet(reason: Reason, answer: &Answer) -> Result<Document, Absent> {
    Err(Absent::NotYet(Finding::new(reason, answer.to_string())))
}

/// `{"error": "…"}` and nothing else that a document has.
fn is_starting(document: &Document) -> bool {
    document.get("error").is_some() && document.get("issuer").is_none() && document.get("keys").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::{Say, Server, http};

    async fn look(say: Say) -> Result<Document, Absent> {
        let server = Server::saying([say]).await;
        let found = document(&http(), &server.url("/.well-known/openid-configuration"))
            .await
            .unwrap();
        let seen = server.seen();
        assert_eq!(seen.len(), 1, "asked once: the caller polls");
        assert!(!seen[0].contains("application/json"), "{}", seen[0]);
        found
    }

    #[tokio::test]
    async fn what_may_pass_is_told_apart_from_what_is_wrong() {
        let html = |head| Say::Answer(head, "<!DOCTYPE html><html></html>".to_owned());
        let passing = [
            Say::status("503 Service Unavailable"),
            Say::status("502 Bad Gateway"),
            Say::status("429 Too Many Requests"),
            html("500 Internal Server Error\r\ncontent-type: text/html"),
            html("404 Not Found\r\ncontent-type: text/html"),
            Say::json(r#"{"error": "authentik starting"}"#),
            Say::Hangup,
        ];
        for (position, say) in passing.into_iter().enumerate() {
            let found = look(say).await;
            assert!(matches!(found, Err(Absent::NotYet(..))), "{position}: {found:?}");
        }
        let wrong = [
            html("200 OK\r\ncontent-type: text/html"),
            Say::json("[]"),
            Say::json(r#"{"issuer": 1, "issuer": 2}"#),
            Say::json("x".repeat(LARGEST + 1)),
            Say::status("403 Forbidden"),
            Say::status("204 No Content"),
            Say::status("302 Found\r\nlocation: https://example.org/"),
        ];
        for (position, say) in wrong.into_iter().enumerate() {
            let found = look(say).await;
            assert!(matches!(found, Err(Absent::Wrong(_))), "{position}: {found:?}");
        }
        assert!(look(Say::json(r#"{"issuer": "x"}"#)).await.is_ok());
    }
}
