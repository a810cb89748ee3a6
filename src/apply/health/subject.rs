//! What a rule reads: one object, what we wrote of it, and what was found of others.

use super::{Health, Verdict, needs::Found};
use jiff::Timestamp;
use serde_json::Value;

/// What we wrote of an object: from the answer to its apply, or from itself if there was nothing to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// Its uid.
    pub uid: String,
    /// Its generation, for kinds that have one.
    pub generation: Option<i64>,
    /// Its resource version.
    pub resource_version: String,
    /// The server's time of the answer (its `Date` header).
    pub written_at: Option<Timestamp>,
    /// Whether the apply changed anything.
    pub is_changed: bool,
}

/// An object under judgement.
pub(super) struct Subject<'a> {
    pub(super) live: &'a Value,
    pub(super) baseline: Option<&'a Baseline>,
    pub(super) found: &'a Found,
}

impl<'a> Subject<'a> {
    pub(super) fn new(live: &'a Value, baseline: Option<&'a Baseline>, found: &'a Found) -> Self {
        Self {
            live,
            baseline,
            found,
        }
    }

    /// The text at a JSON pointer; empty if there is none.
    pub(super) fn text(&self, pointer: &str) -> &'a str {
        text(self.live, pointer)
    }

    /// The number at a JSON pointer.
    pub(super) fn number(&self, pointer: &str) -> Option<i64> {
        self.live.pointer(pointer)?.as_i64()
    }

    /// The number at a JSON pointer; 0 if there is none, as controllers leave out zeros.
    pub(super) fn count(&self, pointer: &str) -> i64 {
        self.number(pointer).unwrap_or(0)
    }

    pub(super) fn list(&self, pointer: &str) -> &'a [Value] {
        list(self.live, pointer)
    }

    /// The generation that a status has to be of.
    pub(super) fn generation(&self) -> Option<i64> {
        match self.baseline {
            Some(baseline) => baseline.generation,
            None => self.number("/metadata/generation"),
        }
    }

    /// A condition, unless it says that it is of an earlier generation.
    pub(super) fn condition(&self, kind: &str) -> Option<Condition<'a>> {
        self.condition_of(self.list("/status/conditions"), kind)
    }

    /// The same, of a list of conditions elsewhere in the status.
    pub(super) fn condition_of(&self, conditions: &'a [Value], kind: &str) -> Option<Condition<'a>> {
        let mut known = conditions.iter().map(Condition::new);
        let found = known.find(|found| found.kind == kind)?;
        let is_old = |observed: i64| self.generation().is_some_and(|ours| observed < ours);
        (!found.observed.is_some_and(is_old)).then_some(found)
    }

    pub(super) fn is_true(&self, kind: &str) -> bool {
        self.condition(kind).is_some_and(|found| found.is_true())
    }

    /// When we changed the object; `None` if we did not, or do not know when.
    pub(super) fn changed_at(&self) -> Option<Timestamp> {
        let baseline = self.baseline.filter(|baseline| baseline.is_changed)?;
        baseline.written_at
    }

    /// Whether a condition was surely written for what the object asks for now, of a kind whose controller need not
    /// say for which generation it wrote its status.
    ///
    /// It surely was if we changed nothing, if the object never had another generation, if the status does say so, or
    /// if the condition changed since.
    pub(super) fn is_fresh(&self, condition: &Condition<'_>) -> bool {
        let Some(baseline) = self.baseline.filter(|baseline| baseline.is_changed) else {
            return true;
        };
        let says_so = condition.observed.is_some() || self.number("/status/observedGeneration").is_some();
        let is_later = |at: Timestamp| condition.changed_at.is_some_and(|changed| changed >= at);
        baseline.generation == Some(1) || says_so || baseline.written_at.is_some_and(is_later)
    }

    /// The verdict on a kind of which one condition tells all that is good, given that it is true.
    pub(super) fn current_by(&self, condition: &Condition<'_>) -> Verdict {
        if self.is_fresh(condition) {
            return condition.verdict(Health::Current);
        }
        let warning = format!(
            "its {} condition may be of before the last change",
            condition.kind
        );
        Verdict::settling(warning).because(condition.reason)
    }

    pub(super) fn namespace(&self) -> &'a str {
        self.text("/metadata/namespace")
    }
}

/// One entry of `status.conditions`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition<'a> {
    pub(super) kind: &'a str,
    pub(super) status: &'a str,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
    observed: Option<i64>,
    changed_at: Option<Timestamp>,
}

impl<'a> Condition<'a> {
    fn new(condition: &'a Value) -> Self {
        Self {
            kind: text(condition, "/type"),
            status: text(condition, "/status"),
            reason: text(condition, "/reason"),
            message: text(condition, "/message"),
            observed: condition["observedGeneration"].as_i64(),
            changed_at: time(condition, "/lastTransitionTime"),
        }
    }

    pub(super) fn is_true(&self) -> bool {
        self.status == "True"
    }

    pub(super) fn is_false(&self) -> bool {
        self.status == "False"
    }

    /// A verdict that rests on this condition.
    pub(super) fn verdict(&self, health: Health) -> Verdict {
        let told = match (self.reason, self.message) {
            ("", "") => format!("{} is {}", self.kind, self.status),
            (reason, "") => reason.to_owned(),
            ("", message) => message.to_owned(),
            (reason, message) => format!("{reason}: {message}"),
        };
        Verdict::new(health, told).because(self.reason)
    }
}

/// The text at a JSON pointer; empty if there is none.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a JSON pointer; empty if there is none.
pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// The point in time at a JSON pointer.
pub(super) fn time(value: &Value, pointer: &str) -> Option<Timestamp> {
    text(value, pointer).parse().ok()
}
