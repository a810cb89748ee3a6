//! `tenants suspend` and `tenants resume`: whether reconciling leaves a tenant as it is.

use super::{
    choice::Choice,
    plan::suspension::{self, Act},
    resources, rules,
    seen::Resource,
};
use crate::{
    converge::{Context, Meta, Outcome, Plan, Schedule, Step},
    kubernetes::Part,
    model::{config::Config, failure::Failure, rule::Rule, tenants::names},
};
use serde_json::{Value, json};

/// Make tenants be left as they are, or not any more.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Suspension<const IS_WANTED: bool> {
    /// Which tenants, as NAME, KIND/NAME or KIND/NAMESPACE/NAME
    #[arg(value_name = "NAME", required = true)]
    names: Vec<Choice>,
}

/// Leave tenants, and what belongs to them, as they are.
pub type TenantsSuspend = Suspension<true>;
/// Work on tenants again.
pub type TenantsResume = Suspension<false>;

/// The tenants that there are; `None` if the cluster does not have the kinds.
#[derive(Debug)]
pub struct Found(Option<Vec<Resource>>);

impl<const IS_WANTED: bool> Step for Suspension<IS_WANTED> {
    const META: Meta = Meta {
        command: if IS_WANTED {
            "tenants suspend"
        } else {
            "tenants resume"
        },
        summary: if IS_WANTED {
            "these tenants, and what belongs to them, are left as they are"
        } else {
            "these tenants are worked on again"
        },
        schedule: Schedule::Once,
        read_only: false,
    };
    type Observed = Found;
    type Action = Act;

    fn rules(&self, _: &Config) -> Vec<Rule> {
        rules::of_tenants(&["get", "list", "patch"])
    }

    async fn observe(&self, cx: &Context) -> Result<Found, Failure> {
        let found = resources::read(cx).await?;
        Ok(Found(found.map(|found| found.everybody().cloned().collect())))
    }

    fn plan(&self, seen: &Found) -> Plan<Act> {
        suspension::plan(&self.names, seen.0.as_deref(), IS_WANTED)
    }

    async fn apply(&self, cx: &Context, act: Act) -> Result<Outcome, Failure> {
        let value = if act.is_wanted { json!("true") } else { Value::Null };
        let body = json!({"metadata": {
            "resourceVersion": act.version,
            "annotations": {names::SUSPEND_ANNOTATION: value},
        }});
        cx.cluster.merge_into(&act.at, Part::Whole, &body).await?;
        Ok(Outcome::Configured)
    }
}
