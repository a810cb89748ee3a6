//! Fields by their paths.

use serde_json::Value;

/// Calls `change` for each value at the path: names of fields with a space between them, `*` for every element of a list.
pub(super) fn each(value: &mut Value, path: &str, change: &mut dyn FnMut(&mut Value)) {
    let Some((first, rest)) = path.split_once(' ').or((!path.is_empty()).then_some((path, ""))) else {
        return change(value);
    };
    match (first, value) {
        ("*", Value::Array(items)) => items.iter_mut().for_each(|item| each(item, rest, change)),
        (field, Value::Object(fields)) => {
            if let Some(value) = fields.get_mut(field) {
                each(value, rest, change);
            }
        }
        _ => {}
    }
}

/// The same for texts; `change` gives the new one, or none if it stays.
pub(super) fn each_text(value: &mut Value, path: &str, change: &dyn Fn(&str) -> Option<String>) {
    each(value, path, &mut |value| {
        if let Some(new) = value.as_str().and_then(change) {
            *value = new.into();
        }
    });
}

/// The value at a path without `*`.
pub(super) fn at<'a>(value: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    path.split(' ')
        .try_fold(value, |value, field| value.get_mut(field))
}
