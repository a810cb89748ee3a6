//! What to delete, and what to keep.

use super::{Action, Removal, Seen};
use crate::{
    converge::{
        Plan,
        contract::{Note, Refusal, Wait},
    },
    model::{exit::Exit, failure::Reason, kind::Address},
};

/// What was seen of the generated Secrets.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Secrets {
    /// Those that exist.
    pub(super) found: Vec<SecretSeen>,
    /// Database volume claims that exist.
    pub(super) claims: Vec<String>,
}

/// What was seen of one Secret that exists.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SecretSeen {
    pub(super) at: Address,
    pub(super) uid: String,
    pub(super) guards_database: bool,
    /// Names of keys that are not ours.
    pub(super) foreign: Vec<String>,
}

/// What was installed goes first, last made first: nothing then makes the Secrets again.
pub(super) fn plan(seen: &Seen) -> Plan<Action> {
    let (removals, waits) = seen.installed.clone();
    let is_gone = removals.is_empty() && waits.is_empty();
    let mut plan = Plan {
        act: removals.into_iter().map(Action::Installed).collect(),
        wait: waits,
        ..Plan::default()
    };
    let Some(Secrets { found, claims }) = &seen.secrets else {
        return plan;
    };
    for secret in found {
        let object = secret.at.object();
        if secret.guards_database && !claims.is_empty() {
            plan.refused.push(needed(secret, claims));
        } else if !secret.foreign.is_empty() {
            let keys = secret.foreign.join(", ");
            plan.notes.push(Note::skipped(
                object,
                format!("kept: it also holds {keys}, not made here"),
            ));
        } else if is_gone {
            plan.act.push(Action::Secret(Removal {
                at: secret.at.clone(),
                uid: secret.uid.clone(),
            }));
        } else {
            let message = "is deleted after all that is installed";
            plan.wait.push(Wait::new(object, Reason::NotReady, message));
        }
    }
    plan
}

/// Without the password, what is in the database's volume is lost.
fn needed(secret: &SecretSeen, claims: &[String]) -> Refusal {
    let claims = claims.join(", ");
    Refusal {
        exit: Exit::Human,
        reason: Reason::DataLossGuard,
        object: secret.at.object(),
        message: format!("kept: the database volume {claims} exists and was initialised with it"),
        hint: "delete the volume claim first, if its data may go".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{kind::SECRET, object::ObjectRef};

    fn mk_secret(name: &str, guards_database: bool, foreign: &[&str]) -> SecretSeen {
        SecretSeen {
            at: Address {
                kind: SECRET.clone(),
                namespace: Some("ns".to_owned()),
                name: name.to_owned(),
            },
            uid: "1".to_owned(),
            guards_database,
            foreign: foreign.iter().map(|key| (*key).to_owned()).collect(),
        }
    }

    fn mk_seen(waits: bool, claims: &[&str]) -> Seen {
        let object = ObjectRef::namespaced("CronJob", "ns", "job");
        let wait = Wait::new(object, Reason::Terminating, "is being deleted");
        let found = vec![
            mk_secret("database", true, &[]),
            mk_secret("shared", false, &["admin.password"]),
            mk_secret("own", false, &[]),
        ];
        Seen {
            installed: (Vec::new(), waits.then_some(wait).into_iter().collect()),
            secrets: Some(Secrets {
                found,
                claims: claims.iter().map(|claim| (*claim).to_owned()).collect(),
            }),
        }
    }

    fn deleted(plan: &Plan<Action>) -> Vec<&str> {
        let name = |action: &Action| match action {
            Action::Installed(_) => None,
            Action::Secret(removal) => Some(removal.at.name.clone()),
        };
        let names = plan.act.iter().filter_map(name);
        let known = ["database", "shared", "own"];
        names
            .filter_map(|name| known.into_iter().find(|known| *known == name))
            .collect()
    }

    #[test]
    fn secrets_go_when_all_else_is_gone() {
        let plan_then = plan(&mk_seen(true, &[]));
        assert!(plan_then.act.is_empty() && plan_then.wait.len() == 3);
        assert_eq!(deleted(&plan(&mk_seen(false, &[]))), ["database", "own"]);
    }

    #[test]
    fn a_secret_with_keys_of_others_is_kept() {
        let plan = plan(&mk_seen(false, &[]));
        assert_eq!(
            plan.notes[0].message,
            "kept: it also holds admin.password, not made here"
        );
    }

    #[test]
    fn a_database_keeps_its_password() {
        let plan = plan(&mk_seen(false, &["postgresql-data"]));
        assert_eq!(deleted(&plan), ["own"]);
        assert_eq!(
            (plan.refused[0].exit, plan.refused[0].reason),
            (Exit::Human, Reason::DataLossGuard)
        );
    }

    #[test]
    fn secrets_stay_unless_they_are_asked_for() {
        let seen = Seen {
            secrets: None,
            ..mk_seen(false, &[])
        };
        assert!(plan(&seen).is_converged());
    }
}
