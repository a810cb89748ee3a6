//! `tenants status`: how far each tenant is, by what its own status says.

use super::{
    kinds,
    resources::{self, Resources},
    seen::Resource,
};
use crate::{
    converge::{
        Context, Meta, Outcome, Plan, Schedule, Step,
        contract::{Note, Nothing, Refusal},
    },
    model::{
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
        rule::Rule,
        tenants::Status,
    },
};

/// Report how far each tenant is.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TenantsStatus {
    /// Only the tenant of this name; with an Organization its bindings too
    name: Option<String>,
}

/// What the tenants say of themselves.
#[derive(Debug)]
pub struct Stated {
    /// `None`: the cluster does not have the kinds.
    tenants: Option<Vec<Tenant>>,
}

#[derive(Debug)]
struct Tenant {
    resource: Resource,
    /// The Organization of a binding.
    organization: Option<String>,
    /// Whether everything of it is there.
    is_good: bool,
    /// Phase and message; `None` if nobody has looked at it since it changed.
    stated: Option<String>,
}

impl Step for TenantsStatus {
    const META: Meta = Meta {
        command: "tenants status",
        summary: "every tenant has what belongs to it, by its own account",
        schedule: Schedule::Once,
        read_only: true,
    };
    type Observed = Stated;
    type Action = Nothing;

    fn rules(&self, _: &Config) -> Vec<Rule> {
        let kinds = [kinds::ORGANIZATION, kinds::REPO_BINDING, kinds::KNOWLEDGE_BASE];
        let list = kinds.map(|kind| Rule::cluster(kind.group, kind.plural, [] as [String; 0], &["list"]));
        list.into()
    }

    async fn observe(&self, cx: &Context) -> Result<Stated, Failure> {
        let found = resources::read(cx).await?;
        let tenants = found.map(|found| self.tenants(found));
        Ok(Stated { tenants })
    }

    fn plan(&self, seen: &Stated) -> Plan<Nothing> {
        let mut plan = Plan::default();
        match &seen.tenants {
            None => plan.notes.push(super::plan::undefined()),
            Some(tenants) => tenants.iter().for_each(|tenant| tell(tenant, &mut plan)),
        }
        let is_nobody = seen.tenants.as_ref().is_some_and(Vec::is_empty);
        plan.refused.extend(
            self.name
                .as_deref()
                .filter(|_| is_nobody)
                .map(super::plan::nobody),
        );
        plan
    }

    async fn apply(&self, _: &Context, action: Nothing) -> Result<Outcome, Failure> {
        match action {}
    }
}

impl TenantsStatus {
    fn tenants(&self, found: Resources) -> Vec<Tenant> {
        let is_chosen = |name: &str| self.name.as_deref().is_none_or(|chosen| chosen == name);
        let organizations = found.organizations.into_iter();
        let organizations = organizations.map(|seen| tenant(seen.resource, seen.status));
        let bindings = found.bindings.into_iter().map(|seen| Tenant {
            organization: Some(seen.spec.aphex_org),
            ..tenant(seen.resource, seen.status)
        });
        let bases = found
            .bases
            .into_iter()
            .map(|seen| tenant(seen.resource, seen.status));
        let all = organizations.chain(bindings).chain(bases);
        let is_asked_for = |tenant: &Tenant| {
            is_chosen(&tenant.resource.at.name) || tenant.organization.as_deref().is_some_and(is_chosen)
        };
        all.filter(is_asked_for).collect()
    }
}

fn tenant<S: Status>(resource: Resource, status: Option<S>) -> Tenant {
    let current = status.filter(|status| status.observed_generation() == resource.generation);
    Tenant {
        is_good: current.as_ref().is_some_and(S::is_good),
        stated: current.map(|status| status.summary()),
        organization: None,
        resource,
    }
}

fn tell(tenant: &Tenant, plan: &mut Plan<Nothing>) {
    let object = tenant.resource.at.object();
    let message = tenant.stated.clone();
    match () {
        () if tenant.resource.is_suspended => plan.notes.push(Note::skipped(object, "it is suspended")),
        () if tenant.resource.is_deleted => {
            plan.notes
                .push(Note::warning(object, Reason::Terminating, "it is being deleted"));
        }
        () if tenant.is_good => plan
            .notes
            .push(Note::unchanged(object, message.unwrap_or_default())),
        () => plan.refused.push(Refusal {
            exit: Exit::CheckFailed,
            reason: Reason::NotReady,
            object,
            message: message.unwrap_or_else(|| "nobody has looked at it since it changed".to_owned()),
            hint: "mend what the message names, then run `aphex-ops tenants reconcile`".to_owned(),
        }),
    }
}
