//! Whether an object is as wanted, and if not, what mends it. Pure.

use super::desired::Exactness;
use crate::{
    apply::drift::{self, Drift},
    model::names,
};
use serde_json::Value;

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
fn includes(live: &Value, wanted: &Value) -> bool {
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
    use serde_json::json;

    const GRANT: Exactness = Exactness::Exactly(&["roleRef", "subjects"]);

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
        assert_eq!(compare(&live, &wanted, GRANT), Remedy::None);
        live["metadata"]["labels"]["x"] = json!("2");
        assert_eq!(compare(&live, &wanted, GRANT), Remedy::Apply);
        live["subjects"]
            .as_array_mut()
            .unwrap()
            .push(json!({"kind": "User", "name": "intruder"}));
        assert_eq!(
            compare(&live, &wanted, GRANT),
            Remedy::Replace(&["roleRef", "subjects"])
        );
        live["roleRef"]["name"] = json!("cluster-admin");
        assert_eq!(compare(&live, &wanted, GRANT), Remedy::Recreate);
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
