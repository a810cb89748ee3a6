//! A fleet of tenants, beside kubectl and the least that the API server can be asked for: figures, printed and not asserted.

use super::{Figure, measure, median, program};
use crate::tenants::stage::{self, Stage, binding, knowledge_base, organization};
use futures::{StreamExt, stream};
use kube::api::{ListParams, Patch, PatchParams};
use rig::{
    laws::run::Run,
    sandbox::{AuditEvent, Program, Programs},
};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Of each 1,000 bindings, 100 organizations and 100 knowledge bases.
const BINDINGS: usize = 1000;
const RUNS: usize = 5;
const AT_ONCE: usize = 16;
const OURS: &str = "platform.aphex/managed-by in (organization-controller,platform-controller)";

struct Fleet {
    stage: Stage,
    ours: PathBuf,
    size: usize,
}

impl Fleet {
    async fn start(ours: PathBuf, size: usize) -> Self {
        let stage = Stage::start().await;
        for tenth in 0..size / 10 {
            let name = format!("{tenth:04}");
            let team = format!("team-{name}");
            let bindings = (0..10).map(|number| {
                let pipeline = format!("p{name}-{number}");
                binding(&pipeline, &team, &pipeline)
            });
            let others = [organization(&team), knowledge_base(&team)];
            stage.apply(others.into_iter().chain(bindings)).await;
        }
        Self { stage, ours, size }
    }

    async fn measure(&self, work: impl Future<Output = Option<u64>>) -> Figure {
        let is_own = |event: &AuditEvent| {
            let mut agents = ["aphex-ops/", "kubectl/"].iter();
            agents.any(|agent| event.user_agent.starts_with(agent))
        };
        Figure::of(&self.stage.sandbox, is_own, work).await
    }

    async fn run(&self, of: &Path, args: &[&str]) -> Figure {
        let run = Run::new(of)
            .args(args)
            .args([
                "--kubeconfig".as_ref(),
                self.stage.sandbox.kubeconfig().as_os_str(),
            ])
            .env("HOME", "/")
            .timeout(Duration::from_secs(900));
        self.measure(async {
            let ran = measure(&run).await;
            ran.peak_rss_kib
        })
        .await
    }

    async fn reconcile(&self) -> Figure {
        self.run(
            &self.ours,
            &["tenants", "reconcile", "-q", "-o", "name", "--timeout", "10m"],
        )
        .await
    }

    /// All that was made, as somebody would have it in files.
    async fn manifests(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for kind in KINDS {
            let (resource, api) = (stage::resource(kind), self.stage.api(kind, None));
            let mut page = ListParams::default().labels(OURS).limit(500);
            loop {
                let list = api.list(&page).await.unwrap();
                for object in list.items {
                    let mut object = serde_json::to_value(object).unwrap();
                    object["apiVersion"] = json!(resource.api_version);
                    object["kind"] = json!(kind);
                    let metadata = object["metadata"].as_object_mut().unwrap();
                    metadata.retain(|field, _| {
                        ["name", "namespace", "labels", "annotations"].contains(&field.as_str())
                    });
                    object.as_object_mut().unwrap().remove("status");
                    all.push(object);
                }
                match list.metadata.continue_.filter(|token| !token.is_empty()) {
                    Some(token) => page = page.continue_token(&token),
                    None => break,
                }
            }
        }
        all
    }
}

const KINDS: [&str; 15] = [
    "Namespace",
    "Secret",
    "ServiceAccount",
    "ResourceQuota",
    "LimitRange",
    "RoleBinding",
    "ClusterRoleBinding",
    "NetworkPolicy",
    "AppProject",
    "ClusterSecretStore",
    "Pipeline",
    "TriggerBinding",
    "TriggerTemplate",
    "Trigger",
    "EventListener",
];

