//! `PlatformConfig`: every value that differs between installations, each with a default.

mod parse;
mod sections;

pub use parse::{ConfigError, parse};
pub use sections::{
    Authentik, Cloudflare, Cluster, Database, Dex, Gitops, Hosts, Http, Namespaces, Profile, Readiness,
    Suppression, Tenants, Timeouts,
};

use crate::model::names;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The whole configuration file; an absent field has its default, an unknown one is an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    /// Always `ops.aphex.io/v1alpha1`.
    #[schemars(extend("const" = names::OPS_API_VERSION))]
    pub api_version: String,
    /// Always `PlatformConfig`.
    #[schemars(extend("const" = "PlatformConfig"))]
    pub kind: String,
    /// Which platform this is.
    pub profile: Profile,
    /// Namespaces of the platform's parts.
    pub namespaces: Namespaces,
    /// Host names as users see them.
    pub hosts: Hosts,
    /// Where Authentik is and which provider Dex uses there.
    pub authentik: Authentik,
    /// Where Dex is and what it says of itself.
    pub dex: Dex,
    /// What tells that the database was initialised.
    pub database: Database,
    /// Rules for all outgoing HTTP.
    pub http: Http,
    /// Cloudflare account and zone.
    pub cloudflare: Cloudflare,
    /// Address ranges of the cluster.
    pub cluster: Cluster,
    /// Where Argo CD finds the platform's repository.
    pub gitops: Gitops,
    /// Image prefixes to replace, for mirrors.
    pub images: BTreeMap<String, String>,
    /// Names of image pull Secrets.
    pub image_pull_secrets: Vec<String>,
    /// What tenants may do.
    pub tenants: Tenants,
    /// Time given to steps.
    pub timeouts: Timeouts,
    /// When objects of other kinds are healthy, for `waves`.
    pub health: Vec<Readiness>,
    /// Findings of `check` that do not count.
    pub suppress: Vec<Suppression>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            api_version: names::OPS_API_VERSION.to_owned(),
            kind: "PlatformConfig".to_owned(),
            profile: Profile::default(),
            namespaces: Namespaces::default(),
            hosts: Hosts::default(),
            authentik: Authentik::default(),
            dex: Dex::default(),
            database: Database::default(),
            http: Http::default(),
            cloudflare: Cloudflare::default(),
            cluster: Cluster::default(),
            gitops: Gitops::default(),
            images: BTreeMap::new(),
            image_pull_secrets: Vec::new(),
            tenants: Tenants::default(),
            timeouts: Timeouts::default(),
            health: Vec::new(),
            suppress: Vec::new(),
        }
    }
}

impl Config {
    /// Base URL of Authentik as seen from inside the cluster, without a trailing slash.
    #[must_use]
    pub fn authentik_url(&self) -> String {
        self.authentik
            .url
            .as_deref()
            .map_or_else(|| service_url("authentik", &self.namespaces.auth, 9000), trimmed)
    }

    /// Base URL of Dex as seen from inside the cluster, without a trailing slash.
    #[must_use]
    pub fn dex_url(&self) -> String {
        self.dex.url.as_deref().map_or_else(
            || service_url(&self.dex.deployment, &self.namespaces.auth, 5556),
            trimmed,
        )
    }

    /// The issuer that Dex must name, exactly.
    #[must_use]
    pub fn dex_issuer(&self) -> String {
        self.dex
            .issuer
            .clone()
            .unwrap_or_else(|| format!("https://{}", self.hosts.dex))
    }

    /// The image with the longest of the prefixes in `images` replaced that it starts with.
    #[must_use]
    pub fn replaced_image(&self, image: &str) -> String {
        let prefixes = self.images.iter();
        let fitting = prefixes.filter(|(prefix, _)| image.starts_with(prefix.as_str()));
        match fitting.max_by_key(|(prefix, _)| prefix.len()) {
            Some((prefix, replacement)) => format!("{replacement}{}", &image[prefix.len()..]),
            None => image.to_owned(),
        }
    }

    /// The Cloudflare zone in which public hosts are.
    #[must_use]
    pub fn cloudflare_zone(&self) -> &str {
        self.cloudflare.zone.as_deref().unwrap_or(&self.hosts.webhooks)
    }

    /// The redirect URI by which Dex's provider is known in Authentik.
    #[must_use]
    pub fn authentik_redirect_uri(&self) -> String {
        self.authentik
            .redirect_uri
            .clone()
            .unwrap_or_else(|| format!("{}/callback", self.dex_issuer().trim_end_matches('/')))
    }
}

fn service_url(service: &str, namespace: &str, port: u16) -> String {
    format!("http://{service}.{namespace}.svc.cluster.local:{port}")
}

fn trimmed(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_of_an_image_is_replaced() {
        let entry = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        let config = Config {
            images: BTreeMap::from([entry("localhost/", "mirror/"), entry("localhost/a", "registry/b")]),
            ..Config::default()
        };
        assert_eq!(config.replaced_image("localhost/a:1"), "registry/b:1");
        assert_eq!(config.replaced_image("localhost/c:1"), "mirror/c:1");
        assert_eq!(
            config.replaced_image("other/localhost/a:1"),
            "other/localhost/a:1"
        );
    }
}
