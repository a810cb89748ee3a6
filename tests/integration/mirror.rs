//! `waves fetch` and `render platform`: upstream's files, from servers that answer as upstream's do.

use crate::{
    bad_input::server::{Say, Server},
    cli::program::{Left, Program},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use tempfile::TempDir;

/// Where upstream's files are, and where one of them leads to.
const HOSTS: [&str; 4] = [
    "raw.githubusercontent.com",
    "infra.tekton.dev",
    "github.com",
    "objects.example.org",
];
/// What no sum is pinned of.
const UNPINNED: [&str; 5] = [
    "tekton/pipelines",
    "tekton/triggers",
    "tekton/interceptors",
    "tekton/dashboard",
    "cert-manager/cert-manager",
];

fn mk_map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n")
}

/// A folder, a configuration, and servers that know what they were asked for.
pub(crate) struct Scene {
    folder: TempDir,
    pub(crate) config: PathBuf,
    server: Server,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scene {
    /// The same with files of this content, by the component's name in their address; the rest are ConfigMaps.
    pub(crate) async fn with(files: BTreeMap<&'static str, String>) -> Self {
        let scene = Self::start().await;
        let others = answers(Arc::clone(&scene.asked), "upstream");
        scene.server.says(move |path| {
            let file = files.iter().find(|(part, _)| path.contains(**part));
            match file {
                Some((_, text)) => Say::Answer("200 OK", text.clone()),
                None => others(path),
            }
        });
        scene
    }

    async fn start() -> Self {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (server, authority) = Server::tls(&HOSTS, answers(Arc::clone(&asked), "upstream")).await;
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("authority.pem");
        fs::write(&bundle, authority).unwrap();
        let resolve: BTreeMap<&str, String> = HOSTS
            .iter()
            .map(|host| (*host, server.address.to_string()))
            .collect();
        let config = folder.path().join("platform.yaml");
        let http = json!({"caBundle": bundle, "resolve": resolve});
        let hosts = json!({"argocd": "cd.example.org"});
        fs::write(&config, json!({"http": http, "hosts": hosts}).to_string()).unwrap();
        Self {
            folder,
            config,
            server,
            asked,
        }
    }

    pub(crate) fn mirror(&self) -> PathBuf {
        self.folder.path().join("mirror")
    }

    pub(crate) async fn run(&self, line: &str) -> Left {
        self.asked.lock().unwrap().clear();
        let program = Program::new(line).arg("--config", &self.config);
        program.arg("--mirror", self.mirror()).run().await
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// Every file is a ConfigMap; cert-manager's comes from another host, as GitHub's releases do.
fn answers(asked: Arc<Mutex<Vec<String>>>, name: &'static str) -> impl Fn(&str) -> Say + Send + 'static {
    move |path| {
        asked.lock().unwrap().push(path.to_owned());
        if path.starts_with("/cert-manager/") {
            let to = "302 Found\r\nlocation: https://objects.example.org/file.yaml";
            return Say::Answer(to, String::new());
        }
        let words = path.split(['/', '.']).filter(|word| !word.is_empty());
        let words: Vec<String> = words.map(str::to_lowercase).collect();
        let name = format!("{name}-{}", words.join("-"));
        Say::Answer("200 OK\r\ncontent-type: text/plain", mk_map(&name))
    }
}

fn files(folder: &Path) -> Vec<String> {
    let files = crate::golden::files(folder);
    let name = |file: &PathBuf| file.strip_prefix(folder).unwrap().display().to_string();
    let mut names: Vec<String> = files.iter().map(name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_nobody_vouched_for_is_fetched_only_when_its_sum_is_to_be_recorded() {
    let scene = Scene::start().await;
    let refused = scene
        .run("waves fetch --skip argocd --skip ingress-controller")
        .await;
    let says = UNPINNED.map(|release| format!("Release {release}: nobody has vouched"));
    let says: Vec<&str> = says.iter().map(String::as_str).collect();
    refused.ended(2, &says);
    assert_eq!(scene.asked(), 0);
    assert!(!scene.mirror().exists());

    let line = "waves fetch --record --skip argocd --skip ingress-controller";
    let recorded = scene.run(line).await;
    assert!(
        recorded
            .ended(0, &[])
            .stdout
            .contains("its SHA-256 is recorded: ")
    );
    assert_eq!(scene.asked(), UNPINNED.len() + 1, "one leads to another host");
    assert_eq!(
        files(&scene.mirror()),
        [
            "cert-manager/cert-manager-v1.21.2.yaml",
            "pins.yaml",
            "tekton/dashboard-v0.64.0.yaml",
            "tekton/interceptors-v0.34.0.yaml",
            "tekton/pipelines-v1.6.0.yaml",
            "tekton/triggers-v0.34.0.yaml",
        ]
    );
    // What is there is not asked for again, and the sums hold from now on.
    scene
        .run("waves fetch --skip argocd --skip ingress-controller")
        .await
        .ended(0, &[]);
    assert_eq!(scene.asked(), 0);

    // A damaged file is fetched again; one that upstream changed is not taken.
    let damaged = scene.mirror().join("tekton/triggers-v0.34.0.yaml");
    let whole = fs::read_to_string(&damaged).unwrap();
    fs::write(&damaged, "half of").unwrap();
    scene.run("waves fetch --only tekton").await.ended(0, &[]);
    assert_eq!(fs::read_to_string(&damaged).unwrap(), whole);
    fs::remove_file(&damaged).unwrap();
    scene
        .server
        .says(answers(Arc::clone(&scene.asked), "somebody-else"));
    let changed = scene.run("waves fetch --only tekton").await;
    changed.ended(7, &["Release tekton/triggers: its SHA-256 is ", " is pinned"]);
    assert!(!damaged.exists());
}

#[tokio::test]
async fn a_pinned_file_must_be_the_one_that_is_pinned() {
    let scene = Scene::start().await;
    let wrong = scene.run("waves fetch --record").await;
    let says = [
        "Release argocd/install: its SHA-256 is ",
        "Release ingress-controller/deploy: its SHA-256 is ",
    ];
    wrong.ended(9, &says);
    assert!(!scene.mirror().join("argocd").exists());
}

#[tokio::test]
async fn trouble_on_the_way_or_on_the_disk_is_said_and_leaves_no_half_a_file() {
    let scene = Scene::start().await;
    let answer = |status: &'static str| move |_: &str| Say::Answer(status, "no".to_owned());
    scene.server.says(answer("404 Not Found"));
    let line = "waves fetch --record --only cert-manager";
    let missing = scene.run(line).await;
    missing.ended(10, &["cert-manager.yaml answered 404", "waves fetch --mirror"]);
    scene.server.says(|_| {
        let to = "302 Found\r\nlocation: http://objects.example.org/file.yaml";
        Say::Answer(to, String::new())
    });
    let downgraded = scene.run(line).await;
    assert!(
        downgraded.stderr.contains("not encrypted"),
        "{}",
        downgraded.stderr
    );
    assert!(!scene.mirror().exists());

    scene.server.says(answers(Arc::clone(&scene.asked), "upstream"));
    fs::write(scene.mirror(), "this is no folder").unwrap();
    scene.run(line).await.ended(2, &["cannot"]);
    fs::remove_file(scene.mirror()).unwrap();
    fs::create_dir(scene.mirror()).unwrap();
    fs::write(scene.mirror().join("pins.yaml"), "releases: 7").unwrap();
    scene
        .run(line)
        .await
        .ended(2, &["pins.yaml", "record the sums again"]);
}

#[tokio::test]
async fn the_folder_for_argo_cd_has_every_component_with_the_configured_values() {
    let scene = Scene::start().await;
    let chosen = "--skip ingress-controller";
    let to = scene.folder.path().join("git");
    let line = format!("render platform {chosen} {}", to.display());
    let unread = scene.run(&line).await;
    unread.ended(2, &["Release tekton/pipelines: nobody has vouched"]);
    assert!(!to.exists(), "something was written before everything was read");

    scene
        .run(&format!("waves fetch --record --skip argocd {chosen}"))
        .await
        .ended(0, &[]);
    // Argo CD's own file is not needed: it is applied directly.
    scene.run(&line).await.ended(0, &[]);
    let files = files(&to);
    for expected in [
        "applications/auth.yaml",
        "components/auth/auth.yaml",
        "root.yaml",
        "vendor/controllers/controllers.yaml",
    ] {
        assert!(files.iter().any(|file| file == expected), "{files:?}");
    }
    let ingress = fs::read_to_string(to.join("components/ingress/kind/ingress.yaml")).unwrap();
    assert!(ingress.contains("cd.example.org"), "{ingress}");
    let again = scene.run(&format!("{line} -o json")).await.ended(0, &[]).json();
    let outcomes = again["actions"].as_array().unwrap().iter();
    let outcomes: Vec<&Value> = outcomes.map(|action| &action["outcome"]).collect();
    assert!(
        outcomes.iter().all(|outcome| **outcome == "unchanged"),
        "{outcomes:?}"
    );
}
