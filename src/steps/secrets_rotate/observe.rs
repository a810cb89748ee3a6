//! Looking at the Secret, and at all that hangs on it.

use super::{
    Look, SecretsRotate,
    plan::{Access, Consumer, Done, Open, Proof, Seen},
};
use crate::{
    apply::health,
    authentik::{self, ApiError, LoginError},
    converge::{Context, Step, Wait},
    entropy,
    http::Url,
    kubernetes::SecretValues,
    model::{
        failure::{Failure, Reason},
        names,
        object::ObjectRef,
        rotation::{self, Holder, ROTATION_ANNOTATION, Stage, Target},
        secrets::KeyRef,
    },
    oidc::client,
    steps::{
        authentik_token::{self, Credentials},
        secrets_generate::{Pair, compare},
    },
};
use k8s_openapi::api::apps::v1::Deployment;
use secrecy::{ExposeSecret, SecretString};

impl SecretsRotate {
    pub(super) async fn look(&self, cx: &Context) -> Result<Look, Failure> {
        let target = self.secret.target(&cx.config);
        let at = &target.at;
        let secret = cx.cluster.secret(&at.namespace, at.secret).await?;
        let Some(secret) = secret.filter(|secret| has(secret, at.key)) else {
            return Ok(Seen::Absent(target.at).into());
        };
        let stage = Stage::of(
            has(&secret, &rotation::next(at.key)),
            has(&secret, &rotation::previous(at.key)),
        );
        let annotation = secret.annotations.get(ROTATION_ANNOTATION);
        let last = annotation.and_then(|text| rotation::request(text, at.key));
        let request = self.adopt(stage, last)?;
        if stage == Stage::Settled && last == Some(request.as_str()) {
            let window = self.memory().window;
            let done = Done {
                at: target.at,
                request,
                window,
            };
            return Ok(Seen::Done(done).into());
        }
        self.open(cx, target, &secret, stage, request).await
    }

    /// The rotation to work on: one that is under way before any other.
    fn adopt(&self, stage: Stage, last: Option<&str>) -> Result<String, Failure> {
        let mut memory = self.memory();
        let request = match (stage, last) {
            (Stage::Staged | Stage::Promoted, Some(last)) => last.to_owned(),
            _ => match self.request.as_ref().or(memory.request.as_ref()) {
                Some(request) => request.clone(),
                None => entropy::name()?,
            },
        };
        memory.request = Some(request.clone());
        Ok(request)
    }

    async fn open(
        &self,
        cx: &Context,
        target: Target,
        secret: &SecretValues,
        stage: Stage,
        request: String,
    ) -> Result<Look, Failure> {
        let is_dex = matches!(target.holder, Holder::Provider | Holder::Client(_));
        let sync = match target.holder {
            Holder::Provider => Some(self.sync.observe(cx).await?),
            _ => None,
        };
        let scale = match is_dex {
            true => Some(self.scale.observe(cx).await?),
            false => None,
        };
        let is_settled = scale.as_ref().is_some_and(|scale| {
            let plan = self.scale.plan(scale);
            plan.is_converged() && plan.refused.is_empty()
        });
        let proof = match target.holder {
            Holder::Client(id) if is_settled => self.prove(cx, id, secret.text(target.at.key)).await?,
            _ => Proof::NotAsked,
        };
        let access = match target.holder.takes_it_first() && stage != Stage::Promoted {
            true => self.access(cx, &target, secret, stage).await?,
            false => Access::NotNeeded,
        };
        let open = Open {
            differing: differing(cx, &target, secret).await?,
            consumer: consumer(cx, &target).await?,
            stage,
            request,
            version: secret.version.clone(),
            is_immutable: secret.immutable,
            proof,
            access,
            target,
        };
        let seen = Seen::Open(Box::new(open));
        Ok(Look { seen, sync, scale })
    }

