//! `Organization`: a team with its namespace, its webhook and its secrets.

use super::Condition;
use kube_derive::CustomResource;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// What a team asks for.
#[derive(Debug, Clone, CustomResource, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "aphex.io",
    version = "v1alpha1",
    kind = "Organization",
    plural = "organizations",
    namespaced,
    doc = "A team: its namespace, its webhook, its secrets.",
    status = "OrganizationStatus",
    crates(kube_core = "::kube_core"),
    printcolumn = r#"{"name":"Display name","type":"string","jsonPath":".spec.displayName"}"#,
    printcolumn = r#"{"name":"Namespace","type":"string","jsonPath":".status.namespace"}"#,
    printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Message","type":"string","priority":1,"jsonPath":".status.message"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationSpec {
    /// Human-readable name.
    #[schemars(regex(pattern = r"^[a-zA-Z0-9\s\-\.]+$"), length(max = 256))]
    pub display_name: String,
    /// E-mail addresses of the administrators, as their identity provider gives them.
    #[schemars(
        length(min = 1, max = 32),
        inner(regex(pattern = r"^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$"), length(max = 254)),
        extend("x-kubernetes-validations" = [{
            "rule": "self.all(a, self.exists_one(b, a.lowerAscii() == b.lowerAscii()))",
            "message": "each administrator is named once, upper and lower case being the same"
        }])
    )]
    pub admin_users: Vec<String>,
    /// The secret that GitHub signs webhooks with; generated if it is left out.
    #[serde(default, skip_serializing)]
    #[schemars(
        with = "Option<String>",
        regex(pattern = r"^[a-zA-Z0-9_-]+$"),
        length(min = 1, max = 256)
    )]
    pub webhook_secret: Option<SecretString>,
}

/// How far it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OrganizationPhase {
    /// Not everything is there yet.
    #[default]
    Pending,
    /// Everything is there.
    Active,
    /// Something has to be mended first.
    Failed,
}

/// What has become of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct OrganizationStatus {
    /// Its namespace.
    pub namespace: String,
    /// Where GitHub sends its webhooks.
    #[serde(rename = "webhookURL")]
    pub webhook_url: String,
    /// The store from which its namespaces get their secrets.
    pub cluster_secret_store: String,
    /// How far it is.
    pub phase: OrganizationPhase,
    /// The same for people.
    pub message: String,
    /// The generation of the specification that this speaks of.
    pub observed_generation: i64,
    /// What holds and what does not.
    pub conditions: Vec<Condition>,
}
