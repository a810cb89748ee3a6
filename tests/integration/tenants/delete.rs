//! Tenants that are deleted by name, and leave nothing.

use super::stage::{PLATFORM, Stage, binding, knowledge_base, organization};
use aphex_ops::{cli::StepCommand, steps::tenants::TenantsDelete};
use kube::api::DeleteParams;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_deleted_with_everything_that_belongs_to_them() {
    let mut stage = Stage::start().await;
    stage
        .apply([
            organization("acme-corp"),
            binding("first", "acme-corp", "one"),
            binding("second", "acme-corp", "two"),
            knowledge_base("platform-docs"),
        ])
        .await;
    let kept = json!({"metadata": {"finalizers": ["platform.aphex/knowledgebase-finalizer"]}});
    stage
        .merge("KnowledgeBase", Some(PLATFORM), "platform-docs", kept)
        .await;
    stage.run("tenants reconcile").await.ended(0, &[]);
    super::stage::end_namespaces(stage.client.clone());
    stage
        .work_as(&StepCommand::TenantsDelete(TenantsDelete::default()))
        .await;
    refusals(&mut stage).await;

    stage.run("tenants delete first --yes").await.ended(0, &[]);
    assert_eq!(stage.names("RepoBinding").await, ["second"]);
    assert_eq!(stage.names("AppProject").await, ["two"]);
    assert_eq!(stage.names("Trigger").await, ["two-trigger"]);
    assert!(stage.get("Namespace", None, "one").await.is_none());
    assert!(stage.get("Namespace", None, "two").await.is_some());

    // What somebody has taken away already is no hindrance, nor that one of them is on its way.
    let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": "own", "namespace": "argocd"}, "spec": {"project": "two", "destination": {}}});
    stage.apply([application]).await;
    for namespace in ["two", "org-acme-corp"] {
        super::stage::empty(&stage.client, namespace).await;
    }
    let bindings = stage.api("RepoBinding", Some(PLATFORM));
    bindings.delete("second", &DeleteParams::default()).await.unwrap();
    let everything = "tenants delete Organization/acme-corp second platform-docs --yes";
    stage.run(everything).await.ended(0, &[]);
    assert_eq!(stage.left().await, [""; 0]);
    for namespace in ["two", "org-acme-corp"] {
        assert!(
            stage.get("Namespace", None, namespace).await.is_none(),
            "{namespace}"
        );
    }
    assert_eq!(stage.names("Application").await, [""; 0]);
    assert_eq!(stage.writes(everything).await, [""; 0]);
    stage.assert_exact_rules().await;
}

/// Whether a custom resource is left as it is.
async fn suspend(stage: &Stage, kind: &str, name: &str, value: Value) {
    let annotation = json!({"metadata": {"annotations": {"platform.aphex/suspend": value}}});
    stage.merge(kind, Some(PLATFORM), name, annotation).await;
}

/// Each says what is wrong, and nothing is deleted.
async fn refusals(stage: &mut Stage) {
    let before = stage.left().await;
    stage
        .run("tenants delete first")
        .await
        .ended(2, &["there is nobody to ask", "--yes"]);
    stage
        .run("tenants delete frist --yes")
        .await
        .ended(2, &["is first meant?"]);
    let bindings = "RepoBinding/platform-system/first, RepoBinding/platform-system/second";
    let kept = format!("it still has RepoBindings: {bindings}");
    stage
        .run("tenants delete acme-corp platform-docs --yes")
        .await
        .ended(7, &[&kept, "aphex-ops tenants delete"]);
    let tenants = [("RepoBinding", "first"), ("KnowledgeBase", "platform-docs")];
    for (kind, name) in tenants {
        suspend(stage, kind, name, json!("true")).await;
    }
    stage.run("tenants delete first platform-docs --yes").await.ended(
        7,
        &[
            "it is suspended",
            "aphex-ops tenants resume RepoBinding/platform-system/first",
            "aphex-ops tenants resume KnowledgeBase/platform-system/platform-docs",
        ],
    );
    for (kind, name) in tenants {
        suspend(stage, kind, name, Value::Null).await;
    }
    let planned = stage
        .writes("tenants delete acme-corp first second --dry-run")
        .await;
    assert_eq!(planned, [""; 0]);
    assert_eq!(stage.left().await, before);
}
