//! Looking at the Secrets and at the provider.

use super::{
    DexSync, Memory, is_same,
    plan::{ClientSecret, Comparison, Looked, Seen, Sight},
};
use crate::{
    authentik::{ApiError, Authentik, Proof, is_token, prove_secret},
    converge::Context,
    kubernetes::SecretValues,
    model::{
        failure::Failure,
        names,
        object::ObjectRef,
        provider::{Match, Provider, Wanted, find},
    },
};
use secrecy::{ExposeSecret, SecretString};

impl DexSync {
    pub(super) async fn look(&self, cx: &Context) -> Result<Seen, Failure> {
        let namespace = cx.config.namespaces.auth.as_str();
        let (source, token) = tokio::try_join!(
            cx.cluster.secret(namespace, names::DEX_SECRET),
            cx.cluster.secret(namespace, names::API_TOKEN_SECRET),
        )?;
        if let Some(wait) = cx.reach(&cx.config.authentik_url()).await? {
            return Ok(Seen::NotReady(Box::new(wait)));
        }
        let wanted = Wanted::from(&cx.config);
        let (judged, client_secret) = client_secret(source.as_ref());
        let value = token
            .as_ref()
            .and_then(|secret| secret.value(names::API_TOKEN_KEY));
        let text = token
            .as_ref()
            .and_then(|secret| secret.text(names::API_TOKEN_KEY));
        let sight = match (value, text.filter(is_token)) {
            (_, Some(token)) => self.sight(cx, token, client_secret, &wanted).await,
            (Some(value), None) if !value.expose_secret().is_empty() => Ok(Sight::Unusable),
            _ => Ok(Sight::NoToken),
        };
        match sight {
            Ok(sight) => Ok(Seen::Looked(Box::new(Looked {
                source: ObjectRef::secret(namespace, names::DEX_SECRET),
                token: ObjectRef::secret(namespace, names::API_TOKEN_SECRET),
                wanted,
                client_secret: judged,
                sight,
            }))),
            Err(error) => error
                .wait(ObjectRef::global("Authentik", cx.config.authentik_url()))
                .map(|wait| Seen::NotReady(Box::new(wait))),
        }
    }

    async fn sight(
        &self,
        cx: &Context,
        token: SecretString,
        client_secret: SecretString,
        wanted: &Wanted,
    ) -> Result<Sight, ApiError> {
        let api = Authentik::with_token(&cx.http, &cx.config.authentik_url(), token);
        let providers = match api.providers().await {
            Ok(providers) => providers,
            Err(ApiError::PermissionMissing) => return Ok(Sight::Blind),
            Err(ApiError::TokenRefused | ApiError::Anonymous) => return Ok(Sight::Refused),
            Err(error) => return Err(error),
        };
        let facts: Vec<Provider> = providers.iter().map(|provider| provider.facts()).collect();
        let Match::One(provider) = find(&facts, wanted) else {
            return Ok(Sight::Blind);
        };
        let shows_same = providers
            .iter()
            .any(|shown| shown.facts().pk == provider.pk && is_same(&shown.client_secret, &client_secret));
        // A public client accepts any secret, so a proof would prove nothing.
        let secret = match shows_same {
            false => Comparison::Different,
            true if provider.is_public => Comparison::Same,
            true => proved(cx, &provider, &client_secret).await?,
        };
        *self.memory() = Some(Memory { api, client_secret });
        Ok(Sight::One { provider, secret })
    }
}

/// What Authentik shows is not yet what it accepts, so it is asked on every look: a run that was killed
/// between writing and proving is made good by the next one.
async fn proved(cx: &Context, provider: &Provider, secret: &SecretString) -> Result<Comparison, ApiError> {
    let proof = prove_secret(&cx.http, &cx.config.authentik_url(), &provider.client_id, secret).await?;
    Ok(match proof {
        Proof::Right => Comparison::Same,
        Proof::Wrong => Comparison::SameButRefused,
    })
}

fn client_secret(source: Option<&SecretValues>) -> (ClientSecret, SecretString) {
    let key = names::DEX_CLIENT_SECRET_KEY;
    let exists = source.is_some_and(|secret| secret.value(key).is_some());
    match source.and_then(|secret| secret.text(key)) {
        Some(value) => (ClientSecret::of(value.expose_secret()), value),
        None if exists => (ClientSecret::Invalid("is not text"), SecretString::default()),
        None => (ClientSecret::Missing, SecretString::default()),
    }
}
