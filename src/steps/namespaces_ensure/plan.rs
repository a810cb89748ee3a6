//! What to do about the namespaces that were seen.

use super::{Create, Seen, State, watch};
use crate::{
    converge::{
        Plan,
        contract::{Note, Wait},
    },
    model::{failure::Reason, object::ObjectRef},
};

/// Missing ones are created, dying ones are waited for: nothing can be created in them.
pub(super) fn plan(seen: &[Seen]) -> Plan<Create> {
    let mut plan = Plan::default();
    for Seen { name, state } in seen {
        let object = ObjectRef::global("Namespace", name);
        match state {
            State::Missing => plan.act.push(Create { name: name.clone() }),
            State::Active => plan.notes.push(Note::unchanged(object, "")),
            State::Terminating { version } => plan.wait.push(
                Wait::new(
                    object,
                    Reason::Terminating,
                    "is being deleted; it is created again when it is gone",
                )
                .watching(watch(name, version.as_ref())),
            ),
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_seen(name: &str, state: State) -> Seen {
        Seen {
            name: name.to_owned(),
            state,
        }
    }

    #[test]
    fn missing_is_created_active_is_left_and_terminating_is_waited_for() {
        let plan = plan(&[
            mk_seen("a", State::Missing),
            mk_seen("b", State::Active),
            mk_seen(
                "c",
                State::Terminating {
                    version: Some("7".to_owned()),
                },
            ),
        ]);
        assert_eq!(plan.act, [Create { name: "a".to_owned() }]);
        assert_eq!(plan.wait.len(), 1);
        assert_eq!(
            plan.wait[0]
                .watch
                .as_ref()
                .and_then(|watch| watch.since.as_deref()),
            Some("7")
        );
        assert!(!plan.is_converged());
    }
}
