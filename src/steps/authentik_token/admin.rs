//! Getting in as an administrator: by the bootstrap token, else by akadmin's password.

use super::{AuthentikToken, facts::Bootstrap};
use crate::{
    authentik::{self, ApiError, Authentik, LoginError, is_token},
    converge::{Context, Wait},
    kubernetes::SecretValues,
    model::{
        failure::Reason,
        names::{self, AUTHENTIK_ADMIN},
        object::ObjectRef,
    },
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

/// What the Secret holds of an administrator's credentials.
pub(in crate::steps) struct Credentials {
    token: Option<SecretString>,
    password: Option<SecretString>,
}

/// How far the search for access came.
pub(in crate::steps) enum Access {
    Granted(Authentik),
    Settling(Wait),
    Refused { why: String, password_would_do: bool },
    NoCredentials,
}

impl Credentials {
    pub(in crate::steps) fn of(secret: Option<&SecretValues>) -> Self {
        let text = |key| secret?.text(key).filter(|text| !text.expose_secret().is_empty());
        Self {
            token: text(names::BOOTSTRAP_TOKEN_KEY).filter(is_token),
            password: text(names::ADMIN_PASSWORD_KEY),
        }
    }

    /// Whether a token is the superuser's of the first start.
    pub(super) fn is_bootstrap_token(&self, token: &SecretString) -> bool {
        self.token
            .as_ref()
            .is_some_and(|bootstrap| bootstrap.expose_secret() == token.expose_secret())
    }
}

impl AuthentikToken {
    /// Access as an administrator, found once in a run.
    pub(in crate::steps) async fn access(
        &self,
        cx: &Context,
        credentials: &Credentials,
    ) -> Result<Access, ApiError> {
        if let Some(api) = self.memory().admin.clone() {
            return Ok(Access::Granted(api));
        }
        if credentials.token.is_none() && credentials.password.is_none() {
            return Ok(Access::NoCredentials);
        }
        let token = self.by_token(cx, credentials).await?;
        if let Ok(api) = token {
            let mut memory = self.memory();
            memory.admin = Some(api.clone());
            memory.bootstrap_works = true;
            return Ok(Access::Granted(api));
        }
        self.by_password(cx, credentials, token.err().unwrap_or_default())
            .await
    }

    /// Whether the bootstrap token works.
    pub(super) async fn bootstrap(
        &self,
        cx: &Context,
        credentials: &Credentials,
    ) -> Result<Bootstrap, ApiError> {
        Ok(match self.by_token(cx, credentials).await? {
            Ok(api) => {
                self.memory().admin = Some(api);
                Bootstrap::Alive
            }
            Err(_) => Bootstrap::Gone,
        })
    }

    /// The bootstrap token's access, or why there is none.
    async fn by_token(
        &self,
        cx: &Context,
        credentials: &Credentials,
    ) -> Result<Result<Authentik, &'static str>, ApiError> {
        let Some(token) = credentials.token.clone() else {
            return Ok(Err("bootstrap-token is missing or malformed"));
        };
        let api = Authentik::with_token(&cx.http, &cx.config.authentik_url(), token);
        match api.me().await {
            Ok(me) if me.is_superuser => Ok(Ok(api)),
            Ok(_) => Ok(Err("bootstrap-token is not a superuser's")),
            Err(ApiError::TokenRefused | ApiError::Anonymous) => Ok(Err("bootstrap-token is not accepted")),
            Err(error) => Err(error),
        }
    }

    /// A good token can be refused for a while after the server is ready, and so can a good password; so
    /// the password is tried, and a refusal believed, only when the server has had time to settle. Where
    /// there is no token to wait for, the password is tried at once.
    async fn by_password(
        &self,
        cx: &Context,
        credentials: &Credentials,
        token: &str,
    ) -> Result<Access, ApiError> {
        let url = cx.config.authentik_url();
        let wait = |message: &str| {
            let server = ObjectRef::global("Authentik", url.as_str());
            Access::Settling(Wait::new(server, Reason::Starting, message))
        };
        let Some(flow_seen) = self.flow_seen(cx, &url).await? else {
            return Ok(wait("its default login flow does not exist yet"));
        };
        let has_settled = flow_seen.elapsed() >= self.settling;
        let is_first = credentials.token.is_none() && !self.memory().password_refused;
        if !has_settled && !is_first {
            return Ok(wait(
                "refuses the credentials, as a server that has just started does for a while",
            ));
        }
        let Some(password) = &credentials.password else {
            return Ok(Access::Refused {
                why: format!("{token}, and admin-password is missing"),
                password_would_do: true,
            });
        };
        match authentik::log_in(&cx.http, &url, AUTHENTIK_ADMIN, password).await {
            Ok(api) => {
                self.memory().admin = Some(api.clone());
                Ok(Access::Granted(api))
            }
            Err(LoginError::Api(error)) => Err(error),
            Err(LoginError::Refused) if !has_settled => {
                self.memory().password_refused = true;
                Ok(wait(
                    "refuses akadmin's password, as it does before akadmin exists",
                ))
            }
            Err(error) => Ok(Access::Refused {
                why: format!("{token}, and with admin-password {error}"),
                password_would_do: matches!(error, LoginError::Refused),
            }),
        }
    }

    /// When the default login flow was first seen, if it exists.
    async fn flow_seen(&self, cx: &Context, url: &str) -> Result<Option<Instant>, ApiError> {
        if let Some(seen) = self.memory().flow_seen {
            return Ok(Some(seen));
        }
        let exists = authentik::has_default_flow(&cx.http, url).await?;
        let seen = exists.then(Instant::now);
        self.memory().flow_seen = seen;
        Ok(seen)
    }
}
