//! Whether the secret of an Organization's webhooks is to get a new value.

use crate::{
    converge::{
        Effect, Plan, Verb, Wait,
        contract::{Note, Refusal},
    },
    model::{
        exit::Exit,
        failure::Reason,
        nearest::{meant, nearest_all},
        object::ObjectRef,
        rotation,
        tenants::names,
    },
    steps::tenants::desired::{WEBHOOK_KEY, WEBHOOK_SECRET},
};
use std::fmt;

/// What was seen.
#[derive(Debug)]
pub struct Found {
    /// The name that was asked for.
    pub(in crate::steps::tenants) organization: String,
    /// All Organizations.
    pub(in crate::steps::tenants) owners: Vec<Owner>,
    /// The Secret, if there is one.
    pub(in crate::steps::tenants) stored: Option<Stored>,
    /// Id of this rotation.
    pub(in crate::steps::tenants) request: String,
}

/// An Organization.
#[derive(Debug)]
pub(in crate::steps::tenants) struct Owner {
    pub(in crate::steps::tenants) name: String,
    /// As in the owner annotation.
    pub(in crate::steps::tenants) owner: String,
    /// Whether its specification says what the value is.
    pub(in crate::steps::tenants) gives_secret: bool,
}

/// The Secret, without its value.
#[derive(Debug)]
pub(in crate::steps::tenants) struct Stored {
    pub(in crate::steps::tenants) version: String,
    pub(in crate::steps::tenants) owner: String,
    /// Value of the rotation annotation.
    pub(in crate::steps::tenants) rotations: String,
    pub(in crate::steps::tenants) has_value: bool,
    pub(in crate::steps::tenants) is_immutable: bool,
}

/// The Secret gets a new value, if nobody has changed it since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    pub(in crate::steps::tenants) namespace: String,
    pub(in crate::steps::tenants) version: String,
    /// Value of the rotation annotation from then on.
    pub(in crate::steps::tenants) rotations: String,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "give {WEBHOOK_KEY} a new value; the webhooks of the repositories need it too"
        )
    }
}

impl Effect for Act {
    fn object(&self) -> ObjectRef {
        ObjectRef::secret(&self.namespace, WEBHOOK_SECRET)
    }

    fn verb(&self) -> Verb {
        Verb::Update
    }
}

pub(in crate::steps::tenants) fn plan(found: &Found) -> Plan<Act> {
    let mut plan = Plan::default();
    let namespace = names::organization_namespace(&found.organization);
    let object = ObjectRef::secret(&namespace, WEBHOOK_SECRET);
    let named: Vec<&Owner> = found
        .owners
        .iter()
        .filter(|owner| owner.name == found.organization)
        .collect();
    if named.is_empty() {
        plan.refused.push(nobody(found));
        return plan;
    }
    let Some(stored) = found.stored.as_ref().filter(|stored| stored.has_value) else {
        let message = format!("key {WEBHOOK_KEY} has no value that could be replaced");
        let wait = Wait::new(object, Reason::NotFound, message);
        plan.wait.push(wait.provided_by("tenants reconcile"));
        return plan;
    };
    let refused = |reason, message: String, hint: String| Refusal {
        exit: Exit::Human,
        reason,
        object: object.clone(),
        message,
        hint,
    };
    match named.iter().find(|owner| owner.owner == stored.owner) {
        None => plan.refused.push(refused(
            Reason::FieldConflict,
            "it does not say that it is there for this Organization".to_owned(),
            format!(
                "`aphex-ops tenants describe {}` shows whose it is",
                found.organization
            ),
        )),
        Some(owner) if owner.gives_secret => plan.refused.push(refused(
            Reason::InvalidValue,
            "spec.webhookSecret of its Organization says what its value is".to_owned(),
            format!(
                "put a new value there, then run `aphex-ops tenants reconcile {}`",
                found.organization
            ),
        )),
        Some(_) if rotation::request(&stored.rotations, WEBHOOK_KEY) == Some(&found.request) => {
            plan.notes.push(Note::unchanged(object, done(&found.request)));
        }
        Some(_) if stored.is_immutable => plan.refused.push(refused(
            Reason::InvalidValue,
            "it is immutable, so its value cannot change".to_owned(),
            format!(
                "delete it, then run `aphex-ops tenants reconcile {}`: that makes another one",
                found.organization
            ),
        )),
        Some(_) => plan.act.push(Act {
            namespace,
            version: stored.version.clone(),
            rotations: rotation::with_request(&stored.rotations, WEBHOOK_KEY, &found.request),
        }),
    }
    plan
}

