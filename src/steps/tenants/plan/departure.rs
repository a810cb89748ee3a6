//! Which tenants are told to go, and what is left to remove of them until they are gone.

use super::{Action, Change, Plan, Resource, Seen, TunnelSeen, removal, undefined};
use crate::{
    converge::contract::{Note, Refusal, Wait},
    model::{exit::Exit, failure::Reason, tenants::names},
    steps::tenants::{choice::Leavers, seen::OrganizationSeen},
};

/// First the custom resources are marked, all at once, if none of them has to stay; then what belongs to them is removed as a
/// reconciling run removes it, and waited for as long as this run may take.
pub(in crate::steps::tenants) fn plan(seen: &Seen, leavers: Result<&Leavers, &Vec<Refusal>>) -> Plan<Action> {
    let mut plan = Plan::default();
    if !seen.is_defined {
        plan.notes.push(undefined());
    }
    let leavers = match leavers {
        Ok(leavers) => leavers,
        Err(refused) => {
            plan.refused.clone_from(refused);
            return plan;
        }
    };
    let gone = leavers.gone.iter().cloned();
    plan.notes
        .extend(gone.map(|object| Note::unchanged(object, "there is none of that name")));
    plan.refused = kept(seen, leavers);
    if !plan.refused.is_empty() {
        return plan;
    }
    let there = seen.everybody().filter(|resource| leavers.have(resource));
    plan.act = there.filter(|resource| !resource.is_deleted).map(mark).collect();
    if plan.act.is_empty() {
        remove(seen, leavers, &mut plan);
    }
    plan
}

fn mark(resource: &Resource) -> Action {
    let delete = Change::Delete {
        uid: resource.uid.clone(),
        why: "it goes, with everything that belongs to it",
    };
    Action::on(resource, delete)
}

/// What has to be done before any of them can go.
fn kept(seen: &Seen, leavers: &Leavers) -> Vec<Refusal> {
    let there = seen.everybody().filter(|resource| leavers.have(resource));
    let suspended = there.filter(|resource| resource.is_suspended).map(suspended);
    let organizations = seen.organizations.iter();
    let in_use = organizations
        .filter(|tenant| leavers.have(&tenant.resource))
        .filter_map(|tenant| in_use(tenant, seen, leavers));
    suspended.chain(in_use).collect()
}

fn suspended(resource: &Resource) -> Refusal {
    Refusal {
        exit: Exit::Human,
        reason: Reason::Paused,
        object: resource.at.object(),
        message: "it is suspended, so nothing of it is removed".to_owned(),
        hint: format!(
            "`aphex-ops tenants resume {}`, then this command again",
            resource.owner
        ),
    }
}

fn in_use(tenant: &OrganizationSeen, seen: &Seen, leavers: &Leavers) -> Option<Refusal> {
    let users = removal::users(&tenant.resource.at.name, seen).map(|user| &user.resource);
    let users: Vec<&str> = users
        .filter(|user| !leavers.have(user))
        .map(|user| user.owner.as_str())
        .collect();
    (!users.is_empty()).then(|| Refusal {
        exit: Exit::Human,
        reason: Reason::DataLossGuard,
        object: tenant.resource.at.object(),
        message: format!("it still has RepoBindings: {}", users.join(", ")),
        hint: format!(
            "name them too: `aphex-ops tenants delete {} {}`",
            tenant.resource.owner,
            users.join(" ")
        ),
    })
}

/// What is left of each, by the same decisions that a reconciling run takes.
fn remove(seen: &Seen, leavers: &Leavers, plan: &mut Plan<Action>) {
    for tenant in seen
        .organizations
        .iter()
        .filter(|tenant| leavers.have(&tenant.resource))
    {
        let mut own = Plan::default();
        removal::organization(tenant, seen, &mut own);
        match &tenant.tunnel {
            TunnelSeen::Refused(_) if own.is_converged() => {
                plan.refused.extend(own.notes.into_iter().map(undecided));
            }
            _ => add(&tenant.resource, own, plan),
        }
    }
    for tenant in seen
        .bindings
        .iter()
        .filter(|tenant| leavers.have(&tenant.resource))
    {
        let mut own = Plan::default();
        removal::binding(tenant, seen, &mut own);
        add(&tenant.resource, own, plan);
    }
    for base in seen.bases.iter().filter(|base| leavers.have(&base.resource)) {
        let mut own = Plan::default();
        removal::release(&base.resource, names::KNOWLEDGE_BASE_FINALIZER, &mut own);
        add(&base.resource, own, plan);
    }
}

/// A person has to decide, and no waiting helps.
fn undecided(note: Note) -> Refusal {
    Refusal {
        exit: Exit::Human,
        reason: Reason::NotReady,
        object: note.object,
        message: note.message,
        hint: "mend what the message names, then run the same command again".to_owned(),
    }
}

