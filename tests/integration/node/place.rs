//! Namespaces of their own for one scenario on the node, and Jobs in them as `render job` makes them.

use crate::world::PROGRAM;
use k8s_openapi::api::{
    batch::v1::{Job, JobCondition},
    core::v1::Pod,
    events::v1::Event,
};
use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, PostParams},
};
use rig::sandbox::{self, Sandbox};
use serde_json::{Value, json};
use std::{process::Command, time::Duration};

/// Where nobody else works.
pub(super) struct Place {
    pub(super) client: Client,
    name: String,
    /// The configuration, as the Jobs read it.
    config: tempfile::NamedTempFile,
}

/// The image that `scripts/test` has built: the Jobs' memory limits are those of the release.
pub(super) fn load_image(sandbox: &Sandbox) {
    let Some(image) = std::env::var_os("APHEX_OPS_IMAGE") else {
        panic!("APHEX_OPS_IMAGE names no image: `scripts/image FILE` writes it");
    };
    sandbox.load_tarball(image.as_ref()).unwrap();
}

impl Place {
    /// `name` begins the namespaces; empty for those of the default configuration.
    pub(super) async fn new(sandbox: &Sandbox, name: &str) -> Self {
        let namespaces = match name {
            "" => json!({}),
            name => json!({
                "auth": format!("{name}-auth"), "argocd": format!("{name}-argocd"),
                "tekton": format!("{name}-tekton"), "platform": format!("{name}-platform"),
            }),
        };
        let config = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(config.path(), json!({ "namespaces": namespaces }).to_string()).unwrap();
        let place = Self {
            client: sandbox.client().await.unwrap(),
            name: name.to_owned(),
            config,
        };
        for part in ["auth", "argocd", "tekton", "platform"] {
            let labels = match part {
                "platform" => json!({"pod-security.kubernetes.io/enforce": "restricted"}),
                _ => json!({}),
            };
            let metadata = json!({"name": place.namespace(part), "labels": labels});
            place
                .apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))
                .await;
        }
        let text = std::fs::read_to_string(place.config.path()).unwrap();
        place.configure(&text).await;
        place
    }

    pub(super) fn namespace(&self, part: &str) -> String {
        match (self.name.as_str(), part) {
            ("", "auth") => "auth-system".to_owned(),
            ("", "argocd") => "argocd".to_owned(),
            ("", "tekton") => "tekton-pipelines".to_owned(),
            ("", _) => "platform-system".to_owned(),
            (name, part) => format!("{name}-{part}"),
        }
    }

    /// What the Jobs find in their ConfigMap.
    pub(super) async fn configure(&self, text: &str) {
        let metadata = json!({"name": "aphex-ops-config", "namespace": self.namespace("platform")});
        let data = json!({"config.yaml": text});
        self.apply(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}))
            .await;
    }

    pub(super) async fn apply(&self, object: &Value) {
        sandbox::apply_all(&self.client, vec![object.clone()])
            .await
            .unwrap();
    }

    /// The objects that `render job` prints for these words, options of its own included.
    pub(super) fn render(&self, words: &[&str]) -> Vec<Value> {
        let mut program = Command::new(PROGRAM);
        let output = program
            .args(["--config".as_ref(), self.config.path().as_os_str()])
            .args(["render", "job"])
            .args(words)
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let documents = text.split("---\n");
        documents
            .map(|document| serde_saphyr::from_str(document).unwrap())
            .collect()
    }

    /// Applies them all, the Job or CronJob last; its name.
    pub(super) async fn start(&self, words: &[&str]) -> String {
        let objects = self.render(words);
        for object in &objects {
            self.apply(object).await;
        }
        objects.last().unwrap()["metadata"]["name"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Applies what a CronJob needs, and starts one run of it at once, as `kubectl create job --from` does.
    pub(super) async fn trigger(&self, words: &[&str]) -> String {
        let mut objects = self.render(words);
        let cron = objects.pop().unwrap();
        for object in &objects {
            self.apply(object).await;
        }
        let name = cron["metadata"]["name"].as_str().unwrap();
        let metadata = json!({"name": name, "namespace": self.namespace("platform")});
        let spec = &cron["spec"]["jobTemplate"]["spec"];
        self.apply(&json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}))
            .await;
        name.to_owned()
    }

    pub(super) fn jobs(&self) -> Api<Job> {
        Api::namespaced(self.client.clone(), &self.namespace("platform"))
    }

    pub(super) fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &self.namespace("platform"))
    }

    pub(super) async fn pods_of(&self, job: &str) -> Vec<Pod> {
        let selector = ListParams::default().labels(&format!("batch.kubernetes.io/job-name={job}"));
        self.pods().list(&selector).await.unwrap().items
    }

    /// Waits until the Job is over, one way or the other; the condition that says so.
    pub(super) async fn end_of(&self, job: &str) -> JobCondition {
        let over = async {
            loop {
                let status = self.jobs().get(job).await.unwrap().status.unwrap_or_default();
                let mut conditions = status.conditions.into_iter().flatten();
                let is_over = |condition: &JobCondition| {
                    ["Complete", "Failed"].contains(&condition.type_.as_str()) && condition.status == "True"
                };
                if let Some(condition) = conditions.find(is_over) {
                    return condition;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(180), over).await {
            Ok(condition) => condition,
            Err(_) => panic!("Job {job} does not end: {:#?}", self.pods_of(job).await),
        }
    }

    /// The termination messages of the Job's Pods, as far as they have ended.
    pub(super) async fn messages(&self, job: &str) -> Vec<Value> {
        let pods = self.pods_of(job).await;
        let messages = pods.iter().filter_map(message);
        messages.collect()
    }

    /// What `kubectl describe job` lists under Events, of ours: those with the Job's uid.
    pub(super) async fn told_of(&self, job: &str) -> Vec<Event> {
        let uid = self.jobs().get(job).await.unwrap().uid();
        let events = Api::<Event>::namespaced(self.client.clone(), &self.namespace("platform"));
        let events = events.list(&ListParams::default()).await.unwrap().items;
        let is_ours = |event: &Event| {
            let regards = event
                .regarding
                .as_ref()
                .and_then(|regarding| regarding.uid.clone());
            event.reporting_controller.as_deref() == Some("aphex-ops") && regards == uid
        };
        events.into_iter().filter(is_ours).collect()
    }

    /// A claim whose database would be lost.
    pub(super) async fn claim(&self) {
        let claims = Api::namespaced(self.client.clone(), &self.namespace("auth"));
        let spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        let claim: k8s_openapi::api::core::v1::PersistentVolumeClaim =
            serde_json::from_value(json!({"metadata": {"name": "postgresql-data"}, "spec": spec})).unwrap();
        claims.create(&PostParams::default(), &claim).await.unwrap();
    }
}

/// The termination message of a Pod's container.
pub(super) fn message(pod: &Pod) -> Option<Value> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    let ended = statuses.first()?.state.as_ref()?.terminated.as_ref()?;
    serde_json::from_str(ended.message.as_deref()?).ok()
}