fn done(request: &str) -> String {
    format!(
        "{WEBHOOK_KEY} was rotated by request {request}; the webhooks of the repositories are refused until they have the \
         new value too"
    )
}

fn nobody(found: &Found) -> Refusal {
    let names = found.owners.iter().map(|owner| owner.name.as_str());
    let near =
        meant(&nearest_all(&found.organization, names)).map_or_else(String::new, |near| format!("; {near}"));
    Refusal {
        exit: Exit::Usage,
        reason: Reason::NotFound,
        object: ObjectRef::global("Organization", &*found.organization),
        message: format!("there is no Organization of that name{near}"),
        hint: "`aphex-ops tenants status -o wide` lists them".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_found() -> Found {
        let owner = |name: &str, gives_secret| Owner {
            name: name.to_owned(),
            owner: format!("Organization/platform-system/{name}"),
            gives_secret,
        };
        Found {
            organization: "acme".to_owned(),
            owners: vec![owner("acme", false), owner("given", true)],
            stored: Some(Stored {
                version: "7".to_owned(),
                owner: "Organization/platform-system/acme".to_owned(),
                rotations: "other=x".to_owned(),
                has_value: true,
                is_immutable: false,
            }),
            request: "r1".to_owned(),
        }
    }

    fn refused(change: impl FnOnce(&mut Found)) -> (Exit, String) {
        let mut found = mk_found();
        change(&mut found);
        let plan = plan(&found);
        assert!(plan.act.is_empty() && plan.notes.is_empty() && plan.wait.is_empty());
        let refusal = plan.refused.into_iter().next().unwrap();
        (refusal.exit, format!("{}; {}", refusal.message, refusal.hint))
    }

    #[test]
    fn a_request_changes_the_value_once() {
        let mut found = mk_found();
        let first = plan(&found);
        assert_eq!(
            first.act,
            [Act {
                namespace: "org-acme".to_owned(),
                version: "7".to_owned(),
                rotations: "other=x,secret=r1".to_owned(),
            }]
        );
        found.stored.as_mut().unwrap().rotations = first.act[0].rotations.clone();
        let second = plan(&found);
        assert!(second.act.is_empty() && second.refused.is_empty());
        assert!(second.notes[0].message.contains("by request r1"));
        found.request = "r2".to_owned();
        assert_eq!(plan(&found).act[0].rotations, "other=x,secret=r2");
    }

    #[test]
    fn what_would_be_in_vain_or_not_ours_is_refused() {
        let stored = |found: &mut Found| found.stored.as_mut().unwrap().owner.push('x');
        let (exit, says) = refused(stored);
        assert!(
            exit == Exit::Human && says.contains("tenants describe acme"),
            "{says}"
        );
        let (exit, says) = refused(|found| found.owners[0].gives_secret = true);
        assert!(
            exit == Exit::Human
                && says.contains("spec.webhookSecret")
                && says.contains("tenants reconcile acme"),
            "{says}"
        );
        let (_, says) = refused(|found| found.stored.as_mut().unwrap().is_immutable = true);
        assert!(says.contains("immutable"), "{says}");
        let (exit, says) = refused(|found| found.organization = "acne".to_owned());
        assert!(exit == Exit::Usage && says.contains("is acme meant?"), "{says}");
    }

    #[test]
    fn what_is_not_there_yet_is_waited_for() {
        for change in [
            |found: &mut Found| found.stored = None,
            |found: &mut Found| found.stored.as_mut().unwrap().has_value = false,
        ] {
            let mut found = mk_found();
            change(&mut found);
            let plan = plan(&found);
            assert!(plan.act.is_empty() && plan.refused.is_empty());
            assert_eq!(plan.wait[0].provided_by, Some("tenants reconcile"));
        }
    }
}
