//! `tenants verify`: on this very cluster, a push that GitHub signed starts a pipeline, and no other does. A tenant is made
//! for it and deleted again; nothing is ever signed for a repository that somebody has.

pub(super) mod canary;
mod push;

use super::{
    Outside, Seen, apply, kinds,
    memory::Memory,
    observe,
    plan::verification::{self, Looked, Place, Verdict},
    rules,
};
use crate::{
    converge::{Context, Effect, Meta, Outcome, Plan, Schedule, Step, Verb},
    model::{
        config::Config,
        exit::Exit,
        failure::Failure,
        kind::{Address, SECRET},
        object::ObjectRef,
        rule::Rule,
    },
};
pub(super) use push::Sent;
use serde_json::Value;
use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// See that a signed push starts a pipeline, with a tenant made for it.
#[derive(Debug, Default, clap::Args)]
pub struct TenantsVerify {
    #[command(flatten)]
    outside: Outside,
    #[arg(skip)]
    memory: Memory,
    #[arg(skip)]
    progress: Progress,
}

/// How far this run is; forgotten at its end, so another run begins with pushes of its own.
#[derive(Debug, Default)]
struct Progress(Mutex<State>);

#[derive(Debug, Clone, Default)]
struct State {
    sent: Option<Sent>,
    is_verified: bool,
}

impl Progress {
    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked left whole values.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A custom resource of the canary is made.
    Make(Box<(Address, Value)>),
    /// What reconciling or deleting it does.
    Tenant(Box<super::Action>),
    /// Pushes are sent to its listener.
    Push,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Make(_) => f.write_str("create the canary"),
            Self::Tenant(action) => action.fmt(f),
            Self::Push => f.write_str("send it pushes, one of them good"),
        }
    }
}

impl Effect for Action {
    fn object(&self) -> ObjectRef {
        match self {
            Self::Make(made) => made.0.object(),
            Self::Tenant(action) => action.object(),
            Self::Push => canary::listener().object(),
        }
    }

    fn verb(&self) -> Verb {
        match self {
            Self::Make(_) => Verb::Create,
            Self::Tenant(action) => action.verb(),
            Self::Push => Verb::Check,
        }
    }

    fn part_of(&self) -> Option<ObjectRef> {
        match self {
            Self::Tenant(action) => action.part_of(),
            Self::Make(_) | Self::Push => None,
        }
    }

    fn sequence(&self) -> Option<(&str, u8)> {
        match self {
            Self::Tenant(action) => action.sequence(),
            Self::Make(_) | Self::Push => None,
        }
    }
}

impl TenantsVerify {
    /// The runs in the canary's namespace, once pushes were sent.
    async fn runs(&self, cx: &Context) -> Result<Option<(Sent, Vec<Value>)>, Failure> {
        let sent = self.progress.state().sent.clone();
        let Some(sent) = sent else { return Ok(None) };
        let runs = cx
            .cluster
            .find_all(&kinds::PIPELINE_RUN, Some(canary::NAME), "")
            .await?;
        Ok(Some((sent, runs)))
    }
}

impl Step for TenantsVerify {
    const META: Meta = Meta {
        command: "tenants verify",
        summary: "a signed push starts a pipeline of a tenant that is made for it, and no other push does",
        schedule: Schedule::Once,
        read_only: false,
    };
    type Observed = Looked;
    type Action = Action;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        let mut rules = rules::rules(config);
        for kind in [&kinds::ORGANIZATION, &kinds::REPO_BINDING] {
            rules.push(Rule::everywhere(kind, &["create", "delete"]));
        }
        rules.push(Rule::everywhere(&kinds::PIPELINE_RUN, &["list"]));
        // Of the account that reconciles, each tenant's namespace grants these; of another one, nothing does.
        rules.push(Rule::everywhere(&SECRET, &["create"]));
        let secrets = rules::own_secrets();
        rules.push(Rule::cluster("", "secrets", secrets, &["get", "patch"]));
        rules
    }

    async fn observe(&self, cx: &Context) -> Result<Looked, Failure> {
        let scope = self.outside.scope(&cx.config, &[]);
        let seen = observe::look(cx, &self.memory, scope).await?;
        let mut canary = Vec::new();
        for (at, body) in canary::resources(&cx.config) {
            let live = match seen.is_defined {
                true => cx.cluster.find(&at).await?,
                false => None,
            };
            canary.push(Place { at, body, live });
        }
        let is_there = canary.iter().all(|place| place.live.is_some());
        let listener = match is_there {
            true => cx.cluster.find(&canary::listener()).await?,
            false => None,
        };
        let runs = self.runs(cx).await?;
        let mut state = self.progress.state();
        let is_good = |(sent, runs): &(Sent, Vec<Value>)| verification::verdict(sent, runs) == Verdict::Good;
        state.is_verified |= runs.as_ref().is_some_and(is_good);
        Ok(Looked {
            // A run over all tenants leaves to the next one what takes long. This one is there to wait.
            seen: Seen {
                only: canary::choices(&cx.config),
                has_deleted: true,
                is_patience_over: false,
                ..seen
            },
            canary,
            listener,
            runs,
            is_verified: state.is_verified,
        })
    }

    fn plan(&self, looked: &Looked) -> Plan<Action> {
        verification::plan(looked)
    }

    async fn apply(&self, cx: &Context, action: Action) -> Result<Outcome, Failure> {
        match action {
            Action::Make(made) => {
                cx.cluster.apply(&made.0, &made.1, None).await?;
                Ok(Outcome::Created)
            }
            Action::Tenant(action) => apply::apply(cx, &self.memory, *action).await,
            Action::Push => {
                if let Some(wait) = cx.reach(&canary::url()).await? {
                    return Err(Failure::new(Exit::Transient, wait.reason, wait.message).on(wait.object));
                }
                let sent = push::send(cx).await?;
                self.progress.state().sent = Some(sent);
                Ok(Outcome::Unchanged)
            }
        }
    }
}
