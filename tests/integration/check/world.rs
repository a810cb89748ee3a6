//! The whole platform on an API server with controllers, with a login beside it: on it, all is well.

use crate::{
    cli::program::{Left, Program},
    platform::Platform,
    world::{Login, create_secret},
};
use aphex_ops::check::catalogue;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, Client};
use rig::{proxy::Recorder, sandbox};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path, time::Duration};
use tempfile::TempDir;

/// A platform that was installed and bootstrapped.
pub(super) struct Healthy {
    pub(super) platform: Platform,
    pub(super) client: Client,
    pub(super) folder: TempDir,
    pub(super) config: Value,
    _login: Login,
}

impl Healthy {
    pub(super) async fn start() -> Self {
        let platform = Platform::start().await;
        let client = platform.client.clone();
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::new();
        let login = Login::start(&recorder, folder.path()).await.unwrap();
        let config = merged(&platform.scene.config, &login.config, folder.path());
        let healthy = Self {
            platform,
            client,
            folder,
            config,
            _login: login,
        };
        healthy.install().await;
        healthy
    }

    async fn install(&self) {
        self.ended("namespaces ensure").await;
        create_secret(&self.client, "auth-system", "authentik-secrets")
            .await
            .unwrap();
        self.ended("secrets generate").await;
        crate::platform::provide_what_is_left_out(&self.client).await;
        let certifying = tokio::spawn(crate::platform::certify(self.client.clone()));
        let config = self.configured(&self.config);
        let parts = crate::platform::PARTS;
        let line = format!("waves install {parts} --timeout 150s");
        let program = self.platform.program_at(&line, &config);
        let program = program.env("APHEX_OPS_MIRROR", self.platform.scene.mirror());
        program.run().await.ended(0, &[]);
        certifying.abort();
        define_all(&self.client).await;
        self.ended("authentik token").await;
        let line = "check --only APX-IDN-007 --failure-threshold warning";
        let superuser = self.run(line, &self.config).await;
        assert!(
            superuser.ended(4, &[]).stdout.contains("--retire-bootstrap"),
            "{}",
            superuser.stdout
        );
        for line in [
            "dex sync",
            "dex scale --timeout 60s",
            "install",
            "authentik token --retire-bootstrap",
        ] {
            self.ended(line).await;
        }
    }

    async fn ended(&self, line: &str) {
        self.run(line, &self.config).await.ended(0, &[]);
    }

    /// The program with a configuration of its own.
    pub(super) async fn run(&self, line: &str, config: &Value) -> Left {
        self.program(line, config).run().await
    }

    pub(super) fn program(&self, line: &str, config: &Value) -> Program {
        self.platform.program_at(line, &self.configured(config))
    }

    fn configured(&self, config: &Value) -> std::path::PathBuf {
        let path = self.folder.path().join("merged.yaml");
        fs::write(&path, config.to_string()).unwrap();
        path
    }

    /// What `check` prints as JSON, in full.
    pub(super) async fn check(&self, line: &str, config: &Value) -> (Left, Value) {
        let left = self.run(&format!("check -o json {line}"), config).await;
        let report = left.json();
        (left, report)
    }

    /// Waits until all is well again.
    pub(super) async fn heals(&self) {
        let line = "check --wait --timeout 90s --failure-threshold warning -o wide";
        let left = self.run(line, &self.config).await;
        assert_eq!(left.code, Some(0), "{}", left.stdout);
    }
}

/// One configuration of what both need.
fn merged(one: &Path, other: &Path, folder: &Path) -> Value {
    let read = |path: &Path| -> Value { serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap() };
    let (mut config, other) = (read(one), read(other));
    let bundle = |config: &Value| fs::read_to_string(config["http"]["caBundle"].as_str().unwrap()).unwrap();
    let both = folder.join("both.pem");
    fs::write(&both, bundle(&config) + "\n" + &bundle(&other)).unwrap();
    for section in ["authentik", "dex"] {
        config[section] = other[section].clone();
    }
    config["http"]["caBundle"] = both.to_str().unwrap().into();
    for (host, address) in other["http"]["resolve"].as_object().unwrap() {
        config["http"]["resolve"][host] = address.clone();
    }
    config
}

/// Every kind that a check reads and the cluster does not have, without a schema.
pub(crate) async fn define_all(client: &Client) {
    let definitions = Api::<CustomResourceDefinition>::all(client.clone());
    let built_in =
        |group: &str| group.is_empty() || ["apps", "batch"].contains(&group) || group.ends_with(".k8s.io");
    let kinds: BTreeSet<_> = catalogue()
        .flat_map(|check| check.reads())
        .filter(|of| !built_in(of.group))
        .collect();
    for of in kinds {
        let name = format!("{}.{}", of.plural, of.group);
        if definitions.get_opt(&name).await.unwrap().is_some() {
            continue;
        }
        let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        let scope = if of.kind.starts_with("Cluster") {
            "Cluster"
        } else {
            "Namespaced"
        };
        let version =
            json!({"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}});
        let spec = json!({"group": of.group, "scope": scope, "versions": [version],
            "names": {"kind": of.kind, "plural": of.plural, "singular": of.kind.to_lowercase()}});
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": name}, "spec": spec});
        sandbox::apply_all(client, vec![definition]).await.unwrap();
        established(&definitions, &name).await;
    }
}

async fn established(definitions: &Api<CustomResourceDefinition>, name: &str) {
    loop {
        let found = definitions.get(name).await.unwrap();
        let conditions = found
            .status
            .and_then(|status| status.conditions)
            .unwrap_or_default();
        if conditions
            .iter()
            .any(|found| found.type_ == "Established" && found.status == "True")
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Applies every file of a folder of the repository.
pub(crate) async fn apply_files(client: &Client, folder: &str) {
    for path in crate::golden::files(&crate::golden::root().join(folder)) {
        sandbox::apply(client, &fs::read_to_string(path).unwrap())
            .await
            .unwrap();
    }
}
