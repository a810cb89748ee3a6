//! Looking at Authentik with the credentials that are stored.

use crate::{
    authentik::{ApiError, Authentik, Proof, is_token, prove_secret},
    check::{Bootstrap, Comparison, Stored, Trouble},
    converge::{Context, Wait},
    kubernetes::SecretValues,
    model::{
        failure::{Failure, Reason},
        names,
        object::ObjectRef,
        provider::{Match, Provider, Wanted, find},
    },
};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// What the stored token is good for, and whether the superuser's of the first start still is.
pub(super) async fn look(cx: &Context) -> Result<(Stored, Bootstrap), Failure> {
    let namespace = cx.config.namespaces.auth.as_str();
    let (token, admin, dex) = tokio::try_join!(
        cx.cluster.secret(namespace, names::API_TOKEN_SECRET),
        cx.cluster.secret(namespace, names::AUTHENTIK_SECRET),
        cx.cluster.secret(namespace, names::DEX_SECRET),
    )?;
    if let Some(wait) = cx.reach(&cx.config.authentik_url()).await? {
        return Ok((Stored::Silent(silence(wait)), Bootstrap::Gone));
    }
    let value = |secret: &Option<SecretValues>, key| secret.as_ref().and_then(|secret| secret.text(key));
    let first = value(&admin, names::BOOTSTRAP_TOKEN_KEY);
    let bootstrap = match bootstrap(cx, first.clone()).await {
        Ok(bootstrap) => bootstrap,
        Err(error) => return Ok((Stored::Silent(trouble(cx, error)?), Bootstrap::Gone)),
    };
    let exists = token
        .as_ref()
        .and_then(|secret| secret.value(names::API_TOKEN_KEY))
        .is_some_and(|value| !value.expose_secret().is_empty());
    let stored = match value(&token, names::API_TOKEN_KEY).filter(is_token) {
        None if exists => Stored::Unusable,
        None => Stored::None,
        Some(token) if first.is_some_and(|first| is_same(&first, &token)) => Stored::Superuser,
        Some(token) => {
            let client_secret = value(&dex, names::DEX_CLIENT_SECRET_KEY).unwrap_or_default();
            match stored(cx, token, &client_secret).await {
                Ok(stored) => stored,
                Err(error) => Stored::Silent(trouble(cx, error)?),
            }
        }
    };
    Ok((stored, bootstrap))
}

/// Any answer tells that Authentik answers, also that to a token that nobody has.
async fn bootstrap(cx: &Context, token: Option<SecretString>) -> Result<Bootstrap, ApiError> {
    let token = token
        .filter(is_token)
        .unwrap_or_else(|| SecretString::from("none"));
    let api = Authentik::with_token(&cx.http, &cx.config.authentik_url(), token);
    match api.me().await {
        Ok(me) if me.is_superuser => Ok(Bootstrap::Alive),
        Ok(_) | Err(ApiError::TokenRefused | ApiError::Anonymous | ApiError::PermissionMissing) => {
            Ok(Bootstrap::Gone)
        }
        Err(error) => Err(error),
    }
}

async fn stored(cx: &Context, token: SecretString, client_secret: &SecretString) -> Result<Stored, ApiError> {
    let url = cx.config.authentik_url();
    let api = Authentik::with_token(&cx.http, &url, token);
    let providers = match api.providers().await {
        Ok(providers) => providers,
        Err(ApiError::PermissionMissing) => return Ok(Stored::Blind),
        Err(ApiError::TokenRefused | ApiError::Anonymous) => return Ok(Stored::Refused),
        Err(error) => return Err(error),
    };
    let facts: Vec<Provider> = providers.iter().map(|provider| provider.facts()).collect();
    let Match::One(provider) = find(&facts, &Wanted::from(&cx.config)) else {
        return Ok(Stored::Blind);
    };
    let shown = providers.iter().find(|shown| shown.facts().pk == provider.pk);
    let shows_same = shown.is_some_and(|shown| is_same(&shown.client_secret, client_secret));
    let secret = match shows_same {
        false => Comparison::Different,
        // A public client accepts any secret, so a proof would prove nothing.
        true if provider.is_public => Comparison::Same,
        true => match prove_secret(&cx.http, &url, &provider.client_id, client_secret).await? {
            Proof::Right => Comparison::Same,
            Proof::Wrong => Comparison::Refused,
        },
    };
    let others = providers.len() - 1;
    Ok(Stored::Works { secret, others })
}

fn is_same(one: &SecretString, other: &SecretString) -> bool {
    let bytes = |secret: &SecretString| secret.expose_secret().as_bytes().to_vec();
    bytes(one).ct_eq(&bytes(other)).into()
}

/// What a wait stands for, where nobody waits.
pub(super) fn silence(wait: Wait) -> Trouble {
    Trouble {
        reason: wait.reason,
        message: format!("{}: {}", wait.object, wait.message),
        remedy: wait.remedy,
    }
}

/// # Errors
/// A stop of the run, which is no trouble of Authentik's.
fn trouble(cx: &Context, error: ApiError) -> Result<Trouble, Failure> {
    let failure = error.failure(ObjectRef::global("Authentik", cx.config.authentik_url()));
    match failure.reason {
        Reason::Interrupted => Err(failure),
        _ => Ok(Trouble::from(failure)),
    }
}
