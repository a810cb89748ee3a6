//! Differences between two states, each at its place.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A line for each place where `found` is not as `expected`.
pub(super) fn between(expected: &BTreeMap<String, Value>, found: &BTreeMap<String, Value>) -> Vec<String> {
    let mut lines = Vec::new();
    let keys: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    for key in keys {
        compare(key, expected.get(key), found.get(key), &mut lines);
    }
    lines
}

fn compare(place: &str, expected: Option<&Value>, found: Option<&Value>, lines: &mut Vec<String>) {
    match (expected, found) {
        (Some(Value::Object(expected)), Some(Value::Object(found))) => {
            let fields: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
            for field in fields {
                compare(
                    &format!("{place} .{field}"),
                    expected.get(field),
                    found.get(field),
                    lines,
                );
            }
        }
        (Some(Value::Array(expected)), Some(Value::Array(found))) if expected.len() == found.len() => {
            for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                compare(&format!("{place} [{index}]"), Some(expected), Some(found), lines);
            }
        }
        (Some(expected), Some(found)) if expected == found => {}
        (Some(expected), Some(found)) => lines.push(format!("{place}: expected {expected}, found {found}")),
        (Some(_), None) => lines.push(format!("{place}: missing")),
        (None, Some(_)) => lines.push(format!("{place}: not expected")),
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_difference_is_named_at_its_place() {
        let expected = BTreeMap::from([
            ("a".to_owned(), json!({"same": 1, "other": [1, 2], "gone": true})),
            ("b".to_owned(), json!(1)),
        ]);
        let found = BTreeMap::from([
            ("a".to_owned(), json!({"same": 1, "other": [1, 3], "new": true})),
            ("c".to_owned(), json!(1)),
        ]);
        let lines = between(&expected, &found);
        let named = [
            "a .gone: missing",
            "a .new: not expected",
            "a .other [1]: expected 2, found 3",
        ];
        assert_eq!(lines, [&named[..], &["b: missing", "c: not expected"]].concat());
        assert_eq!(between(&expected, &expected), [""; 0]);
    }
}
