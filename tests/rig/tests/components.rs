//! What runs on the platform, for real. The other ignored tests end within half an hour on a machine that has compiled
//! everything before, and should go on doing so; so each of these does nothing unless everything is asked for:
//! `APHEX_OPS_TEST_ALL=1 cargo test -p rig --test components -- --ignored --nocapture`.

#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::time::{Duration, Instant};

use clap::ValueEnum as _;
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client};
use rig::sandbox::{self, Component, Options, Repository, SHELL_IMAGE, Sandbox, Size};
use serde_json::{Value, json};

/// Whether everything is asked for; says so if not, since a test that did nothing counts as passed.
fn is_wanted() -> bool {
    let is_wanted = std::env::var_os("APHEX_OPS_TEST_ALL").is_some();
    if !is_wanted {
        println!("left out: it takes minutes, so it runs only when APHEX_OPS_TEST_ALL is set");
    }
    is_wanted
}

async fn start() -> Sandbox {
    let sandbox = Sandbox::start(Options { size: Size::Node }).await.unwrap();
    println!("cluster: {:?}", sandbox.timings());
    sandbox
}

async fn install(sandbox: &Sandbox, component: Component) {
    println!("{component:?}: {:?}", component.install(sandbox).await.unwrap());
}

fn api(client: &Client, namespace: &str, version: &str, kind: &str) -> Api<DynamicObject> {
    let (group, version) = version.split_once('/').unwrap();
    let kind = GroupVersionKind::gvk(group, version, kind);
    Api::namespaced_with(client.clone(), namespace, &ApiResource::from_gvk(&kind))
}

/// Waits until the object's status is as it is wanted; the status.
async fn status(api: &Api<DynamicObject>, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let object = api.get(name).await.unwrap();
        let status = object.data["status"].clone();
        if wanted(&status) {
            println!("{name}: after {:.1} s", begun.elapsed().as_secs_f64());
            return status;
        }
        assert!(begun.elapsed() < Duration::from_secs(180), "{name}: {status:#}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Without it no EventListener trusts an interceptor, and each ends as soon as it has started. They write it when they
/// start; whoever comes later waits for a minute.
async fn interceptors_have_an_authority(client: &Client) {
    let kind = GroupVersionKind::gvk("triggers.tekton.dev", "v1alpha1", "ClusterInterceptor");
    let interceptors = Api::<DynamicObject>::all_with(client.clone(), &ApiResource::from_gvk(&kind));
    let found = interceptors.list(&ListParams::default()).await.unwrap().items;
    assert!(!found.is_empty());
    for interceptor in found {
        let authority = &interceptor.data["spec"]["clientConfig"]["caBundle"];
        let is_there = authority.as_str().is_some_and(|text| !text.is_empty());
        assert!(is_there, "{:?}", interceptor.metadata.name);
    }
}

/// Applies objects as soon as the webhooks let them through.
async fn apply(client: &Client, objects: &[Value]) {
    let begun = Instant::now();
    while let Err(error) = sandbox::apply_all(client, objects.to_vec()).await {
        assert!(begun.elapsed() < Duration::from_secs(60), "{error}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Runs only when `APHEX_OPS_TEST_ALL` is set: it fetches the sources of everything.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "fetches the sources of everything"]
async fn an_api_server_takes_all_manifests_and_none_needs_a_registry() {
    if !is_wanted() {
        return;
    }
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let client = sandbox.client().await.unwrap();
    for component in Component::value_variants() {
        let begun = Instant::now();
        let texts = sandbox::manifests(*component).unwrap();
        for (name, text) in &texts {
            for left in ["ko://", "@sha256:", "imagePullPolicy: Always"] {
                assert!(!text.contains(left), "{name} contains {left}");
            }
        }
        assert!(
            !sandbox::definitions(*component).unwrap().is_empty(),
            "{component:?}"
        );
        let read = begun.elapsed().as_secs_f64();
        let objects = component.apply(&client).await.unwrap().len();
        let applied = begun.elapsed().as_secs_f64() - read;
        println!(
            "{component:?}: {} files read in {read:.1} s, {objects} objects applied in {applied:.1} s",
            texts.len()
        );
    }
    sandbox.stop().unwrap();
}

/// Runs only when `APHEX_OPS_TEST_ALL` is set: it compiles a dozen programs and starts them on a node.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts a real node: root and Debian's containerd are needed"]
async fn tekton_runs_a_task_and_triggers_are_available() {
    if !is_wanted() {
        return;
    }
    let sandbox = start().await;
    install(&sandbox, Component::Tekton).await;
    let client = sandbox.client().await.unwrap();
    let script = "#!/bin/sh\nset -e\nprintf hello > $(results.greeting.path)\n";
    let step = json!({ "name": "say", "image": SHELL_IMAGE, "script": script });
    let run = json!({
        "apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": { "name": "greeting", "namespace": "default" },
        "spec": { "taskSpec": { "results": [{ "name": "greeting" }], "steps": [step] } },
    });
    apply(&client, &[run]).await;
    let runs = api(&client, "default", "tekton.dev/v1", "TaskRun");
    let ended = |status: &Value| !status["completionTime"].is_null();
    let status = status(&runs, "greeting", ended).await;
    assert_eq!(status["conditions"][0]["status"], "True", "{status:#}");
    assert_eq!(status["results"][0]["value"], "hello");
    install(&sandbox, Component::Triggers).await;
    interceptors_have_an_authority(&client).await;
    sandbox.stop().unwrap();
}

fn application(url: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": { "name": "app", "namespace": "argocd" },
        "spec": {
            "project": "default",
            "source": { "repoURL": url, "targetRevision": "main", "path": "deploy" },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": "default" },
            "syncPolicy": { "automated": { "prune": true, "selfHeal": true } },
        },
    })
}

fn config_map(colour: &str) -> String {
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "app" }, "data": { "colour": colour },
    });
    object.to_string()
}

/// Runs only when `APHEX_OPS_TEST_ALL` is set: Argo CD is long to compile, and seven Pods on a node.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts a real node: root and Debian's containerd are needed"]
async fn argo_cd_syncs_what_is_committed() {
    if !is_wanted() {
        return;
    }
    let sandbox = start().await;
    install(&sandbox, Component::ArgoCd).await;
    let client = sandbox.client().await.unwrap();
    let repository = Repository::create(&sandbox, "app").await.unwrap();
    let first = repository
        .commit(&[("deploy/app.yaml", &config_map("blue"))])
        .unwrap();
    apply(&client, &[application(&repository.url())]).await;
    let applications = api(&client, "argocd", "argoproj.io/v1alpha1", "Application");
    let synced = |revision: String| {
        move |status: &Value| {
            status["sync"]["status"] == "Synced"
                && status["health"]["status"] == "Healthy"
                && status["sync"]["revision"] == revision.as_str()
        }
    };
    status(&applications, "app", synced(first)).await;

    let second = repository
        .commit(&[("deploy/app.yaml", &config_map("green"))])
        .unwrap();
    let refresh = json!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": "normal" } } });
    let parameters = kube::api::PatchParams::default();
    applications
        .patch("app", &parameters, &kube::api::Patch::Merge(refresh))
        .await
        .unwrap();
    status(&applications, "app", synced(second)).await;
    let config_maps = Api::<k8s_openapi::api::core::v1::ConfigMap>::namespaced(client, "default");
    assert_eq!(
        config_maps.get("app").await.unwrap().data.unwrap()["colour"],
        "green"
    );
    sandbox.stop().unwrap();
}
