//! `RepoBinding`: a repository whose pushes start a pipeline in a namespace of its own.

use super::Condition;
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which repository starts which pipeline.
#[derive(Debug, Clone, PartialEq, Eq, CustomResource, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "aphex.io",
    version = "v1alpha1",
    kind = "RepoBinding",
    plural = "repobindings",
    namespaced,
    doc = "A repository whose pushes start a pipeline in a namespace of its own.",
    status = "RepoBindingStatus",
    crates(kube_core = "::kube_core"),
    printcolumn = r#"{"name":"Organization","type":"string","jsonPath":".spec.aphexOrg"}"#,
    printcolumn = r#"{"name":"Repository","type":"string","jsonPath":".spec.repoName"}"#,
    printcolumn = r#"{"name":"Pipeline","type":"string","jsonPath":".spec.pipelineName"}"#,
    printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Message","type":"string","priority":1,"jsonPath":".status.message"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct RepoBindingSpec {
    /// Name of the Organization.
    #[schemars(
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
        length(max = 59),
        extend("x-kubernetes-validations" = [{
            "rule": "self == oldSelf",
            "message": "a binding cannot move to another organization: delete it and make another"
        }])
    )]
    pub aphex_org: String,
    /// GitHub's name of the repository's owner.
    #[schemars(regex(pattern = r"^[a-zA-Z0-9-]{1,39}$"))]
    pub repo_org: String,
    /// GitHub's name of the repository.
    #[schemars(
        regex(pattern = r"^[a-zA-Z0-9_.-]{1,100}$"),
        extend("x-kubernetes-validations" = [{
            "rule": "self != '.' && self != '..'",
            "message": "this is no name of a repository"
        }])
    )]
    pub repo_name: String,
    /// Name of the pipeline, and of the namespace that it runs in.
    #[schemars(
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
        length(max = 50),
        extend("x-kubernetes-validations" = [{
            "rule": "self == oldSelf",
            "message": "it names the namespace: delete the binding and make another"
        }])
    )]
    pub pipeline_name: String,
    /// Name of the template by which a push becomes a run.
    #[schemars(length(min = 1, max = 63))]
    pub template_ref: String,
    /// The Tekton Pipeline, as YAML.
    #[schemars(length(min = 1, max = 131_072))]
    pub pipeline_spec: String,
    /// The branch whose pushes start it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 255),
        extend("x-kubernetes-validations" = super::git::branch_rules())
    )]
    pub branch: Option<String>,
    /// What the pipeline may do in its namespace.
    #[serde(default)]
    pub permission_profile: PermissionProfile,
}

impl RepoBindingSpec {
    /// The branch whose pushes start the pipeline.
    #[must_use]
    pub fn branch(&self) -> &str {
        self.branch.as_deref().unwrap_or("main")
    }
}

/// What a pipeline may do in its namespace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PermissionProfile {
    /// Run.
    #[default]
    Standard,
    /// Deploy workloads besides; only for organizations that the configuration names.
    Elevated,
}

/// How far it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BindingPhase {
    /// It waits for something that is not its own, such as its organization.
    #[default]
    Pending,
    /// Its objects are being made.
    Provisioning,
    /// Everything is there.
    Ready,
    /// Something has to be mended first.
    Failed,
}

/// What GitHub has to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct WebhookConfiguration {
    /// Payload URL.
    pub url: String,
    /// Where the secret is: `namespace/name`, and the key. Its value is in that Secret only.
    pub secret: String,
    /// Which events.
    pub events: Vec<String>,
}

/// Which of its parts are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "each is the part of that name")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the status has these twelve fields by its documentation"
)]
pub struct Provisioned {
    pub namespace: bool,
    pub pipeline: bool,
    pub service_account: bool,
    pub rbac: bool,
    pub app_project: bool,
    pub resource_quota: bool,
    pub network_policy: bool,
    pub terraform_secret: bool,
    pub trigger_binding: bool,
    pub trigger_template: bool,
    pub trigger: bool,
    pub allowlist_updated: bool,
}

/// What has become of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RepoBindingStatus {
    /// How far it is.
    pub phase: BindingPhase,
    /// The same for people.
    pub message: String,
    /// The generation of the specification that this speaks of.
    pub observed_generation: i64,
    /// What holds and what does not.
    pub conditions: Vec<Condition>,
    /// What GitHub has to be told.
    pub webhook_configuration: WebhookConfiguration,
    /// Which of its parts are there.
    pub provisioned_resources: Provisioned,
}
