//! The hot-loop guard: an action planned again right after it succeeded is an error that names it.

use crate::{
    converge::contract::Effect,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        object::ObjectRef,
    },
};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};
use tokio::time::Instant;

/// More rounds that come back to objects of earlier rounds than any honest step needs.
const MAX_RETURNS: u32 = 100;
/// How often one action may fail transiently in a row before the run gives up on it.
const MAX_TRANSIENT: u32 = 5;
/// How long what is said to be starting up may take, however often that is said: the API server's own components, such as
/// webhooks, get ready within this time or not at all.
const STARTING: Duration = Duration::from_secs(60);

/// What the driver remembers of earlier rounds, and nothing else does.
pub(super) struct Guard<A> {
    /// By what they changed, since a plan may have thousands.
    succeeded_last: HashMap<ObjectRef, Vec<A>>,
    final_failures: Vec<A>,
    transient: Vec<(A, u32, Instant)>,
    acted: HashSet<ObjectRef>,
    returns: u32,
}

impl<A: Effect> Guard<A> {
    pub(super) fn new() -> Self {
        Self {
            succeeded_last: HashMap::new(),
            final_failures: Vec::new(),
            transient: Vec::new(),
            acted: HashSet::new(),
            returns: 0,
        }
    }

    /// The actions of a plan that may be tried: not those that failed for good in this run, nor what comes after these.
    ///
    /// # Errors
    /// [`Reason::HotLoop`] if one of them succeeded in the round just before, or there were too many rounds.
    pub(super) fn admit(&mut self, act: Vec<A>) -> Result<Vec<A>, Failure> {
        let (failed, mut act): (Vec<A>, Vec<A>) = act
            .into_iter()
            .partition(|action| self.final_failures.contains(action));
        act.retain(|action| !failed.iter().any(|failed| is_after(action, failed)));
        let succeeded = |action: &&A| {
            let last = self.succeeded_last.get(&action.object());
            last.is_some_and(|last| last.contains(action))
        };
        if let Some(again) = act.iter().find(succeeded) {
            return Err(hot_loop(
                again.object(),
                format!("planned again right after it succeeded: {again}"),
            ));
        }
        if let Some(first) = act.first() {
            let returns = act.iter().all(|action| self.acted.contains(&action.object()));
            self.returns += u32::from(returns);
            if self.returns > MAX_RETURNS {
                let message =
                    format!("still not done after {MAX_RETURNS} more rounds; the next action was: {first}");
                return Err(hot_loop(first.object(), message));
            }
        }
        self.acted.extend(act.iter().map(Effect::object));
        self.succeeded_last.clear();
        Ok(act)
    }

    pub(super) fn succeeded(&mut self, action: A) {
        self.transient.retain(|(other, ..)| other != &action);
        let last = self.succeeded_last.entry(action.object()).or_default();
        last.push(action);
    }

    /// Remembers a failure; whether the action is tried again in this run.
    pub(super) fn failed(&mut self, action: A, failure: &Failure) -> bool {
        if failure.is_transient() {
            let (count, since) = match self.transient.iter_mut().find(|(other, ..)| other == &action) {
                Some((_, count, since)) => {
                    *count += 1;
                    (*count, *since)
                }
                None => {
                    let now = Instant::now();
                    self.transient.push((action.clone(), 1, now));
                    (1, now)
                }
            };
            let is_starting = failure.reason == Reason::Starting && since.elapsed() < STARTING;
            if count < MAX_TRANSIENT || is_starting {
                return true;
            }
        }
        self.final_failures.push(action);
        false
    }
}

fn is_after<A: Effect>(action: &A, other: &A) -> bool {
    match (action.sequence(), other.sequence()) {
        (Some((own, rank)), Some((name, earlier))) => own == name && rank > earlier,
        _ => false,
    }
}

fn hot_loop(object: ObjectRef, message: String) -> Failure {
    Failure::new(Exit::Bug, Reason::HotLoop, message)
        .on(object)
        .hint("something changes it back, or this is a bug: look at the object's managedFields and report it")
}
