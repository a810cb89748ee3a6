//! `authentik token`: an API token that may see and change Dex's provider and nothing else.
//!
//! Each part of it (user, group, role, rights, token, Secret) is looked up by name, so a crash between
//! any two writes is just another state that the next run sees. There is never a second token.

mod action;
mod admin;
mod apply;
mod facts;
mod observe;
mod plan;

pub use action::Action;
pub(super) use admin::{Access, Credentials};
pub use facts::Seen;

use crate::{
    authentik::Authentik,
    converge::{Context, Meta, Outcome, Plan, Schedule, Step},
    model::{config::Config, failure::Failure, names, rule::Rule},
    planted::{self, Bug},
};
use secrecy::SecretSlice;
use std::{
    borrow::Cow,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long after its login flow appeared Authentik may still refuse good credentials: the objects of a
/// fresh server were recorded to come up to 10 s after the flow, and machines can be slower.
const SETTLING: Duration = Duration::from_secs(30);

/// Make and store the API token that may change Dex's provider in Authentik, and nothing else.
///
/// The token belongs to a service account that may see and change one OAuth2 provider, Dex's. To make it,
/// the command uses the bootstrap token in Secret authentik-secrets, or else logs in as akadmin with the
/// password there. A stored token that works is left alone; one that Authentik does not accept any more is
/// replaced.
#[derive(Debug, clap::Args)]
pub struct AuthentikToken {
    /// Delete Authentik's bootstrap token, a superuser's, once the dedicated token works
    ///
    /// Authentik makes it again at its next start as long as the variable AUTHENTIK_BOOTSTRAP_TOKEN is set
    /// for its worker.
    #[arg(long)]
    retire_bootstrap: bool,
    #[arg(skip = SETTLING)]
    settling: Duration,
    #[arg(skip)]
    memory: Mutex<Memory>,
}

impl Default for AuthentikToken {
    fn default() -> Self {
        Self {
            retire_bootstrap: false,
            settling: SETTLING,
            memory: Mutex::default(),
        }
    }
}

/// What one run keeps between rounds: credentials, which never enter plans, and when to lose patience.
#[derive(Debug, Default)]
struct Memory {
    admin: Option<Authentik>,
    /// The stored value.
    stored: Option<SecretSlice<u8>>,
    flow_seen: Option<Instant>,
    password_refused: bool,
    bootstrap_works: bool,
}

/// What the token is called: the same in every run, so that none makes a second one.
fn token_identifier() -> Cow<'static, str> {
    if planted::is_planted(Bug::ForgetsToken) {
        return format!("{}-{}", names::CONFIG_SYNC, std::process::id()).into();
    }
    names::CONFIG_SYNC.into()
}

impl AuthentikToken {
    /// With `--retire-bootstrap`.
    #[must_use]
    pub fn retiring_bootstrap(self) -> Self {
        Self {
            retire_bootstrap: true,
            ..self
        }
    }

    /// With another patience for credentials that a starting Authentik refuses; 30 s by default.
    #[must_use]
    pub fn settling(self, settling: Duration) -> Self {
        Self { settling, ..self }
    }

    /// Takes over an administrator's access that was found elsewhere.
    pub(super) fn remember(&self, admin: Authentik) {
        self.memory().admin = Some(admin);
    }

    /// Hands the access over, and looks for another one when it is needed again.
    pub(super) fn forget(&self) -> Option<Authentik> {
        self.memory().admin.take()
    }

    /// A panic elsewhere cannot leave it half-written: every write is one assignment.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Step for AuthentikToken {
    const META: Meta = Meta {
        command: "authentik token",
        summary: "an Authentik API token that may change Dex's provider only is made and stored",
        schedule: Schedule::Cron("13 * * * *"),
        read_only: false,
    };
    type Observed = Seen;
    type Action = Action;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        let auth = &config.namespaces.auth;
        vec![
            Rule::named(auth, "", "secrets", [names::AUTHENTIK_SECRET], &["get"]),
            // A server-side apply that creates needs `create` too, and unlike a POST it can be limited by name.
            Rule::named(
                auth,
                "",
                "secrets",
                [names::API_TOKEN_SECRET],
                &["get", "create", "patch"],
            ),
        ]
    }

    async fn observe(&self, cx: &Context) -> Result<Seen, Failure> {
        self.look(cx).await
    }

    fn plan(&self, seen: &Seen) -> Plan<Action> {
        plan::plan(seen, self.retire_bootstrap)
    }

    async fn apply(&self, cx: &Context, action: Action) -> Result<Outcome, Failure> {
        self.act(cx, action).await
    }
}
