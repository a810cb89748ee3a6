//! `tenants …`: every Organization, `RepoBinding` and `KnowledgeBase` has what belongs to it, and nothing is left of those that
//! are gone.

mod action;
mod apply;
mod compare;
mod desired;
mod kinds;
mod memory;
mod observe;
mod pipeline;
mod plan;
mod problems;
mod resources;
mod rules;
mod seen;
mod status;
mod surroundings;

pub use action::Action;
pub use seen::Seen;

use crate::{
    converge::{Context, Meta, Outcome, Plan, Schedule, Step},
    model::{config::Config, failure::Failure, rule::Rule},
};
use memory::Memory;

/// Bring every tenant to what its custom resources say.
#[derive(Debug, Default, clap::Args)]
pub struct TenantsReconcile {
    /// Only the tenant of this name; with an Organization its bindings too
    name: Option<String>,
    #[arg(skip)]
    memory: Memory,
}

impl Step for TenantsReconcile {
    const META: Meta = Meta {
        command: "tenants reconcile",
        summary: "every tenant has what belongs to it, and nothing is left of those that are gone",
        schedule: Schedule::Cron("*/5 * * * *"),
        read_only: false,
    };
    type Observed = Seen;
    type Action = Action;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        rules::rules(config)
    }

    async fn observe(&self, cx: &Context) -> Result<Seen, Failure> {
        observe::look(cx, &self.memory, self.name.as_deref()).await
    }

    fn plan(&self, seen: &Seen) -> Plan<Action> {
        plan::plan(seen)
    }

    async fn apply(&self, cx: &Context, action: Action) -> Result<Outcome, Failure> {
        apply::apply(cx, &self.memory, action).await
    }
}
