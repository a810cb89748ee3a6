//! Fields that a manifest sets when it makes an object, and leaves to others from then on: how many replicas there are, if
//! something else scales them. Pure.
//!
//! Sent again with its first value, such a field would be a conflict with whoever set it since; forced, it would undo that.

use crate::apply::{drift, problem::Findings};
use serde_json::Value;

/// Annotation with the paths of such fields: names joined by dots, paths joined by commas, as `spec.replicas`.
pub const INITIAL_FIELDS: &str = "platform.aphex/initial-fields";

/// What is applied to an object that is there: of each such field the live value if an apply of ours owns it, so that it
/// keeps being owned, else nothing. `None` if the manifest has no such fields.
#[must_use]
pub fn to_live(wanted: &Value, live: &Value, manager: &str) -> Option<Value> {
    let paths = paths(wanted)?;
    let mut body = wanted.clone();
    for path in paths {
        let Some((last, parents)) = path.split_last() else {
            continue;
        };
        let kept = value(live, &path).filter(|_| drift::owns(live, manager, &path));
        let parent = parents
            .iter()
            .try_fold(&mut body, |value, name| value.get_mut(*name));
        let Some(parent) = parent.and_then(Value::as_object_mut) else {
            continue;
        };
        match kept {
            Some(kept) => {
                parent.insert((*last).to_owned(), kept.clone());
            }
            None => {
                parent.remove(*last);
            }
        }
    }
    Some(body)
}

/// Finds paths to what the manifest does not set, or to more than one value.
pub(super) fn check(object: &Value, found: &mut Findings) {
    for path in paths(object).into_iter().flatten() {
        let is_plain = value(object, &path).is_some_and(|value| !value.is_object() && !value.is_array());
        if !is_plain {
            found.add(
                format!(
                    "{INITIAL_FIELDS} names {}, which is no single value here",
                    path.join(".")
                ),
                "write paths of fields that the manifest sets, such as spec.replicas",
            );
        }
    }
}

fn paths(object: &Value) -> Option<Vec<Vec<&str>>> {
    let text = object["metadata"]["annotations"][INITIAL_FIELDS].as_str()?;
    let paths = text.split(',').map(|path| path.trim().split('.').collect());
    Some(paths.collect())
}

fn value<'a>(object: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(object, |value, name| value.get(*name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mk(replicas: Value) -> Value {
        json!({
            "metadata": {"name": "a", "annotations": {INITIAL_FIELDS: "spec.replicas"}},
            "spec": {"replicas": replicas, "paused": false},
        })
    }

    fn mk_live(owned: Value) -> Value {
        let mut live = mk(json!(3));
        let entry = |operation: &str, owned: Value| {
            json!({"manager": "us", "operation": operation, "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": owned}})
        };
        live["apiVersion"] = "apps/v1".into();
        live["metadata"]["managedFields"] =
            json!([entry("Apply", owned), entry("Update", json!({"f:replicas": {}}))]);
        live
    }

    #[test]
    fn what_an_apply_of_ours_owns_keeps_its_live_value_and_the_rest_is_left_out() {
        let owned = to_live(&mk(json!(0)), &mk_live(json!({"f:replicas": {}})), "us").unwrap();
        assert_eq!(owned["spec"], json!({"replicas": 3, "paused": false}));
        let taken = to_live(&mk(json!(0)), &mk_live(json!({"f:paused": {}})), "us").unwrap();
        assert_eq!(taken["spec"], json!({"paused": false}));
        let plain = json!({"metadata": {"name": "a"}, "spec": {"replicas": 0}});
        assert_eq!(to_live(&plain, &mk_live(json!({})), "us"), None);
    }

    #[test]
    fn a_path_must_lead_to_one_value_that_the_manifest_sets() {
        let problems = |paths: &str| {
            let mut object = mk(json!(0));
            object["metadata"]["annotations"][INITIAL_FIELDS] = paths.into();
            let mut found = Findings::of("a.yaml");
            check(&object, &mut found);
            found.problems.len()
        };
        assert_eq!(problems("spec.replicas, spec.paused"), 0);
        assert_eq!(problems("spec"), 1);
        assert_eq!(problems("spec.size,,spec.replicas"), 2);
    }
}
