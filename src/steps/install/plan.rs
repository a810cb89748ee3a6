//! What to do about what was seen, stage by stage.

use super::{Action, Seen, State, Wanted, removal};
use crate::{
    converge::{
        Plan,
        contract::{Note, Wait, Watch},
    },
    model::{failure::Reason, kind::Stage, object::ObjectRef},
};

/// The first stage that is not done is worked on; the later ones wait for it. What is no longer wanted goes when all
/// that is wanted is there.
pub(super) fn plan(seen: &Seen) -> Plan<Action> {
    let mut plan = Plan::default();
    let mut stage: Option<Stage> = None;
    let mut later = Vec::new();
    for wanted in &seen.wanted {
        let own = wanted.at.kind.stage();
        let is_later = stage.is_some_and(|stage| stage < own);
        match &wanted.state {
            State::Same => {
                plan.notes.push(Note::unchanged(wanted.at.object(), ""));
                continue;
            }
            State::Missing | State::Different { .. } if is_later => later.push(wanted.at.object()),
            _ => act(wanted, &mut plan),
        }
        stage.get_or_insert(own);
    }
    match stage {
        Some(stage) => postpone(&mut plan, stage, later),
        None => {
            let (act, wait) = removal::plan(&seen.stale);
            plan.act = act.into_iter().map(Action::Remove).collect();
            plan.wait = wait;
        }
    }
    plan
}

fn act(Wanted { at, body, state }: &Wanted, plan: &mut Plan<Action>) {
    let apply = |uid: Option<&String>| Action::Apply {
        at: at.clone(),
        body: body.clone(),
        uid: uid.cloned(),
    };
    match state {
        State::Same => {}
        State::Missing => plan.act.push(apply(None)),
        State::Different { uid } => plan.act.push(apply(Some(uid))),
        State::Refused(refusal) => plan.refused.push(refusal.clone()),
        State::Terminating { version } => {
            let message = "is being deleted; it is made again when it is gone";
            let wait = Wait::new(at.object(), Reason::Terminating, message);
            plan.wait.push(match at.kind.stage() {
                Stage::Namespaces => wait.watching(Watch {
                    path: "/api/v1/namespaces".to_owned(),
                    name: at.name.clone(),
                    since: version.clone(),
                    settling: Watch::SETTLING,
                }),
                _ => wait,
            });
        }
    }
}

/// What comes after a stage waits for it, unless nothing of that stage can be done.
fn postpone(plan: &mut Plan<Action>, stage: Stage, later: Vec<ObjectRef>) {
    if plan.act.is_empty() && plan.wait.is_empty() {
        let skip = |object| Note::skipped(object, format!("left out: it needs {stage}"));
        plan.notes.extend(later.into_iter().map(skip));
    } else {
        let wait = |object| Wait::new(object, Reason::NotReady, format!("comes after {stage}"));
        plan.wait.extend(later.into_iter().map(wait));
    }
}

#[cfg(test)]
mod tests;
