//! One case: the world is reset, the command meets its faults, is run again, and every law is looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::World;
use super::canary::{Canaries, Hit};
use super::case::{Case, Death};
use super::dump::Dump;
use super::report::{Law, Violation};
use super::run::{Exit, Ran, Run};
use super::world::Trouble;
use crate::proxy::{Script, Seen};

/// Runs without faults that a command has to reach its end after a fault.
const RERUNS: usize = 2;

/// A run without faults: what all others are compared with.
pub(super) struct Reference {
    /// Its requests.
    pub(super) requests: Vec<Seen>,
    state: Dump,
    pub(super) violations: Vec<Violation>,
}

/// What a trial has shown.
pub(super) struct Outcome {
    /// Whether a fault struck.
    pub(super) struck: bool,
    /// Whether the first run ended with exit code 0.
    pub(super) survived: bool,
    pub(super) violations: Vec<Violation>,
}

/// A run with the requests that it made.
struct Traced {
    ran: Ran,
    seen: Vec<Seen>,
}

/// A trial under way.
pub(super) struct Trial<'a, W> {
    world: &'a mut W,
    case: &'a str,
    runs: Vec<Traced>,
    states: Vec<Dump>,
    violations: Vec<Violation>,
}

/// Runs the command without faults, and once more.
pub(super) async fn reference<W: World>(world: &mut W) -> Result<Reference, Trouble> {
    let mut trial = Trial::begin(world, "without faults").await?;
    let exit = trial.run(Script::none()).await?;
    trial.expect(exit == Exit::Code(0), Law::Converges, || {
        format!("the run ended with {exit}")
    });
    trial.look().await?;
    trial.look_for_losses();
    trial.once_more().await?;
    trial.look_for_leaks();
    trial.add_last_words();
    Ok(Reference {
        requests: trial.runs.swap_remove(0).seen,
        state: trial.states.pop().ok_or("a reference has a state")?,
        violations: trial.violations,
    })
}

/// Runs the command with the faults of `case`, and again without until it is done.
pub(super) async fn of<W: World>(
    world: &mut W,
    case: &Case,
    reference: &Reference,
) -> Result<Outcome, Trouble> {
    let mut trial = Trial::begin(world, &case.name).await?;
    let exit = trial.run(case.script.clone()).await?;
    let struck = trial.runs[0].seen.iter().any(|seen| seen.faulted.is_some());
    trial.look_at_the_end(exit, if struck { case.death } else { Death::No });
    trial.look().await?;
    trial.rerun(exit).await?;
    trial.look().await?;
    trial.compare(reference);
    trial.look_for_losses();
    trial.once_more().await?;
    trial.look_for_leaks();
    trial.add_last_words();
    Ok(Outcome {
        struck,
        survived: exit == Exit::Code(0),
        violations: trial.violations,
    })
}

/// Runs a dry run in the initial state.
pub(super) async fn dry_run<W: World>(world: &mut W, run: &Run) -> Result<Vec<Violation>, Trouble> {
    let mut trial = Trial::begin(world, "dry run").await?;
    trial.world.writes().await?;
    let exit = trial.start(run, Script::none()).await?;
    // 3: changes are pending, when the command was asked to say so.
    trial.expect(matches!(exit, Exit::Code(0 | 3)), Law::Converges, || {
        format!("the dry run ended with {exit}")
    });
    trial.no_writes().await?;
    trial.look().await?;
    let differences = trial.states[1].differences(&trial.states[0]);
    differences
        .into_iter()
        .for_each(|difference| trial.violated(Law::SameState, difference));
    trial.look_for_leaks();
    trial.add_last_words();
    Ok(trial.violations)
}

impl<'a, W: World> Trial<'a, W> {
    async fn begin(world: &'a mut W, case: &'a str) -> Result<Self, Trouble> {
        world.reset().await?;
        let before = world.dump().await?;
        Ok(Self {
            world,
            case,
            runs: Vec::new(),
            states: vec![before],
            violations: Vec::new(),
        })
    }

    async fn run(&mut self, script: Script) -> Result<Exit, Trouble> {
        let run = self.world.command();
        self.start(&run, script).await
    }

    async fn start(&mut self, run: &Run, script: Script) -> Result<Exit, Trouble> {
        let recorder = self.world.recorder().clone();
        recorder.reset();
        recorder.script(script);
        let ran = run.clone().victim_of(&recorder).finish().await?;
        let exit = ran.exit;
        self.runs.push(Traced {
            ran,
            seen: recorder.requests(),
        });
        Ok(exit)
    }

    async fn look(&mut self) -> Result<(), Trouble> {
        let state = self.world.dump().await?;
        self.states.push(state);
        Ok(())
    }

    /// Of the first run, whose faults are of this case.
    fn look_at_the_end(&mut self, exit: Exit, death: Death) {
        let killed = exit == Exit::Signal(9);
        let documented = matches!(exit, Exit::Code(0 | 2..=11 | 130 | 143));
        let (law, right) = match death {
            Death::Yes => (Law::Dies, killed),
            Death::Perhaps => (Law::Dies, killed || documented),
            Death::No => (Law::Ends, documented),
        };
        self.expect(right, law, || format!("the run ended with {exit}"));
    }

