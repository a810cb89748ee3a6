//! `secrets rotate`: another value for one secret, on every side that holds it.
//!
//! How far a rotation is stands in the Secret ([`crate::model::rotation`]), and everybody else follows the Secret by what
//! the scheduled commands do anyway: `dex sync` gives it to Authentik, `dex scale` rolls Dex. So this command adds three
//! writes to theirs, and a crash between any two is mended by itself or by running the same command again.

mod action;
mod apply;
mod observe;
mod plan;
mod switch;

pub use action::Action;
pub use plan::Seen;

use super::{
    authentik_token::AuthentikToken,
    dex_scale::{DexScale, Grace},
    dex_sync::DexSync,
};
use crate::{
    converge::{Context, Meta, Outcome, Plan, Schedule, Step},
    model::{
        config::Config,
        failure::Failure,
        names,
        rotation::{self, Holder, Rotatable},
        rule::Rule,
    },
};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Give a secret a new value, and everybody who uses it.
///
/// Before anything is changed, what hangs on the secret has to be in order. The new value is stored beside the old one, put
/// in its place, given to the other side and proved there; only then the old one is dropped. No other key is touched.
#[derive(Debug, clap::Args)]
pub struct SecretsRotate {
    /// Which secret
    #[arg(value_enum, value_name = "SECRET")]
    secret: Rotatable,
    /// The rotation's id: running the same one again finishes it, or does nothing if it is done
    ///
    /// Without it, a rotation that was interrupted is finished, or else a new one begins; its id is printed.
    #[arg(long, value_name = "ID", value_parser = rotation::parse_request)]
    request: Option<String>,
    #[arg(skip)]
    sync: DexSync,
    #[arg(skip)]
    scale: DexScale,
    #[arg(skip)]
    token: AuthentikToken,
    /// A Pod that is about to end is asked now and then, and knows the old value only.
    #[arg(skip)]
    refusing: Grace,
    #[arg(skip)]
    memory: Mutex<Memory>,
}

/// What was seen: of the Secret, and by the steps that have to follow it.
#[derive(Debug)]
pub struct Look {
    seen: Seen,
    /// By `dex sync`, if the value is Dex's for Authentik.
    sync: Option<<DexSync as Step>::Observed>,
    /// By `dex scale`, if Dex reads the value.
    scale: Option<<DexScale as Step>::Observed>,
}

impl From<Seen> for Look {
    fn from(seen: Seen) -> Self {
        Self {
            seen,
            sync: None,
            scale: None,
        }
    }
}

/// What one run keeps between rounds.
#[derive(Debug, Default)]
struct Memory {
    /// The id of the rotation that is under way.
    request: Option<String>,
    /// When the new value took the place of the old one.
    began: Option<Instant>,
    /// How long it took from then until all used it.
    window: Option<Duration>,
}

impl SecretsRotate {
    /// The rotation of a secret, by that id.
    #[must_use]
    pub fn new(secret: Rotatable, request: &str) -> Self {
        Self {
            secret,
            request: Some(request.to_owned()),
            sync: DexSync::default(),
            scale: DexScale::default(),
            token: AuthentikToken::default(),
            refusing: Grace::default(),
            memory: Mutex::default(),
        }
    }

    /// A panic elsewhere cannot leave it half-written: every write is one assignment.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Step for SecretsRotate {
    const META: Meta = Meta {
        command: "secrets rotate",
        summary: "a secret has a new value, on every side",
        schedule: Schedule::Once,
        read_only: false,
    };
    type Observed = Look;
    type Action = Action;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        let target = self.secret.target(config);
        let auth = &config.namespaces.auth;
        let mut rules = vec![Rule::named(
            auth,
            "",
            "secrets",
            [target.at.secret],
            &["get", "patch"],
        )];
        match target.holder {
            Holder::Provider => {
                rules.extend(self.sync.rules(config));
                rules.extend(self.scale.rules(config));
                // The names of Pods are random.
                rules.push(Rule::all(auth, "", "pods/status", &["patch"]));
            }
            Holder::Client(_) => rules.extend(self.scale.rules(config)),
            Holder::Administrator | Holder::Token => {
                rules.push(Rule::named(
                    auth,
                    "",
                    "secrets",
                    [names::AUTHENTIK_SECRET],
                    &["get"],
                ));
            }
        }
        for copy in &target.copies {
            let verbs = &["get", "patch"];
            rules.push(Rule::named(&copy.namespace, "", "secrets", [copy.secret], verbs));
        }
        if let Some((namespace, name)) = &target.consumer {
            let verbs = &["get", "patch", "watch"];
            rules.push(Rule::named(namespace, "apps", "deployments", [*name], verbs));
        }
        rules
    }

    async fn observe(&self, cx: &Context) -> Result<Look, Failure> {
        self.look(cx).await
    }

    fn plan(&self, look: &Look) -> Plan<Action> {
        let sync = look.sync.as_ref().map(|seen| self.sync.plan(seen));
        if let (Some(dex), Some(sync)) = (&look.scale, &sync)
            && look.seen.is_promoted()
            && let Some(plan) = switch::plan(dex, sync)
        {
            return plan;
        }
        let mut plan = Plan::default();
        if let Some(sync) = sync {
            plan.take(sync, Action::Sync);
        }
        if let Some(scale) = &look.scale {
            plan.take(self.scale.plan(scale), Action::Scale);
        }
        plan::plan(&look.seen, plan)
    }

    async fn apply(&self, cx: &Context, action: Action) -> Result<Outcome, Failure> {
        self.act(cx, action).await
    }
}
