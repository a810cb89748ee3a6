//! Reports as JSON and YAML documents.

use crate::{converge::Report, model::names};
use serde::Serialize;

/// Several reports as one document (`kind: List`).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct List<'a> {
    api_version: &'static str,
    kind: &'static str,
    items: &'a [Report],
}

/// The reports of a playbook's run as one document.
#[must_use]
pub fn list(items: &[Report]) -> List<'_> {
    List {
        api_version: names::OPS_API_VERSION,
        kind: "List",
        items,
    }
}

/// As JSON: indented for people, or in one line where lines are what is collected. Documents of ours always serialize.
#[must_use]
pub fn json(document: &impl Serialize, in_one_line: bool) -> String {
    let text = if in_one_line {
        serde_json::to_string(document)
    } else {
        serde_json::to_string_pretty(document)
    };
    text.unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"))
}

/// As YAML. Documents of ours always serialize.
#[must_use]
pub fn yaml(document: &impl Serialize) -> String {
    serde_saphyr::to_string(document).unwrap_or_else(|error| format!("# cannot be rendered: {error}\n"))
}
