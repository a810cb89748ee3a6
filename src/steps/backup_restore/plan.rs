//! What to restore, and what to leave as it is.

use crate::{
    converge::{
        Effect, Plan, Verb, Wait,
        contract::{Note, Refusal},
    },
    model::{exit::Exit, failure::Reason, kind::Address, object::ObjectRef},
};
use std::fmt;

/// How one object of the backup is in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Missing,
    /// It is being deleted.
    Leaving,
    There {
        /// Keys that are not there.
        lacks: Vec<String>,
        /// Keys or fields that are there with another value.
        differs: Vec<String>,
        uid: String,
    },
}

/// One object of the backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub(super) at: Address,
    /// When it comes.
    pub(super) rank: u8,
    pub(super) state: State,
}

/// How an object is restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Create,
    /// Adds keys to this very Secret.
    Add {
        keys: Vec<String>,
        uid: String,
    },
    /// Puts what the backup has in the place of what is there.
    Overwrite {
        fields: Vec<String>,
        uid: String,
    },
}

/// Restores one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restore {
    pub(super) at: Address,
    pub(super) rank: u8,
    pub(super) change: Change,
}

impl fmt::Display for Restore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.change {
            Change::Create => f.write_str("restore"),
            Change::Add { keys, .. } => write!(f, "add {}", keys.join(", ")),
            Change::Overwrite { fields, .. } => write!(f, "overwrite {}", fields.join(", ")),
        }
    }
}

impl Effect for Restore {
    fn object(&self) -> ObjectRef {
        self.at.object()
    }

    fn verb(&self) -> Verb {
        match self.change {
            Change::Create => Verb::Create,
            Change::Add { .. } | Change::Overwrite { .. } => Verb::Update,
        }
    }

    fn sequence(&self) -> Option<(&str, u8)> {
        Some(("backup", self.rank))
    }
}

/// What is missing is restored; what is different is kept, unless it may be overwritten.
pub(super) fn plan(found: &[Found], may_overwrite: bool) -> Plan<Restore> {
    let mut plan = Plan::default();
    for Found { at, rank, state } in found {
        let restore = |change| Restore {
            at: at.clone(),
            rank: *rank,
            change,
        };
        match state {
            State::Missing => plan.act.push(restore(Change::Create)),
            State::Leaving => plan.wait.push(Wait::new(
                at.object(),
                Reason::Terminating,
                "is being deleted; it is restored when it is gone",
            )),
            State::There { lacks, differs, .. } if lacks.is_empty() && differs.is_empty() => {
                plan.notes.push(Note::unchanged(at.object(), ""));
            }
            State::There { lacks, differs, uid } => {
                let (keys, uid) = (lacks.clone(), uid.clone());
                if may_overwrite && !differs.is_empty() {
                    let fields = [lacks.as_slice(), differs].concat();
                    plan.act.push(restore(Change::Overwrite { fields, uid }));
                    continue;
                }
                if !keys.is_empty() {
                    plan.act.push(restore(Change::Add { keys, uid }));
                }
                if !differs.is_empty() {
                    plan.refused.push(kept(at, differs));
                }
            }
        }
    }
    plan
}

fn kept(at: &Address, differs: &[String]) -> Refusal {
    Refusal {
        exit: Exit::Human,
        reason: Reason::DataLossGuard,
        object: at.object(),
        message: format!("kept: {} is not as in the backup", differs.join(", ")),
        hint: "pass --overwrite to put what the backup has in its place".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kind::SECRET;

    fn mk_found(lacks: &[&str], differs: &[&str]) -> Found {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        mk_in(State::There {
            lacks: words(lacks),
            differs: words(differs),
            uid: "1".to_owned(),
        })
    }

    fn mk_in(state: State) -> Found {
        Found {
            at: Address {
                kind: SECRET,
                namespace: Some("ns".to_owned()),
                name: "a".to_owned(),
            },
            rank: 1,
            state,
        }
    }

    fn told(plan: &Plan<Restore>) -> Vec<String> {
        plan.act.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_missing_is_restored_and_what_goes_is_waited_for() {
        let plan = plan(
            &[mk_in(State::Missing), mk_in(State::Leaving), mk_found(&[], &[])],
            false,
        );
        assert_eq!(told(&plan), ["restore"]);
        assert_eq!((plan.wait.len(), plan.notes.len()), (1, 1));
    }

    #[test]
    fn what_differs_is_kept_and_what_lacks_is_added() {
        let plan = plan(&[mk_found(&["b"], &["a"])], false);
        assert_eq!(told(&plan), ["add b"]);
        let [refusal] = plan.refused.as_slice() else {
            panic!("one refusal")
        };
        assert_eq!(
            (refusal.exit, refusal.message.as_str()),
            (Exit::Human, "kept: a is not as in the backup")
        );
    }

    #[test]
    fn it_is_overwritten_by_one_action_when_that_is_wanted() {
        let plan = plan(&[mk_found(&["b"], &["a"]), mk_found(&["c"], &[])], true);
        assert_eq!(told(&plan), ["overwrite b, a", "add c"]);
        assert!(plan.refused.is_empty());
    }
}
