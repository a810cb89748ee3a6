//! Namespaces of people and teams, in which engineers may ask for tenants. A role has no pattern for namespaces, so theirs is
//! bound in each one that there is.

use super::{
    compare::compare,
    desired::{GRANTED, team},
    seen::{PartState, Stray},
};
use crate::model::{
    kind::Address,
    names as product,
    tenants::names::{self, is_team},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One such namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Team {
    pub(super) namespace: String,
    /// How it is with what lets engineers in.
    pub(super) access: PartState,
}

/// What the lists showed.
#[derive(Debug, Default)]
pub(super) struct Found {
    namespaces: BTreeSet<String>,
    /// Those that are being deleted, with all that is in them.
    leaving: BTreeSet<String>,
    access: BTreeMap<String, PartState>,
}

impl Found {
    /// Takes a namespace that is no tenant's, if it is one of these.
    pub(super) fn add_namespace(&mut self, live: &Value) {
        let name = live["metadata"]["name"].as_str().unwrap_or_default();
        if !is_team(name) {
            return;
        }
        let is_leaving = !live["metadata"]["deletionTimestamp"].is_null();
        let names = if is_leaving {
            &mut self.leaving
        } else {
            &mut self.namespaces
        };
        names.insert(name.to_owned());
    }

    /// Whether this is what lets engineers into one of them; then it is taken.
    pub(super) fn add_access(&mut self, at: &Address, live: &Value) -> bool {
        let Some(namespace) = at.namespace.as_deref().filter(|namespace| is_team(namespace)) else {
            return false;
        };
        if *at != team::at(namespace)
            || live["metadata"]["labels"][product::MANAGED_BY_LABEL] != names::TEAM_MANAGER
        {
            return false;
        }
        let remedy = compare(live, &team::body(namespace), GRANTED);
        self.access.insert(
            namespace.to_owned(),
            PartState::there(live, remedy, Vec::new(), None),
        );
        true
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.namespaces.extend(other.namespaces);
        self.leaving.extend(other.leaving);
        self.access.extend(other.access);
    }

    /// Each with what is in it; and what lets engineers in elsewhere.
    pub(super) fn teams(mut self) -> (Vec<Team>, Vec<Stray>) {
        let team = |namespace: String| Team {
            access: self.access.remove(&namespace).unwrap_or(PartState::Missing),
            namespace,
        };
        let teams = self.namespaces.into_iter().map(team).collect();
        let elsewhere = self
            .access
            .into_keys()
            .filter(|namespace| !self.leaving.contains(namespace));
        let stray = |namespace: String| Stray {
            at: team::at(&namespace),
            owner: Some(team::owner(&namespace)),
        };
        (teams, elsewhere.map(stray).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::tenants::compare::Remedy;
    use serde_json::json;

    fn access(namespace: &str, role: &str) -> (Address, Value) {
        let mut live = team::body(namespace);
        live["metadata"]["uid"] = "uid".into();
        live["roleRef"]["name"] = role.into();
        (team::at(namespace), live)
    }

    #[test]
    fn engineers_get_into_what_is_a_persons_or_a_teams() {
        let mut found = Found::default();
        for name in ["team-a", "user-bob", "teams", "kube-system"] {
            found.add_namespace(&json!({"metadata": {"name": name}}));
        }
        found.add_namespace(&json!({"metadata": {"name": "team-old", "deletionTimestamp": "now"}}));
        for (namespace, role) in [
            ("team-a", team::ROLE),
            ("team-old", team::ROLE),
            ("team-app", team::ROLE),
        ] {
            let (at, live) = access(namespace, role);
            assert!(found.add_access(&at, &live), "{namespace}");
        }
        let (teams, strays) = found.teams();
        let states: Vec<(&str, bool)> = teams
            .iter()
            .map(|team| (team.namespace.as_str(), team.access.is_good()))
            .collect();
        assert_eq!(states, [("team-a", true), ("user-bob", false)]);
        let strays: Vec<Option<String>> = strays.into_iter().map(|stray| stray.at.namespace).collect();
        assert_eq!(
            strays,
            [Some("team-app".to_owned())],
            "that one is not here, and is not leaving"
        );
    }

    #[test]
    fn what_grants_more_is_put_right_and_what_is_not_ours_is_left() {
        let mut found = Found::default();
        let (at, mut live) = access("team-a", team::ROLE);
        live["subjects"] = json!([live["subjects"][0], {"kind": "User", "name": "mallory"}]);
        assert!(found.add_access(&at, &live));
        let PartState::There { remedy, .. } = &found.access["team-a"] else {
            panic!("{found:?}")
        };
        assert_eq!(*remedy, Remedy::Replace(&["roleRef", "subjects"]));

        let (at, live) = access("team-a", "cluster-admin");
        assert!(found.add_access(&at, &live));
        let PartState::There { remedy, .. } = &found.access["team-a"] else {
            panic!("{found:?}")
        };
        assert_eq!(*remedy, Remedy::Recreate);

        let (at, mut live) = access("team-b", team::ROLE);
        live["metadata"]["labels"][product::MANAGED_BY_LABEL] = names::BINDING_MANAGER.into();
        assert!(!found.add_access(&at, &live));
        let (at, live) = access("platform-system", team::ROLE);
        assert!(!found.add_access(&at, &live));
    }
}
