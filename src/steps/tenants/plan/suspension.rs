//! Which tenants begin or cease to be left as they are.

use super::undefined;
use crate::{
    converge::{Effect, Plan, Verb, contract::Note},
    model::{kind::Address, object::ObjectRef},
    steps::tenants::{
        choice::{Choice, choose},
        seen::Resource,
    },
};
use std::fmt;

/// Sets or removes the annotation of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    pub(in crate::steps::tenants) at: Address,
    /// Nobody has changed it since.
    pub(in crate::steps::tenants) version: String,
    pub(in crate::steps::tenants) is_wanted: bool,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.is_wanted {
            true => "suspend: it and what belongs to it are left as they are",
            false => "resume: the next `tenants reconcile` works on it again",
        })
    }
}

impl Effect for Act {
    fn object(&self) -> ObjectRef {
        self.at.object()
    }

    fn verb(&self) -> Verb {
        Verb::Update
    }
}

/// Nothing is done as long as one of the names is nobody's.
pub(in crate::steps::tenants) fn plan(
    names: &[Choice],
    tenants: Option<&[Resource]>,
    is_wanted: bool,
) -> Plan<Act> {
    let mut plan = Plan::default();
    if tenants.is_none() {
        plan.notes.push(undefined());
    }
    let chosen = match choose(names, tenants.unwrap_or_default().iter()) {
        Ok(chosen) => chosen,
        Err(refused) => {
            plan.refused = refused;
            return plan;
        }
    };
    for resource in chosen {
        if resource.is_suspended == is_wanted {
            let message = if is_wanted {
                "is suspended"
            } else {
                "is not suspended"
            };
            plan.notes.push(Note::unchanged(resource.at.object(), message));
        } else {
            plan.act.push(Act {
                at: resource.at.clone(),
                version: resource.version.clone(),
                is_wanted,
            });
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::tenants::{kinds, plan::testing::mk_resource};

    fn mk_tenants() -> [Resource; 2] {
        let suspended = Resource {
            is_suspended: true,
            ..mk_resource(&kinds::REPO_BINDING, "app", &[])
        };
        [mk_resource(&kinds::ORGANIZATION, "acme", &[]), suspended]
    }

    fn decided(names: &[&str], is_wanted: bool) -> Plan<Act> {
        let names: Vec<Choice> = names.iter().map(|name| name.parse().unwrap()).collect();
        plan(&names, Some(&mk_tenants()), is_wanted)
    }

    #[test]
    fn only_what_differs_is_changed() {
        for (is_wanted, changed, same) in [(true, "acme", "app"), (false, "app", "acme")] {
            let plan = decided(&["acme", "app"], is_wanted);
            let acts: Vec<&str> = plan.act.iter().map(|act| act.at.name.as_str()).collect();
            assert_eq!(acts, [changed]);
            assert_eq!(plan.notes[0].object.name, same);
        }
    }

    #[test]
    fn nothing_is_done_under_a_name_that_nobody_has() {
        let plan = decided(&["acme", "ap"], true);
        assert!(plan.act.is_empty() && plan.notes.is_empty());
        assert!(
            plan.refused[0].message.ends_with("is app meant?"),
            "{:?}",
            plan.refused
        );
    }
}
