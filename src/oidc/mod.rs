//! OpenID Connect discovery: fetching a provider's document and keys, and judging them.
//!
//! [`fetch`] talks, everything else is pure. The rules are those of OpenID Connect Discovery 1.0 §3 and
//! §4.3, RFC 7517, RFC 7518 and RFC 8725, as far as a client relies on them that trusts one issuer.

pub mod checks;
pub mod client;
mod document;
pub mod fetch;
pub mod journey;
pub mod keys;
pub mod provider;
pub mod token;

pub use document::Document;

use crate::model::failure::{Failure, Reason};

/// Something that is wrong with a provider, for good as far as one look can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Machine-readable cause.
    pub reason: Reason,
    /// One sentence; what it quotes of a document is shortened.
    pub message: String,
    /// What mends it, if the cause alone tells.
    pub remedy: Option<String>,
}

impl Finding {
    fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            remedy: None,
        }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new(Reason::InvalidAnswer, message)
    }

    fn mismatch(message: impl Into<String>) -> Self {
        Self::new(Reason::Mismatch, message)
    }
}

impl From<Failure> for Finding {
    fn from(failure: Failure) -> Self {
        Self {
            reason: failure.reason,
            message: failure.chain(),
            remedy: failure.hint,
        }
    }
}

/// A value of a document as a message may show it: printable and short.
fn quoted(value: &str) -> String {
    const LONGEST: usize = 120;
    let short: String = value.chars().take(LONGEST).collect();
    let dots = if short.len() < value.len() { "…" } else { "" };
    format!("\"{}{dots}\"", short.escape_debug())
}
