//! Whether an object is as wanted, and if not, what mends it. Pure.

use super::desired::Exactness;
use crate::{
    apply::drift::{self, Drift},
    model::names,
};
use serde_json::{Map, Value};

/// What makes an object as it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Nothing: it is so.
    None,
    /// Server-side apply.
    Apply,
    /// Putting these fields in the place of the live ones: an apply leaves what others added.
    Replace(&'static [&'static str]),
    /// Deleting it, and making it anew: this field cannot be changed.
    Recreate,
}

/// Compares by value, so that whoever owns a field makes no difference, and nothing need be asked of the server.
pub(super) fn compare(live: &Value, wanted: &Value, exactness: Exactness) -> Remedy {
    if let Exactness::Exactly(fields) = exactness {
        if fields.contains(&"roleRef") && live["roleRef"] != wanted["roleRef"] {
            return Remedy::Recreate;
        }
        if fields.iter().any(|field| live[field] != wanted[field]) {
            return Remedy::Replace(fields);
        }
        return remedy(includes(live, wanted));
    }
    let is_good = match drift::drift(live, names::PRODUCT, wanted) {
        Drift::Unchanged => true,
        Drift::Unknown => includes(live, wanted),
        // An earlier apply of ours may have left something that is not wanted any more, which an apply takes away.
        Drift::Changed => is_foreign(live) && includes(live, wanted),
    };
    remedy(is_good)
}

fn remedy(is_good: bool) -> Remedy {
    if is_good { Remedy::None } else { Remedy::Apply }
}

/// Whether no apply of ours is known of it: then whoever made it owns what is in it.
fn is_foreign(live: &Value) -> bool {
    let managers = live["metadata"]["managedFields"].as_array().into_iter().flatten();
    let is_ours = |entry: &Value| entry["manager"] == names::PRODUCT && entry["operation"] == "Apply";
    !managers.into_iter().any(is_ours)
}

/// Whether everything that is wanted is there with the same value; there may be more.
pub(in crate::steps) fn includes(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => wanted.iter().all(|(name, wanted)| {
            // What is empty may be left out.
            live.get(name)
                .map_or_else(|| is_empty(wanted), |live| includes(live, wanted))
        }),
        (Value::Array(live), Value::Array(wanted)) => {
            live.len() == wanted.len()
                && live
                    .iter()
                    .zip(wanted)
                    .all(|(live, wanted)| includes(live, wanted))
        }
        (live, wanted) => live == wanted,
    }
}

/// Names of the fields that are not as wanted, such as `spec.hard.pods`; never values. None if it only has more of an earlier
/// apply of ours than is wanted now.
pub(super) fn differing(live: &Value, wanted: &Value, exactness: Exactness) -> Vec<String> {
    let exact = match exactness {
        Exactness::Exactly(fields) => fields,
        Exactness::AtLeast => &[],
    };
    let mut found = Vec::new();
    for (name, wanted) in wanted.as_object().into_iter().flatten() {
        let path = vec![name.as_str()];
        walk(
            &live[name],
            wanted,
            exact.contains(&name.as_str()),
            &path,
            &mut found,
        );
    }
    found
}

/// Where only what is wanted counts, what is not wanted is not looked at.
fn walk<'a>(live: &'a Value, wanted: &'a Value, is_exact: bool, path: &[&'a str], found: &mut Vec<String>) {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => {
            let others = live.keys().filter(|name| is_exact && !wanted.contains_key(*name));
            for name in wanted.keys().chain(others) {
                let path = [path, &[name.as_str()]].concat();
                let of = |fields: &'a Map<String, Value>| fields.get(name).unwrap_or(&Value::Null);
                walk(of(live), of(wanted), is_exact, &path, found);
            }
        }
        (live, wanted) => {
            let is_same = match is_exact {
                true => live == wanted,
                false => includes(live, wanted) || (live.is_null() && is_empty(wanted)),
            };
            if !is_same {
                found.push(dotted(path));
            }
        }
    }
}

/// A name that has dots or slashes itself is in brackets.
fn dotted(path: &[&str]) -> String {
    let mut text = String::new();
    for &name in path {
        match name.contains(['.', '/']) {
            true => text.extend(["[", name, "]"]),
            false if text.is_empty() => text.push_str(name),
            false => text.extend([".", name]),
        }
    }
    text
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::tenants::desired::GRANTED;
    use serde_json::json;

    fn mk_binding() -> Value {
        json!({"kind": "RoleBinding", "metadata": {"name": "a", "labels": {"x": "1"}},
               "roleRef": {"kind": "ClusterRole", "name": "r"}, "subjects": [{"kind": "User", "name": "u"}]})
    }

    #[test]
    fn more_in_a_grant_is_drift_and_more_around_it_is_not() {
        let wanted = mk_binding();
        let mut live = mk_binding();
        live["metadata"]["uid"] = json!("1");
        live["metadata"]["labels"]["other"] = json!("2");
        assert_eq!(compare(&live, &wanted, GRANTED), Remedy::None);
        live["metadata"]["labels"]["x"] = json!("2");
        assert_eq!(compare(&live, &wanted, GRANTED), Remedy::Apply);
        live["subjects"]
            .as_array_mut()
            .unwrap()
            .push(json!({"kind": "User", "name": "intruder"}));
        assert_eq!(
            compare(&live, &wanted, GRANTED),
            Remedy::Replace(&["roleRef", "subjects"])
        );
        live["roleRef"]["name"] = json!("cluster-admin");
        assert_eq!(compare(&live, &wanted, GRANTED), Remedy::Recreate);
        assert_eq!(
            differing(&live, &wanted, GRANTED),
            ["metadata.labels.x", "roleRef.name", "subjects"]
        );
    }

    #[test]
    fn fields_that_differ_are_named_and_their_values_are_not() {
        let wanted = json!({"metadata": {"labels": {"a.b/c": "1"}}, "spec": {"hard": {"pods": "2"}, "scopes": []},
                            "data": {"key": "c2VjcmV0"}});
        let live =
            json!({"metadata": {"labels": {"other": "1"}}, "spec": {"hard": {"pods": "3", "cpu": "1"}}});
        let spec = Exactness::Exactly(&["spec"]);
        let exactly = [
            "data",
            "metadata.labels[a.b/c]",
            "spec.hard.pods",
            "spec.scopes",
            "spec.hard.cpu",
        ];
        let mut found = differing(&live, &wanted, spec);
        found.sort_unstable();
        let mut expected = exactly.map(str::to_owned);
        expected.sort_unstable();
        assert_eq!(found, expected);
        let at_least = differing(&live, &wanted, Exactness::AtLeast);
        assert_eq!(at_least, ["data", "metadata.labels[a.b/c]", "spec.hard.pods"]);
    }

    #[test]
    fn an_object_of_an_earlier_controller_is_good_if_it_holds_what_is_wanted() {
        let wanted = json!({"metadata": {"labels": {"x": "1"}}, "spec": {"a": 1, "b": []}});
        let live = json!({"metadata": {"labels": {"x": "1"}, "managedFields": []}, "spec": {"a": 1, "c": 2}});
        assert_eq!(compare(&live, &wanted, Exactness::AtLeast), Remedy::None);
        let mut live = live;
        live["spec"]["a"] = json!(2);
        assert_eq!(compare(&live, &wanted, Exactness::AtLeast), Remedy::Apply);
    }
}
