//! `tenants …`: every Organization, `RepoBinding` and `KnowledgeBase` has what belongs to it, and nothing is left of those that
//! are gone.

mod action;
mod apply;
mod choice;
mod compare;
mod delete;
mod describe;
mod desired;
mod judge;
mod kinds;
mod memory;
mod observe;
mod overview;
mod pipeline;
mod plan;
mod problems;
mod resources;
mod rotate_secret;
mod rules;
mod seen;
mod shard;
mod status;
mod surroundings;
mod suspend;
mod teams;
mod tunnels;
mod unlisted;
mod verify;
mod wanted;

pub use action::Action;
pub(super) use compare::includes;
pub use delete::TenantsDelete;
pub use describe::TenantsDescribe;
pub use overview::TenantsStatus;
pub use rotate_secret::TenantsRotateSecret;
pub use seen::Seen;
pub use suspend::{TenantsResume, TenantsSuspend};
pub use verify::TenantsVerify;

use crate::{
    converge::{Context, Meta, Outcome, Plan, Schedule, Step},
    model::{
        config::{Config, Profile},
        failure::Failure,
        kind::Kind,
        rule::Rule,
        tenants::names,
    },
};
use choice::Choice;
use memory::Memory;
use shard::Shard;
use std::path::{Path, PathBuf};

/// Bring every tenant to what its custom resources say.
#[derive(Debug, Default, clap::Args)]
pub struct TenantsReconcile {
    #[command(flatten)]
    chosen: Chosen,
    /// Whether changes are listened to, which takes a permission of its own.
    #[arg(skip)]
    is_staying: bool,
}

impl TenantsReconcile {
    /// The step as one that is run again and again.
    #[must_use]
    pub fn staying(self) -> Self {
        let is_staying = true;
        Self { is_staying, ..self }
    }

    /// Forgets what the last run did.
    pub fn begin(&self) {
        self.chosen.memory.forget();
    }
}

/// What changes when somebody wants something else of a tenant: the kinds, and an annotation.
#[must_use]
pub fn watched() -> (&'static [Kind], &'static str) {
    (&kinds::TENANTS, names::SUSPEND_ANNOTATION)
}

/// The tenants that are looked at, with everything that belongs to them.
#[derive(Debug, Default, clap::Args)]
struct Chosen {
    #[command(flatten)]
    only: Only,
    /// Only part I, from 0, of N parts of all tenants: for the Pods of an indexed Job, with --no-lock
    #[arg(long, value_name = "I/N", conflicts_with = "names")]
    shard: Option<Shard>,
    #[command(flatten)]
    outside: Outside,
    #[arg(skip)]
    memory: Memory,
}

impl Chosen {
    async fn look(&self, cx: &Context) -> Result<Seen, Failure> {
        let scope = self.outside.scope(&cx.config, &self.only.names);
        let seen = observe::look(cx, &self.memory, scope).await?;
        Ok(Seen {
            shard: self.shard,
            ..seen
        })
    }
}

/// Those that are named, or all.
#[derive(Debug, Clone, Default, clap::Args)]
struct Only {
    /// Only these tenants, as NAME, KIND/NAME or KIND/NAMESPACE/NAME; with an Organization its bindings too
    #[arg(value_name = "NAME")]
    names: Vec<Choice>,
}

/// What tenants have outside the cluster.
#[derive(Debug, Default, clap::Args)]
struct Outside {
    /// Leave Cloudflare alone, and what connects to it
    #[arg(long)]
    skip_cloudflare: bool,
    /// File with Cloudflare's API token; else CLOUDFLARE_API_TOKEN, else Secret cloudflare-api-token
    #[arg(long, value_name = "FILE")]
    cloudflare_token_file: Option<PathBuf>,
}

impl Outside {
    fn scope<'a>(&'a self, config: &Config, only: &'a [Choice]) -> Scope<'a> {
        Scope {
            only,
            has_tunnels: has_tunnels(config) && !self.skip_cloudflare,
            token_file: self.cloudflare_token_file.as_deref(),
        }
    }
}

/// Webhooks come in by tunnels where the platform has public names.
fn has_tunnels(config: &Config) -> bool {
    config.profile == Profile::K3s
}

/// What of the tenants is looked at.
#[derive(Debug, Clone, Copy)]
struct Scope<'a> {
    /// Only these tenants, if any are named.
    only: &'a [Choice],
    has_tunnels: bool,
    token_file: Option<&'a Path>,
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
        let mut rules = rules::rules(config);
        if self.is_staying {
            rules.extend(rules::of_tenants(&["watch"]));
        }
        rules
    }

    async fn observe(&self, cx: &Context) -> Result<Seen, Failure> {
        self.chosen.look(cx).await
    }

    fn plan(&self, seen: &Seen) -> Plan<Action> {
        plan::plan(seen)
    }

    async fn apply(&self, cx: &Context, action: Action) -> Result<Outcome, Failure> {
        apply::apply(cx, &self.chosen.memory, action).await
    }
}
