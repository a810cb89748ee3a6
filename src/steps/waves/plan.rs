//! What to do about what was seen: the first wave that is not healthy is worked on, in the order of its needs.

use super::{Action, Seen, State, Whole, memory::Known, prepared::Prepared};
use crate::{
    apply::{
        health::{Health, Verdict},
        order::Undone,
    },
    converge::{
        Plan,
        contract::{Note, Refusal, Wait, Watch},
    },
    model::{exit::Exit, failure::Reason, kind::Address, object::ObjectRef},
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// The shortest and the longest time that a change is left alone before it is looked at; it grows while looks show nothing
/// that helps.
const PROMPT: Duration = Duration::from_millis(4);
const MOST_LOOKS: u32 = 5;

pub(super) fn plan(seen: &Seen) -> Plan<Action> {
    let whole = match seen {
        Seen::Invalid(refused) => {
            return Plan {
                refused: refused.clone(),
                ..Plan::default()
            };
        }
        Seen::Whole(whole) => whole,
    };
    let mut plan = Plan::default();
    if let Some(parent) = &whole.parent {
        plan.act.push(Action::Remember(Arc::new(parent.render())));
    }
    objects(whole, &mut plan);
    plan
}

fn objects(whole: &Whole, plan: &mut Plan<Action>) {
    let prepared = &whole.prepared;
    let done: Vec<bool> = whole.known.iter().map(|known| known.is_done).collect();
    // Before the set knows where its members will be, none of them may be made.
    let ready = if whole.parent.is_some() {
        Vec::new()
    } else {
        prepared.order.ready(&done)
    };
    let ready: BTreeSet<usize> = ready.into_iter().collect();
    let undone = prepared.order.undone(&done);
    let mut coming = Vec::new();
    for (at, known) in whole.known.iter().enumerate() {
        let address = &prepared.addresses[at];
        if known.is_done {
            plan.notes.push(told(address, known));
        } else if ready.contains(&at) {
            work(prepared, at, known, plan);
        } else if let State::Refused(refusal) = &known.state {
            plan.refused.push(refusal.clone());
        } else {
            coming.extend(later(whole, at, &undone));
        }
    }
    // First what is waited for, then what waits for that: at the deadline the first one is told.
    plan.wait.extend(coming);
}

fn work(prepared: &Prepared, at: usize, known: &Known, plan: &mut Plan<Action>) {
    let address = &prepared.addresses[at];
    let apply = |uid: Option<&String>| Action::Apply {
        at,
        address: address.clone(),
        body: known.body.as_ref().unwrap_or(&prepared.bodies[at]).clone(),
        uid: uid.cloned(),
    };
    match &known.state {
        State::Missing => plan.act.push(apply(None)),
        State::Different { uid } => plan.act.push(apply(Some(uid))),
        State::Refused(refusal) => plan.refused.push(refusal.clone()),
        State::Terminating { .. } => {
            let message = "is being deleted; it is made again when it is gone";
            plan.wait.push(watching(
                Wait::new(address.object(), Reason::Terminating, message),
                address,
                known,
            ));
        }
        State::Same => {
            if let Some(verdict) = &known.verdict {
                unhealthy(address, known, verdict, plan);
            }
        }
    }
}

/// It is as wanted, and not healthy yet.
fn unhealthy(address: &Address, known: &Known, verdict: &Verdict, plan: &mut Plan<Action>) {
    let message = std::iter::once(&verdict.message)
        .chain(&known.causes)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("; ");
    let refused = |exit, reason, hint: &str| Refusal {
        exit,
        reason,
        object: address.object(),
        message: message.clone(),
        hint: hint.to_owned(),
    };
    match verdict.health {
        Health::Suspended => plan.refused.push(refused(
            Exit::Human,
            Reason::Paused,
            "resume it, then run this again: nothing that is paused ever gets ready",
        )),
        _ if known.has_failed() => plan.refused.push(refused(
            Exit::ResourceFailed,
            Reason::ResourceFailed,
            "mend what the message names, then run this again",
        )),
        Health::Terminating => plan.wait.push(watching(
            Wait::new(address.object(), Reason::Terminating, message),
            address,
            known,
        )),
        _ if verdict.settles => plan
            .wait
            .push(Wait::new(address.object(), Reason::NotReady, message)),
        _ => {
            let wait = Wait::new(address.object(), Reason::NotReady, message);
            plan.wait.push(watching(wait, address, known));
        }
    }
}

fn watching(wait: Wait, address: &Address, known: &Known) -> Wait {
    let settling = PROMPT * 2_u32.pow(known.looks.min(MOST_LOOKS));
    wait.watching(Watch {
        path: address.collection(),
        name: address.name.clone(),
        since: known.version.clone(),
        settling,
    })
}

/// It comes after something else; the first of what that is, is named. What is as wanted already is not mentioned.
fn later(whole: &Whole, at: usize, undone: &Undone<'_>) -> Option<Wait> {
    let prepared = &whole.prepared;
    let object = prepared.addresses[at].object();
    let does = match whole.known[at].state {
        State::Missing => "is to be created",
        State::Different { .. } => "is to be changed",
        State::Terminating { .. } => "is being deleted",
        State::Same | State::Refused(_) => return None,
    };
    let wave = prepared.order.wave_of(at)?;
    let blocking = undone.before(at);
    let message = match blocking.as_slice() {
        [] => format!("{does} in {wave}, after the set is known"),
        [first, rest @ ..] => {
            let first = prepared.addresses[*first].object();
            let more = if rest.is_empty() {
                String::new()
            } else {
                format!(" and {} more", rest.len())
            };
            format!("{does} in {wave}, after {first}{more}")
        }
    };
    Some(Wait::new(object, Reason::NotReady, message).coming_after())
}

fn told(address: &Address, known: &Known) -> Note {
    let object: ObjectRef = address.object();
    match &known.verdict {
        Some(Verdict {
            warning: Some(warning),
            ..
        }) => Note::warning(object, Reason::NotReady, warning),
        Some(verdict) => Note::unchanged(object, &verdict.message),
        None => Note::unchanged(object, ""),
    }
}