    /// An administrator's access; it stays with the step that knows how to get in.
    async fn access(
        &self,
        cx: &Context,
        target: &Target,
        secret: &SecretValues,
        stage: Stage,
    ) -> Result<Access, Failure> {
        let url = cx.config.authentik_url();
        if let Some(wait) = cx.reach(&url).await? {
            return Ok(not_yet(wait));
        }
        let server = || ObjectRef::global("Authentik", url.as_str());
        if stage == Stage::Staged && target.holder == Holder::Administrator {
            // A run that died may have changed the password already.
            let next = secret.text(&rotation::next(target.at.key)).unwrap_or_default();
            match authentik::log_in(&cx.http, &url, names::AUTHENTIK_ADMIN, &next).await {
                Ok(api) => {
                    self.token.remember(api);
                    return Ok(Access::Granted);
                }
                Err(LoginError::Api(error)) => return error.wait(server()).map(not_yet),
                Err(_) => {}
            }
        }
        let stored;
        let secret = match target.holder {
            Holder::Administrator => Some(secret),
            _ => {
                let at = (&target.at.namespace, names::AUTHENTIK_SECRET);
                stored = cx.cluster.secret(at.0, at.1).await?;
                stored.as_ref()
            }
        };
        match self.token.access(cx, &Credentials::of(secret)).await {
            Ok(authentik_token::Access::Granted(_)) => Ok(Access::Granted),
            Ok(authentik_token::Access::Settling(wait)) => Ok(not_yet(wait)),
            Ok(authentik_token::Access::Refused { why, .. }) => Ok(Access::Refused(why)),
            Ok(authentik_token::Access::NoCredentials) => {
                Ok(Access::Refused("no credentials are stored".to_owned()))
            }
            Err(error) => ApiError::wait(error, server()).map(not_yet),
        }
    }

    /// Asks Dex inside the cluster, where its token endpoint is below the path of its issuer.
    async fn prove(
        &self,
        cx: &Context,
        client: &str,
        secret: Option<SecretString>,
    ) -> Result<Proof, Failure> {
        let base = cx.config.dex_url();
        if let Some(wait) = cx.reach(&base).await? {
            return Ok(Proof::NotYet(Box::new(wait)));
        }
        let issuer = Url::parse(&cx.config.dex_issuer()).ok();
        let path = issuer.map(|issuer| issuer.path().trim_end_matches('/').to_owned());
        let endpoint = match Url::parse(&base) {
            Ok(url) if url.path() == "/" => format!("{base}{}/token", path.unwrap_or_default()),
            _ => format!("{base}/token"),
        };
        let object = ObjectRef::global("Dex", base);
        match client::prove(&cx.http, &endpoint, client, &secret.unwrap_or_default()).await {
            Ok(client::Proof::Right) => {
                self.refusing.is_over(false);
                Ok(Proof::Right)
            }
            Ok(client::Proof::Wrong) if self.refusing.is_over(true) => Ok(Proof::Wrong),
            Ok(client::Proof::Wrong) => {
                let message =
                    format!("it refuses the secret of client {client}, as Pods do that are about to end");
                Ok(Proof::NotYet(Box::new(Wait::new(
                    object,
                    Reason::Mismatch,
                    message,
                ))))
            }
            Err(failure) if failure.is_transient() || failure.reason == Reason::InvalidAnswer => {
                Ok(Proof::NotYet(Box::new(Wait::until_it_passes(failure, object))))
            }
            Err(failure) => Err(failure),
        }
    }
}

fn not_yet(wait: Wait) -> Access {
    Access::NotYet(Box::new(wait))
}

fn has(secret: &SecretValues, key: &str) -> bool {
    secret
        .value(key)
        .is_some_and(|value| !value.expose_secret().is_empty())
}

/// The copies that have another value; one that has none is for `secrets generate` to make.
async fn differing(cx: &Context, target: &Target, secret: &SecretValues) -> Result<Vec<KeyRef>, Failure> {
    let value = secret.value(target.at.key).map(|value| value.expose_secret());
    let mut differing = Vec::new();
    for copy in &target.copies {
        let held = cx.cluster.secret_value(copy).await?;
        if compare(held.as_ref().map(|held| held.expose_secret()), value) == Pair::Different {
            differing.push(copy.clone());
        }
    }
    Ok(differing)
}

async fn consumer(cx: &Context, target: &Target) -> Result<Option<Consumer>, Failure> {
    let Some((namespace, name)) = &target.consumer else {
        return Ok(None);
    };
    let deployment = cx.cluster.get::<Deployment>(namespace, name).await?;
    Ok(deployment.map(|deployment| {
        let template = deployment
            .spec
            .as_ref()
            .and_then(|spec| spec.template.metadata.as_ref());
        let annotations = template.and_then(|metadata| metadata.annotations.as_ref());
        Consumer {
            namespace: namespace.clone(),
            name: (*name).to_owned(),
            request: annotations.and_then(|all| all.get(ROTATION_ANNOTATION).cloned()),
            verdict: health::deployment(&deployment),
            version: deployment.metadata.resource_version.unwrap_or_default(),
        }
    }))
}
