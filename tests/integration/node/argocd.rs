//! The platform through Argo CD, for real: Argo CD on a node, and a Git repository with what `render platform` writes.

use crate::{cli::program::Program, golden};
use kube::{
    Api,
    api::{ApiResource, DynamicObject, ListParams},
    core::GroupVersionKind,
};
use rig::sandbox::{self, AuditEvent, Component, Options, Repository, Sandbox, Size};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

const PARTS: &str = "--only rbac --only catalog";
/// How long the Deployment of the earlier wave takes to get ready.
const SLOW_SECONDS: u32 = 8;

struct Stage {
    sandbox: Sandbox,
    repository: Repository,
    /// What Argo CD said of its Applications, every time that it was asked.
    seen: Arc<Mutex<Vec<Vec<Seen>>>>,
}

/// One Application at one moment.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    name: String,
    wanted: String,
    revision: String,
    is_good: bool,
}

fn applications(client: kube::Client) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Application");
    Api::namespaced_with(client, "argocd", &ApiResource::from_gvk(&kind))
}

impl Stage {
    async fn start() -> Self {
        let sandbox = Sandbox::start(Options { size: Size::Node }).await.unwrap();
        Component::ArgoCd.install(&sandbox).await.unwrap();
        let client = sandbox.client().await.unwrap();
        for (_, text) in sandbox::definitions(Component::Tekton).unwrap() {
            sandbox::apply(&client, &text).await.unwrap();
        }
        let repository = Repository::create(&sandbox, "platform").await.unwrap();
        let seen = Arc::default();
        tokio::spawn(watch(applications(client), Arc::clone(&seen)));
        Self {
            sandbox,
            repository,
            seen,
        }
    }

    fn config(&self, revision: &str) -> String {
        let gitops = json!({"repoURL": self.repository.url(), "revision": revision});
        json!({"gitops": gitops}).to_string()
    }

    /// Commits what `render platform` writes; besides, in the earlier wave, a Deployment that takes its time.
    async fn commit(&self, colour: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let line = format!("render platform {PARTS}");
        let program = Program::new(&line).arg_file("--config", &self.config("main"));
        program
            .words(&folder.path().display().to_string())
            .run()
            .await
            .ended(0, &[]);
        let mut files: Vec<(String, String)> = golden::files(folder.path())
            .iter()
            .map(|path| {
                let name = path.strip_prefix(folder.path()).unwrap().display();
                (
                    format!("manifests/{name}"),
                    std::fs::read_to_string(path).unwrap(),
                )
            })
            .collect();
        files.push((
            "manifests/components/rbac/slow.yaml".to_owned(),
            slow(colour).to_string(),
        ));
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        self.repository.commit(&files).unwrap()
    }

    async fn waves(&self, line: &str, revision: &str) {
        let program = Program::new(&format!("waves {line} {PARTS} --timeout 170s --no-lock"));
        let program = program
            .arg_file("--config", &self.config(revision))
            .arg("--kubeconfig", self.sandbox.kubeconfig());
        let left = program.run().await;
        println!("$ aphex-ops waves {line} {PARTS}\n{}{}", left.stderr, left.stdout);
        left.ended(0, &[]);
    }
}

fn slow(colour: &str) -> Value {
    let labels = json!({"app": "slow"});
    let probe = json!({"tcpSocket": {"port": 8080}, "initialDelaySeconds": SLOW_SECONDS, "periodSeconds": 1});
    // The Git server's image, which is on the node already; its folder is empty here.
    let container = json!({"name": "slow", "image": "localhost/git-server:1", "imagePullPolicy": "Never",
        "args": ["git-server", "/", "0.0.0.0:8080"], "env": [{"name": "COLOUR", "value": colour}],
        "readinessProbe": probe});
    let pod = json!({"terminationGracePeriodSeconds": 0, "containers": [container]});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "slow", "namespace": "default"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}})
}