    async fn rerun(&mut self, mut exit: Exit) -> Result<(), Trouble> {
        for _ in 0..RERUNS {
            if exit == Exit::Code(0) {
                return Ok(());
            }
            exit = self.run(Script::none()).await?;
        }
        self.expect(exit == Exit::Code(0), Law::Converges, || {
            format!("the last of {RERUNS} reruns ended with {exit}")
        });
        Ok(())
    }

    /// The last state against the reference.
    fn compare(&mut self, reference: &Reference) {
        let last = self.states.last();
        let differences = last.map(|last| last.differences(&reference.state));
        differences
            .into_iter()
            .flatten()
            .for_each(|difference| self.violated(Law::SameState, difference));
    }

    /// The last state against all states before it.
    fn look_for_losses(&mut self) {
        let Some((last, earlier)) = self.states.split_last() else {
            return;
        };
        let mut broken = BTreeSet::new();
        for state in earlier {
            let mut changed = last.changed_secrets(state);
            changed.retain(|key| !self.world.may_change(key));
            broken.extend(changed.into_iter().map(|key| (Law::SecretsKept, key)));
            let mut lost = last.lost_objects(state);
            lost.retain(|key| !self.world.may_be_lost(key));
            broken.extend(lost.into_iter().map(|key| (Law::NothingLost, key)));
        }
        broken
            .into_iter()
            .for_each(|(law, detail)| self.violated(law, detail));
    }

    async fn once_more(&mut self) -> Result<(), Trouble> {
        self.world.writes().await?;
        let exit = self.run(Script::none()).await?;
        self.expect(exit == Exit::Code(0), Law::Converges, || {
            format!("one more run ended with {exit}")
        });
        self.no_writes().await
    }

    async fn no_writes(&mut self) -> Result<(), Trouble> {
        let writes = self.world.writes().await?;
        writes
            .into_iter()
            .for_each(|write| self.violated(Law::NoWrites, write));
        Ok(())
    }

    /// Every secret that was in any state, in all that any run let out.
    fn look_for_leaks(&mut self) {
        let (names, secrets): (Vec<_>, Vec<_>) = self.secrets().into_iter().unzip();
        let canaries = Canaries::new(&secrets);
        let mut hits: Vec<Hit> = Vec::new();
        for (run, index) in self.runs.iter().zip(1..) {
            for (name, bytes) in run.ran.outputs() {
                hits.extend(canaries.scan(&format!("{name} of run {index}"), bytes));
            }
            for seen in &run.seen {
                let place = format!("the path of request {} of run {index}", seen.number);
                hits.extend(canaries.scan(&place, seen.path_and_query.as_bytes()));
            }
        }
        for (key, value) in self.states.iter().flat_map(|state| &state.entries) {
            hits.extend(canaries.scan(key, value.to_string().as_bytes()));
        }
        for (key, value) in self.states.iter().flat_map(|state| &state.masked) {
            hits.extend(canaries.scan(key, value.to_string().as_bytes()));
        }
        for Hit { output, secret, form } in hits {
            self.violated(
                Law::NoLeak,
                format!("{output} shows {} as {form:?}", names[secret]),
            );
        }
    }

    /// All values that must not be let out, by their names.
    fn secrets(&self) -> Vec<(String, Vec<u8>)> {
        let planted = self.world.planted().into_iter().zip(1..);
        let planted = planted.map(|(value, number)| (value, format!("planted secret {number}")));
        let found = self.states.iter().flat_map(|state| &state.secrets);
        let found = found.filter(|(key, _)| !self.world.is_public(key));
        let all: BTreeMap<_, _> = planted
            .chain(found.map(|(key, value)| (value.clone(), key.clone())))
            .collect();
        all.into_iter().map(|(value, name)| (name, value)).collect()
    }

    /// Adds what the command said last to the violations, unless it has let a secret out.
    fn add_last_words(&mut self) {
        let failed = self
            .runs
            .iter()
            .rev()
            .find(|run| !matches!(run.ran.exit, Exit::Code(0) | Exit::Signal(_)));
        let leaks = self
            .violations
            .iter()
            .any(|violation| violation.law == Law::NoLeak);
        let Some(run) = failed.filter(|_| !leaks) else {
            return;
        };
        let words = String::from_utf8_lossy(&run.ran.stderr);
        let words = words.trim_end().lines().next_back().unwrap_or_default();
        for violation in &mut self.violations {
            if matches!(violation.law, Law::Converges | Law::Ends | Law::Dies) && !words.is_empty() {
                violation.detail = format!("{}: {words}", violation.detail);
            }
        }
    }

    fn expect(&mut self, holds: bool, law: Law, detail: impl FnOnce() -> String) {
        if !holds {
            let detail = detail();
            self.violated(law, detail);
        }
    }

    fn violated(&mut self, law: Law, detail: String) {
        self.violations.push(Violation {
            case: self.case.to_owned(),
            law,
            detail,
        });
    }
}
