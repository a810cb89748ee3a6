//! Asking the API server whose a token is.

use super::{Cluster, triage};
use crate::model::{
    exit::Exit,
    failure::{Failure, Reason},
    object::ObjectRef,
};
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec};
use kube::{Api, api::PostParams};
use secrecy::{ExposeSecret, SecretString};

impl Cluster {
    /// As whom the API server knows the bearer of a token: the name, and the groups that are not Kubernetes' own.
    ///
    /// # Errors
    /// [`Reason::Unauthenticated`] if it does not accept the token; its own words may quote parts of the token's claims, and
    /// are not repeated.
    pub async fn known_as(&self, token: &SecretString) -> Result<String, Failure> {
        let api: Api<TokenReview> = Api::all(self.client.clone());
        let ask = TokenReview {
            spec: TokenReviewSpec {
                token: Some(token.expose_secret().to_owned()),
                audiences: None,
            },
            ..TokenReview::default()
        };
        let object = ObjectRef::global("API server", self.info().server);
        let answer = api.create(&PostParams::default(), &ask).await;
        let answer =
            answer.map_err(|error| triage::failure(error, &ObjectRef::global("TokenReview", "login")))?;
        let status = answer.status.unwrap_or_default();
        let Some(user) = status.user.filter(|_| status.authenticated == Some(true)) else {
            let message = "it does not accept the ID token of a login";
            return Err(Failure::new(Exit::CheckFailed, Reason::Unauthenticated, message).on(object));
        };
        let groups = user.groups.unwrap_or_default();
        let own: Vec<String> = groups
            .into_iter()
            .filter(|group| !group.starts_with("system:"))
            .collect();
        Ok(format!(
            "{} ({})",
            user.username.unwrap_or_default(),
            own.join(", ")
        ))
    }
}
