//! Who asks, and what they may do.

use http::{StatusCode, header};

use super::answers::{self, Answer};
use super::options::{Right, TokenSeed};
use super::request::Request;

/// The token that a request carries.
pub(super) fn token<'a>(tokens: &'a [TokenSeed], request: &Request) -> Result<&'a TokenSeed, Answer> {
    let authorization = request.header(header::AUTHORIZATION).unwrap_or_default();
    if authorization.is_empty() {
        return Err(answers::invalid(
            9106,
            "Missing X-Auth-Key, X-Auth-Email or Authorization headers",
        ));
    }
    let value = authorization
        .strip_prefix("Bearer ")
        .filter(|value| !value.is_empty());
    let Some(value) = value else {
        return Err(answers::invalid(6003, "Invalid request headers"));
    };
    let mut known = tokens.iter();
    known
        .find(|token| token.value == value)
        .ok_or_else(|| answers::refused(StatusCode::UNAUTHORIZED, 1000, "Invalid API Token"))
}

impl TokenSeed {
    pub(super) fn has(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }

    /// What tunnels and records answer to a token that may not touch them.
    pub(super) fn must(&self, right: Right) -> Result<(), Answer> {
        if self.has(right) {
            Ok(())
        } else {
            Err(answers::denied())
        }
    }
}
