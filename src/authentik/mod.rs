//! Authentik's REST API, its flow executor and the one OpenID Connect endpoint that proves a secret.
//!
//! What it is like was recorded from a live 2025.10 and compared with the published schemas from 2024.2
//! to 2026.8. Success is never the status alone, because while Authentik starts it answers 200 to
//! whoever accepts JSON: `answer.rs` is the one place that decides what an answer means.

mod accounts;
mod answer;
mod api;
mod error;
mod login;
mod probe;
mod views;

pub use api::{Authentik, is_token};
pub use error::ApiError;
pub use login::{LoginError, has_default_flow, log_in};
pub use probe::{Proof, prove_secret};
pub use views::{Group, Identity, OAuth2Provider, Permission, Role, Token, User};
