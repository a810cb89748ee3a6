//! Rotations while people log in: two Dex Pods on a real node, a login every few milliseconds through their Service.

use super::run;
use aphex_ops::model::config::{self, Config};
use k8s_openapi::{
    ByteString,
    api::{
        apps::v1::Deployment,
        core::v1::{Secret, Service},
    },
};
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use rig::{
    laws::run::Exit,
    sandbox::{DexDeployment, Options, Sandbox, Size},
};
use secrecy::SecretString;
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

const AUTH: &str = "auth-system";

/// One login: when it began and ended, and why it failed.
type Login = (Instant, Instant, Option<String>);

/// People who log in, one after the other, until the value is dropped.
struct Stream {
    logins: Arc<Mutex<Vec<Login>>>,
    is_over: Arc<AtomicBool>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

impl Stream {
    fn start(sandbox: &Sandbox, config: Config, password: SecretString, secret: SecretString) -> Self {
        let stream = Self {
            logins: Arc::default(),
            is_over: Arc::default(),
        };
        let (logins, is_over) = (Arc::clone(&stream.logins), Arc::clone(&stream.is_over));
        let people = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            while !is_over.load(Ordering::Relaxed) {
                let began = Instant::now();
                let failed = runtime
                    .block_on(crate::world::log_in(&config, &password, &secret))
                    .err();
                logins.lock().unwrap().push((began, Instant::now(), failed));
            }
        };
        sandbox.in_network(people).unwrap();
        stream
    }

    /// Waits until that many more people have logged in without a failure.
    async fn flows(&self, count: usize) {
        let from = self.logins.lock().unwrap().len();
        let flows = async {
            loop {
                let good = self.logins.lock().unwrap()[from..]
                    .iter()
                    .rev()
                    .take_while(|login| login.2.is_none())
                    .count();
                if good >= count {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let logins = || self.logins.lock().unwrap().last().cloned();
        tokio::time::timeout(Duration::from_secs(60), flows)
            .await
            .unwrap_or_else(|_| panic!("nobody can log in: {:?}", logins()));
    }

    /// How many logins there were since then, how many failed, and the time from the begin of the first of those to the end
    /// of the last.
    fn since(&self, begin: Instant) -> (usize, usize, Duration) {
        let logins = self.logins.lock().unwrap();
        let during: Vec<&Login> = logins.iter().filter(|login| login.0 >= begin).collect();
        let failed: Vec<&&Login> = during.iter().filter(|login| login.2.is_some()).collect();
        let window = match (failed.first(), failed.last()) {
            (Some(first), Some(last)) => last.1 - first.0,
            _ => Duration::ZERO,
        };
        if let Some((.., Some(why))) = failed.first() {
            println!("the first that failed: {why}");
        }
        (during.len(), failed.len(), window)
    }
}

struct Stage {
    sandbox: Sandbox,
    client: kube::Client,
}

impl Stage {
    /// Logged in to by everybody: bootstrapped, and Dex has two Pods.
    async fn start() -> Self {
        let sandbox = Sandbox::start(Options { size: Size::Node }).await.unwrap();
        DexDeployment::default().apply(&sandbox).await.unwrap();
        rig::authentik::deploy(&sandbox, AUTH).await.unwrap();
        let client = sandbox.client().await.unwrap();
        let stage = Self { sandbox, client };
        stage.ended(&["bootstrap", "--skip-external"]).await;
        let deployments = Api::<Deployment>::namespaced(stage.client.clone(), AUTH);
        let strategy = json!({"rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}});
        let two = json!({"spec": {"replicas": 2, "strategy": strategy}});
        deployments
            .patch("dex", &PatchParams::default(), &Patch::Merge(&two))
            .await
            .unwrap();
        stage.ended(&["dex", "scale"]).await;
        stage
    }

    async fn ended(&self, command: &[&str]) {
        let ran = run(&self.sandbox, command).await;
        assert_eq!(ran.exit, Exit::Code(0), "{command:?}");
    }

    async fn secret(&self, namespace: &str, name: &str) -> BTreeMap<String, ByteString> {
        let secrets = Api::<Secret>::namespaced(self.client.clone(), namespace);
        secrets.get(name).await.unwrap().data.unwrap_or_default()
    }

    async fn text(&self, name: &str, key: &str) -> SecretString {
        let value = self.secret(AUTH, name).await.remove(key).unwrap().0;
        String::from_utf8(value).unwrap().into()
    }

    /// The configuration of somebody in the node's network, where no name is known.
    async fn config(&self) -> Config {
        let services = Api::<Service>::namespaced(self.client.clone(), AUTH);
        let mut resolve = serde_json::Map::new();
        for (name, port) in [("authentik", 9000), ("dex", 5556)] {
            let address = services
                .get(name)
                .await
                .unwrap()
                .spec
                .unwrap()
                .cluster_ip
                .unwrap();
            let host = format!("{name}.{AUTH}.svc.cluster.local");
            resolve.insert(host, format!("{address}:{port}").into());
        }
        config::parse(&json!({"http": {"resolve": resolve}}).to_string()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts a real node: `cargo test -- --ignored`"]
async fn people_log_in_while_secrets_are_rotated() {
    let stage = Stage::start().await;
    let config = stage.config().await;
    let before = stage.secret(AUTH, "dex-secrets").await;
    let password = stage.text("authentik-secrets", "admin-password").await;
    let secret = stage.text("dex-secrets", "kubernetes-client-secret").await;
    let people = Stream::start(&stage.sandbox, config.clone(), password, secret);
    people.flows(20).await;

    for name in ["client-secret", "argocd-client-secret", "tekton-client-secret"] {
        let begin = Instant::now();
        stage
            .ended(&["secrets", "rotate", name, "--request", "node"])
            .await;
        people.flows(20).await;
        let (all, failed, window) = people.since(begin);
        println!(
            "{name}: {failed} of {all} logins failed, within {} ms",
            window.as_millis()
        );
        assert!(all > 20, "too few logins to tell");
        // The other clients' secrets are none of these people's business.
        assert!(name == "client-secret" || failed == 0, "{name}");
    }
    drop(people);
    stage
        .ended(&[
            "secrets",
            "rotate",
            "kubernetes-client-secret",
            "--request",
            "node",
        ])
        .await;
    let secret = stage.text("dex-secrets", "kubernetes-client-secret").await;
    let password = stage.text("authentik-secrets", "admin-password").await;
    Stream::start(&stage.sandbox, config, password, secret)
        .flows(5)
        .await;

    let after = stage.secret(AUTH, "dex-secrets").await;
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>(),
        "nothing is left behind"
    );
    assert!(
        before.iter().all(|(key, value)| after[key] != *value),
        "all were rotated"
    );
    assert_eq!(after["client-secret"], after["authentik-client-secret"]);
    let copy = stage.secret("argocd", "argocd-secret").await;
    assert_eq!(after["argocd-client-secret"], copy["oidc.dex.clientSecret"]);
    stage.ended(&["secrets", "rotate", "admin-password"]).await;
    stage.ended(&["playbook", "run", "rotate-login", "--yes"]).await;
    stage.ended(&["bootstrap", "--skip-external", "--dry-run"]).await;
    stage.sandbox.stop().unwrap();
}
