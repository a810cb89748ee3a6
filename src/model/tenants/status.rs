//! What the statuses of all tenants have in common.

use super::{
    Condition, KnowledgeBasePhase, KnowledgeBaseStatus, OrganizationPhase, OrganizationStatus,
    RepoBindingStatus, merge_conditions, repo_binding::BindingPhase,
};
use serde::Serialize;

/// What a tenant says of itself.
pub trait Status: Clone + PartialEq + Serialize {
    /// Whether everything that belongs to it is there.
    fn is_good(&self) -> bool;
    /// The generation of the specification that it speaks of.
    fn observed_generation(&self) -> i64;
    /// Phase and message.
    fn summary(&self) -> String;
    /// Its conditions.
    fn conditions(&self) -> &[Condition];
    /// The same with other conditions, and without the time at which it was said.
    #[must_use]
    fn with_conditions(&self, conditions: Vec<Condition>) -> Self;

    /// Whether both say the same, whenever they began to.
    #[must_use]
    fn says_the_same(&self, other: &Self) -> bool {
        let (own, others) = (self.conditions(), other.conditions());
        self.with_conditions(Vec::new()) == other.with_conditions(Vec::new())
            && own.len() == others.len()
            && own
                .iter()
                .zip(others)
                .all(|(own, other)| own.says_the_same(other))
    }

    /// The same, each condition with the time at which its status became what it is, where the live one tells; the others have
    /// none yet.
    #[must_use]
    fn since(&self, live: Option<&Self>) -> Self {
        let live = live.map(Self::conditions).unwrap_or_default();
        self.with_conditions(merge_conditions(self.conditions(), live, ""))
    }
}

macro_rules! status {
    ($status:ident, $good:path $(, without $time:ident)?) => {
        impl Status for $status {
            fn is_good(&self) -> bool {
                self.phase == $good
            }

            fn observed_generation(&self) -> i64 {
                self.observed_generation
            }

            fn summary(&self) -> String {
                format!("{:?}: {}", self.phase, self.message)
            }

            fn conditions(&self) -> &[Condition] {
                &self.conditions
            }

            fn with_conditions(&self, conditions: Vec<Condition>) -> Self {
                Self {
                    conditions,
                    $($time: String::new(),)?
                    ..self.clone()
                }
            }
        }
    };
}

status!(OrganizationStatus, OrganizationPhase::Active);
status!(RepoBindingStatus, BindingPhase::Ready);
status!(KnowledgeBaseStatus, KnowledgeBasePhase::Ready, without last_reconcile_time);