/// Each list is one moment of the cluster, so what it says of two Applications was true at the same time.
async fn watch(api: Api<DynamicObject>, seen: Arc<Mutex<Vec<Vec<Seen>>>>) {
    loop {
        if let Ok(found) = api.list(&ListParams::default()).await {
            let moment: Vec<Seen> = found.items.iter().map(look).collect();
            let mut seen = seen.lock().unwrap();
            if seen.last() != Some(&moment) {
                seen.push(moment);
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn look(application: &DynamicObject) -> Seen {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (spec, status) = (&application.data["spec"], &application.data["status"]);
    Seen {
        name: application.metadata.name.clone().unwrap(),
        wanted: text(&spec["source"]["targetRevision"]),
        revision: text(&status["sync"]["revision"]),
        is_good: status["sync"]["status"] == "Synced" && status["health"]["status"] == "Healthy",
    }
}

/// At every moment at which the later wave was asked to be of this revision, the earlier one was, and good, or had been.
fn in_order(moments: &[Vec<Seen>], revision: &str) {
    let is_of = |seen: &Seen, name: &str| seen.name == name && seen.wanted == revision;
    let asked = moments
        .iter()
        .position(|moment| moment.iter().any(|seen| is_of(seen, "platform-catalog")));
    let good = moments.iter().position(|moment| {
        let is_done = |seen: &Seen| is_of(seen, "platform-rbac") && seen.revision == revision && seen.is_good;
        moment.iter().any(is_done)
    });
    println!(
        "{revision}: the earlier wave was good at moment {good:?}, the later one was asked for at {asked:?}"
    );
    assert!(good.unwrap() <= asked.unwrap(), "{moments:#?}");
}

/// Runs only when `APHEX_OPS_TEST_ALL` is set: Argo CD is long to compile, and seven Pods on a node.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts a real node: `APHEX_OPS_TEST_ALL=1 cargo test -- --ignored`"]
async fn argo_cd_installs_the_platform_wave_by_wave_and_takes_over_without_a_fight() {
    if std::env::var_os("APHEX_OPS_TEST_ALL").is_none() {
        println!("left out: it takes minutes, so it runs only when APHEX_OPS_TEST_ALL is set");
        return;
    }
    let stage = Stage::start().await;
    let first = stage.commit("blue").await;
    // Applied directly before: Argo CD takes it over.
    let client = stage.sandbox.client().await.unwrap();
    sandbox::apply_all(
        &client,
        vec![json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "platform-system"}})],
    )
    .await
    .unwrap();
    stage.waves("install --via apply", &first).await;
    stage.waves("install --via argocd", &first).await;
    let moments = stage.seen.lock().unwrap().clone();
    in_order(&moments, &first);

    // On an update, where a verdict on the revision before is at hand.
    let second = stage.commit("green").await;
    stage.waves("install --via argocd", &second).await;
    let moments = stage.seen.lock().unwrap().clone();
    in_order(&moments, &second);

    // Nobody undoes what the other did.
    let mark = stage.sandbox.audit_mark().await.unwrap();
    stage.waves("install --via argocd", &second).await;
    stage.waves("install --via apply", &second).await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    let events = stage.sandbox.audit_since(mark).await.unwrap();
    let is_shared = |event: &&AuditEvent| {
        let path = &event.request_uri;
        event.is_write()
            && ["/clusterroles", "/clusterrolebindings", "/tasks", "/pipelines"]
                .iter()
                .any(|kind| path.contains(kind))
    };
    let fights: Vec<&str> = events
        .iter()
        .filter(is_shared)
        .map(|event| event.request_uri.as_str())
        .collect();
    let ours = events
        .iter()
        .filter(|event| event.user_agent.starts_with("aphex-ops/") && event.is_write());
    println!(
        "after the hand-over: {} writes of ours, {} of anybody to what both apply",
        ours.clone().count(),
        fights.len()
    );
    assert!(fights.is_empty(), "{fights:#?}");
    assert_eq!(ours.count(), 0);
    stage.sandbox.stop().unwrap();
}
