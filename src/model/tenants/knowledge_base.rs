//! `KnowledgeBase`: repositories whose documentation is tracked.

use super::Condition;
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which documentation is tracked.
#[derive(Debug, Clone, PartialEq, Eq, CustomResource, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "aphex.io",
    version = "v1alpha1",
    kind = "KnowledgeBase",
    plural = "knowledgebases",
    shortname = "kb",
    namespaced,
    doc = "Repositories whose documentation is tracked.",
    status = "KnowledgeBaseStatus",
    crates(kube_core = "::kube_core"),
    printcolumn = r#"{"name":"Display name","type":"string","jsonPath":".spec.displayName"}"#,
    printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Message","type":"string","priority":1,"jsonPath":".status.message"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct KnowledgeBaseSpec {
    /// Human-readable name.
    #[schemars(length(min = 1, max = 256))]
    pub display_name: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub description: Option<String>,
    /// The repositories.
    #[schemars(
        length(min = 1, max = 50),
        extend("x-kubernetes-validations" = [{
            "rule": "self.all(a, self.exists_one(b, a.url.lowerAscii() == b.url.lowerAscii()))",
            "message": "each repository is named once, upper and lower case being the same"
        }])
    )]
    pub repositories: Vec<Repository>,
}

/// A repository with the documentation in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Repository {
    /// `https://github.com/<owner>/<name>`, and nothing more.
    #[schemars(
        regex(pattern = r"^https://github\.com/[A-Za-z0-9-]{1,39}/[A-Za-z0-9_.-]{1,100}/?$"),
        length(max = 200),
        extend("x-kubernetes-validations" = [{
            "rule": "!self.matches('/[.][.]?/?$')",
            "message": "this is no name of a repository"
        }])
    )]
    pub url: String,
    /// The branch; `main` if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 255),
        extend("x-kubernetes-validations" = super::git::branch_rules())
    )]
    pub branch: Option<String>,
    /// Folders and files of documentation; `.kiro/docs` if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 20),
        inner(regex(pattern = r"^\.kiro/docs(/[^/\\%]+)*/?$"), length(max = 255)),
        extend("x-kubernetes-validations" = [{
            "rule": "!self.exists(path, path.split('/').exists(part, part == '..' || part == '.'))",
            "message": "a path has no `.` or `..` in it"
        }])
    )]
    pub paths: Option<Vec<String>>,
}

/// How far it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum KnowledgeBasePhase {
    /// It was not looked at yet.
    #[default]
    Pending,
    /// Its specification is good.
    Ready,
    /// Its specification has to be mended.
    Failed,
}

/// What has become of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct KnowledgeBaseStatus {
    /// How far it is.
    pub phase: KnowledgeBasePhase,
    /// The same for people.
    pub message: String,
    /// When this last changed (RFC 3339).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_reconcile_time: String,
    /// The generation of the specification that this speaks of.
    pub observed_generation: i64,
    /// What holds and what does not.
    pub conditions: Vec<Condition>,
}
