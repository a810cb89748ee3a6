//! What is said of each tenant: in its status, and in the report of the run.

use super::{Action, Change, Plan, status};
use crate::{
    converge::contract::{Note, Refusal},
    model::{
        exit::Exit,
        failure::Reason,
        kind::Address,
        object::ObjectRef,
        tenants::{
            self, BindingPhase, Condition, KnowledgeBaseStatus, OrganizationPhase, OrganizationStatus,
            RepoBindingStatus,
        },
    },
    steps::tenants::seen::{BaseSeen, BindingSeen, OrganizationSeen, Resource},
};
use serde::Serialize;

pub(super) fn organization(
    tenant: &OrganizationSeen,
    wanted: OrganizationStatus,
    acts: &[Action],
    plan: &mut Plan<Action>,
) {
    let live = tenant.status.as_ref();
    let is_same = live.is_some_and(|live| is_same(&wanted, live, conditions, without_conditions));
    let is_new = live.is_none();
    let is_good = wanted.phase == OrganizationPhase::Active;
    let summary = format!("{:?}: {}", wanted.phase, wanted.message);
    said(
        &tenant.resource,
        &wanted,
        is_same,
        is_time(acts, is_new),
        is_good,
        summary,
        plan,
    );
    fn conditions(status: &OrganizationStatus) -> &[Condition] {
        &status.conditions
    }
    fn without_conditions(status: &OrganizationStatus) -> OrganizationStatus {
        OrganizationStatus {
            conditions: Vec::new(),
            ..status.clone()
        }
    }
}

pub(super) fn binding(
    tenant: &BindingSeen,
    wanted: RepoBindingStatus,
    acts: &[Action],
    plan: &mut Plan<Action>,
) {
    let live = tenant.status.as_ref();
    let is_same = live.is_some_and(|live| is_same(&wanted, live, conditions, without_conditions));
    let is_new = live.is_none_or(|live| live.phase == BindingPhase::Pending && wanted.phase != live.phase);
    let is_good = wanted.phase == BindingPhase::Ready;
    let summary = format!("{:?}: {}", wanted.phase, wanted.message);
    said(
        &tenant.resource,
        &wanted,
        is_same,
        is_time(acts, is_new),
        is_good,
        summary,
        plan,
    );
    fn conditions(status: &RepoBindingStatus) -> &[Condition] {
        &status.conditions
    }
    fn without_conditions(status: &RepoBindingStatus) -> RepoBindingStatus {
        RepoBindingStatus {
            conditions: Vec::new(),
            ..status.clone()
        }
    }
}

pub(super) fn base(seen: &BaseSeen, plan: &mut Plan<Action>) {
    let wanted = status::of_base(seen);
    let live = seen.status.as_ref();
    let is_same = live.is_some_and(|live| is_same(&wanted, live, conditions, without_conditions));
    let is_good = super::super::problems::of_base(&seen.spec).is_none();
    let summary = format!("{:?}: {}", wanted.phase, wanted.message);
    said(&seen.resource, &wanted, is_same, true, is_good, summary, plan);
    fn conditions(status: &KnowledgeBaseStatus) -> &[Condition] {
        &status.conditions
    }
    /// When it was said does not change what is said.
    fn without_conditions(status: &KnowledgeBaseStatus) -> KnowledgeBaseStatus {
        KnowledgeBaseStatus {
            conditions: Vec::new(),
            last_reconcile_time: String::new(),
            ..status.clone()
        }
    }
}

/// Two changes of one object at the same time are in each other's way, and what will change again is not worth a write, unless
/// it is the first that anybody hears.
fn is_time(acts: &[Action], is_new: bool) -> bool {
    let holds = acts.iter().any(|act| matches!(act.change, Change::Hold { .. }));
    acts.is_empty() || (is_new && !holds)
}

fn is_same<S: PartialEq>(
    wanted: &S,
    live: &S,
    conditions: fn(&S) -> &[Condition],
    rest: fn(&S) -> S,
) -> bool {
    let (wanted_conditions, live_conditions) = (conditions(wanted), conditions(live));
    rest(wanted) == rest(live)
        && wanted_conditions.len() == live_conditions.len()
        && wanted_conditions
            .iter()
            .zip(live_conditions)
            .all(|(wanted, live)| wanted.says_the_same(live))
}

/// A status is written when there is something new to say and it is time to say it.
fn said(
    resource: &Resource,
    wanted: &impl Serialize,
    is_same: bool,
    is_time: bool,
    is_good: bool,
    summary: String,
    plan: &mut Plan<Action>,
) {
    if !is_good && is_time {
        plan.notes.push(Note::warning(
            resource.at.object(),
            Reason::NotReady,
            summary.clone(),
        ));
    } else if is_same {
        plan.notes
            .push(Note::unchanged(resource.at.object(), summary.clone()));
    }
    if is_same || !is_time {
        return;
    }
    let status = serde_json::to_value(wanted).unwrap_or_default();
    let change = Change::Status {
        status,
        version: resource.version.clone(),
        summary,
    };
    plan.act.push(Action::on(resource, change));
}

pub(super) fn suspended(resource: &Resource) -> Note {
    Note::skipped(
        resource.at.object(),
        "it is suspended: it and what belongs to it are left as they are",
    )
}

pub(super) fn stray(at: &Address) -> Note {
    let message =
        "it carries the labels of a tenant, and there is no tenant that it belongs to; it is left as it is";
    Note::warning(at.object(), Reason::NotFound, message)
}

pub(in crate::steps::tenants) fn undefined() -> Note {
    let message = "the cluster has none of the kinds by which tenants ask: `aphex-ops waves install --only crds` brings them";
    Note::warning(
        ObjectRef::global("CustomResourceDefinition", tenants::GROUP),
        Reason::NotFound,
        message,
    )
}

/// Somebody named a tenant that is not there.
pub(in crate::steps::tenants) fn nobody(name: &str) -> Refusal {
    Refusal {
        exit: Exit::Usage,
        reason: Reason::NotFound,
        object: ObjectRef::global("tenant", name),
        message: "there is no Organization, RepoBinding or KnowledgeBase of that name".to_owned(),
        hint: "`aphex-ops tenants status -o wide` lists them".to_owned(),
    }
}
