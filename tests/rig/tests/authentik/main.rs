//! The Authentik stand-in against the recorded tables, row by row, over plain HTTP.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod core;
mod http_rules;
mod login;
mod oidc;
mod providers;
mod redirect_uris;
mod rights;
mod router_states;
mod tokens;
mod versions;

use client::Client;
use rig::authentik::{Authentik, Options};

/// The key of the bootstrap token in these tests.
const ADMIN_KEY: &str = "bootstrap-token-of-the-tests";

fn with_admin() -> Options {
    Options {
        bootstrap_token: Some(ADMIN_KEY.into()),
        ..Options::default()
    }
}

async fn start(options: Options) -> (Authentik, Client) {
    let authentik = Authentik::start(options).await.unwrap();
    let admin = Client::bearer(&authentik, ADMIN_KEY);
    (authentik, admin)
}
