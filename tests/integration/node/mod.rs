//! The main job on a real node: kubelet, Pods, cluster DNS, Services, and port forwarding from outside.

mod argocd;
mod bundle;
mod jobs;
mod place;
mod rotation;
mod upstream;
mod webhook;

use crate::world::PROGRAM;
use rig::{
    authentik,
    laws::run::{Exit, Ran, Run},
    sandbox::{DexDeployment, Options, Sandbox, Size},
};
use std::time::Duration;

async fn run(sandbox: &Sandbox, command: &[&str]) -> Ran {
    let run = Run::new(PROGRAM).args(command).args(["--progress", "plain"]);
    let run = run.args(["--kubeconfig".as_ref(), sandbox.kubeconfig().as_os_str()]);
    let ran = run.timeout(Duration::from_secs(300)).finish().await.unwrap();
    println!(
        "$ aphex-ops {}\n{}",
        command.join(" "),
        String::from_utf8_lossy(&ran.stderr)
    );
    ran
}

/// From an empty cluster to a verified Dex; a second run changes nothing, by the audit log's account.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts a real node: `cargo test -- --ignored`"]
async fn bootstrap_takes_an_empty_node_to_a_verified_dex() {
    let sandbox = Sandbox::start(Options { size: Size::Node }).await.unwrap();
    DexDeployment::default().apply(&sandbox).await.unwrap();
    authentik::deploy(&sandbox, "auth-system").await.unwrap();

    let first = run(&sandbox, &["bootstrap", "--skip-external", "-o", "json"]).await;
    assert_eq!(first.exit, Exit::Code(0));
    let report: serde_json::Value = serde_json::from_slice(&first.stdout).unwrap();
    let steps: Vec<&str> = report["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|item| item["step"].as_str())
        .collect();
    assert_eq!(steps.len(), 6, "{steps:?}");

    let mark = sandbox.audit_mark().await.unwrap();
    let second = run(&sandbox, &["bootstrap", "--skip-external", "-o", "name"]).await;
    assert_eq!(second.exit, Exit::Code(0));
    assert_eq!(
        String::from_utf8_lossy(&second.stdout).trim(),
        "",
        "something was changed"
    );
    let events = sandbox.audit_since(mark).await.unwrap();
    let ours = events
        .iter()
        .filter(|event| event.user_agent.starts_with("aphex-ops/"));
    let writes: Vec<&str> = ours
        .clone()
        .filter(|event| event.is_write())
        .map(|event| event.request_uri.as_str())
        .collect();
    println!("second run: {} requests, {} writes", ours.count(), writes.len());
    assert!(writes.is_empty(), "{writes:?}");
    bundle::has_logs_and_no_secrets(&sandbox).await;
    sandbox.stop().unwrap();
}
