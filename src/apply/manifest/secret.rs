//! Secrets have their values in one place, `data`.

use crate::apply::problem::Findings;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// Moves `stringData` to `data`.
///
/// The API server does the same, but records the owner of `stringData`: a later apply would neither protect nor conflict
/// with the values that it wrote. Problems name keys, never values.
pub(super) fn fold(secret: &mut Value, found: &mut Findings) {
    let Some(fields) = secret.as_object_mut() else {
        return;
    };
    let texts = map(fields.remove("stringData"), "stringData", found);
    let has_data = fields.contains_key("data") || !texts.is_empty();
    let mut data = map(fields.remove("data"), "data", found);
    for (key, value) in &mut data {
        check(key, value, found);
    }
    for (key, text) in texts {
        match text.as_str().map(|text| STANDARD.encode(text)) {
            _ if data.contains_key(&key) => found.add(
                format!("the key {key:?} is in data and in stringData"),
                "keep one of the two",
            ),
            Some(encoded) => {
                data.insert(key, encoded.into());
            }
            None => found.add(
                format!("the value of {key:?} in stringData is not text"),
                "quote it: unquoted it is a number, a boolean or a structure",
            ),
        }
    }
    if has_data {
        fields.insert("data".to_owned(), data.into());
    }
}

/// The entries that are not null: no map is a problem, none at all is not.
fn map(value: Option<Value>, field: &str, found: &mut Findings) -> Map<String, Value> {
    match value {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(mut entries)) => {
            entries.retain(|_, value| !value.is_null());
            entries
        }
        Some(_) => {
            found.add(
                format!("{field} is not a map"),
                "write one key and one value per line",
            );
            Map::new()
        }
    }
}

/// Base64 in one line, as the API server gives it back; an encoded text may have been folded.
fn check(key: &str, value: &mut Value, found: &mut Findings) {
    let line = value.as_str().map(|text| text.replace(['\n', '\r'], ""));
    match line.filter(|line| STANDARD.decode(line).is_ok()) {
        Some(line) => *value = line.into(),
        None => found.add(
            format!("the value of {key:?} in data is not base64"),
            "encode it, or move it to stringData",
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::apply::manifest::testing::*;
    use serde_json::json;

    #[test]
    fn secrets_have_their_values_in_data() {
        let cases = [
            (
                "stringData: {a: x, b: \"\"}\ndata: {c: eQ==}\n",
                json!({"a": "eA==", "b": "", "c": "eQ=="}),
            ),
            ("data:\n  a: |\n    eHh4\n    eHh4\n", json!({"a": "eHh4eHh4"})),
            ("stringData: {}\ndata: {}\n", json!({})),
            (
                "stringData: {a: null}\ndata: {b: eQ==, c: null}\n",
                json!({"b": "eQ=="}),
            ),
        ];
        for (lines, data) in cases {
            let object = mk_one(&mk_secret(lines)).object;
            assert_eq!(
                (object.get("stringData"), &object["data"]),
                (None, &data),
                "{lines}"
            );
        }
        assert_eq!(mk_one(&mk_secret("stringData:\n")).object.get("data"), None);
        // Only of the Secrets of Kubernetes.
        let other = mk_one("apiVersion: a.b/v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: x}\n");
        assert_eq!(other.object["stringData"], json!({"a": "x"}));
    }

    #[test]
    fn problems_hold_no_value_of_a_secret() {
        let cases = [
            (
                "stringData: {a: hunter2}\ndata: {a: eQ==}\n",
                "the key \"a\" is in data and in stringData",
            ),
            (
                "stringData: {a: [hunter2]}\n",
                "the value of \"a\" in stringData is not text",
            ),
            (
                "stringData: {a: 5}\n",
                "the value of \"a\" in stringData is not text",
            ),
            ("stringData: hunter2\n", "stringData is not a map"),
            ("data: [hunter2]\n", "data is not a map"),
            (
                "data: {a: hunter2!}\n",
                "the value of \"a\" in data is not base64",
            ),
            (
                "data: {a: {b: hunter2}}\n",
                "the value of \"a\" in data is not base64",
            ),
            ("data: {a: hunter2\n", "not YAML"),
            ("data:\n  a: \"hunter2\n", "not YAML"),
            ("data:\n  a: *hunter2\n", "not YAML"),
            ("data:\n  a: !hunter2 x\n", "line 5"),
            ("data:\n  a: hunter2: b\n", "not YAML"),
            ("data:\n  hunter2: a\n  hunter2: b\n", "the same key twice"),
            ("data:\n  a: !!binary hunter2?\n", "line 5"),
        ];
        for (lines, expected) in cases {
            let found = mk_problems(&mk_secret(lines));
            assert!(
                found.len() == 1 && found[0].contains(expected),
                "{lines}: {found:?}"
            );
        }
        let secret = mk_one(&mk_secret("stringData: {a: hunter2}\n"));
        assert!(!format!("{secret:?}").contains("aHVudGVyMg"), "{secret:?}");
    }
}
