//! The one driver: rounds of observe, plan, apply until nothing is left, and everything steps share.

use crate::{
    converge::{
        Context, Effect, Event, Outcome, Plan, Report, Step, Verb,
        contract::{Note, Wait, Watch},
        guard::Guard,
        report::{ActionReport, FailureReport},
        sequence,
        stop::GRACE,
    },
    kubernetes::{Watches, access},
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        object::ObjectRef,
    },
    planted::{self, Bug},
    retry,
};
use futures::{FutureExt, StreamExt, future::LocalBoxFuture};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// Whether to do what was planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Plan, apply, look again.
    Apply,
    /// Stop at the plan.
    DryRun,
}

/// Runs a step until it converged, failed, or ran out of time.
///
/// The report says it all, also the failures: nothing is lost in an early return.
pub async fn converge<S: Step>(step: &S, cx: &Context, mode: Mode) -> Report {
    cx.events.tell(&Event::StepStarted {
        command: S::META.command,
        summary: S::META.summary,
    });
    let started = Instant::now();
    let requests_before = cx.requests();
    let mut run = Run {
        cx,
        report: Report::start(&cx.run_id, &cx.command, S::META.command, mode == Mode::DryRun),
        failures: Vec::new(),
        waits: Vec::new(),
        preflighted: false,
        watches: Watches::default(),
    };
    let ended_by = run.rounds(step, mode).await.err();
    let report = run.finish(ended_by, started, &requests_before);
    cx.events.tell(&Event::StepEnded {
        command: S::META.command,
        exit: report.exit_code,
        changed: report.changed(),
    });
    report
}

struct Run<'a> {
    cx: &'a Context,
    report: Report,
    failures: Vec<Failure>,
    waits: Vec<Wait>,
    preflighted: bool,
    watches: Watches,
}

