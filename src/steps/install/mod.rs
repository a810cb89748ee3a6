//! `install`: the platform's namespaces, the configuration and what the scheduled steps need are in the cluster.

mod observe;
mod plan;
pub(super) mod removal;
mod rules;

use crate::{
    converge::{Context, Effect, Meta, Outcome, Plan, Schedule, Step, Verb},
    kubernetes::State,
    model::{config::Config, failure::Failure, kind::Address, object::ObjectRef, rule::Rule},
    render::install,
};
use removal::{Installed, Removal};
use serde_json::Value;
use std::fmt;

/// Put the configuration and the scheduled jobs into the cluster, and remove what an earlier version left.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Install {
    #[arg(skip)]
    objects: Objects,
}

/// Everything that is to be there, in an order in which it can be made; see [`install::objects`].
#[derive(Debug, Clone)]
struct Objects(fn(&Config) -> Vec<Value>);

impl Default for Objects {
    fn default() -> Self {
        Self(|config| install::objects(config, Vec::new()))
    }
}

impl Install {
    /// Installs these objects; they must be as [`install::objects`] makes them.
    pub fn of(objects: fn(&Config) -> Vec<Value>) -> Self {
        Self {
            objects: Objects(objects),
        }
    }
}

/// What was seen of all that is to be there, and of what was installed and is not to be there any more.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    wanted: Vec<Wanted>,
    stale: Vec<Installed>,
}

/// What was seen of one object.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    at: Address,
    body: Value,
    state: State,
}

/// One effect on one object.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Server-side apply.
    Apply {
        /// Which object.
        at: Address,
        /// What is applied.
        body: Value,
        /// The object that was seen; `None` if there was none.
        uid: Option<String>,
    },
    /// What is no longer wanted is removed.
    Remove(Removal),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Apply { uid: None, .. } => f.write_str("create"),
            Self::Apply { uid: Some(_), .. } => f.write_str("apply what differs"),
            Self::Remove(_) => f.write_str("remove: it is no longer installed"),
        }
    }
}

impl Effect for Action {
    fn object(&self) -> ObjectRef {
        match self {
            Self::Apply { at, .. } => at.object(),
            Self::Remove(removal) => removal.at.object(),
        }
    }

    fn verb(&self) -> Verb {
        match self {
            Self::Apply { uid: None, .. } => Verb::Create,
            Self::Apply { uid: Some(_), .. } => Verb::Update,
            Self::Remove(_) => Verb::Delete,
        }
    }
}

impl Step for Install {
    const META: Meta = Meta {
        command: "install",
        summary: "the configuration and the scheduled jobs are in the cluster",
        schedule: Schedule::Once,
        read_only: false,
    };
    type Observed = Seen;
    type Action = Action;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        rules::rules(&(self.objects.0)(config))
    }

    async fn observe(&self, cx: &Context) -> Result<Seen, Failure> {
        observe::look(cx, (self.objects.0)(&cx.config)).await
    }

    fn plan(&self, seen: &Seen) -> Plan<Action> {
        plan::plan(seen)
    }

    async fn apply(&self, cx: &Context, action: Action) -> Result<Outcome, Failure> {
        match action {
            Action::Apply { at, body, uid } => {
                cx.cluster.apply(&at, &body, uid.as_deref()).await?;
                Ok(if uid.is_some() {
                    Outcome::Configured
                } else {
                    Outcome::Created
                })
            }
            Action::Remove(removal) => removal.apply(cx).await,
        }
    }
}
