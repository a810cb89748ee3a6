//! A stage for the steps that talk to Authentik: a real API server, and the Authentik stand-in.

#![expect(clippy::unwrap_used, reason = "a scene that cannot be set fails its test")]

use aphex_ops::{
    converge::{Context, Events, Mode, Report, Step, Stop, converge},
    http::Http,
    kubernetes::{Cluster, Connection},
    model::{
        config::{self, Config},
        names::CONFIG_SYNC,
    },
    steps::authentik_token::AuthentikToken,
};
use k8s_openapi::{
    ByteString,
    api::core::v1::{Namespace, Secret},
};
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
};
use rig::{
    authentik::{Authentik, Options},
    sandbox::{self, Sandbox},
};
use serde_json::json;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;

pub(crate) const BOOTSTRAP: &str = "bootstrap-token-of-the-test";
pub(crate) const PASSWORD: &str = "akadmin-password";
pub(crate) const CLIENT_SECRET: &str = "client-secret-of-the-test-0123456789";

/// An API server; each scenario has a namespace of its own in it.
pub(crate) struct Stage {
    sandbox: Sandbox,
    client: Client,
}

/// One namespace with its Authentik.
pub(crate) struct Scene<'a> {
    stage: &'a Stage,
    namespace: String,
    pub(crate) authentik: Authentik,
    /// Everything that was said, to look for secrets in it.
    said: Arc<Mutex<String>>,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        let sandbox = Sandbox::start(sandbox::Options::default()).await.unwrap();
        let client = sandbox.client().await.unwrap();
        Self { sandbox, client }
    }

    pub(crate) async fn scene(&self, namespace: &str, options: Options) -> Scene<'_> {
        let body = json!({"metadata": {"name": namespace}});
        Api::<Namespace>::all(self.client.clone())
            .create(&PostParams::default(), &serde_json::from_value(body).unwrap())
            .await
            .unwrap();
        let authentik = Authentik::start(Options {
            bootstrap_token: options.bootstrap_token.or_else(|| Some(BOOTSTRAP.to_owned())),
            ..options
        });
        let scene = Scene {
            stage: self,
            namespace: namespace.to_owned(),
            authentik: authentik.await.unwrap(),
            said: Arc::default(),
        };
        let credentials = [("bootstrap-token", BOOTSTRAP), ("admin-password", PASSWORD)];
        scene.store("authentik-secrets", &credentials).await;
        scene
            .store("dex-secrets", &[("client-secret", CLIENT_SECRET)])
            .await;
        scene
    }
}

