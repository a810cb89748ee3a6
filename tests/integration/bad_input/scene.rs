//! The platform of one test: namespaces of its own in the cluster that tests share, Authentik if it is needed,
//! and the program as an account with exactly the rights that its commands declare.

use crate::cli::{
    cluster::Cluster,
    program::{Left, Program},
};
use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use rig::{
    authentik::{Authentik, Options},
    laws::canary,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const NAMESPACES: [&str; 3] = ["auth", "argocd", "tekton"];

/// Namespace, Secret and key of every value.
pub(super) type Values = BTreeMap<(String, String, String), Vec<u8>>;

pub(super) struct Scene {
    pub(super) cluster: Cluster,
    /// The sections of the configuration besides the namespaces.
    pub(super) config: Value,
    pub(super) authentik: Option<Authentik>,
}

impl Scene {
    /// Empty namespaces, and an account that may do what `commands` need.
    pub(super) async fn start(name: &'static str, commands: &[&str]) -> Self {
        let cluster = Cluster::share(name)
            .await
            .with_namespaces()
            .await
            .for_account()
            .await;
        for command in commands {
            cluster.grant(command).await;
        }
        let (config, authentik) = (json!({}), None);
        Self {
            cluster,
            config,
            authentik,
        }
    }

    /// The same with all Secrets, and an Authentik that was started with them.
    pub(super) async fn with_authentik(name: &'static str, commands: &[&str], options: Options) -> Self {
        let mut scene = Self::start(name, &[&["secrets generate"], commands].concat()).await;
        scene.ends("secrets generate", 0, &[]).await;
        let authentik = Authentik::start(scene.initialised(options).await).await.unwrap();
        scene.config["authentik"] = json!({"url": authentik.url()});
        scene.authentik = Some(authentik);
        scene
    }

    /// Options of an Authentik whose first start found the credentials in its Secret.
    pub(super) async fn initialised(&self, options: Options) -> Options {
        let text = async |key| String::from_utf8(self.value("auth", "authentik-secrets", key).await).unwrap();
        Options {
            admin_password: text("admin-password").await,
            bootstrap_token: Some(text("bootstrap-token").await),
            ..options
        }
    }

    pub(super) fn authentik(&self) -> &Authentik {
        self.authentik.as_ref().unwrap()
    }

    /// Authentik after another first start, and no API token stored.
    pub(super) async fn reset(&self, options: Options) {
        self.authentik().reset(self.initialised(options).await);
        self.forget("auth", "authentik-api-token").await;
    }

    pub(super) fn program(&self, line: &str) -> Program {
        let line = format!("{line} --no-lock");
        self.cluster.program_with(&line, self.config.clone()).in_a_pod()
    }

    /// Runs a command to its end: with this code, saying all of this on stderr, and showing no secret anywhere.
    pub(super) async fn ends(&self, line: &str, code: i32, says: &[&str]) -> Left {
        self.judge(self.program(line).run().await, code, says).await
    }

    pub(super) async fn judge(&self, left: Left, code: i32, says: &[&str]) -> Left {
        left.ended(code, says);
        assert_eq!(self.leaks(&left).await, [], "{left:#?}");
        let expected = self.authentik.as_ref().map(Authentik::violations);
        assert_eq!(expected.unwrap_or_default(), [] as [&str; 0], "{left:#?}");
        left
    }

    async fn leaks(&self, left: &Left) -> Vec<canary::Hit> {
        let mut secrets: Vec<Vec<u8>> = self.values().await.into_values().collect();
        if let Some(authentik) = &self.authentik {
            let seen = authentik.snapshot();
            let keys = seen.tokens.iter().map(|token| token.key.expose());
            // The providers of a crowd are all alike.
            let few = seen.providers.iter().rev().take(10);
            let values = keys.chain(few.map(|provider| provider.client_secret.expose()));
            secrets.extend(values.map(|value| value.as_bytes().to_vec()));
        }
        let outputs = [
            ("stdout", left.stdout.as_bytes()),
            ("stderr", left.stderr.as_bytes()),
            ("termination message", left.message.as_bytes()),
        ];
        canary::scan(outputs, &secrets)
    }

    /// Every value of every Secret.
    pub(super) async fn values(&self) -> Values {
        let mut values = Values::new();
        for part in NAMESPACES {
            let api = self.cluster.api::<Secret>(part);
            for secret in api.list(&ListParams::default()).await.unwrap() {
                let name = secret.metadata.name.unwrap();
                let entry = |(key, ByteString(value))| ((part.to_owned(), name.clone(), key), value);
                values.extend(secret.data.into_iter().flatten().map(entry));
            }
        }
        values
    }

    pub(super) async fn value(&self, part: &str, secret: &str, key: &str) -> Vec<u8> {
        let at = (part.to_owned(), secret.to_owned(), key.to_owned());
        self.values().await.remove(&at).unwrap_or_default()
    }

    /// Sets one key of a Secret that exists; `None` removes it.
    pub(super) async fn set(&self, part: &str, secret: &str, key: &str, value: Option<&[u8]>) {
        let data = json!({key: value.map(|value| ByteString(value.to_vec()))});
        let api = self.cluster.api::<Secret>(part);
        api.patch(
            secret,
            &PatchParams::default(),
            &Patch::Merge(json!({"data": data})),
        )
        .await
        .unwrap();
    }

    /// Creates a Secret; `more` are fields besides its data.
    pub(super) async fn create(&self, part: &str, name: &str, data: &[(&str, &[u8])], more: Value) {
        let mut secret: Secret = serde_json::from_value(more).unwrap();
        secret.metadata.name = Some(name.to_owned());
        let pair = |(key, value): &(&str, &[u8])| ((*key).to_owned(), ByteString(value.to_vec()));
        secret.data = Some(data.iter().map(pair).collect());
        let api = self.cluster.api::<Secret>(part);
        api.create(&PostParams::default(), &secret).await.unwrap();
    }

    /// Deletes a Secret, if it exists.
    pub(super) async fn forget(&self, part: &str, name: &str) {
        match self
            .cluster
            .api::<Secret>(part)
            .delete(name, &DeleteParams::default())
            .await
        {
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            other => drop(other.unwrap()),
        }
    }
}
