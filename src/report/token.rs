//! What a token says and whether it holds; never its signature.

use super::table::plain;
use crate::{
    model::names,
    oidc::token::{Rule, Token},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// A token that was looked at (`kind: TokenReport`).
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenReport {
    /// Always `ops.aphex.io/v1alpha1`.
    #[schemars(extend("const" = names::OPS_API_VERSION))]
    pub api_version: &'static str,
    /// Always `TokenReport`.
    #[schemars(extend("const" = "TokenReport"))]
    pub kind: &'static str,
    /// Its header.
    pub header: Map<String, Value>,
    /// Its claims.
    pub claims: Map<String, Value>,
    /// Every rule and what it came to.
    pub rules: Vec<Rule>,
}

impl TokenReport {
    /// The report of a token that was judged.
    #[must_use]
    pub fn new(token: &Token, rules: Vec<Rule>) -> Self {
        Self {
            api_version: names::OPS_API_VERSION,
            kind: "TokenReport",
            header: token.header(),
            claims: token.claims(),
            rules,
        }
    }
}

/// For people.
#[must_use]
pub fn table(report: &TokenReport) -> String {
    let rows = |part: &'static str, fields: &Map<String, Value>| {
        let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), printable);
        fields
            .iter()
            .map(move |(name, value)| [part.to_owned(), printable(name), shown(value)])
            .collect::<Vec<_>>()
    };
    let fields = [rows("header", &report.header), rows("claim", &report.claims)].concat();
    let rules = report.rules.iter().map(|rule| {
        let state = if rule.holds { "ok" } else { "FAILED" };
        [rule.rule.to_owned(), state.to_owned(), rule.message.clone()]
    });
    format!(
        "{}\n\n{}",
        plain(["PART", "NAME", "VALUE"], fields),
        plain(["RULE", "STATE", "DETAIL"], rules)
    )
}

/// Whoever made the token chose what is in it.
fn printable(text: &str) -> String {
    text.escape_debug().to_string()
}
