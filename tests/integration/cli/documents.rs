//! Whatever `-o json` prints is a document of the published schema: [`Left::json`] holds every one against it.

use super::{
    cluster::Cluster,
    program::{Left, Program},
};
use crate::help::command_lines;
use rustix::process::Signal;
use serde_json::json;

/// The commands that print a text which has one form only.
const TEXTS: [&str; 7] = [
    "completion",
    "man",
    "render config-schema",
    "render install",
    "render job",
    "render rbac",
    "render report-schema",
];

/// It takes a token: see `check::token`.
const OF_A_TOKEN: &str = "oidc inspect";

/// All commands that are no group and print a document, with the arguments that they need.
fn commands() -> Vec<String> {
    let tree = aphex_ops::cli::command();
    let lines: Vec<String> = command_lines(&tree).iter().map(|line| line.join(" ")).collect();
    let is_group =
        |line: &str| line.is_empty() || lines.iter().any(|other| other.starts_with(&format!("{line} ")));
    let printing = lines
        .iter()
        .filter(|line| !is_group(line) && !TEXTS.contains(&line.as_str()) && *line != OF_A_TOKEN);
    let complete = |line: &String| match line.as_str() {
        "playbook run" | "playbook show" => format!("{line} bootstrap"),
        "secrets rotate" => format!("{line} client-secret"),
        "waves fetch" => format!("{line} --only rbac --mirror /proc/aphex-ops"),
        "render platform" => format!("{line} --only rbac /proc/aphex-ops"),
        "backup create" => format!("{line} /proc/aphex-ops --recipient age1"),
        "backup restore" => format!("{line} /proc/aphex-ops --identity-file /proc/aphex-ops"),
        "support-bundle" => format!("{line} /proc/aphex-ops"),
        "tenants suspend" | "tenants resume" | "tenants rotate-secret" => format!("{line} acme-corp"),
        "tenants delete" => format!("{line} acme-corp --yes"),
        _ if line.starts_with("waves ") => format!("{line} -f tests/fixtures/waves"),
        _ => line.clone(),
    };
    printing.map(complete).collect()
}

fn kind(left: &Left) -> String {
    left.json()["kind"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_command_prints_one() {
    let commands = commands();
    assert!(commands.len() > 10, "{commands:?}");
    let cluster = Cluster::share("doc-all").await.with_namespaces().await;
    cluster.run("secrets generate").await.ended(0, &[]);
    for command in &commands {
        let left = cluster.run(&format!("{command} -o json --timeout 1s")).await;
        let expected = match command.as_str() {
            "version" => "Version",
            "check" => "CheckReport",
            "playbook show bootstrap" => "Playbook",
            "bootstrap" | "explain" | "status" | "playbook list" | "playbook run bootstrap" => "List",
            _ => "Report",
        };
        assert_eq!(kind(&left), expected, "{command}");
        let yaml = cluster
            .run(&format!("{command} -o yaml --timeout 1s"))
            .await
            .stdout;
        let yaml: serde_json::Value = serde_saphyr::from_str(&yaml).unwrap();
        assert_eq!(yaml["kind"], expected, "{command}");
    }
}

#[tokio::test]
async fn every_dry_run_prints_one() {
    let cluster = Cluster::share("doc-dry").await;
    // These refuse it: they work on nothing but a folder.
    let no_dry_run = ["waves fetch", "render platform"];
    let commands = commands().into_iter();
    for command in commands.filter(|command| !no_dry_run.iter().any(|line| command.starts_with(line))) {
        let left = cluster
            .run(&format!("{command} --dry-run -o json --timeout 1s"))
            .await;
        left.json();
    }
    let pending = cluster
        .run("namespaces ensure --dry-run --exit-code -o json")
        .await;
    assert_eq!(
        pending.ended(3, &[]).json()["exitCode"],
        0,
        "the report's own is that of the plan"
    );
}

#[tokio::test]
async fn runs_that_fail_print_one() {
    let cluster = Cluster::share("doc-fail").await.with_namespaces().await;
    let missing = cluster.run("secrets status -o json").await;
    assert_eq!(missing.ended(4, &[]).json()["exitCode"], 4);
    let late = cluster.run("dex scale -o json --timeout 1s").await;
    assert!(
        late.ended(5, &[]).json()["waiting"][0]["object"].is_string(),
        "{late:?}"
    );
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "postgresql-data", "namespace": cluster.namespace("auth")},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    cluster.apply(claim).await;
    let refused = cluster.run("secrets generate -o json").await;
    assert_eq!(
        refused.ended(7, &[]).json()["failures"][0]["reason"],
        "DataLossGuard"
    );
    let forbidden = cluster
        .for_account()
        .await
        .run("namespaces ensure -o json --no-lock")
        .await;
    assert_eq!(
        forbidden.ended(6, &[]).json()["failures"][0]["reason"],
        "Forbidden"
    );
}

#[tokio::test]
async fn a_run_that_is_stopped_and_one_that_reaches_nobody_print_one() {
    let cluster = Cluster::share("doc-stop").await.with_namespaces().await;
    let mut run = cluster.program("dex scale -o json").start();
    run.says("waiting for").await;
    run.signal(Signal::TERM);
    assert_eq!(run.end().await.ended(143, &[]).json()["exitCode"], 143);
    let nobody = Program::new("status -o json --server https://127.0.0.1:1");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "demo",
        "clusters": [{"name": "demo", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "demo", "context": {"cluster": "demo", "user": ""}}],
    });
    let nobody = nobody.arg_file("--kubeconfig", &config.to_string()).run().await;
    assert_eq!(nobody.ended(10, &[]).json()["items"][0]["exitCode"], 10);
}
