//! Leaving nothing behind: what a tenant has outside its namespace first, the namespace last, then the custom resource.

use super::{Action, Change, Part, PartSeen, PartState, Plan, Resource, Seen};
use crate::{
    converge::contract::{Note, Wait},
    model::{failure::Reason, kind::Address, tenants::names},
    steps::tenants::{
        desired::{BindingPart, OrganizationPart},
        seen::{BindingSeen, Leftover, OrganizationSeen, TunnelSeen},
    },
};

const WHY: &str = "its tenant is deleted";

/// What goes together; the next group goes when this one is gone.
type Group = Vec<Leftover>;

pub(super) fn organization(tenant: &OrganizationSeen, seen: &Seen, plan: &mut Plan<Action>) {
    use OrganizationPart as P;
    let resource = &tenant.resource;
    let users = users(&resource.at.name, seen).map(|other| other.resource.at.name.as_str());
    let users: Vec<&str> = users.collect();
    if !users.is_empty() {
        let message = format!("it is kept while it has bindings: {}", users.join(", "));
        plan.notes
            .push(Note::warning(resource.at.object(), Reason::NotReady, message));
        return;
    }
    let connector = there(&tenant.parts, &[P::Connector]);
    if connector.is_empty() {
        match &tenant.tunnel {
            TunnelSeen::Act(_) => {
                plan.act.extend(super::tunnel(tenant, seen));
                return;
            }
            TunnelSeen::Refused(message) | TunnelSeen::Unavailable(message) => {
                let message = format!("its tunnel and record have to go first: {message}");
                plan.notes
                    .push(Note::warning(resource.at.object(), Reason::NotReady, message));
                return;
            }
            TunnelSeen::Off | TunnelSeen::Done { .. } => {}
        }
    }
    let groups = [
        connector,
        there(&tenant.parts, &[P::Store, P::ListenerInterceptors]),
        there(&tenant.parts, &[P::Namespace]),
    ];
    remove(resource, names::ORGANIZATION_FINALIZER, groups.into(), seen, plan);
}

/// The bindings that have, or are about to get, something of an organization. One that was refused never had.
pub(super) fn users<'a>(organization: &'a str, seen: &'a Seen) -> impl Iterator<Item = &'a BindingSeen> {
    let has_something = |other: &BindingSeen| {
        let mut finalizers = other.resource.finalizers.iter();
        finalizers.any(|name| name == names::BINDING_FINALIZER) || other.problem.is_none()
    };
    let own = seen.bindings.iter();
    own.filter(move |other| other.spec.aphex_org == organization && has_something(other))
}

pub(super) fn binding(tenant: &BindingSeen, seen: &Seen, plan: &mut Plan<Action>) {
    use BindingPart as P;
    let groups = [
        there(&tenant.parts, &[P::Trigger, P::Template]),
        tenant.applications.clone(),
        there(&tenant.parts, &[P::Project, P::DeployerAccess]),
        there(&tenant.parts, &[P::Namespace]),
    ];
    remove(
        &tenant.resource,
        names::BINDING_FINALIZER,
        groups.into(),
        seen,
        plan,
    );
}

/// Those of these parts that exist and are the tenant's own.
fn there<P: Part + PartialEq>(parts: &[PartSeen<P>], which: &[P]) -> Group {
    let chosen = parts.iter().filter(|part| which.contains(&part.part));
    chosen
        .filter_map(|part| match &part.state {
            PartState::There {
                uid, is_terminating, ..
            } => Some(Leftover {
                at: part.at.clone(),
                uid: uid.clone(),
                is_terminating: *is_terminating,
            }),
            _ => None,
        })
        .collect()
}

fn remove(resource: &Resource, finalizer: &str, groups: Vec<Group>, seen: &Seen, plan: &mut Plan<Action>) {
    let Some(group) = groups.into_iter().find(|group| !group.is_empty()) else {
        release(resource, finalizer, plan);
        return;
    };
    for leftover in group {
        if leftover.is_terminating {
            wait(resource, &leftover.at, seen, plan);
        } else {
            plan.act.push(Action {
                owner: resource.owner.clone(),
                at: leftover.at,
                stage: None,
                change: Change::Delete {
                    uid: leftover.uid,
                    why: WHY,
                },
            });
        }
    }
}

/// For a while: what hangs is left to the next run, and keeps no other tenant waiting.
fn wait(resource: &Resource, at: &Address, seen: &Seen, plan: &mut Plan<Action>) {
    let message = format!("{} is being deleted", at.object());
    if seen.is_patience_over || !seen.has_deleted {
        let message = format!("{message}; the next run goes on when it is gone");
        plan.notes
            .push(Note::warning(resource.at.object(), Reason::Terminating, message));
    } else {
        plan.wait
            .push(Wait::new(at.object(), Reason::Terminating, message));
    }
}

pub(super) fn release(resource: &Resource, finalizer: &str, plan: &mut Plan<Action>) {
    if !resource.finalizers.iter().any(|other| other == finalizer) {
        return;
    }
    let others = resource.finalizers.iter().filter(|other| *other != finalizer);
    let release = Change::Release {
        version: resource.version.clone(),
        finalizers: others.cloned().collect(),
    };
    plan.act.push(Action::on(resource, release));
}
