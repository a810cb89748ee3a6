//! From YAML text to [`Config`], with the place of every mistake.

use super::Config;
use crate::model::{dns, names};
use thiserror::Error;

/// What [`parse`] takes as a DNS label, for the schema.
pub(super) const DNS_LABEL: &str = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$";
/// What [`parse`] takes as a URL, for the schema.
pub(super) const HTTP_URL: &str = "^https?://";

/// Why a configuration text was refused.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// Not YAML, an unknown field, or a value of the wrong type; says line and column.
    #[error("{0}")]
    Syntax(String),
    /// A document of another kind or version.
    #[error(
        "this is a {api_version} {kind}; expected {} PlatformConfig",
        names::OPS_API_VERSION
    )]
    OtherDocument {
        /// Its apiVersion.
        api_version: String,
        /// Its kind.
        kind: String,
    },
    /// A value that cannot work, by field.
    #[error("{field}: {problem}")]
    Value {
        /// Path of the field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads a configuration; an empty text is the default configuration.
///
/// # Errors
/// [`ConfigError`], with line and column where the text itself is wrong.
pub fn parse(text: &str) -> Result<Config, ConfigError> {
    if text
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
    {
        return Ok(Config::default());
    }
    let config: Config =
        serde_saphyr::from_str(text).map_err(|error| ConfigError::Syntax(error.to_string()))?;
    if config.api_version != names::OPS_API_VERSION || config.kind != "PlatformConfig" {
        return Err(ConfigError::OtherDocument {
            api_version: config.api_version,
            kind: config.kind,
        });
    }
    check_values(&config)?;
    Ok(config)
}

fn check_values(config: &Config) -> Result<(), ConfigError> {
    let namespaces = [
        ("namespaces.auth", &config.namespaces.auth),
        ("namespaces.argocd", &config.namespaces.argocd),
        ("namespaces.tekton", &config.namespaces.tekton),
        ("namespaces.platform", &config.namespaces.platform),
        ("dex.deployment", &config.dex.deployment),
    ];
    for (field, name) in namespaces {
        if !dns::is_label(name) {
            return Err(ConfigError::Value {
                field,
                problem: format!("{name:?} is not a DNS label (RFC 1123)"),
            });
        }
    }
    let urls = [
        ("authentik.url", config.authentik.url.as_deref()),
        ("dex.url", config.dex.url.as_deref()),
        ("dex.issuer", config.dex.issuer.as_deref()),
        ("http.proxy", config.http.proxy.as_deref()),
    ];
    for (field, url) in urls.into_iter().filter_map(|(field, url)| Some((field, url?))) {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(ConfigError::Value {
                field,
                problem: format!("{url:?} is not an http or https URL"),
            });
        }
        without_credentials(field, url)?;
    }
    if let Some(url) = &config.gitops.repo_url {
        without_credentials("gitops.repoURL", url)?;
    }
    Ok(())
}

/// The configuration lies open in a ConfigMap and in a repository. What is refused is not quoted.
fn without_credentials(field: &'static str, url: &str) -> Result<(), ConfigError> {
    let authority = url.split_once("://").map_or("", |(scheme, rest)| match scheme {
        "http" | "https" => rest.split('/').next().unwrap_or_default(),
        _ => "",
    });
    if authority.contains('@') {
        return Err(ConfigError::Value {
            field,
            problem: "a user or password does not belong into a configuration that others can read"
                .to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_text_is_the_default() {
        assert_eq!(parse("# nothing\n").unwrap(), Config::default());
        assert_eq!(
            parse("profile: k3s").unwrap().dex_issuer(),
            "https://dex.home.local"
        );
    }

    #[test]
    fn credentials_are_refused_and_not_repeated() {
        for text in [
            "http: {proxy: 'http://me:hunter2@proxy:3128'}",
            "gitops: {repoURL: 'https://hunter2@git.example.org/a@b'}",
        ] {
            let refused = parse(text).unwrap_err().to_string();
            assert!(refused.contains("does not belong"), "{refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
        for fine in [
            "git@git.example.org:a/b.git",
            "ssh://git@git.example.org/a",
            "https://git.example.org/a@b",
        ] {
            assert!(parse(&format!("gitops: {{repoURL: '{fine}'}}")).is_ok(), "{fine}");
        }
    }

    #[test]
    fn the_default_survives_a_round_trip() {
        let text = serde_saphyr::to_string(&Config::default()).unwrap();
        assert_eq!(parse(&text).unwrap(), Config::default());
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let unknown = parse("profile: kind\nhots:\n  dex: a\n").unwrap_err().to_string();
        assert!(
            unknown.contains("hots") && unknown.contains("line 2"),
            "{unknown}"
        );
        let typed = parse("namespaces:\n  auth: [1]\n").unwrap_err().to_string();
        assert!(typed.contains("line 2"), "{typed}");
        let value = parse("namespaces:\n  auth: Auth_System\n")
            .unwrap_err()
            .to_string();
        assert!(
            value.contains("namespaces.auth") && value.contains("RFC 1123"),
            "{value}"
        );
        let other = parse("kind: Deployment\n").unwrap_err().to_string();
        assert!(
            other.contains("expected ops.aphex.io/v1alpha1 PlatformConfig"),
            "{other}"
        );
    }

    #[test]
    fn defaults_follow_the_hosts() {
        let config = parse("hosts: {dex: sso.example.org}\nnamespaces: {auth: login}\n").unwrap();
        assert_eq!(config.dex_issuer(), "https://sso.example.org");
        assert_eq!(
            config.authentik_redirect_uri(),
            "https://sso.example.org/callback"
        );
        assert_eq!(
            config.authentik_url(),
            "http://authentik.login.svc.cluster.local:9000"
        );
        assert_eq!(config.dex_url(), "http://dex.login.svc.cluster.local:5556");
    }
}
