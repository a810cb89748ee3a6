//! Doing one action: the only place where the values exist.

use super::{
    SecretsRotate,
    action::{Action, Roll, Write},
};
use crate::{
    authentik::{self, ApiError, Authentik, LoginError},
    converge::{Context, Outcome, Step},
    entropy,
    kubernetes::SecretValues,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        names,
        object::ObjectRef,
        rotation::{self, Holder, ROTATION_ANNOTATION, next, previous},
    },
    steps::{dex_scale, secrets_generate},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::future::try_join_all;
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Pod, Secret},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

impl SecretsRotate {
    pub(super) async fn act(&self, cx: &Context, action: Action) -> Result<Outcome, Failure> {
        match action {
            Action::Stage(write) => self.stage(cx, &write).await,
            Action::Promote(write) => {
                let secret = read(cx, &write).await?;
                self.promote(cx, &write, &secret).await
            }
            Action::HandOver(write) => self.hand_over(cx, &write).await,
            Action::Finish(write) => {
                let began = self.memory().began;
                self.memory().window = began.map(|began| began.elapsed());
                patch(cx, &write, json!({ previous(write.at.key): null }), None).await
            }
            Action::Align { copy, source } => {
                secrets_generate::align(cx, &copy.namespace, copy.secret, copy.key, &source).await
            }
            Action::Roll(roll) => self.roll(cx, &roll).await,
            Action::Switch {
                push,
                namespace,
                pods,
            } => {
                self.sync.apply(cx, push).await?;
                admit(cx, &namespace, &pods).await
            }
            Action::Admit { namespace, pods } => admit(cx, &namespace, &pods).await,
            Action::Sync(push) => self.sync.apply(cx, push).await,
            Action::Scale(change) => self.scale.apply(cx, change).await,
        }
    }

    async fn stage(&self, cx: &Context, write: &Write) -> Result<Outcome, Failure> {
        let secret = read(cx, write).await?;
        let value = entropy::secret(self.secret.target(&cx.config).bytes)?;
        let before = secret
            .annotations
            .get(ROTATION_ANNOTATION)
            .map_or("", String::as_str);
        let annotation = rotation::with_request(before, write.at.key, &write.request);
        let data = json!({ next(write.at.key): encoded(value.expose_secret().as_bytes()) });
        patch(cx, write, data, Some(annotation)).await
    }

    /// One write: no reader ever sees a pair that differs, or a key without a value.
    async fn promote(&self, cx: &Context, write: &Write, secret: &SecretValues) -> Result<Outcome, Failure> {
        let target = self.secret.target(&cx.config);
        let value = |key: &str| secret.value(key).map(|value| encoded(value.expose_secret()));
        let (coming, going) = (next(write.at.key), previous(write.at.key));
        let new = value(&coming).ok_or_else(|| changed(write))?;
        let mut data = Map::new();
        data.insert(going, value(write.at.key).into());
        data.insert(coming, Value::Null);
        for key in target.twins.into_iter().chain([write.at.key]) {
            data.insert(key.to_owned(), new.clone().into());
        }
        self.memory().began.get_or_insert_with(Instant::now);
        patch(cx, write, data.into(), None).await
    }

    /// Until the Secret shows it, the value is in `<key>.next`: a run that dies here is finished by the next one.
    async fn hand_over(&self, cx: &Context, write: &Write) -> Result<Outcome, Failure> {
        let secret = read(cx, write).await?;
        let value = secret.text(&next(write.at.key)).ok_or_else(|| changed(write))?;
        // Changing a password ends the sessions of its user.
        let Some(api) = self.token.forget() else {
            let message = "a value was to be handed over without an administrator's access";
            return Err(Failure::new(Exit::Bug, Reason::Unexpected, message));
        };
        self.memory().began.get_or_insert_with(Instant::now);
        match self.secret.target(&cx.config).holder {
            Holder::Administrator => set_password(cx, &api, &value).await?,
            _ => set_token(cx, &api, &value).await?,
        }
        self.promote(cx, write, &secret).await
    }

