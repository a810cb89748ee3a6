//! What is said of each tenant: in its status, and in the report of the run.

use super::{Action, Change, Plan, status};
use crate::{
    converge::contract::Note,
    model::{
        failure::Reason,
        kind::Address,
        object::ObjectRef,
        tenants::{self, Status},
    },
    steps::tenants::seen::{BaseSeen, Resource},
};

pub(super) fn base(seen: &BaseSeen, plan: &mut Plan<Action>) {
    said(
        &seen.resource,
        &status::of_base(seen),
        seen.status.as_ref(),
        true,
        plan,
    );
}

/// A status is written when there is something new to say and it is time to say it: what will change again in this run is not
/// worth a write.
pub(super) fn said<S: Status>(
    resource: &Resource,
    wanted: &S,
    live: Option<&S>,
    is_time: bool,
    plan: &mut Plan<Action>,
) {
    let is_same = live.is_some_and(|live| wanted.says_the_same(live));
    let (object, summary) = (resource.at.object(), wanted.summary());
    if !wanted.is_good() && is_time {
        plan.notes
            .push(Note::warning(object, Reason::NotReady, summary.clone()));
    } else if is_same {
        plan.notes.push(Note::unchanged(object, summary.clone()));
    }
    if is_same || !is_time {
        return;
    }
    let change = Change::Status {
        status: serde_json::to_value(wanted.since(live)).unwrap_or_default(),
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