impl Run<'_> {
    async fn rounds<S: Step>(&mut self, step: &S, mode: Mode) -> Result<(), Failure> {
        let mut guard = Guard::new();
        let mut polls = retry::polls();
        let mut refused = Vec::new();
        let mut notes = Vec::new();
        let ended = loop {
            let seen = match self.interruptible(step.observe(self.cx)).await {
                Ok(seen) => seen,
                Err(failure) => break Err(self.explained(step, failure).await),
            };
            self.report.rounds += 1;
            let plan = step.plan(&seen);
            (refused, notes) = (plan.refused.clone(), plan.notes.clone());
            if mode == Mode::DryRun && !planted::is_planted(Bug::AppliesDryRun) {
                self.only_planned(plan);
                break Ok(());
            }
            match self.round(step, &mut guard, plan).await {
                Ok(Next::Done) => break Ok(()),
                Ok(Next::Look) => polls = retry::polls(),
                Ok(Next::Wait) => {
                    let delay = polls.next().unwrap_or(retry::LONGEST_POLL);
                    if let Err(failure) = self.wait(delay).await {
                        break Err(failure);
                    }
                }
                Err(failure) => break Err(failure),
            }
        };
        self.failures.extend(refused.into_iter().map(Failure::from));
        let acted: Vec<ObjectRef> = self.report.actions.iter().map(|row| row.object.clone()).collect();
        // What this run has just made is not "unchanged" besides; a warning about it is still told.
        notes.retain(|note| note.reason.is_some() || !acted.contains(&note.object));
        self.report.actions.extend(notes.into_iter().map(note_row));
        ended
    }

    async fn round<S: Step>(
        &mut self,
        step: &S,
        guard: &mut Guard<S::Action>,
        plan: Plan<S::Action>,
    ) -> Result<Next, Failure> {
        let act = guard.admit(plan.act)?;
        if act.is_empty() {
            self.tell_waits(plan.wait);
            // What failed for good will not heal while we watch, nor what comes after something that is refused: say so
            // now, not at the deadline.
            let is_refused = !plan.refused.is_empty() && self.waits.iter().all(|wait| wait.comes_after);
            let done = self.waits.is_empty() || !self.failures.is_empty() || is_refused;
            return Ok(if done { Next::Done } else { Next::Wait });
        }
        if !self.preflighted {
            access::preflight(&self.cx.cluster, &step.rules(&self.cx.config)).await?;
            self.preflighted = true;
        }
        let progressed = self.apply_all(step, guard, act).await?;
        Ok(if progressed { Next::Look } else { Next::Wait })
    }

    /// Does all actions, remembers what became of each; whether any of them changed the world.
    async fn apply_all<S: Step>(
        &mut self,
        step: &S,
        guard: &mut Guard<S::Action>,
        act: Vec<S::Action>,
    ) -> Result<bool, Failure> {
        let cx = self.cx;
        let all = &act;
        let one = move |place: usize| -> LocalBoxFuture<'_, Result<Outcome, Failure>> {
            let action = &all[place];
            async move {
                if let Some(cause) = cx.stop.cause() {
                    return Err(Failure::from(cause));
                }
                cx.events.tell(&Event::Acting {
                    object: action.object(),
                    action: action.to_string(),
                });
                let result = step.apply(cx, action.clone()).await;
                result.map_err(|failure| failure.on(action.object()))
            }
            .boxed_local()
        };
        let turn = |action: &S::Action| Some(action.sequence()?).map(|(name, rank)| (name.to_owned(), rank));
        let mut results = Vec::new();
        let mut running = sequence::run(act.iter().map(turn).collect(), &one);
        let ended_by = loop {
            tokio::select! {
                next = running.next() => match next {
                    Some(result) => results.push(result),
                    None => break None,
                },
                failure = self.ended() => break Some(failure),
            }
        };
        if ended_by.is_some() {
            let rest = async {
                while let Some(result) = running.next().await {
                    results.push(result)
                }
            };
            // Past the grace period the answers are lost; the next run sees what they did.
            let _ = timeout(GRACE, rest).await;
        }
        drop(running);
        let mut act: Vec<Option<S::Action>> = act.into_iter().map(Some).collect();
        let mut progressed = false;
        for (place, result) in results {
            if let Some(action) = act[place].take() {
                progressed |= self.record(guard, action, result);
            }
        }
        match ended_by {
            Some(failure) => Err(failure),
            None => Ok(progressed),
        }
    }

    fn record<A: Effect>(
        &mut self,
        guard: &mut Guard<A>,
        action: A,
        result: Result<Outcome, Failure>,
    ) -> bool {
        let object = action.object();
        match result {
            Ok(outcome) => {
                self.cx.events.tell(&Event::Acted {
                    object: object.clone(),
                    outcome,
                });
                self.report.actions.push(ActionReport {
                    object,
                    part_of: action.part_of(),
                    verb: action.verb(),
                    outcome: Some(outcome),
                    reason: None,
                    message: action.to_string(),
                });
                guard.succeeded(action);
                true
            }
            Err(failure) if failure.reason == Reason::Interrupted => false,
            Err(failure) => {
                let again = guard.failed(action, &failure);
                self.cx.events.tell(&Event::ActionFailed {
                    object,
                    message: failure.chain(),
                    again,
                });
                if !again && !planted::is_planted(Bug::SwallowsFailures) {
                    self.failures.push(failure);
                }
                false
            }
        }
    }

    fn only_planned<A: Effect>(&mut self, plan: Plan<A>) {
        let rows = plan.act.iter().map(|action| ActionReport {
            object: action.object(),
            part_of: action.part_of(),
            verb: action.verb(),
            outcome: None,
            reason: None,
            message: action.to_string(),
        });
        self.report.actions.extend(rows);
        self.tell_waits(plan.wait);
    }

    fn tell_waits(&mut self, waits: Vec<Wait>) {
        for wait in waits.iter().filter(|wait| !self.waits.contains(wait)) {
            self.cx.events.tell(&Event::Waiting(wait.clone()));
        }
        self.waits = waits;
    }

    /// Sleeps until something that is waited for changes, at most `delay`; where all of it is watched, longer, since a
    /// look costs requests and a change wakes us anyway.
    async fn wait(&mut self, delay: Duration) -> Result<(), Failure> {
        let all_watched = !self.waits.is_empty() && self.waits.iter().all(|wait| wait.watch.is_some());
        let delay = if all_watched { retry::LONGEST_POLL } else { delay };
        let watches = || self.waits.iter().filter_map(|wait| wait.watch.as_ref());
        let settling = watches().map(|watch| watch.settling).min();
        let mut open = std::mem::take(&mut self.watches);
        let changed = async {
            open.changed(&self.cx.cluster, watches()).await;
            sleep(settling.unwrap_or(Watch::SETTLING)).await;
        };
        let ended = self
            .interruptible(async {
                let _ = timeout(delay, changed).await;
                Ok(())
            })
            .await;
        self.watches = open;
        ended
    }

    async fn interruptible<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::select! {
            result = work => result,
            failure = self.ended() => Err(failure),
        }
    }

    /// Completes when the run must end: a stop was requested, or the deadline is reached.
    async fn ended(&self) -> Failure {
        tokio::select! {
            cause = self.cx.stop.requested() => Failure::from(cause),
            () = sleep_until(self.cx.deadline), if !planted::is_planted(Bug::NeverGivesUp) => self.out_of_time(),
        }
    }

    fn out_of_time(&self) -> Failure {
        let message = "the deadline was reached; state is consistent";
        let failure = Failure::new(Exit::Deadline, Reason::DeadlineExceeded, message);
        match self.waits.first() {
            // Waiting longer does not help what says itself that it failed.
            Some(wait) if wait.reason == Reason::ResourceFailed => {
                let remedy = wait.remedy.as_deref();
                Failure::new(Exit::ResourceFailed, wait.reason, &wait.message)
                    .on(wait.object.clone())
                    .hint(remedy.unwrap_or("mend what the message names, then run the same command again"))
            }
            Some(wait) => {
                let message = format!("the deadline was reached while waiting: {}", wait.message);
                let failure = Failure { message, ..failure }.on(wait.object.clone());
                match (&wait.remedy, wait.provided_by) {
                    (Some(remedy), _) => failure.hint(remedy),
                    (None, Some(command)) => {
                        failure.hint(format!("run `aphex-ops {command}`, then this command again"))
                    }
                    (None, None) => failure
                        .hint("run the same command again, with a longer --timeout if it only needs time"),
                }
            }
            None if self.report.rounds == 0 => {
                let message =
                    "the deadline was reached before the first look was complete; nothing was changed";
                Failure {
                    message: message.to_owned(),
                    ..failure
                }
                .hint("run the same command again, with a longer --timeout; -vv shows what takes so long")
            }
            None => failure.hint("run the same command again, with a longer --timeout"),
        }
    }

    /// A missing permission is reported with all others that are missing too.
    async fn explained<S: Step>(&self, step: &S, failure: Failure) -> Failure {
        if failure.reason != Reason::Forbidden || self.preflighted {
            return failure;
        }
        match access::preflight(&self.cx.cluster, &step.rules(&self.cx.config)).await {
            Err(all) if all.reason == Reason::Forbidden => all,
            _ => failure,
        }
    }

    fn finish(mut self, ended_by: Option<Failure>, started: Instant, requests_before: &Requests) -> Report {
        let changed = self.report.changed() > 0;
        let exits: Vec<Exit> = self.failures.iter().map(|failure| failure.exit).collect();
        let exit = match &ended_by {
            Some(failure) => failure.exit,
            None => Exit::of_failures(&exits, changed),
        };
        self.report.exit_code = exit.code();
        self.report.failures = self
            .failures
            .iter()
            .chain(&ended_by)
            .map(FailureReport::from)
            .collect();
        self.report.waiting = self.waits;
        self.report.cluster = Some(self.cx.cluster.info());
        self.report.requests = since(requests_before, self.cx.requests());
        self.report.took(started.elapsed());
        self.report
    }
}

/// Requests by verb.
type Requests = BTreeMap<&'static str, u64>;

fn since(before: &Requests, mut requests: Requests) -> Requests {
    for (verb, count) in &mut requests {
        *count -= before.get(verb).copied().unwrap_or(0);
    }
    requests.retain(|_, count| *count > 0);
    requests
}

enum Next {
    Done,
    Look,
    Wait,
}

fn note_row(note: Note) -> ActionReport {
    ActionReport {
        object: note.object,
        part_of: note.part_of,
        verb: Verb::Check,
        outcome: Some(note.outcome),
        reason: note.reason,
        message: note.message,
    }
}

#[cfg(test)]
mod tests;
