//! Applying 1,000 objects, beside kubectl, Helm and the least that the API server can be asked for: figures, printed and
//! not asserted. Everything is measured in one run on one API server, so that the ratios hold on any machine.

use super::{Figure, measure, median, program};
use futures::{StreamExt, stream};
use k8s_openapi::api::{core::v1::Namespace, rbac::v1::Role};
use kube::{
    Api, Client,
    api::{ApiResource, DeleteParams, DynamicObject, ListParams, ObjectMeta, Patch, PatchParams, PostParams},
    core::GroupVersionKind,
};
use rig::{
    laws::run::Run,
    sandbox::{AuditEvent, Options, Program, Programs, Sandbox},
};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;

const OBJECTS: usize = 1000;
const DRIFTED: usize = OBJECTS / 100;
const RUNS: usize = 3;
const TURNS: usize = 7;
/// Where more requests at once no longer help a server of two cores (measured).
const AT_ONCE: usize = 16;

struct Bench {
    sandbox: Sandbox,
    client: Client,
    folder: TempDir,
    kubectl: PathBuf,
    helm: PathBuf,
    ours: PathBuf,
}

/// About 1 kB each, as a tenant's are.
fn role(namespace: &str, number: usize) -> Value {
    let rules: Vec<Value> = ["pods", "services", "configmaps", "jobs"]
        .iter()
        .map(|resource| {
            json!({"apiGroups": ["", "batch"], "resources": [resource, format!("{resource}/status")],
                "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"]})
        })
        .collect();
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": format!("role-{number:04}"), "namespace": namespace,
            "labels": {"app.kubernetes.io/name": "bench", "app.kubernetes.io/part-of": "bench"}},
        "rules": rules})
}

impl Bench {
    async fn start(ours: PathBuf) -> Self {
        let programs = Programs::ensure(&[Program::Kubectl, Program::Helm]).unwrap();
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        Self {
            client: sandbox.client().await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
            kubectl: programs.path(Program::Kubectl).unwrap().to_owned(),
            helm: programs.path(Program::Helm).unwrap().to_owned(),
            sandbox,
            ours,
        }
    }

    /// An empty namespace, and a file with the objects for it.
    async fn prepare(&self, namespace: &str) -> PathBuf {
        let metadata = ObjectMeta {
            name: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        };
        let object = Namespace {
            metadata,
            ..Namespace::default()
        };
        let namespaces = Api::<Namespace>::all(self.client.clone());
        // There since the last run.
        let _ = namespaces.create(&PostParams::default(), &object).await;
        let roles = Api::<Role>::namespaced(self.client.clone(), namespace);
        roles
            .delete_collection(&DeleteParams::default(), &ListParams::default())
            .await
            .unwrap();
        let chart = self.folder.path().join(namespace);
        fs::create_dir_all(chart.join("templates")).unwrap();
        fs::write(
            chart.join("Chart.yaml"),
            format!("apiVersion: v2\nname: {namespace}\nversion: 1.0.0\n"),
        )
        .unwrap();
        let file = chart.join("templates/roles.yaml");
        let texts = (0..OBJECTS).map(|number| serde_saphyr::to_string(&role(namespace, number)).unwrap());
        fs::write(&file, texts.collect::<Vec<_>>().join("---\n")).unwrap();
        file
    }

    /// Somebody changes one object in a hundred.
    async fn drift(&self, namespace: &str) {
        let roles = Api::<Role>::namespaced(self.client.clone(), namespace);
        let somebody = PatchParams {
            field_manager: Some("somebody".to_owned()),
            ..PatchParams::default()
        };
        for number in 0..DRIFTED {
            let change = json!({"metadata": {"labels": {"app.kubernetes.io/part-of": "somebody"}}});
            let name = format!("role-{:04}", number * 100);
            roles
                .patch(&name, &somebody, &Patch::Merge(&change))
                .await
                .unwrap();
        }
    }

    fn run(&self, of: &Path, args: &[&str]) -> Run {
        Run::new(of)
            .args(args)
            .env("KUBECONFIG", self.sandbox.kubeconfig())
            .env("HOME", self.folder.path())
            .env("PATH", "/usr/bin:/bin")
            .timeout(Duration::from_secs(300))
    }

    async fn measure(&self, work: impl Future<Output = Option<u64>>) -> Figure {
        let is_own = |event: &AuditEvent| !event.user.username.starts_with("system:");
        Figure::of(&self.sandbox, is_own, work).await
    }

    async fn program(&self, run: Run) -> Figure {
        self.measure(async {
            let ran = measure(&run).await;
            ran.peak_rss_kib
        })
        .await
    }

    /// The least that making them takes: nothing is read, and the answers are not looked at.
    async fn floor_create(&self, namespace: &str) -> Figure {
        let kind = GroupVersionKind::gvk("rbac.authorization.k8s.io", "v1", "Role");
        let kind = ApiResource::from_gvk(&kind);
        let roles = Api::<DynamicObject>::namespaced_with(self.client.clone(), namespace, &kind);
        self.measure(async move {
            let all = (0..OBJECTS).map(|number| {
                let (roles, body) = (roles.clone(), role(namespace, number));
                async move {
                    let name = body["metadata"]["name"].as_str().unwrap().to_owned();
                    let parameters = PatchParams::apply("floor");
                    roles
                        .patch(&name, &parameters, &Patch::Apply(&body))
                        .await
                        .unwrap();
                }
            });
            stream::iter(all)
                .buffer_unordered(AT_ONCE)
                .collect::<Vec<_>>()
                .await;
            None
        })
        .await
    }

