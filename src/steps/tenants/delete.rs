//! `tenants delete`: these tenants are gone, with everything that belongs to them.

use super::{
    Action, Outside, apply,
    choice::{Choice, Leavers},
    memory::Memory,
    observe,
    plan::departure,
    rules,
    seen::Seen,
};
use crate::{
    converge::{Context, Meta, Outcome, Plan, Schedule, Step, contract::Refusal},
    model::{config::Config, failure::Failure, rule::Rule},
};

/// Delete tenants, and wait until nothing of them is left.
#[derive(Debug, Default, clap::Args)]
pub struct TenantsDelete {
    /// Which tenants, as NAME, KIND/NAME or KIND/NAMESPACE/NAME
    #[arg(value_name = "NAME", required = true)]
    names: Vec<Choice>,
    /// Delete without asking
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    outside: Outside,
    #[arg(skip)]
    memory: Memory,
}

/// What was seen of the tenants, and which of them are to go.
#[derive(Debug)]
pub struct Leaving {
    seen: Seen,
    leavers: Result<Leavers, Vec<Refusal>>,
}

impl TenantsDelete {
    /// What somebody has to agree to, unless the command line does.
    #[must_use]
    pub fn question(&self) -> Option<String> {
        let names: Vec<String> = self.names.iter().map(ToString::to_string).collect();
        (!self.yes).then(|| format!("Delete {}, with everything that belongs to it?", names.join(", ")))
    }

    /// The names are looked up once.
    fn leavers(&self, seen: &Seen) -> Result<Leavers, Vec<Refusal>> {
        if let Some(leavers) = self.memory.leavers() {
            return Ok(leavers);
        }
        let leavers = Leavers::choose(&self.names, seen.everybody())?;
        self.memory.keep_leavers(leavers.clone());
        Ok(leavers)
    }
}

impl Step for TenantsDelete {
    const META: Meta = Meta {
        command: "tenants delete",
        summary: "these tenants are gone, with everything that belongs to them",
        schedule: Schedule::Once,
        read_only: false,
    };
    type Observed = Leaving;
    type Action = Action;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        let mut rules = rules::of_tenants(&["get", "list", "patch", "delete"]);
        rules.extend(rules::of_objects_only(config, &["get", "list", "delete"]));
        rules
    }

    async fn observe(&self, cx: &Context) -> Result<Leaving, Failure> {
        let scope = self.outside.scope(&cx.config, &[]);
        let seen = observe::look(cx, &self.memory, scope).await?;
        // A run over all tenants leaves to the next one what takes long. This one is there to wait.
        let seen = Seen {
            has_deleted: true,
            is_patience_over: false,
            ..seen
        };
        let leavers = self.leavers(&seen);
        Ok(Leaving { seen, leavers })
    }

    fn plan(&self, leaving: &Leaving) -> Plan<Action> {
        departure::plan(&leaving.seen, leaving.leavers.as_ref())
    }

    async fn apply(&self, cx: &Context, action: Action) -> Result<Outcome, Failure> {
        apply::apply(cx, &self.memory, action).await
    }
}
