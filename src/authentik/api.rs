//! Requests with a credential.

use super::{
    answer,
    error::ApiError,
    views::{Identity, Me, OAuth2Provider, Page, Settings},
};
use crate::{
    http::{Http, Request},
    planted::{self, Bug},
};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// More pages than any installation fills; a server that never ends its list is broken.
const MOST_PAGES: u32 = 1000;

/// Authentik as one identity sees it; clones share the connections.
#[derive(Debug, Clone)]
pub struct Authentik {
    http: Http,
    base: String,
    credential: Credential,
}

#[derive(Debug, Clone)]
enum Credential {
    /// `Authorization: Bearer`.
    Token(SecretString),
    /// The cookies of a session, and the proof that writes need.
    Session { csrf: SecretString },
}

/// Whether a text can be sent as a bearer token (RFC 6750 §2.1).
#[must_use]
pub fn is_token(text: &SecretString) -> bool {
    let text = text.expose_secret();
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Authentik {
    /// Authentik at a base URL (without a trailing slash), by an API token.
    #[must_use]
    pub fn with_token(http: &Http, base: &str, token: SecretString) -> Self {
        Self {
            http: http.clone(),
            base: base.to_owned(),
            credential: Credential::Token(token),
        }
    }

    /// By the cookies in the client's own jar.
    pub(super) fn with_session(http: Http, base: &str, csrf: SecretString) -> Self {
        Self {
            http,
            base: base.to_owned(),
            credential: Credential::Session { csrf },
        }
    }

    /// The connections, and for a session the cookies by which Authentik knows it in a browser's place.
    #[must_use]
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Whose credential it is.
    ///
    /// # Errors
    /// [`ApiError::TokenRefused`] or [`ApiError::Anonymous`] if it is nobody's.
    pub async fn me(&self) -> Result<Identity, ApiError> {
        let me: Me = self.read("core/users/me/").await?;
        Ok(me.user)
    }

    /// Whether people may change their e-mail address by themselves. A group or a user can be allowed or forbidden it besides,
    /// which this does not tell. Only administrators see it.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn may_change_email(&self) -> Result<bool, ApiError> {
        let settings: Settings = self.read("admin/settings/").await?;
        Ok(settings.default_user_change_email)
    }

    /// All OAuth2 providers that the account may see. An account without any right is refused
    /// ([`ApiError::PermissionMissing`]) where one with rights on other objects gets an empty list.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn providers(&self) -> Result<Vec<OAuth2Provider>, ApiError> {
        self.list("providers/oauth2/", &[]).await
    }

    /// One OAuth2 provider.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn provider(&self, pk: i64) -> Result<OAuth2Provider, ApiError> {
        self.read(&format!("providers/oauth2/{pk}/")).await
    }

    /// Sets a provider's client secret, and nothing else: a redirect URI that is sent along incompletely
    /// makes the provider unreadable (recorded). The answer shows what was stored.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn set_client_secret(
        &self,
        pk: i64,
        secret: &SecretString,
    ) -> Result<OAuth2Provider, ApiError> {
        let request = Request::patch(self.url(&format!("providers/oauth2/{pk}/")))
            .json(&json!({ "client_secret": secret.expose_secret() }))
            .idempotent();
        shaped(self.send(request).await?)
    }

    /// Reads one thing, once: whoever looks will look again.
    pub(super) async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        shaped(self.send(Request::get(self.url(path)).once()).await?)
    }

    /// Reads a list to its end. A filter that the server does not know filters nothing (recorded), so
    /// whoever filters must look at the results again.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        filters: &[(&str, &str)],
    ) -> Result<Vec<T>, ApiError> {
        let mut all = Vec::new();
        let mut number = 1;
        for _ in 0..MOST_PAGES {
            let page = number.to_string();
            let request = Request::get(self.url(path))
                .query(&[("page", page.as_str()), ("page_size", "100")])
                .query(filters)
                .once();
            let page: Page<T> = shaped(self.send(request).await?)?;
            all.extend(page.results);
            match page.pagination.next {
                0 => return Ok(all),
                next => number = next,
            }
        }
        Err(ApiError::Shape("a list that does not end"))
    }

    /// Creates something; not sent again when it may have arrived, for the next look tells.
    pub(super) async fn create(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.send(Request::post(self.url(path)).json(body)).await
    }

    /// Sends a change that can be sent twice.
    pub(super) async fn change(&self, request: Request) -> Result<Value, ApiError> {
        self.send(request.idempotent()).await
    }

    /// Every path of the API ends in a slash, also here.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/api/v3/{path}", self.base)
    }

    async fn send(&self, request: Request) -> Result<Value, ApiError> {
        let request = match &self.credential {
            Credential::Token(token) if planted::is_planted(Bug::SecretInUrl) => {
                request.bearer(token).query(&[("token", token.expose_secret())])
            }
            Credential::Token(token) => request.bearer(token),
            // Django also wants to know where a write over https comes from.
            Credential::Session { csrf } => request
                .header("x-authentik-csrf", csrf.expose_secret())
                .header("referer", &format!("{}/", self.base)),
        };
        let answer = self
            .http
            .send(request.accept_json())
            .await
            .map_err(ApiError::Unanswered)?;
        answer::read(answer.status, &answer.media_type(), answer.body())
    }
}

/// Reads a value as what the API documents. The error's own text could quote values, so it is dropped.
pub(super) fn shaped<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    let type_name = std::any::type_name::<T>();
    let short = type_name.rsplit("::").next().unwrap_or(type_name);
    serde_json::from_value(value).map_err(|_| ApiError::Shape(short.trim_end_matches('>')))
}
