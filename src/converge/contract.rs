//! What a step is.

use crate::{
    converge::Context,
    model::{
        config::Config,
        failure::{Failure, Reason},
        object::ObjectRef,
        rule::Rule,
    },
};
use schemars::JsonSchema;
use serde::Serialize;
use std::{fmt, time::Duration};

/// When a step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// When somebody asks for it.
    Once,
    /// On a cron schedule, in the five-field form of Kubernetes' CronJob.
    Cron(&'static str),
}

/// What is true of a step before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// The command that runs it, without the program's name (`secrets generate`).
    pub command: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// When it runs.
    pub schedule: Schedule,
    /// Whether it only looks; then it takes no lock.
    pub read_only: bool,
}

/// One idempotent piece of work.
///
/// The driver calls `observe`, `plan`, `apply` in rounds. Nothing is remembered between rounds but what
/// the world shows: a crash between two writes is just another observed state.
#[expect(
    async_fn_in_trait,
    reason = "the driver awaits in place and never spawns, so no Send bound is needed"
)]
pub trait Step {
    /// What is true of it before it runs.
    const META: Meta;
    /// Facts about the world. Never secret values: only missing, same, different.
    type Observed;
    /// One effect, already decided. Never secret values: any plan may be printed.
    type Action: Effect;

    /// The Kubernetes permissions that it needs, all of them and no more.
    fn rules(&self, config: &Config) -> Vec<Rule>;

    /// Looks at the world, without changing it.
    ///
    /// # Errors
    /// A [`Failure`] that keeps it from seeing enough to plan; it ends the run.
    async fn observe(&self, cx: &Context) -> Result<Self::Observed, Failure>;

    /// Decides, from what was seen alone.
    fn plan(&self, seen: &Self::Observed) -> Plan<Self::Action>;

    /// Does one action. Actions of one plan are independent of each other, but for those of one [`Effect::sequence`].
    ///
    /// # Errors
    /// A [`Failure`]; a transient one is planned again in the next round, any other is final for this run.
    async fn apply(&self, cx: &Context, action: Self::Action) -> Result<Outcome, Failure>;
}

/// An effect as the driver and the report see it; `Display` says what it does, for people.
pub trait Effect: fmt::Display + Clone + PartialEq {
    /// What it changes.
    fn object(&self) -> ObjectRef;
    /// How it changes it.
    fn verb(&self) -> Verb;
    /// What that is a part of, where somebody wants to hear of a change to any part.
    fn part_of(&self) -> Option<ObjectRef> {
        None
    }
    /// The sequence that it belongs to, and its rank there: it comes after all of a lower rank in the same plan, and is left to
    /// a later round if one of them fails. Else it depends on nothing else in the plan.
    fn sequence(&self) -> Option<(&str, u8)> {
        None
    }
}

/// The action of steps that only look; it has no values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nothing {}

impl fmt::Display for Nothing {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl Effect for Nothing {
    fn object(&self) -> ObjectRef {
        match *self {}
    }
    fn verb(&self) -> Verb {
        match *self {}
    }
}

/// How an action changes its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Looks only.
    Check,
    /// Makes it.
    Create,
    /// Changes it.
    Update,
    /// Removes it.
    Delete,
}

/// What became of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It did not exist and does now.
    Created,
    /// It was changed.
    Configured,
    /// It already was as wanted.
    Unchanged,
    /// It is gone.
    Deleted,
    /// It was left out on purpose.
    Skipped,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
            Self::Skipped => "skipped",
        })
    }
}

/// Something that stands in the way for now and will change without us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Wait {
    /// What is waited for.
    pub object: ObjectRef,
    /// Machine-readable cause.
    pub reason: Reason,
    /// What is seen now and what is waited for, in one sentence.
    pub message: String,
    /// The command that provides it, if one of ours does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provided_by: Option<&'static str>,
    /// What helps if it takes too long, if more does than time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// What to watch so that the wait ends at once.
    #[serde(skip)]
    pub watch: Option<Watch>,
    /// Whether it comes after something else in the plan, so that a refusal of that may be the end of it.
    #[serde(skip)]
    pub comes_after: bool,
}

/// A Kubernetes object whose next change ends a wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The collection's path below the API server, such as `/apis/apps/v1/namespaces/auth-system/deployments`.
    pub path: String,
    /// The object's name.
    pub name: String,
    /// Its resourceVersion when it was seen; `None` if it did not exist.
    pub since: Option<String>,
    /// How long a change is left alone before it is looked at; usually [`Watch::SETTLING`].
    pub settling: Duration,
}

