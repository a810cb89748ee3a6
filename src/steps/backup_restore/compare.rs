//! How an object in the cluster is, beside what the backup has of it. Told without values.

use super::plan::State;
use crate::{
    model::kind::{Address, NAMESPACE, SECRET},
    steps::{backup_create::contents::is_leaving, tenants::includes},
};
use serde_json::Value;

/// Of a namespace, only that it is there; of a Secret, the values; of a tenant, what it asks for. What is there besides does not
/// count: others have added it, or the definition by which it is there has more defaults than the one of the backup.
pub(super) fn state(at: &Address, wanted: &Value, live: Option<&Value>) -> State {
    let Some(live) = live else {
        return State::Missing;
    };
    if is_leaving(live) {
        return State::Leaving;
    }
    let (lacks, differs) = if at.kind == NAMESPACE {
        (Vec::new(), Vec::new())
    } else if at.kind == SECRET {
        (
            fields(&wanted["data"], |name, _| live["data"].get(name).is_none()),
            fields(&wanted["data"], |name, value| {
                live["data"].get(name).is_some_and(|live| live != value)
            }),
        )
    } else {
        let is_in =
            |name: &str, value: &Value| live["spec"].get(name).is_some_and(|live| includes(live, value));
        (
            Vec::new(),
            fields(&wanted["spec"], |name, value| !is_in(name, value)),
        )
    };
    State::There {
        lacks,
        differs,
        uid: uid(live),
    }
}

/// Names of those fields of an object that are like that.
fn fields(of: &Value, is_like_that: impl Fn(&str, &Value) -> bool) -> Vec<String> {
    let all = of.as_object().into_iter().flatten();
    let such = all.filter(|(name, value)| is_like_that(name, value));
    such.map(|(name, _)| name.clone()).collect()
}

fn uid(live: &Value) -> String {
    live["metadata"]["uid"].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tenants::kinds::ORGANIZATION;
    use serde_json::json;

    fn mk_state(kind: &crate::model::kind::Kind, wanted: &Value, live: &Value) -> State {
        let at = Address {
            kind: kind.clone(),
            namespace: Some("ns".to_owned()),
            name: "a".to_owned(),
        };
        state(&at, wanted, Some(live))
    }

    fn mk_there(lacks: &[&str], differs: &[&str]) -> State {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        State::There {
            lacks: words(lacks),
            differs: words(differs),
            uid: "1".to_owned(),
        }
    }

    #[test]
    fn of_a_secret_keys_are_missing_or_different_and_those_of_others_do_not_count() {
        let wanted = json!({"data": {"a": "MQ==", "b": "Mg==", "c": "Mw=="}});
        let live = json!({"metadata": {"uid": "1"}, "data": {"a": "MQ==", "b": "", "theirs": "eA=="}});
        assert_eq!(mk_state(&SECRET, &wanted, &live), mk_there(&["c"], &["b"]));
    }

    #[test]
    fn of_a_tenant_every_field_counts_and_defaults_do_not() {
        let wanted = json!({"spec": {"a": 1, "b": {"c": 1}, "gone": 1}, "metadata": {"labels": {"x": "y"}}});
        let live = json!({"metadata": {"uid": "1"}, "spec": {"a": 1, "b": {"c": 2}, "new": 1}, "status": {}});
        assert_eq!(
            mk_state(&ORGANIZATION, &wanted, &live),
            mk_there(&[], &["b", "gone"])
        );
        let live =
            json!({"metadata": {"uid": "1"}, "spec": {"a": 1, "b": {"c": 1, "d": 1}, "gone": 1, "new": 1}});
        assert_eq!(mk_state(&ORGANIZATION, &wanted, &live), mk_there(&[], &[]));
    }

    #[test]
    fn a_namespace_is_there_or_not() {
        let wanted = json!({"metadata": {"labels": {"x": "y"}}});
        let live = json!({"metadata": {"uid": "1"}, "spec": {"finalizers": ["kubernetes"]}});
        assert_eq!(mk_state(&NAMESPACE, &wanted, &live), mk_there(&[], &[]));
        let leaving = json!({"metadata": {"uid": "1", "deletionTimestamp": "2026-01-01T00:00:00Z"}});
        assert_eq!(mk_state(&NAMESPACE, &wanted, &leaving), State::Leaving);
    }
}
