//! Asking Authentik whether a client secret is the right one, without leaving a trace.

use super::error::ApiError;
use crate::http::{Http, Request};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// What the probe says of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Authentik accepts it.
    Right,
    /// Authentik refuses it.
    Wrong,
}

/// Revokes a token that does not exist (RFC 7009): 200 if the client authenticated, 401 `invalid_client`
/// if not, and no side effect (recorded). A public client gets 200 with any secret.
///
/// # Errors
/// An [`ApiError`] if the answer is neither.
pub async fn prove_secret(
    http: &Http,
    base: &str,
    client_id: &str,
    secret: &SecretString,
) -> Result<Proof, ApiError> {
    // In the form and not as HTTP Basic, which Authentik does not percent-decode.
    let request = Request::post(format!("{base}/application/o/revoke/"))
        .form(&[
            ("client_id", client_id),
            ("client_secret", secret.expose_secret()),
            ("token", "x"),
        ])
        .accept_json()
        .idempotent();
    let answer = http.send(request).await.map_err(ApiError::Unanswered)?;
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    match answer.status {
        401 if body["error"] == "invalid_client" => Ok(Proof::Wrong),
        status => super::answer::read(status, &answer.media_type(), answer.body()).map(|_| Proof::Right),
    }
}
