//! The sections of `PlatformConfig` with their defaults.

use super::parse::{DNS_LABEL, HTTP_URL};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

/// Which platform this is; some components exist on one only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// A local cluster: self-signed certificates, no Cloudflare.
    #[default]
    Kind,
    /// A k3s cluster with public names.
    K3s,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Kind, Self::K3s];

    /// As configurations write it; also the name of its folders.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::K3s => "k3s",
        }
    }
}

/// Namespaces of the platform's parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Namespaces {
    /// Authentik, Dex and their database.
    #[schemars(extend("pattern" = DNS_LABEL))]
    pub auth: String,
    /// Argo CD.
    #[schemars(extend("pattern" = DNS_LABEL))]
    pub argocd: String,
    /// Tekton and its dashboard.
    #[schemars(extend("pattern" = DNS_LABEL))]
    pub tekton: String,
    /// Our own objects, and the tenants' custom resources.
    #[schemars(extend("pattern" = DNS_LABEL))]
    pub platform: String,
}

impl Default for Namespaces {
    fn default() -> Self {
        Self {
            auth: "auth-system".to_owned(),
            argocd: "argocd".to_owned(),
            tekton: "tekton-pipelines".to_owned(),
            platform: "platform-system".to_owned(),
        }
    }
}

impl Namespaces {
    /// All of them, in a fixed order.
    #[must_use]
    pub fn all(&self) -> [&str; 4] {
        [&self.auth, &self.argocd, &self.tekton, &self.platform]
    }
}

/// Host names as users see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Hosts {
    /// Authentik.
    pub auth: String,
    /// Dex.
    pub dex: String,
    /// Argo CD.
    pub argocd: String,
    /// The Tekton Dashboard.
    pub tekton: String,
    /// Parent domain of the organizations' webhook hosts.
    pub webhooks: String,
}

impl Default for Hosts {
    fn default() -> Self {
        Self {
            auth: "auth.home.local".to_owned(),
            dex: "dex.home.local".to_owned(),
            argocd: "argocd.home.local".to_owned(),
            tekton: "tekton.home.local".to_owned(),
            webhooks: "arbiter-dev.com".to_owned(),
        }
    }
}

/// Where Authentik is and which provider Dex uses there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Authentik {
    /// Base URL; default: the Service in the cluster.
    #[schemars(extend("pattern" = HTTP_URL))]
    pub url: Option<String>,
    /// Name of the OAuth2 provider.
    pub provider: String,
    /// Client id of the provider.
    #[serde(rename = "clientID")]
    pub client_id: String,
    /// Redirect URI of the provider; default: `<dex issuer>/callback`.
    #[serde(rename = "redirectURI")]
    pub redirect_uri: Option<String>,
    /// Slug of the application that the provider belongs to.
    pub slug: String,
}

impl Default for Authentik {
    fn default() -> Self {
        Self {
            url: None,
            provider: "Dex OIDC Provider".to_owned(),
            client_id: "dex-client".to_owned(),
            redirect_uri: None,
            slug: "platform-services".to_owned(),
        }
    }
}

/// Where Dex is and what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Dex {
    /// Base URL inside the cluster; default: the Service in the cluster.
    #[schemars(extend("pattern" = HTTP_URL))]
    pub url: Option<String>,
    /// Exact issuer; default: `https://<hosts.dex>`.
    #[schemars(extend("pattern" = HTTP_URL))]
    pub issuer: Option<String>,
    /// Name of the Deployment and of its Service.
    #[schemars(extend("pattern" = DNS_LABEL))]
    pub deployment: String,
}

impl Default for Dex {
    fn default() -> Self {
        Self {
            url: None,
            issuer: None,
            deployment: "dex".to_owned(),
        }
    }
}

/// What tells that the database was initialised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Database {
    /// Volume claims in the auth namespace; one that exists guards the database's Secrets.
    pub claims: Vec<String>,
    /// The workload that runs the database.
    pub workload: String,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            claims: vec![
                "postgresql-data".to_owned(),
                "postgresql-data-postgresql-0".to_owned(),
            ],
            workload: "statefulset/postgresql".to_owned(),
        }
    }
}

/// Rules for all outgoing HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Http {
    /// PEM file with further certificate authorities.
    pub ca_bundle: Option<String>,
    /// Host name to address and port, instead of DNS.
    pub resolve: BTreeMap<String, SocketAddr>,
    /// Proxy URL for everything outside the cluster.
    #[schemars(extend("pattern" = HTTP_URL))]
    pub proxy: Option<String>,
}

/// Cloudflare account and zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Cloudflare {
    /// Base URL of the API.
    #[serde(rename = "apiURL")]
    pub api_url: String,
    /// Account; default: the only one that the token sees.
    #[serde(rename = "accountID")]
    pub account_id: Option<String>,
    /// Zone; default: `hosts.webhooks`.
    pub zone: Option<String>,
}

impl Default for Cloudflare {
    fn default() -> Self {
        Self {
            api_url: "https://api.cloudflare.com/client/v4".to_owned(),
            account_id: None,
            zone: None,
        }
    }
}

/// Address ranges of the cluster, which tenants do not get at; of Pods and Services, those that cannot be read from it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Cluster {
    /// Ranges of Pods.
    #[serde(rename = "podCIDRs")]
    pub pod_cidrs: Vec<String>,
    /// Ranges of Services.
    #[serde(rename = "serviceCIDRs")]
    pub service_cidrs: Vec<String>,
    /// Ranges of nodes: tenants do not get at them, but for the API server. Only what is named here is kept from them, since
    /// what the platform lets in from outside may be at a node's address too.
    #[serde(rename = "nodeCIDRs")]
    pub node_cidrs: Vec<String>,
}

/// Where Argo CD finds the platform's repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Gitops {
    /// Repository URL.
    #[serde(rename = "repoURL")]
    pub repo_url: Option<String>,
    /// Branch, tag or commit.
    pub revision: Option<String>,
    /// Folder in the repository.
    pub path: Option<String>,
}

/// What tenants may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Tenants {
    /// Organizations that may use the elevated permission profile.
    pub elevated: Vec<String>,
}

/// Findings of `check` that are known and do not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Suppression {
    /// The check's code, such as `APX-SEC-005`, or a category; after `=` the only object that it is about, if only one is
    /// (`APX-SEC-005=auth-system/dex-secrets`).
    pub check: String,
    /// Why they do not count.
    pub reason: String,
    /// The last day on which they do not (UTC); without it they never do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub until: Option<jiff::civil::Date>,
}

/// Time given to steps, in seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Timeouts {
    /// Seconds for one step; `--timeout` wins.
    pub step: Option<u64>,
}

impl Timeouts {
    /// The time for one step: the configured one, else ten minutes.
    #[must_use]
    pub fn step(&self) -> Duration {
        Duration::from_secs(self.step.unwrap_or(600))
    }
}

/// When an object of a kind is as asked for, as expressions in CEL in which it is called `object`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Readiness {
    /// API group; empty for the core group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Kind.
    pub kind: String,
    /// True when it is as asked for; waited for.
    pub current: String,
    /// True when it will never be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// A text that says why it is as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
