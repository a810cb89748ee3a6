//! `tenants status`: how far each tenant is, by what its own status says.

use super::{
    Only,
    choice::{Choice, nobody},
    resources::{self, Resources},
    rules,
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
    #[command(flatten)]
    only: Only,
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
        rules::of_tenants(&["list"])
    }

    async fn observe(&self, cx: &Context) -> Result<Stated, Failure> {
        let found = resources::read(cx).await?;
        let tenants = found.map(tenants);
        Ok(Stated { tenants })
    }

    fn plan(&self, seen: &Stated) -> Plan<Nothing> {
        let mut plan = Plan::default();
        let Some(tenants) = &seen.tenants else {
            plan.notes.push(super::plan::undefined());
            return plan;
        };
        let chosen = tenants.iter().filter(|tenant| self.is_chosen(tenant));
        chosen.for_each(|tenant| tell(tenant, &mut plan));
        let everybody = || tenants.iter().map(|tenant| &tenant.resource);
        let is_nobody = |name: &&Choice| !everybody().any(|resource| name.is(resource));
        let nobodies = self.only.names.iter().filter(is_nobody);
        plan.refused
            .extend(nobodies.map(|name| nobody(name, everybody())));
        plan
    }

    async fn apply(&self, _: &Context, action: Nothing) -> Result<Outcome, Failure> {
        match action {}
    }
}

impl TenantsStatus {
    fn is_chosen(&self, tenant: &Tenant) -> bool {
        let is_meant = |name: &Choice| {
            let organization = tenant.organization.as_deref();
            name.is(&tenant.resource)
                || organization.is_some_and(|organization| name.is_organization(organization))
        };
        self.only.names.is_empty() || self.only.names.iter().any(is_meant)
    }
}

fn tenants(found: Resources) -> Vec<Tenant> {
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
    organizations.chain(bindings).chain(bases).collect()
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
