//! Missing permissions: all of them at once, before the first write, as YAML that mends it.

use super::{
    cluster::Cluster,
    program::{Left, Program},
};
use rig::sandbox::{Options, Sandbox};
use serde_json::{Value, json};

/// The YAML that a failure's hint holds, with the test's account as its subject.
fn granted(left: &Left, account: &str) -> String {
    let report = left.json();
    let hint = report["failures"][0]["hint"].as_str().unwrap();
    let yaml = &hint[hint.find("apiVersion").unwrap()..];
    yaml.replace("SUBJECT-NAMESPACE", "default")
        .replace("SUBJECT-NAME", account)
}

#[tokio::test]
async fn an_account_without_rights_learns_all_that_it_needs_before_the_first_write() {
    let cluster = Cluster::share("rbac-none")
        .await
        .with_namespaces()
        .await
        .for_account()
        .await;
    let left = cluster.run("secrets generate --no-lock -o json").await;
    left.ended(6, &["permissions are missing, so nothing was changed"]);
    assert_eq!(cluster.writes().await, [] as [&str; 0]);
    let yaml = granted(&left, "rbac-none");
    for part in ["auth", "argocd", "tekton"] {
        assert!(yaml.contains(&cluster.namespace(part)), "{yaml}");
    }
    cluster.apply_text(&yaml).await;
    cluster.run("secrets generate --no-lock").await.ended(0, &[]);
}

#[tokio::test]
async fn a_permission_that_is_missing_for_writing_only_is_found_before_the_first_write() {
    let cluster = Cluster::share("rbac-read")
        .await
        .with_namespaces()
        .await
        .for_account()
        .await;
    let reading = cluster.run("secrets status --no-lock -o json").await;
    cluster.apply_text(&granted(&reading, "rbac-read")).await;
    cluster.run("secrets status").await.ended(4, &[]);
    let left = cluster.run("secrets generate --no-lock -o json").await;
    left.ended(6, &["create,patch secrets"]);
    assert_eq!(cluster.writes().await, [] as [&str; 0]);
    let yaml = granted(&left, "rbac-read");
    assert!(
        !yaml.contains("- get"),
        "what is granted is not asked for: {yaml}"
    );
    cluster
        .apply_text(&yaml.replace("name: aphex-ops\n", "name: aphex-ops-write\n"))
        .await;
    cluster.run("secrets generate --no-lock").await.ended(0, &[]);
}

#[tokio::test]
async fn what_render_rbac_prints_is_enough() {
    let cluster = Cluster::share("rbac-all")
        .await
        .with_namespaces()
        .await
        .for_account()
        .await;
    for line in ["namespaces ensure", "secrets generate"] {
        let render = format!("render rbac --account-namespace default --account rbac-all {line}");
        let rendered = cluster.run(&render).await;
        cluster.apply_text(&rendered.ended(0, &[]).stdout).await;
        cluster.run(line).await.ended(0, &[]);
    }
}

/// On an API server of its own: who is unknown has no name in the audit log that the others share.
#[tokio::test]
async fn an_unknown_credential_is_told_apart_from_a_missing_permission() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let mut kubeconfig: Value =
        serde_json::from_slice(&std::fs::read(sandbox.kubeconfig()).unwrap()).unwrap();
    kubeconfig["users"][0]["user"] = json!({"token": "unknown"});
    let program = Program::new("secrets status").arg_file("--kubeconfig", &kubeconfig.to_string());
    program.run().await.ended(
        6,
        &["does not accept the credential", "check the kubeconfig's user"],
    );
}
