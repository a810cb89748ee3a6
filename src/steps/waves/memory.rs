//! What one run knows of the plan's objects: never more than the cluster shows, and forgotten at its end.

use super::prepared::Body;
use crate::{
    apply::health::{Baseline, Health, SETTLE, Verdict},
    kubernetes::State,
    model::names,
};
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// How long something may be wrong that might heal by itself.
const GRACE: Duration = Duration::from_secs(60);
/// From when on it is worth asking for the Events about it, and how often.
const LONG: Duration = Duration::from_secs(4);
const EVENTS_EVERY: Duration = Duration::from_secs(30);
/// An object that was written so shortly ago may be shown with the verdict on what it was before.
const RECENT: i64 = 60;

/// What is known of one object.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) state: State,
    pub(super) verdict: Option<Verdict>,
    /// More about a verdict that is not good.
    pub(super) causes: Vec<String>,
    pub(super) version: Option<String>,
    /// Whether others may rely on it. It is not looked at again then.
    pub(super) is_done: bool,
    /// How often it was looked at without anything new.
    pub(super) looks: u32,
    /// Whether what is known of it may not hold any more.
    pub(super) is_stale: bool,
    /// What is applied to it, if it was looked at.
    pub(super) body: Option<Body>,
    /// Events about it, if it takes long.
    pub(super) events: Vec<Value>,
    asked_for_events: Option<Instant>,
    baseline: Option<Baseline>,
    /// Since when the verdict is what it is.
    since: Instant,
}

impl Known {
    pub(super) fn new(state: State) -> Self {
        Self {
            state,
            verdict: None,
            causes: Vec::new(),
            version: None,
            is_done: false,
            looks: 0,
            is_stale: false,
            body: None,
            events: Vec::new(),
            asked_for_events: None,
            baseline: None,
            since: Instant::now(),
        }
    }

    /// It was seen so, and an apply would change nothing.
    pub(super) fn seen_same(&mut self, live: &Value, is_changed: bool) {
        self.state = State::Same;
        let fresh = baseline(live, is_changed);
        // What was written in this run stays the measure: a later look has nothing to add.
        if self
            .baseline
            .as_ref()
            .is_none_or(|known| known.uid != fresh.uid || is_changed)
        {
            self.baseline = Some(fresh);
        }
    }

    pub(super) fn baseline(&self) -> Option<&Baseline> {
        self.baseline.as_ref()
    }

    /// Whether nothing but its status changed since it was compared with what is wanted: then it need not be again.
    pub(super) fn is_as_compared(&self, live: &Value) -> bool {
        let metadata = &live["metadata"];
        self.state == State::Same
            && metadata["deletionTimestamp"].is_null()
            && self.baseline.as_ref().is_some_and(|baseline| {
                let generation = metadata["generation"].as_i64();
                metadata["uid"] == *baseline.uid && generation.is_some() && generation == baseline.generation
            })
    }

    /// Takes a verdict on it.
    pub(super) fn judged(&mut self, verdict: Verdict, live: &Value) {
        let version = live["metadata"]["resourceVersion"].as_str().map(str::to_owned);
        let is_news = self.version != version;
        self.looks = if is_news { 0 } else { self.looks + 1 };
        if self.verdict.as_ref().map(|known| known.health) != Some(verdict.health) {
            self.since = Instant::now();
        }
        // What was not changed has had all the time that it needs.
        let is_changed = self.baseline.as_ref().is_some_and(|baseline| baseline.is_changed);
        let has_settled = verdict.settles && (!is_changed || self.since.elapsed() >= SETTLE);
        let is_good = verdict.health == Health::Current || has_settled || !verdict.is_gating;
        self.is_done = self.state == State::Same && is_good;
        self.version = version;
        self.verdict = Some(verdict);
    }

    /// Whether to ask for the Events about it now: it takes long, and nobody asked a short time ago.
    pub(super) fn wants_events(&mut self) -> bool {
        let is_long = self.verdict.is_some() && self.since.elapsed() >= LONG;
        let is_due = self
            .asked_for_events
            .is_none_or(|asked| asked.elapsed() >= EVENTS_EVERY);
        if is_long && is_due {
            self.asked_for_events = Some(Instant::now());
        }
        is_long && is_due
    }

    /// Whether what is thought of it changed so shortly ago.
    pub(super) fn was_judged_within(&self, time: Duration) -> bool {
        self.verdict.is_some() && self.since.elapsed() < time
    }

    /// Whether it has to be looked at again: it changes by itself, or an attempt to change it failed.
    pub(super) fn is_worth_a_look(&self) -> bool {
        match self.state {
            State::Same | State::Terminating { .. } => true,
            State::Missing | State::Different { .. } => self.is_stale,
            State::Refused(_) => false,
        }
    }

    /// Whether it will not get well by itself.
    pub(super) fn has_failed(&self) -> bool {
        match self.verdict.as_ref().map(|verdict| verdict.health) {
            Some(Health::Failed) => true,
            Some(Health::Degraded) => self.since.elapsed() >= GRACE,
            _ => false,
        }
    }
}

/// What was written last, from what the API server keeps of it: the time is the server's own.
fn baseline(live: &Value, is_changed: bool) -> Baseline {
    let metadata = &live["metadata"];
    let text = |field: &str| metadata[field].as_str().unwrap_or_default().to_owned();
    let written_at = written_at(metadata);
    // A run before this one may have ended right after its write.
    let is_recent = written_at.is_some_and(|at| Timestamp::now().duration_since(at).as_secs() < RECENT);
    Baseline {
        uid: text("uid"),
        generation: metadata["generation"].as_i64(),
        resource_version: text("resourceVersion"),
        written_at,
        is_changed: is_changed || is_recent,
    }
}

fn written_at(metadata: &Value) -> Option<Timestamp> {
    let entries = metadata["managedFields"].as_array()?;
    let ours = entries.iter().find(|entry| {
        entry["manager"] == names::PRODUCT && entry["operation"] == "Apply" && entry["subresource"].is_null()
    })?;
    ours["time"].as_str()?.parse().ok()
}
