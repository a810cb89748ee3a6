//! What to do about what was seen, tenant by tenant. Pure.

pub(super) mod departure;
pub(super) mod description;
mod removal;
mod report;
pub(super) mod suspension;
#[cfg(test)]
pub(super) mod testing;
pub(super) mod verification;

pub(super) use report::undefined;

use super::{
    action::{Action, Change, tunnel_object},
    choice::nobody,
    compare::Remedy,
    desired::{BindingPart, OrganizationPart, Part, Stage, credentials},
    observe,
    seen::{
        BaseSeen, BindingSeen, OrganizationSeen, PartSeen, PartState, Resource, Seen, TunnelSeen,
        WebhookSecret,
    },
    status,
};
use crate::{
    converge::Plan,
    model::{tenants::names, tunnel::Names},
};
use std::collections::BTreeSet;

/// Each tenant by itself: nothing that is wrong with one keeps another waiting.
pub(super) fn plan(seen: &Seen) -> Plan<Action> {
    let mut plan = Plan::default();
    if !seen.is_defined {
        plan.notes.push(undefined());
    }
    for tenant in seen
        .organizations
        .iter()
        .filter(|tenant| seen.is_chosen(&tenant.resource))
    {
        organization(tenant, seen, &mut plan);
    }
    let homes = homes(seen);
    for tenant in seen
        .bindings
        .iter()
        .filter(|tenant| seen.is_chosen_binding(tenant))
    {
        binding(tenant, &homes, seen, &mut plan);
    }
    for base in seen.bases.iter().filter(|base| seen.is_chosen(&base.resource)) {
        base_of(base, &mut plan);
    }
    if seen.tells_of_strays() {
        plan.notes
            .extend(seen.strays.iter().map(|stray| report::stray(&stray.at)));
    }
    let nobodies = seen.unknown().map(|name| nobody(name, seen.everybody()));
    plan.refused.extend(nobodies);
    plan
}

/// Nothing belongs to a knowledge base; an earlier controller kept it from going all the same.
fn base_of(base: &BaseSeen, plan: &mut Plan<Action>) {
    if base.resource.is_deleted {
        removal::release(&base.resource, names::KNOWLEDGE_BASE_FINALIZER, plan);
    } else {
        report::base(base, plan);
    }
}

fn organization(tenant: &OrganizationSeen, seen: &Seen, plan: &mut Plan<Action>) {
    let resource = &tenant.resource;
    match () {
        () if resource.is_suspended => plan.notes.push(report::suspended(resource)),
        () if resource.is_deleted => removal::organization(tenant, seen, plan),
        () => {
            let failed = seen.failed.get(&resource.owner);
            let mut acts = Vec::new();
            if tenant.problem.is_none() {
                acts = hold(resource, names::ORGANIZATION_FINALIZER).unwrap_or_else(|| {
                    let mut acts = parts(resource, &tenant.parts, |part| {
                        organization_part(part, tenant, seen)
                    });
                    acts.extend(tunnel(tenant, seen));
                    acts
                });
            }
            report::organization(
                tenant,
                &status::of_organization(tenant, &seen.facts, failed),
                &acts,
                plan,
            );
            plan.act.extend(acts);
        }
    }
}

fn binding(tenant: &BindingSeen, homes: &BTreeSet<&str>, seen: &Seen, plan: &mut Plan<Action>) {
    let resource = &tenant.resource;
    match () {
        () if resource.is_suspended => plan.notes.push(report::suspended(resource)),
        () if resource.is_deleted => removal::binding(tenant, seen, plan),
        () => {
            let failed = seen.failed.get(&resource.owner);
            let mut acts = Vec::new();
            if tenant.problem.is_none() && homes.contains(tenant.spec.aphex_org.as_str()) {
                acts = hold(resource, names::BINDING_FINALIZER).unwrap_or_else(|| {
                    parts(resource, &tenant.parts, |part| binding_part(part, tenant, seen))
                });
            }
            report::binding(
                tenant,
                &status::of_binding(tenant, &seen.facts, failed),
                &acts,
                plan,
            );
            plan.act.extend(acts);
        }
    }
}

