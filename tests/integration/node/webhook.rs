//! From a push to a run that succeeds, for real: Tekton's own programs on a node, installed by `waves install`, a tenant made
//! by `tenants reconcile`, and events as GitHub sends and signs them.

use super::upstream;
use crate::tenants::stage::{PLATFORM, Stage, binding, organization};
use crate::world::PROGRAM;
use k8s_openapi::{
    ByteString,
    api::core::v1::{Pod, Secret, Service},
};
use kube::{Api, ResourceExt, api::DynamicObject};
use rig::sandbox::{Component, Image, SHELL_IMAGE};
use ring::hmac::{self, HMAC_SHA256};
use serde_json::{Value, json};
use std::{
    fmt::Write,
    path::Path,
    time::{Duration, Instant},
};

const ORGANIZATION: &str = "acme-corp";
const PIPELINE: &str = "my-pipeline";
/// A value of an event that would end the script if a shell ever read it as text of its own.
const COMMIT: &str = "0123'; touch /tmp/harmed; exit 1 #$(exit 1)";

/// The commit goes into one task, through its result into the next, and is compared at the end.
fn pipeline() -> String {
    let step = |env: &[(&str, &str)], script: &str| {
        let env: Vec<Value> = env
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        json!({"name": "only", "image": SHELL_IMAGE, "env": env, "script": format!("#!/bin/sh\nset -eu\n{script}\n")})
    };
    let parameter = |name: &str, value: &str| json!([{"name": name, "value": value}]);
    let takes = step(
        &[("COMMIT", "$(params.commit)")],
        "printf '%s' \"$COMMIT\" > $(results.commit.path)",
    );
    let checks = step(
        &[("COMMIT", "$(params.commit)"), ("TENANT", "$(params.tenant)")],
        "test ! -e /tmp/harmed; test \"$TENANT\" = my-pipeline; test ${#COMMIT} = 43",
    );
    json!({"apiVersion": "tekton.dev/v1", "kind": "Pipeline", "metadata": {"name": "any"}, "spec": {
        "params": [{"name": "commit-sha"}, {"name": "tenant-name"}],
        "tasks": [
            {"name": "takes", "params": parameter("commit", "$(params.commit-sha)"), "taskSpec": {
                "params": [{"name": "commit"}], "results": [{"name": "commit"}], "steps": [takes]}},
            {"name": "checks", "taskSpec": {"params": [{"name": "commit"}, {"name": "tenant"}], "steps": [checks]},
             "params": [{"name": "commit", "value": "$(tasks.takes.results.commit)"},
                        {"name": "tenant", "value": "$(params.tenant-name)"}]},
        ],
    }})
    .to_string()
}

/// What GitHub sends.
#[derive(Clone)]
struct Push {
    event: &'static str,
    body: Value,
    /// What it is signed with; not at all without.
    secret: Option<Vec<u8>>,
}

impl Push {
    fn new(secret: &[u8]) -> Self {
        let body = json!({"ref": "refs/heads/main", "before": "0".repeat(40), "after": COMMIT, "deleted": false,
            "repository": {"full_name": "Acme-Corp/My-Application",
                           "clone_url": "https://github.com/Acme-Corp/My-Application.git"}});
        Self {
            event: "push",
            body,
            secret: Some(secret.to_owned()),
        }
    }

    fn with(mut self, pointer: &str, value: Value) -> Self {
        *self.body.pointer_mut(pointer).unwrap() = value;
        self
    }

    fn signature(&self, body: &[u8]) -> Option<String> {
        let key = hmac::Key::new(HMAC_SHA256, self.secret.as_ref()?);
        let mut text = "sha256=".to_owned();
        for byte in hmac::sign(&key, body).as_ref() {
            write!(text, "{byte:02x}").unwrap();
        }
        Some(text)
    }

