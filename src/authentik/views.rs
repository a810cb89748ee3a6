//! What is read of Authentik's objects: the fields that are used, and unknown ones are ignored.

use crate::model::provider::Provider;
use secrecy::SecretString;
use serde::Deserialize;

/// One page of a list. `next` is a page number, 0 for none (recorded).
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) pagination: Pagination,
    pub(super) results: Vec<T>,
}

/// Where a page stands in its list.
#[derive(Debug, Deserialize)]
pub(super) struct Pagination {
    pub(super) next: u32,
}

/// The answer of `core/users/me/`.
#[derive(Debug, Deserialize)]
pub(super) struct Me {
    pub(super) user: Identity,
}

/// What `admin/settings/` says of what people may change of themselves.
#[derive(Debug, Deserialize)]
pub(super) struct Settings {
    pub(super) default_user_change_email: bool,
}

/// Who a credential belongs to.
#[derive(Debug, Deserialize)]
pub struct Identity {
    /// User name.
    pub username: String,
    /// Whether it may do everything.
    pub is_superuser: bool,
}

/// `core/users/`.
#[derive(Debug, Deserialize)]
pub struct User {
    /// Integer; differs from installation to installation.
    pub pk: i64,
    /// Unique name.
    pub username: String,
    /// A deactivated account's tokens are refused like unknown ones.
    pub is_active: bool,
    /// Through any of its groups.
    #[serde(default)]
    pub is_superuser: bool,
    /// `internal`, `external`, `service_account` or `internal_service_account`.
    pub r#type: String,
}

/// `core/groups/`.
#[derive(Debug, Deserialize)]
pub struct Group {
    /// UUID.
    pub pk: String,
    /// Unique name.
    pub name: String,
    /// Whether its members may do everything.
    #[serde(default)]
    pub is_superuser: bool,
    /// Members.
    #[serde(default)]
    pub users: Vec<i64>,
    /// Roles of the members.
    #[serde(default)]
    pub roles: Vec<String>,
}

/// `rbac/roles/`.
#[derive(Debug, Deserialize)]
pub struct Role {
    /// UUID.
    pub pk: String,
    /// Unique name.
    pub name: String,
}

/// A permission that a role holds: on one object, or without `object_pk` on all.
#[derive(Debug, Deserialize)]
pub struct Permission {
    /// Django's name of it, such as `view_oauth2provider`.
    pub codename: String,
    /// The application that defines it.
    pub app_label: String,
    /// What it is about.
    pub model: String,
    /// The one object; absent for all.
    #[serde(default)]
    pub object_pk: Option<String>,
}

/// `core/tokens/`; its key is read separately.
#[derive(Debug, Deserialize)]
pub struct Token {
    /// UUID; differs when it is made anew.
    pub pk: String,
    /// Unique name.
    pub identifier: String,
    /// `api` for tokens that this API accepts.
    pub intent: String,
    /// Whose it is.
    pub user: i64,
    /// Whether it ends by itself, after half an hour by default.
    pub expiring: bool,
}

/// `providers/oauth2/`.
#[derive(Debug, Deserialize)]
pub struct OAuth2Provider {
    pk: i64,
    name: String,
    client_id: String,
    client_type: String,
    #[serde(default)]
    redirect_uris: RedirectUris,
    /// In clear in every answer.
    pub client_secret: SecretString,
}

/// One newline-separated text up to 2024.8, a list since (schemas 2024.2.2 and 2024.12.5).
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum RedirectUris {
    Text(String),
    List(Vec<RedirectUri>),
}

impl Default for RedirectUris {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

#[derive(Debug, Deserialize)]
struct RedirectUri {
    url: String,
    /// `authorization` or `logout`, since 2026.5 (schema).
    #[serde(default)]
    redirect_uri_type: Option<String>,
}

impl RedirectUris {
    fn for_sign_in(&self) -> Vec<String> {
        match self {
            Self::Text(text) => text.lines().map(|line| line.trim().to_owned()).collect(),
            Self::List(list) => list
                .iter()
                .filter(|entry| entry.redirect_uri_type.as_deref() != Some("logout"))
                .map(|entry| entry.url.clone())
                .collect(),
        }
    }
}

impl OAuth2Provider {
    /// What decisions need of it, without its secret.
    #[must_use]
    pub fn facts(&self) -> Provider {
        Provider {
            pk: self.pk,
            name: self.name.clone(),
            client_id: self.client_id.clone(),
            redirect_uris: self.redirect_uris.for_sign_in(),
            is_public: self.client_type == "public",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn uris(redirect_uris: Value) -> Vec<String> {
        let provider: OAuth2Provider = serde_json::from_value(json!({
            "pk": 2, "name": "p", "client_id": "c", "client_type": "confidential", "client_secret": "hunter2",
            "redirect_uris": redirect_uris, "grant_types": ["authorization_code"], "autocomplete": {}
        }))
        .unwrap();
        assert!(!format!("{provider:?}").contains("hunter2"));
        provider.facts().redirect_uris
    }

    #[test]
    fn redirect_uris_of_every_version_are_read() {
        assert_eq!(
            uris(json!("https://a/cb\r\nhttps://b/cb")),
            ["https://a/cb", "https://b/cb"]
        );
        assert_eq!(uris(json!("")), [""; 0]);
        assert_eq!(
            uris(
                json!([{"matching_mode": "strict", "url": "https://a/cb"}, {"matching_mode": "regex", "url": ".*"}])
            ),
            ["https://a/cb", ".*"]
        );
        assert_eq!(
            uris(json!([
                {"matching_mode": "strict", "url": "https://a/cb", "redirect_uri_type": "authorization"},
                {"matching_mode": "strict", "url": "https://a/out", "redirect_uri_type": "logout"}
            ])),
            ["https://a/cb"]
        );
    }
}