/// The organizations whose namespaces are there: what listens for their bindings is in them.
fn homes(seen: &Seen) -> BTreeSet<&str> {
    let has_home = |tenant: &&OrganizationSeen| {
        let namespace = tenant.parts.first().map(|part| &part.state);
        matches!(
            namespace,
            Some(PartState::There {
                is_terminating: false,
                ..
            })
        )
    };
    let there = seen.organizations.iter().filter(has_home);
    there.map(|tenant| tenant.resource.at.name.as_str()).collect()
}

/// Nothing is made before the custom resource is kept from going without it.
fn hold(resource: &Resource, finalizer: &'static str) -> Option<Vec<Action>> {
    if resource.finalizers.iter().any(|other| other == finalizer) {
        return None;
    }
    let hold = Change::Hold {
        finalizer,
        version: resource.version.clone(),
        finalizers: resource.finalizers.clone(),
    };
    Some(vec![Action::on(resource, hold)])
}

/// What there is to do in the first stage that has something to do; what cannot be done holds up what comes after its stage.
fn parts<P: Part>(
    resource: &Resource,
    parts: &[PartSeen<P>],
    change: impl Fn(&PartSeen<P>) -> Option<Change>,
) -> Vec<Action> {
    for stage in [Stage::Namespace, Stage::Fence, Stage::Content, Stage::Door] {
        let own = || parts.iter().filter(|part| part.part.stage() == stage);
        let acts: Vec<Action> = own()
            .filter_map(|part| {
                Some(Action {
                    owner: resource.owner.clone(),
                    at: part.at.clone(),
                    change: change(part)?,
                })
            })
            .collect();
        if !acts.is_empty() {
            return acts;
        }
        if own().any(|part| !part.state.is_good()) && stage != Stage::Content {
            return Vec::new();
        }
    }
    Vec::new()
}

/// The next thing about its way in, when we get at its Secrets.
fn tunnel(tenant: &OrganizationSeen, seen: &Seen) -> Option<Action> {
    let mut parts = tenant.parts.iter();
    let access = parts.find(|part| part.part == OrganizationPart::SecretsAccess)?;
    let TunnelSeen::Act(action) = &tenant.tunnel else {
        return None;
    };
    if !access.state.is_good() && !tenant.resource.is_deleted {
        return None;
    }
    let name = &tenant.resource.at.name;
    let things = Names::of(name, &seen.facts.zone);
    let secret = credentials(name, &things);
    let object = tunnel_object(action, &things, &secret);
    let action = action.clone();
    Some(Action::on(&tenant.resource, Change::Tunnel { action, object }))
}

fn organization_part(
    part: &PartSeen<OrganizationPart>,
    tenant: &OrganizationSeen,
    seen: &Seen,
) -> Option<Change> {
    let body = || part.part.body(&observe::organization(tenant, &seen.facts));
    if OrganizationPart::CONNECTOR.contains(&part.part) && !matches!(tenant.tunnel, TunnelSeen::Done { .. }) {
        return None;
    }
    if part.part != OrganizationPart::WebhookSecret {
        return change(&part.state, body);
    }
    let uid = match &part.state {
        PartState::Missing => None,
        PartState::There {
            uid,
            remedy,
            is_terminating: false,
            ..
        } if *remedy != Remedy::None || tenant.webhook_secret != WebhookSecret::Good => Some(uid.clone()),
        _ => return None,
    };
    Some(Change::WebhookSecret {
        body: body(),
        uid,
        is_given: tenant.spec.webhook_secret.is_some(),
        resource: tenant.resource.at.clone(),
    })
}

fn binding_part(part: &PartSeen<BindingPart>, tenant: &BindingSeen, seen: &Seen) -> Option<Change> {
    change(&part.state, || {
        part.part.body(&observe::binding(tenant, &seen.facts))
    })
}

fn change(state: &PartState, body: impl Fn() -> serde_json::Value) -> Option<Change> {
    match state {
        PartState::Missing => Some(Change::Apply {
            body: body(),
            uid: None,
        }),
        PartState::There {
            uid,
            remedy,
            is_terminating: false,
            ..
        } => {
            let uid = uid.clone();
            match remedy {
                Remedy::None => None,
                Remedy::Apply => Some(Change::Apply {
                    body: body(),
                    uid: Some(uid),
                }),
                Remedy::Replace(fields) => Some(Change::Replace {
                    body: body(),
                    fields,
                    uid,
                }),
                Remedy::Recreate => Some(Change::Delete {
                    uid,
                    why: "it grants another role, which cannot be changed; it is made anew",
                }),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
