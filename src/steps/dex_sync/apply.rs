//! Writing the secret, and not believing that it was taken.

use super::{DexSync, Push, is_same};
use crate::{
    authentik::{ApiError, Proof, prove_secret},
    converge::Context,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
    },
};
use secrecy::{ExposeSecret, SecretString};

impl DexSync {
    pub(super) async fn push(&self, cx: &Context, action: &Push) -> Result<(), Failure> {
        let Some(memory) = self.memory().clone() else {
            let message = "a write was planned without having looked";
            return Err(Failure::new(Exit::Bug, Reason::Unexpected, message));
        };
        let provider = &action.provider;
        let sent = memory.client_secret;
        let stored = match memory.api.set_client_secret(provider.pk, &sent).await {
            Ok(stored) => stored.client_secret,
            Err(ApiError::Invalid(problem)) => return Err(refused(action, &problem)),
            Err(error) => return Err(error.failure(provider.object())),
        };
        if !is_same(&stored, &sent) {
            return Err(not_taken(action, &sent, &stored));
        }
        let url = cx.config.authentik_url();
        let proof = prove_secret(&cx.http, &url, &provider.client_id, &sent).await;
        match proof.map_err(|error| error.failure(provider.object()))? {
            Proof::Right => Ok(()),
            Proof::Wrong => Err(Failure::new(
                Exit::ResourceFailed,
                Reason::Mismatch,
                "Authentik says that it stored Dex's client secret and yet refuses it",
            )
            .hint("restart Authentik's server, then run this again")),
        }
    }
}

fn refused(action: &Push, problem: &str) -> Failure {
    let message = format!("Authentik refuses the client secret: {problem}");
    Failure::new(Exit::Human, Reason::InvalidValue, message).hint(format!(
        "put another value into {}, then run this again",
        action.source
    ))
}

/// Authentik trims texts (recorded), and may do more in other versions.
fn not_taken(action: &Push, sent: &SecretString, stored: &SecretString) -> Failure {
    if stored.expose_secret() == sent.expose_secret().trim() {
        refused(action, "it was stored without the white space around it")
    } else {
        let message = "Authentik answered that all is well and stored another client secret";
        Failure::new(Exit::ResourceFailed, Reason::Mismatch, message).hint(
            "look in Authentik for what else writes to this provider (a blueprint?), then run this again",
        )
    }
}
