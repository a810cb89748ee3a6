//! Whether an object does what its spec asks for, from its own status and that of a few others.
//!
//! [`judge`] first looks at what holds for every kind: a verdict counts only for the object that was written, and for
//! what was written of it. Then comes the rule of its kind, found by group and kind, never by version: see the
//! `RULES` of each family. A kind without one is judged as kstatus does, see the module `generic`.

mod argocd;
mod causes;
mod cert_manager;
mod deployment;
mod expressions;
mod extension;
mod external_secrets;
mod gateway;
mod generic;
mod jobs;
mod needs;
mod network;
mod ours;
mod plain;
mod pod;
mod pods;
mod preconditions;
mod scaling;
mod storage;
mod subject;
mod tekton;
mod verdict;
mod workloads;

#[cfg(test)]
mod tests;

pub use causes::causes;
pub use deployment::deployment;
pub use expressions::{BadExpression, Expressions};
pub use extension::{Probe, probe};
pub use needs::{Answer, Found, Need};
pub use pods::{PodTrouble, is_ready, is_true, trouble};
pub use subject::Baseline;
pub use verdict::{Health, SETTLE, Verdict};

use serde_json::Value;
use subject::Subject;

/// The rules of all kinds that we know.
const FAMILIES: [&[Rule]; 14] = [
    workloads::RULES,
    pod::RULES,
    jobs::RULES,
    network::RULES,
    storage::RULES,
    scaling::RULES,
    plain::RULES,
    extension::RULES,
    cert_manager::RULES,
    external_secrets::RULES,
    tekton::RULES,
    argocd::RULES,
    gateway::RULES,
    ours::RULES,
];

/// How objects of one kind are judged.
struct Rule {
    group: &'static str,
    kind: &'static str,
    /// Whether its controller always writes `status.observedGeneration`.
    observes: bool,
    /// Whether its controller always writes `status.conditions`.
    has_conditions: bool,
    needs: fn(&Value) -> Vec<Need>,
    judge: fn(&Subject<'_>) -> Verdict,
}

impl Rule {
    const fn new(group: &'static str, kind: &'static str, judge: fn(&Subject<'_>) -> Verdict) -> Self {
        Self {
            group,
            kind,
            observes: false,
            has_conditions: false,
            needs: |_| Vec::new(),
            judge,
        }
    }

    const fn observing(self) -> Self {
        let observes = true;
        Self { observes, ..self }
    }

    const fn with_conditions(self) -> Self {
        let has_conditions = true;
        Self {
            has_conditions,
            ..self
        }
    }

    const fn needing(self, needs: fn(&Value) -> Vec<Need>) -> Self {
        Self { needs, ..self }
    }
}

/// Its group, empty for the core group, and its kind.
fn kind(live: &Value) -> (&str, &str) {
    let version = live["apiVersion"].as_str().unwrap_or_default();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    (group, live["kind"].as_str().unwrap_or_default())
}

fn rule(live: &Value) -> Option<&'static Rule> {
    let (group, kind) = kind(live);
    let mut rules = FAMILIES.into_iter().flatten();
    rules.find(|rule| rule.group == group && rule.kind == kind)
}

/// The other objects that a verdict on this one looks at.
///
/// None of them is indispensable: what may not be read is said in [`Verdict::warning`]. It depends on the object as it
/// is now, so it has to be asked again when that changes. While its status says nothing of what was written, there are
/// none: the others are no further than it is.
#[must_use]
pub fn needs(live: &Value, baseline: Option<&Baseline>) -> Vec<Need> {
    let nothing = Found::default();
    let is_unread = preconditions::unmet(&Subject::new(live, baseline, &nothing), rule(live)).is_some();
    if is_unread { Vec::new() } else { may_need(live) }
}

/// The same whatever its status says; also of an object that does not exist yet.
#[must_use]
pub fn may_need(object: &Value) -> Vec<Need> {
    rule(object).map_or_else(Vec::new, |rule| (rule.needs)(object))
}

/// Judges an object, with its `apiVersion` and `kind`, as the API server shows it; null if there is none.
///
/// Guarantees: [`Health::Current`] is never said of another object of the same name, of a state older than the
/// baseline's, or of a status that its controller wrote for an earlier generation. Where a kind's status does not tell
/// for which generation it was written, the verdict on a change is [`Health::Unknown`] with [`Verdict::settles`].
///
/// `found` is what was found of [`needs`]. Without a baseline, the object's present generation is the measure.
#[must_use]
pub fn judge(live: &Value, baseline: Option<&Baseline>, found: &Found) -> Verdict {
    let subject = Subject::new(live, baseline, found);
    let rule = rule(live);
    if let Some(verdict) = preconditions::unmet(&subject, rule) {
        return verdict;
    }
    rule.map_or(generic::judge as fn(&Subject<'_>) -> Verdict, |rule| rule.judge)(&subject)
}
