//! `dex sync`: Authentik's provider gets the client secret that Dex has.

mod apply;
mod observe;
mod plan;

pub use plan::{Push, Seen};

use crate::{
    authentik::Authentik,
    converge::{Context, Meta, Outcome, Plan, Schedule, Step},
    model::{config::Config, failure::Failure, names, rule::Rule},
};
use secrecy::{ExposeSecret, SecretString};
use std::sync::{Mutex, MutexGuard, PoisonError};
use subtle::ConstantTimeEq;

/// Write Dex's client secret into its OAuth2 provider in Authentik.
///
/// The secret is key client-secret of Secret dex-secrets. It is written only if Authentik's differs, with the
/// API token that `aphex-ops authentik token` stored, and then proved with a request that has no effect.
#[derive(Debug, Default, clap::Args)]
pub struct DexSync {
    #[arg(skip)]
    memory: Mutex<Option<Memory>>,
}

/// What one run keeps between looking and acting: values, which never enter plans.
#[derive(Debug, Clone)]
struct Memory {
    api: Authentik,
    client_secret: SecretString,
}

impl DexSync {
    /// A panic elsewhere cannot leave it half-written: every write is one assignment.
    fn memory(&self) -> MutexGuard<'_, Option<Memory>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Step for DexSync {
    const META: Meta = Meta {
        command: "dex sync",
        summary: "Authentik knows Dex's client secret",
        schedule: Schedule::Cron("*/5 * * * *"),
        read_only: false,
    };
    type Observed = Seen;
    type Action = Push;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        let auth = &config.namespaces.auth;
        let secrets = [names::API_TOKEN_SECRET, names::DEX_SECRET];
        vec![Rule::named(auth, "", "secrets", secrets, &["get"])]
    }

    async fn observe(&self, cx: &Context) -> Result<Seen, Failure> {
        self.look(cx).await
    }

    fn plan(&self, seen: &Seen) -> Plan<Push> {
        plan::plan(seen)
    }

    async fn apply(&self, cx: &Context, action: Push) -> Result<Outcome, Failure> {
        self.push(cx, &action).await?;
        Ok(Outcome::Configured)
    }
}

/// Compares in a time that does not depend on where two secrets differ.
fn is_same(one: &SecretString, other: &SecretString) -> bool {
    let (one, other) = (one.expose_secret().as_bytes(), other.expose_secret().as_bytes());
    one.ct_eq(other).into()
}
