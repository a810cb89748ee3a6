//! Looking at the Secrets and at Authentik.

use super::{
    AuthentikToken,
    admin::{Access, Credentials},
    facts::{Account, Admin, Bootstrap, Grant, Group, Looked, Role, Seen, Setup, Stored, Token},
    token_identifier,
};
use crate::{
    authentik::{self, ApiError, Authentik, is_token},
    converge::{Context, Wait},
    kubernetes::SecretValues,
    model::{
        failure::{Failure, Reason},
        names::{self, CONFIG_SYNC},
        object::ObjectRef,
        provider::{self, Match, Provider, Wanted},
    },
};

/// The model whose rights are looked at; ours on other objects cannot be told from rights on deleted ones.
const PROVIDER: (&str, &str) = ("authentik_providers_oauth2", "oauth2provider");

impl AuthentikToken {
    pub(super) async fn look(&self, cx: &Context) -> Result<Seen, Failure> {
        let namespace = cx.config.namespaces.auth.as_str();
        let (stored, credentials) = tokio::try_join!(
            cx.cluster.secret(namespace, names::API_TOKEN_SECRET),
            cx.cluster.secret(namespace, names::AUTHENTIK_SECRET),
        )?;
        let credentials = Credentials::of(credentials.as_ref());
        if let Some(wait) = cx.reach(&cx.config.authentik_url()).await? {
            return Ok(Seen::NotReady(Box::new(wait)));
        }
        let wanted = Wanted::from(&cx.config);
        let stored = match self.stored(cx, stored.as_ref(), &credentials, &wanted).await {
            Ok(stored) => stored,
            Err(error) => return not_ready(cx, error),
        };
        let works = matches!(stored, Stored::Works { .. });
        let admin = match works {
            true => Admin::NotNeeded,
            false => match self.admin(cx, &credentials, &wanted).await {
                Ok(admin) => admin,
                Err(error) => return not_ready(cx, error),
            },
        };
        let bootstrap = match works && self.retire_bootstrap {
            true => match self.bootstrap(cx, &credentials).await {
                Ok(bootstrap) => bootstrap,
                Err(error) => return not_ready(cx, error),
            },
            false if self.memory().bootstrap_works => Bootstrap::Alive,
            false => Bootstrap::Unknown,
        };
        Ok(Seen::Looked(Box::new(Looked {
            secret: ObjectRef::secret(namespace, names::API_TOKEN_SECRET),
            credentials: ObjectRef::secret(namespace, names::AUTHENTIK_SECRET),
            wanted,
            stored,
            admin,
            bootstrap,
        })))
    }

    /// Tries the stored token: one request if it works.
    async fn stored(
        &self,
        cx: &Context,
        secret: Option<&SecretValues>,
        credentials: &Credentials,
        wanted: &Wanted,
    ) -> Result<Stored, ApiError> {
        let Some(secret) = secret else {
            return Ok(Stored::NoSecret);
        };
        let Some(value) = secret.value(names::API_TOKEN_KEY) else {
            return Ok(Stored::NoKey);
        };
        self.memory().stored = Some(value.clone());
        let Some(token) = secret.text(names::API_TOKEN_KEY).filter(is_token) else {
            return Ok(Stored::Unusable);
        };
        if credentials.is_bootstrap_token(&token) {
            return Ok(Stored::Superuser);
        }
        let api = Authentik::with_token(&cx.http, &cx.config.authentik_url(), token);
        match api.providers().await {
            Ok(providers) => {
                let providers: Vec<Provider> = providers.iter().map(|provider| provider.facts()).collect();
                Ok(match provider::find(&providers, wanted) {
                    Match::One(provider) => Stored::Works {
                        provider,
                        sees: providers.len(),
                    },
                    Match::None | Match::Many(_) => Stored::Blind,
                })
            }
            Err(ApiError::PermissionMissing) => Ok(Stored::Blind),
            Err(ApiError::TokenRefused | ApiError::Anonymous) => Ok(Stored::Refused),
            Err(error) => Err(error),
        }
    }

    async fn admin(
        &self,
        cx: &Context,
        credentials: &Credentials,
        wanted: &Wanted,
    ) -> Result<Admin, ApiError> {
        let api = match self.access(cx, credentials).await? {
            Access::Granted(api) => api,
            Access::Settling(wait) => return Ok(Admin::Settling(wait)),
            Access::Refused {
                why,
                password_would_do,
            } => {
                return Ok(Admin::Refused {
                    why,
                    password_would_do,
                });
            }
            Access::NoCredentials => return Ok(Admin::NoCredentials),
        };
        match setup(&api, wanted).await {
            Ok(setup) => Ok(Admin::Granted(setup)),
            // It worked a moment ago: a session that ended, or a token that was taken away.
            Err(ApiError::TokenRefused | ApiError::Anonymous) => {
                self.memory().admin = None;
                let server = ObjectRef::global("Authentik", cx.config.authentik_url());
                let message = "stopped accepting a credential that had just worked; trying again";
                Ok(Admin::Settling(Wait::new(
                    server,
                    Reason::Unauthenticated,
                    message,
                )))
            }
            Err(error) => Err(error),
        }
    }
}

/// Authentik that is starting or in trouble is waited for; anything else ends the run.
fn not_ready(cx: &Context, error: ApiError) -> Result<Seen, Failure> {
    let server = ObjectRef::global("Authentik", cx.config.authentik_url());
    error.wait(server).map(|wait| Seen::NotReady(Box::new(wait)))
}

async fn setup(api: &Authentik, wanted: &Wanted) -> Result<Setup, ApiError> {
    let token_identifier = token_identifier();
    let (providers, account, group, role, token) = tokio::try_join!(
        api.providers(),
        api.user(CONFIG_SYNC),
        api.group(CONFIG_SYNC),
        api.role(CONFIG_SYNC),
        api.token(&token_identifier),
    )?;
    let providers: Vec<Provider> = providers.iter().map(|provider| provider.facts()).collect();
    let role = match role {
        None => None,
        Some(role) => Some(Role {
            grants: grants(&api.permissions(&role.pk).await?, &providers),
            pk: role.pk,
        }),
    };
    Ok(Setup {
        provider: provider::find(&providers, wanted),
        account: account.map(|user| Account {
            pk: user.pk,
            is_active: user.is_active,
            is_plain: user.r#type == "service_account" && !user.is_superuser,
        }),
        group: group.map(|group| Group {
            pk: group.pk,
            is_superuser: group.is_superuser,
            members: group.users,
            roles: group.roles,
        }),
        role,
        token: token.map(|token| Token {
            pk: token.pk,
            user: token.user,
            is_lasting: token.intent == "api" && !token.expiring,
        }),
    })
}

/// The rights that count: on all objects, and on providers that exist. A right on a deleted provider
/// gives nothing, and cannot be taken away (source).
fn grants(permissions: &[authentik::Permission], providers: &[Provider]) -> Vec<Grant> {
    let grant = |permission: &authentik::Permission| {
        let provider = match &permission.object_pk {
            None => None,
            Some(_) if PROVIDER != (permission.app_label.as_str(), permission.model.as_str()) => return None,
            Some(pk) => {
                let pk = pk.parse().ok()?;
                providers.iter().any(|provider| provider.pk == pk).then_some(())?;
                Some(pk)
            }
        };
        Some(Grant {
            permission: format!("{}.{}", permission.app_label, permission.codename),
            provider,
        })
    };
    permissions.iter().filter_map(grant).collect()
}