    /// Sends it from within the node; the status of the answer.
    #[expect(
        clippy::disallowed_methods,
        reason = "GitHub has no limits and no guard of ours"
    )]
    fn send(self, stage: &Stage, listener: &str) -> u16 {
        let body = self.body.to_string();
        let signature = self.signature(body.as_bytes());
        let url = listener.to_owned();
        let send = async move {
            let mut request = reqwest::Client::new()
                .post(url)
                .header("Content-Type", "application/json")
                .header("X-GitHub-Event", self.event)
                .body(body);
            if let Some(signature) = signature {
                request = request.header("X-Hub-Signature-256", signature);
            }
            // The node's proxy takes up the listener's Pod some moments after Tekton does.
            for _ in 0..50 {
                let request = request.try_clone().unwrap();
                match request.send().await {
                    Err(error) if error.is_connect() => tokio::time::sleep(Duration::from_millis(200)).await,
                    answer => return answer.unwrap().status().as_u16(),
                }
            }
            panic!("nobody listens")
        };
        let sending = stage.sandbox.in_network(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(send)
        });
        sending.unwrap().join().unwrap().unwrap()
    }
}

/// Runs the reconciler as its CronJob does, until the tenant stands: its listener takes some seconds to start.
async fn onboard(stage: &mut Stage) {
    let mut pushed = binding("my-application", ORGANIZATION, PIPELINE);
    pushed["spec"]["pipelineSpec"] = json!(pipeline());
    stage.apply([organization(ORGANIZATION), pushed]).await;
    let begun = Instant::now();
    loop {
        let left = stage.run("tenants reconcile").await;
        let organization = stage.phase("Organization", ORGANIZATION).await;
        let binding = stage.phase("RepoBinding", "my-application").await;
        if (organization.0.as_str(), binding.0.as_str()) == ("Active", "Ready") {
            println!("the tenant stands after {:.1} s", begun.elapsed().as_secs_f64());
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(180),
            "{organization:?} {binding:?} {left:#?}"
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // A tenant stands when Tekton has been told of its listener; that it listens takes a Pod.
    loop {
        let listener = stage
            .get("EventListener", Some("org-acme-corp"), "github-listener")
            .await
            .unwrap();
        let conditions = listener["status"]["conditions"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if conditions
            .iter()
            .any(|it| it["type"] == "Available" && it["status"] == "True")
        {
            println!("it listens after {:.1} s", begun.elapsed().as_secs_f64());
            return;
        }
        if begun.elapsed() > Duration::from_secs(60) {
            panic!("nobody listens: {}", last_words(stage).await);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What the Pods of the listener said last.
async fn last_words(stage: &Stage) -> String {
    let pods = Api::<Pod>::namespaced(stage.client.clone(), &format!("org-{ORGANIZATION}"));
    let mut words = String::new();
    for pod in pods.list(&Default::default()).await.unwrap() {
        let log = pods.logs(&pod.name_any(), &Default::default()).await;
        writeln!(words, "{}: {log:#?} {:#?}", pod.name_any(), pod.status).unwrap();
    }
    words
}

async fn runs(stage: &Stage) -> Vec<DynamicObject> {
    let api = stage.api("PipelineRun", None);
    api.list(&Default::default()).await.unwrap().items
}

/// Waits until a run is over; its condition.
async fn ended(stage: &Stage) -> Value {
    let over = async {
        loop {
            let condition = runs(stage)
                .await
                .first()
                .map(|run| run.data["status"]["conditions"][0].clone());
            if let Some(condition) =
                condition.filter(|it| ["True", "False"].contains(&it["status"].as_str().unwrap_or("")))
            {
                return condition;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(120), over).await {
        Ok(condition) => condition,
        Err(_) => panic!("no run ends: {:#?}", runs(stage).await),
    }
}

/// Runs only when `APHEX_OPS_TEST_ALL` is set: Tekton is long to compile.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts a real node: `APHEX_OPS_TEST_ALL=1 cargo test -- --ignored`"]
async fn tekton_gets_healthy_and_a_signed_push_runs_the_pipeline() {
    let Some(sandbox) = upstream::gets_healthy("tekton", &[Component::Tekton, Component::Triggers]).await
    else {
        return;
    };
    let mut stage = Stage::beside_tekton(sandbox, "kind").await;
    onboard(&mut stage).await;

    let namespace = format!("org-{ORGANIZATION}");
    let secrets = Api::<Secret>::namespaced(stage.client.clone(), &namespace);
    let secret = secrets.get("github-webhook-secret").await.unwrap();
    let ByteString(secret) = secret.data.unwrap().remove("secret").unwrap();
    let services = Api::<Service>::namespaced(stage.client.clone(), &namespace);
    let service = services.get("el-github-listener").await.unwrap();
    let listener = format!("http://{}:8080", service.spec.unwrap().cluster_ip.unwrap());

    let good = Push::new(&secret);
    let refused = [
        ("a wrong signature", Push::new(b"wrong")),
        (
            "no signature",
            Push {
                secret: None,
                ..good.clone()
            },
        ),
        (
            "another event",
            Push {
                event: "ping",
                ..good.clone()
            },
        ),
        (
            "another repository",
            good.clone()
                .with("/repository/full_name", json!("acme-corp/other")),
        ),
        (
            "a longer name",
            good.clone()
                .with("/repository/full_name", json!("acme-corp/my-application-2")),
        ),
        (
            "another branch",
            good.clone().with("/ref", json!("refs/heads/main2")),
        ),
        ("a tag", good.clone().with("/ref", json!("refs/tags/main"))),
        ("a deletion", good.clone().with("/deleted", json!(true))),
    ];
    for (what, push) in refused {
        println!("{what}: answered {}", push.send(&stage, &listener));
    }
    // What came before it has been decided on by the time that its run has ended.
    println!("a push: answered {}", good.send(&stage, &listener));
    let begun = Instant::now();
    let condition = ended(&stage).await;
    println!(
        "its run ended after {:.1} s: {}",
        begun.elapsed().as_secs_f64(),
        condition["reason"]
    );
    let all = runs(&stage).await;
    assert_eq!(condition["reason"], "Succeeded", "{all:#?}");
    assert_eq!(all.len(), 1, "only the one push starts a run: {all:#?}");
    assert_eq!(all[0].metadata.namespace.as_deref(), Some(PIPELINE));

    assert_eq!(
        stage.writes("tenants reconcile").await,
        [""; 0],
        "real Tekton changes nothing that we fight over"
    );
    verify(&mut stage).await;
    let tenants = format!("RepoBinding/{PLATFORM}/my-application Organization/{PLATFORM}/{ORGANIZATION}");
    stage
        .run(&format!("tenants delete {tenants} --yes"))
        .await
        .ended(0, &[]);
    assert_eq!(stage.left().await, [""; 0]);
    stage.sandbox.stop().unwrap();
}

/// The same on the operator's own cluster, with a tenant of its own; and it says so when the listener is not guarded.
async fn verify(stage: &mut Stage) {
    stage.kubeconfig = stage.sandbox.kubeconfig().to_owned();
    let image = Image::new(&format!("localhost/aphex-ops:{}", env!("CARGO_PKG_VERSION")));
    let image = image
        .file("/aphex-ops", 0o755, Path::new(PROGRAM))
        .user("65532:65532");
    stage.sandbox.load_image(&image).unwrap();
    let begun = Instant::now();
    let left = stage.run("tenants verify --timeout 150s -o wide").await;
    println!(
        "tenants verify, after {:.1} s:\n{}",
        begun.elapsed().as_secs_f64(),
        left.stdout
    );
    left.ended(0, &[]);
    let verdict = "a signed push started a run that succeeded, and five others started none";
    assert!(left.stdout.contains(verdict), "{left:#?}");
    assert!(!stage.left().await.iter().any(|name| name.contains("canary")));
    let namespaces = stage.names("Namespace").await;
    assert!(
        !namespaces.iter().any(|name| name.contains("canary")),
        "{namespaces:?}"
    );
}
