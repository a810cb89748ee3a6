//! What `-o json` and `-o yaml` print.

use super::{
    checks::{CheckReport, Explanation},
    token::TokenReport,
};
use crate::{
    converge::Report,
    model::{names, playbook::Playbook},
};
use schemars::JsonSchema;
use serde::Serialize;

/// Everything that is printed as JSON or YAML, told apart by `kind`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Document<'a> {
    /// What one command did.
    Report(&'a Report),
    /// Several of one kind.
    List(List<'a>),
    /// What all checks found.
    CheckReport(&'a CheckReport),
    /// One check, as it is declared.
    Check(Explanation),
    /// A token that was looked at.
    Token(&'a TokenReport),
    /// A playbook, as in its file.
    Playbook(&'a Playbook),
    /// Which version this is.
    Version(Version),
}

/// Several documents as one (`kind: List`).
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct List<'a> {
    /// Always `ops.aphex.io/v1alpha1`.
    #[schemars(extend("const" = names::OPS_API_VERSION))]
    api_version: &'static str,
    /// Always `List`.
    #[schemars(extend("const" = "List"))]
    kind: &'static str,
    /// The documents, all of one kind.
    items: Items<'a>,
}

/// What a list holds.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum Items<'a> {
    /// One for each step that was run, in this order.
    Reports(&'a [Report]),
    /// Those that are built in.
    Playbooks(&'a [Playbook]),
    /// All that are declared.
    Checks(&'a [Explanation]),
}

/// Which version this is (`kind: Version`).
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Always `ops.aphex.io/v1alpha1`.
    #[schemars(extend("const" = names::OPS_API_VERSION))]
    api_version: &'static str,
    /// Always `Version`.
    #[schemars(extend("const" = "Version"))]
    kind: &'static str,
    /// The version of the program (Semantic Versioning 2.0.0).
    version: &'static str,
    /// Which versions of Kubernetes it works with.
    kubernetes: KubernetesVersions,
}

/// Versions of Kubernetes.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct KubernetesVersions {
    /// An older one is refused.
    minimum: &'static str,
    /// The one that it was tested with.
    tested: &'static str,
}

impl<'a> From<&'a [Report]> for Document<'a> {
    fn from(reports: &'a [Report]) -> Self {
        Self::list(Items::Reports(reports))
    }
}

impl<'a> From<&'a [Playbook]> for Document<'a> {
    fn from(playbooks: &'a [Playbook]) -> Self {
        Self::list(Items::Playbooks(playbooks))
    }
}

impl<'a> From<&'a [Explanation]> for Document<'a> {
    fn from(checks: &'a [Explanation]) -> Self {
        Self::list(Items::Checks(checks))
    }
}

impl<'a> Document<'a> {
    fn list(items: Items<'a>) -> Self {
        Self::List(List {
            api_version: names::OPS_API_VERSION,
            kind: "List",
            items,
        })
    }

    /// The version of this program.
    #[must_use]
    pub fn version() -> Self {
        Self::Version(Version {
            api_version: names::OPS_API_VERSION,
            kind: "Version",
            version: env!("CARGO_PKG_VERSION"),
            kubernetes: KubernetesVersions {
                minimum: "1.30",
                tested: "1.34",
            },
        })
    }

    /// As JSON: indented for people, or in one line where lines are what is collected. Documents of ours always
    /// serialize.
    #[must_use]
    pub fn json(&self, in_one_line: bool) -> String {
        let text = if in_one_line {
            serde_json::to_string(self)
        } else {
            serde_json::to_string_pretty(self)
        };
        text.unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"))
    }

    /// As YAML. Documents of ours always serialize.
    #[must_use]
    pub fn yaml(&self) -> String {
        serde_saphyr::to_string(self).unwrap_or_else(|error| format!("# cannot be rendered: {error}\n"))
    }
}