    /// The least that looking at them takes.
    async fn floor_list(&self, namespace: &str) -> Figure {
        let roles = Api::<Role>::namespaced(self.client.clone(), namespace);
        self.measure(async {
            let mut page = ListParams::default().limit(500);
            loop {
                let list = roles.list(&page).await.unwrap();
                match list.metadata.continue_.filter(|token| !token.is_empty()) {
                    Some(token) => page = page.continue_token(&token),
                    None => return None,
                }
            }
        })
        .await
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Who {
    Ours,
    Kubectl,
    Helm,
}

impl Bench {
    fn line(&self, who: Who, namespace: &str, file: &Path, is_first: bool) -> Run {
        let file = file.to_str().unwrap();
        match who {
            Who::Ours => self.run(
                &self.ours,
                &[
                    "waves",
                    "install",
                    "-f",
                    file,
                    "--set",
                    namespace,
                    "-q",
                    "-o",
                    "name",
                    "--config",
                    self.folder.path().join("config.yaml").to_str().unwrap(),
                ],
            ),
            Who::Kubectl => self.run(&self.kubectl, &["apply", "--server-side", "-f", file]),
            Who::Helm => {
                let chart = self.folder.path().join(namespace).display().to_string();
                let verb = if is_first { "install" } else { "upgrade" };
                self.run(&self.helm, &[verb, "bench", &chart, "--namespace", namespace])
            }
        }
    }

    /// Making the objects beside the least that it takes, by turns, so that both meet the same load.
    async fn beside_the_floor(&self) {
        let (mut least, mut lists, mut ours, mut ratios) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..TURNS {
            self.prepare("floor").await;
            let floor = self.floor_create("floor").await;
            lists.push(self.floor_list("floor").await);
            let file = self.prepare("beside").await;
            let own = self.program(self.line(Who::Ours, "beside", &file, true)).await;
            ratios.push(floor.wall.as_micros() * 1000 / own.wall.as_micros());
            least.push(floor);
            ours.push(own);
        }
        print("floor: create", &least);
        print("floor: list", &lists);
        print("aphex-ops: create, by turns", &ours);
        let percent = |permille: u128| permille as f64 / 10.0;
        let all: Vec<f64> = ratios.iter().map(|ratio| percent(*ratio)).collect();
        println!(
            "{:<28} {:.1} % of what it would be at the floor; each turn: {all:.1?}",
            "aphex-ops: create",
            percent(median(ratios))
        );
    }

    async fn forget_helm(&self, namespace: &str) {
        let secrets = Api::<k8s_openapi::api::core::v1::Secret>::namespaced(self.client.clone(), namespace);
        let all = ListParams::default().labels("owner=helm");
        secrets
            .delete_collection(&DeleteParams::default(), &all)
            .await
            .unwrap();
    }
}

fn print(what: &str, figures: &[Figure]) {
    let wall = median(figures.iter().map(|figure| figure.wall).collect());
    let cpu = median(figures.iter().map(|figure| figure.cpu).collect());
    let requests = median(figures.iter().map(|figure| figure.requests).collect());
    let writes = median(figures.iter().map(|figure| figure.writes).collect());
    let peak = figures.iter().filter_map(|figure| figure.peak_kib).max();
    let peak = peak.map_or_else(String::new, |kib| format!("{:.1} MiB", kib as f64 / 1024.0));
    println!(
        "{what:<28} wall {:>8.1} ms  server CPU {:>6.0} ms  requests {requests:>5}  writes {writes:>5}  {peak}",
        wall.as_secs_f64() * 1000.0,
        cpu.as_secs_f64() * 1000.0,
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures: `scripts/benchmark`"]
async fn of_a_thousand_objects() {
    let Some(ours) = program() else {
        println!("not measured: APHEX_OPS_PROGRAM names no program");
        return;
    };
    let bench = Bench::start(ours).await;
    fs::write(
        bench.folder.path().join("config.yaml"),
        "namespaces: {platform: default}\n",
    )
    .unwrap();
    println!("load {}", fs::read_to_string("/proc/loadavg").unwrap().trim());
    bench.beside_the_floor().await;
    for (name, who) in [
        ("aphex-ops", Who::Ours),
        ("kubectl", Who::Kubectl),
        ("helm", Who::Helm),
    ] {
        let (mut create, mut again, mut drifted) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let file = bench.prepare(name).await;
            bench.forget_helm(name).await;
            create.push(bench.program(bench.line(who, name, &file, true)).await);
            again.push(bench.program(bench.line(who, name, &file, false)).await);
            bench.drift(name).await;
            let line = bench.line(who, name, &file, false);
            let line = match who {
                Who::Kubectl | Who::Helm => line.args(["--force-conflicts"]),
                Who::Ours => line.args(["--adopt", "somebody"]),
            };
            drifted.push(bench.program(line).await);
        }
        print(&format!("{name}: create"), &create);
        print(&format!("{name}: nothing to do"), &again);
        print(&format!("{name}: 1 % drifted"), &drifted);
    }
    bench.sandbox.stop().unwrap();
}
