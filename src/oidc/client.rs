//! Asking a provider whether a client's secret is the right one.

use crate::{
    http::{Http, Request},
    model::{
        exit::Exit,
        failure::{Failure, Reason},
    },
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// What the provider says of a client's secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// It accepts it.
    Right,
    /// It refuses it, or does not know the client: it does not say which.
    Wrong,
}

/// Asks for a token with a code that was never given out. The client is authenticated before the code is looked at
/// (RFC 6749 §3.2.1): 401 `invalid_client` is about the secret, 400 about the code. Nothing is changed by it.
///
/// # Errors
/// A [`Failure`] if the answer is neither.
pub async fn prove(
    http: &Http,
    endpoint: &str,
    client: &str,
    secret: &SecretString,
) -> Result<Proof, Failure> {
    let request = Request::post(endpoint)
        .form(&[
            ("grant_type", "authorization_code"),
            ("code", "none"),
            ("client_id", client),
            ("client_secret", secret.expose_secret()),
        ])
        .accept_json()
        .idempotent();
    let answer = http.send(request).await?;
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    match (answer.status, body["error"].as_str()) {
        (401, Some("invalid_client")) => Ok(Proof::Wrong),
        (400, Some("invalid_grant" | "invalid_request")) => Ok(Proof::Right),
        _ => {
            let message = format!("{answer}, which says nothing about the client {client}");
            Err(Failure::new(Exit::Transient, Reason::InvalidAnswer, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::{Say, Server, http};

    async fn ask(head: &'static str, body: &str) -> Result<Proof, Failure> {
        let server = Server::saying([Say::Answer(head, body.to_owned())]).await;
        let secret = SecretString::from("hunter2");
        prove(&http(), &server.url("/token"), "argocd", &secret).await
    }

    #[tokio::test]
    async fn only_an_answer_about_the_client_counts() {
        // As Dex 2.45 answers.
        let wrong = r#"{"error":"invalid_client","error_description":"Invalid client credentials."}"#;
        let right = r#"{"error":"invalid_request","error_description":"Invalid or expired code parameter."}"#;
        assert_eq!(ask("401 Unauthorized", wrong).await.unwrap(), Proof::Wrong);
        assert_eq!(ask("400 Bad Request", right).await.unwrap(), Proof::Right);
        for (head, body) in [
            ("200 OK", "{}"),
            ("404 Not Found", "<html>"),
            ("401 Unauthorized", "no"),
            ("400 Bad Request", r#"{"error":"unsupported_grant_type"}"#),
        ] {
            let failure = ask(head, body).await.unwrap_err();
            assert!(!failure.chain().contains("hunter2"), "{head}");
        }
    }
}