/// What is only remarked on in a run over all tenants is waited for here.
fn add(resource: &Resource, own: Plan<Action>, plan: &mut Plan<Action>) {
    if own.is_converged() && own.notes.is_empty() {
        let message = format!("it is kept by its finalizers: {}", resource.finalizers.join(", "));
        let wait = Wait::new(resource.at.object(), Reason::Terminating, message);
        plan.wait
            .push(wait.remedy("whoever set a finalizer has to remove it, then the object is gone"));
    }
    plan.act.extend(own.act);
    plan.wait.extend(own.wait);
    let told = own.notes.into_iter();
    let told = told.map(|note| Wait::new(note.object, note.reason.unwrap_or(Reason::NotReady), note.message));
    plan.wait.extend(told);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::tenants::{
        compare::Remedy,
        plan::testing::{mk_binding, mk_organization, mk_seen, mk_there},
        seen::{BindingSeen, PartState},
    };

    /// Everything of both stands.
    fn mk_tenants() -> (OrganizationSeen, BindingSeen) {
        let mut tenants = (
            mk_organization(&mk_there(Remedy::None)),
            mk_binding(&mk_there(Remedy::None)),
        );
        tenants.0.resource.uid = "organization".to_owned();
        tenants.1.resource.uid = "binding".to_owned();
        tenants
    }

    fn decided(tenants: (OrganizationSeen, BindingSeen), uids: &[&str]) -> Plan<Action> {
        let mut seen = mk_seen(vec![tenants.0], vec![tenants.1]);
        seen.has_deleted = true;
        let leavers = Leavers {
            uids: uids.iter().map(|uid| (*uid).to_owned()).collect(),
            gone: Vec::new(),
        };
        plan(&seen, Ok(&leavers))
    }

    fn acts(plan: &Plan<Action>) -> Vec<String> {
        use crate::converge::Effect;
        plan.act.iter().map(|act| act.object().to_string()).collect()
    }

    #[test]
    fn an_organization_with_bindings_that_are_not_named_stays() {
        let plan = decided(mk_tenants(), &["organization"]);
        assert!(plan.act.is_empty());
        let refused = &plan.refused[0];
        assert_eq!(refused.exit, Exit::Human);
        assert_eq!(
            refused.message,
            "it still has RepoBindings: RepoBinding/platform-system/app"
        );
        let mut refused_long_ago = mk_tenants();
        refused_long_ago.1.resource.finalizers.clear();
        refused_long_ago.1.problem = Some(crate::steps::tenants::problems::Problem::new("NameTaken", "x"));
        let plan = decided(refused_long_ago, &["organization"]);
        assert_eq!(acts(&plan), ["Organization platform-system/acme"]);
    }

    #[test]
    fn all_are_marked_before_anything_of_them_is_removed() {
        let both = ["organization", "binding"];
        let mut tenants = mk_tenants();
        tenants.1.resource.is_deleted = true;
        assert_eq!(
            acts(&decided(tenants, &both)),
            ["Organization platform-system/acme"]
        );
        let mut tenants = mk_tenants();
        tenants.0.resource.is_deleted = true;
        tenants.1.resource.is_deleted = true;
        let plan = decided(tenants, &both);
        let expected = [
            "Trigger org-acme/app-trigger",
            "TriggerTemplate org-acme/app-trigger-template",
        ];
        let mut acts = acts(&plan);
        acts.sort_unstable();
        assert_eq!(acts, expected);
        assert_eq!(plan.wait[0].message, "it is kept while it has bindings: app");
    }

    #[test]
    fn what_is_made_anew_under_the_same_name_is_left_alone() {
        let plan = decided(mk_tenants(), &["another"]);
        assert!(plan.is_converged() && plan.refused.is_empty());
    }

    #[test]
    fn a_suspended_tenant_stays() {
        let mut tenants = mk_tenants();
        tenants.1.resource.is_suspended = true;
        let plan = decided(tenants, &["organization", "binding"]);
        assert!(plan.act.is_empty());
        let hint = "`aphex-ops tenants resume RepoBinding/platform-system/app`, then this command again";
        assert_eq!(plan.refused[0].hint, hint);
    }

    #[test]
    fn a_finalizer_of_somebody_else_is_waited_for() {
        let mut binding = mk_binding(&PartState::Missing);
        binding.resource.is_deleted = true;
        binding.resource.uid = "binding".to_owned();
        binding.resource.finalizers = vec!["example.com/other".to_owned()];
        let plan = decided((mk_tenants().0, binding), &["binding"]);
        assert!(plan.act.is_empty());
        assert_eq!(
            plan.wait[0].message,
            "it is kept by its finalizers: example.com/other"
        );
    }

    #[test]
    fn what_a_person_has_to_decide_at_cloudflare_is_not_waited_for() {
        let mut tenants = mk_tenants();
        tenants.0.resource.is_deleted = true;
        tenants.0.parts.clear();
        tenants.0.tunnel = TunnelSeen::Refused("the record is somebody else's".to_owned());
        tenants.1.spec.aphex_org = "another".to_owned();
        let plan = decided(tenants, &["organization"]);
        assert!(plan.is_converged());
        assert!(
            plan.refused[0].message.contains("somebody else's"),
            "{:?}",
            plan.refused
        );
    }
}