impl Watch {
    /// Controllers write a status in bursts, and one look sees all.
    pub const SETTLING: Duration = Duration::from_millis(100);
}

impl Wait {
    /// Waits for an object.
    pub fn new(object: ObjectRef, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            object,
            reason,
            message: message.into(),
            provided_by: None,
            remedy: None,
            watch: None,
            comes_after: false,
        }
    }

    /// Waits until what failed passes; for `object`, if the failure names none.
    #[must_use]
    pub fn until_it_passes(failure: Failure, object: ObjectRef) -> Self {
        let message = failure.chain();
        Self {
            remedy: failure.hint,
            ..Self::new(failure.object.unwrap_or(object), failure.reason, message)
        }
    }

    /// Says what to watch.
    #[must_use]
    pub fn watching(mut self, watch: Watch) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Says that it comes after something else in the plan.
    #[must_use]
    pub fn coming_after(mut self) -> Self {
        self.comes_after = true;
        self
    }

    /// Names the command of ours that provides the object.
    #[must_use]
    pub fn provided_by(mut self, command: &'static str) -> Self {
        self.provided_by = Some(command);
        self
    }

    /// Says what helps if it takes too long.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// What to do next: act on some things, wait for others and refuse a third, all at once.
#[must_use = "a plan that nobody reads decides nothing"]
#[derive(Debug, Clone)]
pub struct Plan<A> {
    /// Actions; each for itself, or in the order of its sequence.
    pub act: Vec<A>,
    /// What only time, or somebody else, can change.
    pub wait: Vec<Wait>,
    /// What is not done, and why; the rest goes on.
    pub refused: Vec<Refusal>,
    /// What is as it should be, or worth a word: rows of the report that need no action.
    pub notes: Vec<Note>,
}

/// A decision not to do something, as a value: it is made by pure code and becomes a [`Failure`] in the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Exit code that it leads to.
    pub exit: crate::model::exit::Exit,
    /// Machine-readable cause.
    pub reason: Reason,
    /// What it is about.
    pub object: ObjectRef,
    /// What is wrong.
    pub message: String,
    /// What mends it.
    pub hint: String,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.exit, refusal.reason, refusal.message)
            .on(refusal.object)
            .hint(refusal.hint)
    }
}

/// A remark about an object that needs no action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it is about.
    pub object: ObjectRef,
    /// What that is a part of, if it is said.
    pub part_of: Option<ObjectRef>,
    /// Usually [`Outcome::Unchanged`]; [`Outcome::Skipped`] if it was left out.
    pub outcome: Outcome,
    /// `Some` makes it a warning.
    pub reason: Option<Reason>,
    /// One sentence.
    pub message: String,
}

impl Note {
    /// It is as it should be.
    pub fn unchanged(object: ObjectRef, message: impl Into<String>) -> Self {
        Self {
            object,
            part_of: None,
            outcome: Outcome::Unchanged,
            reason: None,
            message: message.into(),
        }
    }

    /// It was left out on purpose.
    pub fn skipped(object: ObjectRef, message: impl Into<String>) -> Self {
        Self {
            object,
            part_of: None,
            outcome: Outcome::Skipped,
            reason: None,
            message: message.into(),
        }
    }

    /// It works, but somebody should look at it.
    pub fn warning(object: ObjectRef, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            object,
            part_of: None,
            outcome: Outcome::Unchanged,
            reason: Some(reason),
            message: message.into(),
        }
    }

    /// Says what its object is a part of.
    #[must_use]
    pub fn part_of(self, parent: ObjectRef) -> Self {
        Self {
            part_of: Some(parent),
            ..self
        }
    }
}

impl<A> Default for Plan<A> {
    fn default() -> Self {
        Self {
            act: Vec::new(),
            wait: Vec::new(),
            refused: Vec::new(),
            notes: Vec::new(),
        }
    }
}

impl<A> Plan<A> {
    /// Takes over what another step would do next, as actions of one's own.
    pub fn take<B>(&mut self, other: Plan<B>, own: impl Fn(B) -> A) {
        self.act.extend(other.act.into_iter().map(own));
        self.wait.extend(other.wait);
        self.refused.extend(other.refused);
        self.notes.extend(other.notes);
    }

    /// Whether nothing is left to do or to wait for.
    #[must_use]
    pub fn is_converged(&self) -> bool {
        self.act.is_empty() && self.wait.is_empty()
    }
}
