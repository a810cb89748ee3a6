//! Two values as wholes: equal, perhaps the same in other words, or different.

use super::Drift;
use serde_json::{Map, Value};

/// Whether it is a map or list with something in it.
pub(super) fn is_filled(value: &Value) -> bool {
    matches!(value, Value::Object(_) | Value::Array(_)) && !is_zero(value)
}

/// What applying `desired` in place of `live` does. The server may write a value in other words (`0.1` as `100m`),
/// leave out one that says nothing, and add defaults to a map: that is [`Drift::Unknown`].
pub(super) fn compare(desired: &Value, live: Option<&Value>) -> Drift {
    match (desired, live) {
        (_, Some(live)) if live == desired => Drift::Unchanged,
        (_, None | Some(Value::Null)) if is_zero(desired) => Drift::Unknown,
        (_, None | Some(Value::Null)) => Drift::Changed,
        (_, Some(Value::Object(_) | Value::Array(_))) if is_zero(desired) => Drift::Unknown,
        (Value::Object(desired), Some(Value::Object(live))) => maps(desired, live),
        (Value::Array(desired), Some(Value::Array(live))) if desired.len() == live.len() => {
            let items = desired.iter().zip(live);
            let items = items.map(|(desired, live)| compare(desired, Some(live)));
            items.max().unwrap_or(Drift::Unchanged)
        }
        (desired, Some(live)) if may_be_number(desired) && may_be_number(live) => Drift::Unknown,
        _ => Drift::Changed,
    }
}

fn maps(desired: &Map<String, Value>, live: &Map<String, Value>) -> Drift {
    // Something in it has to be different, if only that the server added to it.
    let wanted = desired.iter().map(|(name, value)| compare(value, live.get(name)));
    wanted.max().unwrap_or(Drift::Unknown).max(Drift::Unknown)
}

/// Whether it says no more than its absence does.
pub(super) fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) => false,
    }
}

/// Whether it is a number, a quantity, or a time: what can be written in several ways.
fn may_be_number(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::String(text) => {
            let digits = text.trim_start_matches(['+', '-', '.']);
            let is_part = |letter: char| letter.is_ascii_alphanumeric() || "+-.:".contains(letter);
            digits.starts_with(|letter: char| letter.is_ascii_digit()) && digits.chars().all(is_part)
        }
        _ => false,
    }
}
