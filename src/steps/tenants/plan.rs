//! What to do about what was seen, tenant by tenant. Pure.

pub(super) mod departure;
pub(super) mod description;
mod removal;
mod report;
pub(super) mod rotation;
pub(super) mod suspension;
#[cfg(test)]
pub(super) mod testing;
pub(super) mod verification;

pub(super) use report::undefined;

use super::{
    action::{Action, Change, tunnel_object},
    choice::nobody,
    compare::Remedy,
    desired::{BindingPart, OrganizationPart, Part, Stage, credentials, team},
    observe,
    seen::{
        BaseSeen, BindingSeen, OrganizationSeen, PartSeen, PartState, Resource, Seen, TunnelSeen,
        WebhookSecret,
    },
    status,
    teams::Team,
};
use crate::{
    converge::Plan,
    model::{tenants::names, tunnel::Names},
};
use std::collections::{BTreeMap, HashSet};

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
    let homes = homes(seen, &plan);
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
    if seen.sees_to_the_rest() {
        plan.act.extend(seen.teams.iter().filter_map(access));
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
                let hold = hold(resource, names::ORGANIZATION_FINALIZER);
                // What is outside is in no sequence, and nothing is made before the resource is kept.
                let tunnel = hold.is_none().then(|| tunnel(tenant, seen)).flatten();
                acts.extend(hold);
                acts.extend(parts(resource, &tenant.parts, |part| {
                    organization_part(part, tenant, seen)
                }));
                acts.extend(tunnel);
            }
            let is_time = acts.is_empty() || failed.is_some();
            plan.act.extend(acts);
            let wanted = status::of_organization(tenant, &seen.facts, failed);
            report::said(resource, &wanted, tenant.status.as_ref(), is_time, plan);
        }
    }
}

fn binding(tenant: &BindingSeen, homes: &BTreeMap<&str, Home>, seen: &Seen, plan: &mut Plan<Action>) {
    let resource = &tenant.resource;
    match () {
        () if resource.is_suspended => plan.notes.push(report::suspended(resource)),
        () if resource.is_deleted => removal::binding(tenant, seen, plan),
        () => {
            let failed = seen.failed.get(&resource.owner);
            let mut acts = Vec::new();
            let home = homes.get(tenant.spec.aphex_org.as_str());
            match home.filter(|_| tenant.problem.is_none()) {
                Some(Home::Coming) => return,
                Some(Home::There) => {
                    acts.extend(hold(resource, names::BINDING_FINALIZER));
                    acts.extend(parts(resource, &tenant.parts, |part| {
                        binding_part(part, tenant, seen)
                    }));
                }
                None => {}
            }
            let is_time = acts.is_empty() || failed.is_some();
            plan.act.extend(acts);
            let wanted = status::of_binding(tenant, &seen.facts, failed);
            report::said(resource, &wanted, tenant.status.as_ref(), is_time, plan);
        }
    }
}

/// What lets engineers into a namespace of theirs.
fn access(team: &Team) -> Option<Action> {
    Some(Action {
        owner: team::owner(&team.namespace),
        at: team::at(&team.namespace),
        stage: None,
        change: change(&team.access, || team::body(&team.namespace))?,
    })
}

/// How it is with an organization's namespace, which what listens for its bindings is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    There,
    /// Something is done for the organization in this round.
    Coming,
}

fn homes<'a>(seen: &'a Seen, plan: &Plan<Action>) -> BTreeMap<&'a str, Home> {
    let busy: HashSet<&str> = plan.act.iter().map(|act| act.owner.as_str()).collect();
    let home = |tenant: &'a OrganizationSeen| {
        let home = match tenant.parts.first()?.state {
            PartState::There {
                is_terminating: false,
                ..
            } => Home::There,
            _ if busy.contains(tenant.resource.owner.as_str()) => Home::Coming,
            _ => return None,
        };
        Some((tenant.resource.at.name.as_str(), home))
    };
    seen.organizations.iter().filter_map(home).collect()
}

/// Nothing is made before the custom resource is kept from going without it.
fn hold(resource: &Resource, finalizer: &'static str) -> Option<Action> {
    if resource.finalizers.iter().any(|other| other == finalizer) {
        return None;
    }
    let hold = Change::Hold {
        finalizer,
        version: resource.version.clone(),
        finalizers: resource.finalizers.clone(),
    };
    Some(Action {
        stage: Some(Stage::Hold),
        ..Action::on(resource, hold)
    })
}

/// What is made without another look: an account may use a new grant only when the API server has heard of it, and we need one
/// for the Secrets among the content.
const PHASES: [&[Stage]; 2] = [&[Stage::Namespace, Stage::Fence], &[Stage::Content, Stage::Door]];

/// What there is to do in the first phase that has something to do; what cannot be done holds up what comes after its stage.
fn parts<P: Part>(
    resource: &Resource,
    parts: &[PartSeen<P>],
    change: impl Fn(&PartSeen<P>) -> Option<Change>,
) -> Vec<Action> {
    for phase in PHASES {
        let mut acts = Vec::new();
        for stage in phase {
            let own = || parts.iter().filter(|part| part.part.stage() == *stage);
            let changes: Vec<(&PartSeen<P>, Option<Change>)> =
                own().map(|part| (part, change(part))).collect();
            let is_held_up = |(part, change): &(&PartSeen<P>, Option<Change>)| match change {
                // It is made anew when it is gone.
                Some(change) => matches!(change, Change::Delete { .. }),
                None => !part.state.is_good() && *stage != Stage::Content,
            };
            let is_last = changes.iter().any(is_held_up);
            acts.extend(changes.into_iter().filter_map(|(part, change)| {
                Some(Action {
                    owner: resource.owner.clone(),
                    at: part.at.clone(),
                    stage: Some(*stage),
                    change: change?,
                })
            }));
            if is_last {
                return acts;
            }
        }
        if !acts.is_empty() {
            return acts;
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
