//! `tenants describe`: everything that belongs to each tenant, and whether it is as wanted.

use super::{Chosen, plan::description, rules, seen::Seen};
use crate::{
    converge::{Context, Meta, Outcome, Plan, Schedule, Step, contract::Nothing},
    model::{config::Config, failure::Failure, rule::Rule},
};

/// Show everything that belongs to each tenant, and whether it is as wanted.
#[derive(Debug, Default, clap::Args)]
pub struct TenantsDescribe {
    #[command(flatten)]
    chosen: Chosen,
}

impl Step for TenantsDescribe {
    const META: Meta = Meta {
        command: "tenants describe",
        summary: "everything that belongs to tenants, and whether it is as wanted",
        schedule: Schedule::Once,
        read_only: true,
    };
    type Observed = Seen;
    type Action = Nothing;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        let mut rules = rules::of_tenants(&["list"]);
        rules.extend(rules::of_objects_only(config, &["get", "list"]));
        rules
    }

    async fn observe(&self, cx: &Context) -> Result<Seen, Failure> {
        self.chosen.look(cx).await
    }

    fn plan(&self, seen: &Seen) -> Plan<Nothing> {
        description::plan(seen)
    }

    async fn apply(&self, _: &Context, action: Nothing) -> Result<Outcome, Failure> {
        match action {}
    }
}