/// The same objects in an empty cluster: nothing is read, and the answers are not looked at.
async fn floor(objects: &[Value]) -> Duration {
    let stage = Stage::start().await;
    let send = |object: Value| {
        let client = stage.client.clone();
        async move {
            let (kind, name) = (
                object["kind"].as_str().unwrap(),
                object["metadata"]["name"].as_str().unwrap(),
            );
            let api = stage::api(&client, kind, object["metadata"]["namespace"].as_str());
            let parameters = PatchParams::apply("floor").force();
            api.patch(name, &parameters, &Patch::Apply(&object))
                .await
                .unwrap();
        }
    };
    let begun = Instant::now();
    let (namespaces, others): (Vec<&Value>, Vec<&Value>) =
        objects.iter().partition(|object| object["kind"] == "Namespace");
    for stage in [namespaces, others] {
        stream::iter(stage.into_iter().cloned().map(send))
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
    }
    begun.elapsed()
}

fn print(what: &str, figures: &[Figure]) {
    let wall = median(figures.iter().map(|figure| figure.wall).collect());
    let cpu = median(figures.iter().map(|figure| figure.cpu).collect());
    let requests = median(figures.iter().map(|figure| figure.requests).collect());
    let writes = median(figures.iter().map(|figure| figure.writes).collect());
    let peak = figures
        .iter()
        .filter_map(|figure| figure.peak_kib)
        .max()
        .unwrap_or(0);
    println!(
        "{what:<36} wall {:>7.2} s  server CPU {:>7.2} s  requests {requests:>6}  writes {writes:>6}  {:.1} MiB",
        wall.as_secs_f64(),
        cpu.as_secs_f64(),
        peak as f64 / 1024.0
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures: `scripts/benchmark`"]
async fn of_a_fleet_of_tenants() {
    let Some(ours) = program() else {
        println!("not measured: APHEX_OPS_PROGRAM names no program");
        return;
    };
    let size = std::env::var("APHEX_OPS_FLEET")
        .ok()
        .and_then(|size| size.parse().ok())
        .unwrap_or(BINDINGS);
    println!(
        "load {}",
        std::fs::read_to_string("/proc/loadavg").unwrap().trim()
    );
    let fleet = Fleet::start(ours, size).await;
    println!(
        "{} bindings, {} organizations, {} knowledge bases",
        size,
        size / 10,
        size / 10
    );
    print("aphex-ops: provision", &[fleet.reconcile().await]);
    let mut idle = Vec::new();
    for _ in 0..RUNS {
        idle.push(fleet.reconcile().await);
    }
    print("aphex-ops: nothing to do", &idle);
    let hard = json!({"spec": {"hard": {"pods": "9"}}});
    fleet
        .stage
        .merge("ResourceQuota", Some("p0000-0"), "tenant-quota", hard)
        .await;
    print("aphex-ops: one object drifted", &[fleet.reconcile().await]);
    for number in 0..fleet.size / 100 {
        let wrong = json!({"spec": {"templateRef": "nothing"}});
        let name = format!("p{:04}-1", number);
        fleet
            .stage
            .merge("RepoBinding", Some("platform-system"), &name, wrong)
            .await;
    }
    print("aphex-ops: 1 % of the tenants broken", &[fleet.reconcile().await]);
    print("aphex-ops: nothing to do, 1 % broken", &[fleet.reconcile().await]);

    if fleet.size > BINDINGS {
        println!("kubectl and the floor are not measured with so many: they take too long");
        return;
    }
    let objects = fleet.manifests().await;
    println!("{} objects", objects.len());
    let file = tempfile::NamedTempFile::new().unwrap();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    std::fs::write(file.path(), list.to_string()).unwrap();
    let programs = Programs::ensure(&[Program::Kubectl]).unwrap();
    let kubectl = programs.path(Program::Kubectl).unwrap();
    let path = file.path().to_str().unwrap();
    let apply = ["apply", "--server-side", "--force-conflicts", "-f", path];
    fleet.run(kubectl, &apply).await;
    print(
        "kubectl apply: nothing to do",
        &[fleet.run(kubectl, &apply).await],
    );
    fleet.stage.sandbox.stop().unwrap();
    println!(
        "floor of provisioning: {:.2} s",
        floor(&objects).await.as_secs_f64()
    );
}
