//! The hot-loop guard: an action planned again right after it succeeded is an error that names it.

use crate::{
    converge::contract::Effect,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        object::ObjectRef,
    },
};

/// More rounds with actions than any honest step needs.
const MAX_ACTING_ROUNDS: u32 = 100;
/// How often one action may fail transiently in a row before the run gives up on it.
const MAX_TRANSIENT: u32 = 5;

/// What the driver remembers of earlier rounds, and nothing else does.
pub(super) struct Guard<A> {
    succeeded_last: Vec<A>,
    final_failures: Vec<A>,
    transient: Vec<(A, u32)>,
    acting_rounds: u32,
}

impl<A: Effect> Guard<A> {
    pub(super) fn new() -> Self {
        Self {
            succeeded_last: Vec::new(),
            final_failures: Vec::new(),
            transient: Vec::new(),
            acting_rounds: 0,
        }
    }

    /// The actions of a plan that may be tried: not those that failed for good in this run.
    ///
    /// # Errors
    /// [`Reason::HotLoop`] if one of them succeeded in the round just before, or there were too many rounds.
    pub(super) fn admit(&mut self, act: Vec<A>) -> Result<Vec<A>, Failure> {
        let act: Vec<A> = act
            .into_iter()
            .filter(|action| !self.final_failures.contains(action))
            .collect();
        if let Some(again) = act.iter().find(|action| self.succeeded_last.contains(action)) {
            return Err(hot_loop(
                again.object(),
                format!("planned again right after it succeeded: {again}"),
            ));
        }
        if let Some(first) = act.first() {
            self.acting_rounds += 1;
            if self.acting_rounds > MAX_ACTING_ROUNDS {
                let message =
                    format!("still not done after {MAX_ACTING_ROUNDS} rounds; the next action was: {first}");
                return Err(hot_loop(first.object(), message));
            }
        }
        self.succeeded_last.clear();
        Ok(act)
    }

    pub(super) fn succeeded(&mut self, action: A) {
        self.transient.retain(|(other, _)| other != &action);
        self.succeeded_last.push(action);
    }

    /// Remembers a failure; whether the action is tried again in this run.
    pub(super) fn failed(&mut self, action: A, failure: &Failure) -> bool {
        if failure.is_transient() {
            let count = match self.transient.iter_mut().find(|(other, _)| other == &action) {
                Some((_, count)) => {
                    *count += 1;
                    *count
                }
                None => {
                    self.transient.push((action.clone(), 1));
                    1
                }
            };
            if count < MAX_TRANSIENT {
                return true;
            }
        }
        self.final_failures.push(action);
        false
    }
}

fn hot_loop(object: ObjectRef, message: String) -> Failure {
    Failure::new(Exit::Bug, Reason::HotLoop, message)
        .on(object)
        .hint("something changes it back, or this is a bug: look at the object's managedFields and report it")
}
