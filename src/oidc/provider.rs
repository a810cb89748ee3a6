//! A provider as a whole: its document and its keys, fetched and judged.

use super::{
    Document, Finding,
    checks::{self, Expected},
    fetch::{self, Absent},
    keys::{self, KeySet},
};
use crate::{
    http::{Http, Url},
    model::failure::Failure,
};

/// A provider that passed all checks.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Its discovery document.
    pub discovery: Document,
    /// Its usable keys.
    pub keys: KeySet,
}

/// What a look at a provider gave.
#[derive(Debug, Clone)]
pub enum Look {
    /// Everything is as it must be.
    Good(Provider),
    /// It does not answer yet.
    NotYet(Finding),
    /// It answers wrongly; all that was found, never empty.
    Wrong(Vec<Finding>),
}

impl Look {
    /// Its keys, or why there are none that could be used.
    ///
    /// # Errors
    /// The first of what was found.
    pub fn keys(self) -> Result<KeySet, String> {
        match self {
            Self::Good(provider) => Ok(provider.keys),
            Self::NotYet(finding) => Err(finding.message),
            Self::Wrong(findings) => keys::usable(KeySet::default(), &findings),
        }
    }
}

/// From which place the keys are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeysFrom {
    /// From where the document says.
    Document,
    /// From the path that the document says, on the server that gave the document.
    SameServer,
}

/// Fetches and judges the provider with the base URL `base`. Keys are fetched only from a document that
/// is right, because it says from where.
///
/// # Errors
/// Failures that are not about the provider, as [`fetch::document`].
pub async fn look(http: &Http, base: &str, expected: Expected<'_>, from: KeysFrom) -> Result<Look, Failure> {
    // Discovery §4.1: a slash at the end of the issuer is taken away first.
    let url = format!("{}/.well-known/openid-configuration", base.trim_end_matches('/'));
    let discovery = match fetch::document(http, &url).await? {
        Ok(document) => document,
        Err(absent) => return Ok(absent.into()),
    };
    let findings = checks::discovery(&discovery, expected);
    if !findings.is_empty() {
        return Ok(Look::Wrong(findings));
    }
    let url = keys_url(&discovery, base, from);
    let (keys, mut findings) = match fetch::document(http, &url).await? {
        Ok(document) => keys::keys(&document),
        Err(absent) => return Ok(absent.into()),
    };
    let algorithms = checks::algorithms(&discovery);
    if findings.is_empty() && !keys.serves(&algorithms) {
        let message = format!(
            "no key of the key set is for the algorithms it names: {}",
            algorithms.join(", ")
        );
        findings.push(Finding::mismatch(message));
    }
    if findings.is_empty() {
        Ok(Look::Good(Provider { discovery, keys }))
    } else {
        Ok(Look::Wrong(findings))
    }
}

impl From<Absent> for Look {
    fn from(absent: Absent) -> Self {
        match absent {
            Absent::NotYet(finding) => Self::NotYet(finding),
            Absent::Wrong(finding) => Self::Wrong(vec![finding]),
        }
    }
}

fn keys_url(discovery: &Document, base: &str, from: KeysFrom) -> String {
    let named = discovery.text("jwks_uri").unwrap_or_default();
    let moved = || {
        let (named, mut url) = (Url::parse(named).ok()?, Url::parse(base).ok()?);
        url.set_path(named.path());
        url.set_query(named.query());
        Some(url.into())
    };
    match from {
        KeysFrom::Document => named.to_owned(),
        KeysFrom::SameServer => moved().unwrap_or_else(|| named.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        http::testing::{Say, Server, http},
        oidc::checks::Plain,
    };
    use serde_json::{Value, json};

    fn mk_discovery(issuer: &str, algorithm: &str) -> Value {
        json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"),
            "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys?a=b"),
            "response_types_supported": ["code"], "id_token_signing_alg_values_supported": [algorithm],
        })
    }

    fn mk_keys() -> Value {
        let coordinate = "A".repeat(43);
        json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "a", "x": coordinate, "y": coordinate}]})
    }

    async fn mk_server(discovery: Value, keys: Value) -> Server {
        Server::answering(move |request| {
            let is_keys = request.starts_with("GET /dex/keys?a=b ");
            let is_discovery = request.starts_with("GET /dex/.well-known/openid-configuration ");
            match () {
                () if is_keys => Say::json(keys.to_string()),
                () if is_discovery => Say::json(discovery.to_string()),
                () => Say::status("404 Not Found"),
            }
        })
        .await
    }

    async fn judge(issuer: &str, discovery: Value, keys: Value) -> (Look, usize) {
        let server = mk_server(discovery, keys).await;
        let plain = Plain::InCluster;
        let base = server.url("/dex/");
        let look = look(&http(), &base, Expected { issuer, plain }, KeysFrom::SameServer)
            .await
            .unwrap();
        (look, server.seen().len())
    }

    const ISSUER: &str = "https://sso.example.org/dex";

    #[tokio::test]
    async fn a_good_provider_shows_its_keys() {
        let (look, _) = judge(ISSUER, mk_discovery(ISSUER, "ES256"), mk_keys()).await;
        assert!(matches!(look, Look::Good(Provider { keys, .. }) if keys.len() == 1));
    }

    #[tokio::test]
    async fn nothing_is_fetched_on_the_word_of_a_wrong_document() {
        let (look, requests) = judge(
            ISSUER,
            mk_discovery("https://evil.example.org/dex", "ES256"),
            mk_keys(),
        )
        .await;
        assert!(matches!(look, Look::Wrong(findings) if !findings.is_empty()));
        assert_eq!(requests, 1);
    }

    #[tokio::test]
    async fn keys_must_fit_the_named_algorithms() {
        for (algorithm, keys) in [("RS256", mk_keys()), ("ES256", json!({}))] {
            let (look, requests) = judge(ISSUER, mk_discovery(ISSUER, algorithm), keys).await;
            assert!(matches!(look, Look::Wrong(findings) if findings.len() == 1));
            assert_eq!(requests, 2);
        }
    }
}