impl Scene<'_> {
    pub(crate) fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.stage.client.clone(), &self.namespace)
    }

    /// Sets a Secret's keys, as an operator does.
    pub(crate) async fn store(&self, name: &str, keys: &[(&str, &str)]) {
        let data = keys
            .iter()
            .map(|(key, value)| ((*key).to_owned(), ByteString(value.as_bytes().to_vec())))
            .collect();
        let secret = Secret {
            metadata: kube::core::ObjectMeta {
                name: Some(name.to_owned()),
                ..Default::default()
            },
            data: Some(data),
            ..Secret::default()
        };
        if self.secrets().get_opt(name).await.unwrap().is_none() {
            self.secrets()
                .create(&PostParams::default(), &secret)
                .await
                .unwrap();
        } else {
            let patch = Patch::Merge(&secret);
            self.secrets()
                .patch(name, &PatchParams::default(), &patch)
                .await
                .unwrap();
        }
    }

    pub(crate) async fn token(&self) -> Option<String> {
        let secret = self.secrets().get_opt("authentik-api-token").await.unwrap()?;
        let value = secret.data?.remove("token")?;
        Some(String::from_utf8(value.0).unwrap())
    }

    pub(crate) async fn context(&self, timeout: Duration) -> Context {
        let config = Config {
            namespaces: config::Namespaces {
                auth: self.namespace.clone(),
                ..config::Namespaces::default()
            },
            authentik: config::Authentik {
                url: Some(self.authentik.url()),
                ..config::Authentik::default()
            },
            ..Config::default()
        };
        let stop = Stop::default();
        let connection = Connection {
            kubeconfig: Some(self.stage.sandbox.kubeconfig().to_owned()),
            ..Connection::default()
        };
        let said = Arc::clone(&self.said);
        Context {
            cluster: Cluster::connect(&connection, &stop).await.unwrap(),
            http: Http::new(&config, &stop).unwrap(),
            events: Events::to(move |event| said.lock().unwrap().push_str(&format!("{event:?}\n"))),
            stop,
            deadline: Instant::now() + timeout,
            run_id: "run".to_owned(),
            command: "test".to_owned(),
            config,
        }
    }

    pub(crate) async fn run_within(&self, step: &impl Step, timeout: Duration) -> Report {
        let report = converge(step, &self.context(timeout).await, Mode::Apply).await;
        self.said.lock().unwrap().push_str(&format!("{report:?}\n"));
        report
    }

    pub(crate) async fn run(&self, step: &impl Step) -> Report {
        self.run_within(step, Duration::from_secs(30)).await
    }

    pub(crate) async fn make_token(&self) -> Report {
        self.run(&AuthentikToken::default().settling(Duration::ZERO))
            .await
    }

    /// Runs a step again and checks that it changes nothing; what it asked Authentik.
    pub(crate) async fn run_idle(&self, step: &impl Step) -> Vec<String> {
        let mark = self.stage.sandbox.audit_mark().await.unwrap();
        self.authentik.forget_requests();
        let report = self.run(step).await;
        assert_eq!(report.exit_code, 0, "{report:?}");
        let audit = self.stage.sandbox.audit_since(mark).await.unwrap();
        let ours = audit
            .iter()
            .filter(|event| event.user_agent.starts_with("aphex-ops/"));
        let ours: Vec<_> = ours
            .map(|event| format!("{} {}", event.verb, event.request_uri))
            .collect();
        assert!(
            ours.len() == 2 && ours.iter().all(|line| line.starts_with("get ")),
            "{ours:?}"
        );
        let requests = self.authentik.requests();
        requests
            .iter()
            .map(|one| format!("{} {}", one.method, one.path_and_query))
            .collect()
    }

    /// The dedicated account is complete, its token is the stored one and there is no other.
    pub(crate) async fn assert_complete(&self) {
        let snapshot = self.authentik.snapshot();
        let tokens: Vec<_> = snapshot
            .tokens
            .iter()
            .filter(|token| token.user == CONFIG_SYNC)
            .collect();
        assert!(
            tokens.len() == 1 && tokens[0].intent == "api" && !tokens[0].expiring,
            "{tokens:?}"
        );
        assert_eq!(Some(tokens[0].key.expose()), self.token().await.as_deref());
        let role = snapshot
            .roles
            .iter()
            .find(|role| role.name == CONFIG_SYNC)
            .unwrap();
        let expected = ["change", "view"]
            .map(|verb| format!("authentik_providers_oauth2.{verb}_oauth2provider on Dex OIDC Provider"));
        assert!(role.permissions.iter().eq(&expected), "{role:?}");
        let group = snapshot
            .groups
            .iter()
            .find(|group| group.name == CONFIG_SYNC)
            .unwrap();
        assert!(
            group.users.iter().eq([CONFIG_SYNC]) && group.roles.iter().eq([CONFIG_SYNC]),
            "{group:?}"
        );
        self.authentik.assert_clean();
        self.assert_nothing_leaked(tokens[0].key.expose());
    }

    fn assert_nothing_leaked(&self, key: &str) {
        let said = self.said.lock().unwrap();
        for secret in [BOOTSTRAP, PASSWORD, CLIENT_SECRET, key] {
            assert!(!said.contains(secret), "a secret was said");
        }
    }

    pub(crate) fn provider_secret(&self) -> String {
        let snapshot = self.authentik.snapshot();
        let dex = snapshot
            .providers
            .iter()
            .find(|one| one.client_id == "dex-client");
        dex.unwrap().client_secret.expose().to_owned()
    }
}

/// Somebody else with an administrator's rights in Authentik.
pub(crate) struct Admin<'a>(pub(crate) &'a Scene<'a>);

impl Admin<'_> {
    pub(crate) async fn send(&self, request: aphex_ops::http::Request) -> serde_json::Value {
        let http = self.0.context(Duration::from_secs(10)).await.http;
        let request = request.accept_json().bearer(&BOOTSTRAP.into());
        let answer = http.send(request).await.unwrap();
        assert!(answer.is_success(), "{answer}");
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v3/{path}", self.0.authentik.url())
    }

    /// The pk of the only result of a list.
    pub(crate) async fn pk(&self, path: &str) -> String {
        let list = self.send(aphex_ops::http::Request::get(self.url(path))).await;
        let pk = &list["results"][0]["pk"];
        pk.as_str().map_or_else(|| pk.to_string(), str::to_owned)
    }

    pub(crate) async fn post(&self, path: &str, body: &serde_json::Value) {
        self.send(aphex_ops::http::Request::post(self.url(path)).json(body))
            .await;
    }

    pub(crate) async fn patch(&self, path: &str, body: &serde_json::Value) {
        self.send(aphex_ops::http::Request::patch(self.url(path)).json(body))
            .await;
    }

    pub(crate) async fn delete(&self, path: &str) {
        self.send(aphex_ops::http::Request::delete(self.url(path))).await;
    }
}

pub(crate) fn assert_exit(report: &Report, exit: u8) {
    assert_eq!(report.exit_code, exit, "{report:#?}");
}
