//! The list form of a provider's redirect URIs, since 2024.12.

use regex::Regex;
use serde_json::{Map, Value, json};

use super::call::python_type;
use super::fields::{clean_choice, clean_text};

/// Validates the whole list. A PATCH takes entries that lack a part, which then poison the provider (recorded).
pub(super) fn clean(value: &Value, partial: bool, typed: bool) -> Result<Value, Value> {
    let Some(entries) = value.as_array() else {
        let text = format!(
            "Expected a list of items but got type \"{}\".",
            python_type(value)
        );
        return Err(json!({ "non_field_errors": [text] }));
    };
    let results: Vec<_> = entries
        .iter()
        .map(|entry| clean_entry(entry, partial, typed))
        .collect();
    if results.iter().any(Result::is_err) {
        return Err(results
            .into_iter()
            .map(|result| result.err().unwrap_or_else(|| json!({})))
            .collect());
    }
    let cleaned: Vec<_> = results.into_iter().flatten().collect();
    match cleaned.iter().find_map(invalid_pattern) {
        Some(pattern) => Err(json!([format!("Invalid Regex Pattern: {pattern}")])),
        None => Ok(Value::Array(cleaned)),
    }
}

/// Unknown keys of an entry are dropped.
fn clean_entry(entry: &Value, partial: bool, typed: bool) -> Result<Value, Value> {
    let Some(parts) = entry.as_object() else {
        let text = format!(
            "Invalid data. Expected a dictionary, but got {}.",
            python_type(entry)
        );
        return Err(json!({ "non_field_errors": [text] }));
    };
    let mut cleaned = Map::new();
    let mut errors = Map::new();
    let mut take = |name: &str, result: Option<Result<Value, Value>>| match result {
        Some(Ok(value)) => _ = cleaned.insert(name.into(), value),
        Some(Err(error)) => _ = errors.insert(name.into(), error),
        None if partial => {}
        None => _ = errors.insert(name.into(), json!(["This field is required."])),
    };
    take(
        "matching_mode",
        parts
            .get("matching_mode")
            .map(|mode| clean_choice(mode, &["strict", "regex"])),
    );
    take(
        "url",
        parts.get("url").map(|url| clean_text(url, usize::MAX, false)),
    );
    if typed {
        let authorization = json!("authorization");
        let kind = parts.get("redirect_uri_type").unwrap_or(&authorization);
        take(
            "redirect_uri_type",
            Some(clean_choice(kind, &["authorization", "logout"])),
        );
    }
    if errors.is_empty() {
        Ok(Value::Object(cleaned))
    } else {
        Err(Value::Object(errors))
    }
}

/// Python's and Rust's patterns differ in details that no redirect URI uses.
fn invalid_pattern(entry: &Value) -> Option<&str> {
    let pattern = entry.get("url")?.as_str()?;
    let is_pattern = entry.get("matching_mode").is_some_and(|mode| mode == "regex");
    (is_pattern && Regex::new(pattern).is_err()).then_some(pattern)
}

/// Whether a redirect URI is allowed by a provider's stored value, in either form.
pub(super) fn allows(stored: &Value, uri: &str) -> bool {
    match stored {
        Value::String(lines) => lines.lines().any(|line| line == uri),
        Value::Array(entries) => entries.iter().any(|entry| entry_allows(entry, uri)),
        _ => false,
    }
}

fn entry_allows(entry: &Value, uri: &str) -> bool {
    let Some(url) = entry.get("url").and_then(Value::as_str) else {
        return false;
    };
    if entry.get("matching_mode").is_some_and(|mode| mode == "regex") {
        return Regex::new(&format!("^(?:{url})$")).is_ok_and(|pattern| pattern.is_match(uri));
    }
    url == uri
}