    async fn roll(&self, cx: &Context, roll: &Roll) -> Result<Outcome, Failure> {
        let annotations = json!({ ROTATION_ANNOTATION: roll.request });
        let body = json!({
            "metadata": {"resourceVersion": roll.version},
            "spec": {"template": {"metadata": {"annotations": annotations}}},
        });
        cx.cluster
            .merge::<Deployment>(&roll.namespace, &roll.name, &body)
            .await?;
        Ok(Outcome::Configured)
    }
}

/// All at once: with the first one in, the old Pods begin to go.
async fn admit(cx: &Context, namespace: &str, pods: &[String]) -> Result<Outcome, Failure> {
    let status = dex_scale::open();
    let admit = |pod| cx.cluster.add_to_status::<Pod>(namespace, pod, &status);
    try_join_all(pods.iter().map(|pod| admit(pod.as_str()))).await?;
    Ok(Outcome::Configured)
}

async fn set_password(cx: &Context, api: &Authentik, value: &SecretString) -> Result<(), Failure> {
    let object = || ObjectRef::global("Authentik user", names::AUTHENTIK_ADMIN);
    let user = api
        .user(names::AUTHENTIK_ADMIN)
        .await
        .map_err(|error| error.failure(object()))?;
    let user = user.ok_or_else(|| ApiError::NotFound.failure(object()))?;
    let set = api.set_password(user.pk, value).await;
    set.map_err(|error| error.failure(object()))?;
    match authentik::log_in(
        &cx.http,
        &cx.config.authentik_url(),
        names::AUTHENTIK_ADMIN,
        value,
    )
    .await
    {
        // A second factor is asked for when the password was right.
        Ok(_) | Err(LoginError::SecondFactor) => Ok(()),
        Err(LoginError::Api(error)) => Err(error.failure(object())),
        Err(LoginError::Refused | LoginError::Unknown(_)) => Err(not_taken(object())),
    }
}

async fn set_token(cx: &Context, api: &Authentik, value: &SecretString) -> Result<(), Failure> {
    let object = || ObjectRef::global("Authentik token", names::CONFIG_SYNC);
    let set = api.set_token_key(names::CONFIG_SYNC, value).await;
    set.map_err(|error| error.failure(object()))?;
    let token = Authentik::with_token(&cx.http, &cx.config.authentik_url(), value.clone());
    match token.me().await {
        Ok(me) if me.username == names::CONFIG_SYNC => Ok(()),
        Ok(_) | Err(ApiError::TokenRefused | ApiError::Anonymous) => Err(not_taken(object())),
        Err(error) => Err(error.failure(object())),
    }
}

fn not_taken(object: ObjectRef) -> Failure {
    let message = "Authentik answered that it took the new value, and yet refuses it";
    Failure::new(Exit::ResourceFailed, Reason::Mismatch, message)
        .on(object)
        .hint("restart Authentik's server, then run this again: the same value is tried again")
}

/// The Secret, if it is still the one that the decision rests on.
async fn read(cx: &Context, write: &Write) -> Result<SecretValues, Failure> {
    let secret = cx.cluster.secret(&write.at.namespace, write.at.secret).await?;
    secret
        .filter(|secret| secret.version == write.version)
        .ok_or_else(|| changed(write))
}

fn changed(write: &Write) -> Failure {
    let message = "the Secret was changed since it was seen";
    Failure::new(Exit::Transient, Reason::Conflict, message).on(write.at.object())
}

async fn patch(
    cx: &Context,
    write: &Write,
    data: Value,
    annotation: Option<String>,
) -> Result<Outcome, Failure> {
    let mut metadata = json!({ "resourceVersion": write.version });
    if let Some(annotation) = annotation {
        metadata["annotations"] = json!({ ROTATION_ANNOTATION: annotation });
    }
    let body = json!({ "metadata": metadata, "data": data });
    cx.cluster
        .merge::<Secret>(&write.at.namespace, write.at.secret, &body)
        .await?;
    Ok(Outcome::Configured)
}

fn encoded(value: &[u8]) -> String {
    STANDARD.encode(value)
}
