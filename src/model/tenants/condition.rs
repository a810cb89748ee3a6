//! Conditions in the status of a tenant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One condition, as Kubernetes' own kinds have them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What it is about, such as `NamespaceReady`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    #[schemars(extend("enum" = ["True", "False", "Unknown"]))]
    pub status: String,
    /// Why, in one CamelCase word.
    pub reason: String,
    /// Why, for people.
    pub message: String,
    /// The generation of the object that it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// When `status` last changed (RFC 3339).
    #[serde(default)]
    pub last_transition_time: String,
}

impl Condition {
    /// A condition that has no time yet.
    pub fn new(kind: &str, is_true: bool, reason: &str, message: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            status: if is_true { "True" } else { "False" }.to_owned(),
            reason: reason.to_owned(),
            message: message.into(),
            observed_generation: None,
            last_transition_time: String::new(),
        }
    }

    /// Whether both say the same, whenever they began to.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        let words = |condition: &Self| {
            let Self {
                kind,
                status,
                reason,
                message,
                observed_generation,
                last_transition_time: _,
            } = condition.clone();
            (kind, status, reason, message, observed_generation)
        };
        words(self) == words(other)
    }
}

/// The wanted conditions, each with the time at which its status became what it is: that of the live one if its status is the
/// same, else `now`.
#[must_use]
pub fn merge_conditions(wanted: &[Condition], live: &[Condition], now: &str) -> Vec<Condition> {
    let with_time = |wanted: &Condition| {
        let before = live.iter().find(|live| live.kind == wanted.kind);
        let before =
            before.filter(|live| live.status == wanted.status && !live.last_transition_time.is_empty());
        Condition {
            last_transition_time: before.map_or(now, |live| &live.last_transition_time).to_owned(),
            ..wanted.clone()
        }
    };
    wanted.iter().map(with_time).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_keeps_its_time_while_its_status_is_the_same() {
        let mut before = Condition::new("NamespaceReady", false, "NotThere", "");
        before.last_transition_time = "2026-01-01T00:00:00Z".to_owned();
        let still = Condition::new("NamespaceReady", false, "Foreign", "it belongs to somebody else");
        let turned = Condition::new("NamespaceReady", true, "Ready", "");
        let now = "2026-02-02T00:00:00Z";
        let time = |wanted: Condition| {
            merge_conditions(&[wanted], &[before.clone()], now)[0]
                .last_transition_time
                .clone()
        };
        assert_eq!(time(still.clone()), before.last_transition_time);
        assert_eq!(time(turned), now);
        assert!(!still.says_the_same(&before));
    }
}
