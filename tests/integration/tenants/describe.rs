//! What belongs to tenants, as it is told.

use super::stage::{PLATFORM, Stage, binding, knowledge_base, organization};
use aphex_ops::{cli::StepCommand, steps::tenants::TenantsDescribe};
use kube::api::DeleteParams;
use serde_json::{Value, json};

const PIPELINE: &str = "cdktf-deploy-pipeline";
const SECRET: &str = "my-custom-secret";

/// What is said of an object, and what it is a part of.
fn said<'a>(report: &'a Value, object: &str) -> (&'a str, &'a str) {
    let rows = report["actions"].as_array().unwrap();
    let row = rows.iter().find(|row| row["object"] == object);
    let row = row.unwrap_or_else(|| panic!("no {object}: {report:#}"));
    (
        row["message"].as_str().unwrap(),
        row["partOf"].as_str().unwrap_or_default(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_described_with_everything_that_belongs_to_it() {
    let mut stage = Stage::start().await;
    let mut acme = organization("acme-corp");
    acme["spec"]["webhookSecret"] = json!(SECRET);
    stage
        .apply([
            acme,
            binding("my-application", "acme-corp", PIPELINE),
            knowledge_base("docs"),
        ])
        .await;
    stage.run("tenants reconcile").await.ended(0, &[]);
    stage
        .work_as(&StepCommand::TenantsDescribe(TenantsDescribe::default()))
        .await;

    let left = stage.run("tenants describe").await;
    left.ended(0, &[]);
    println!("{}", left.stdout);
    let wanted = left.stdout.matches("as wanted").count();
    assert_eq!(wanted, 26, "{}", left.stdout);
    for line in [
        "Organization platform-system/acme-corp",
        "├─ Namespace org-acme-corp",
        "│  ├─ Secret github-webhook-secret",
        "└─ ClusterSecretStore org-acme-corp-store",
        "└─ Trigger org-acme-corp/cdktf-deploy-pipeline-trigger",
        "Active: Organization provisioned successfully; NamespaceReady=True; RBACReady=True",
        "Ready: Tracking 3 repositories; Ready=True",
    ] {
        assert!(left.stdout.contains(line), "{line}: {}", left.stdout);
    }
    drift(&mut stage).await;
    everything_is_missing(&mut stage).await;
    stage.assert_exact_rules().await;
}

/// Each thing that can be wrong with an object is told apart, and no value is told.
async fn drift(stage: &mut Stage) {
    let hard = json!({"spec": {"hard": {"pods": "9"}}});
    stage
        .merge("ResourceQuota", Some(PIPELINE), "tenant-quota", hard)
        .await;
    let value = json!({"data": {"secret": "YW5vdGhlci12YWx1ZQ=="}});
    let (organization, secret) = (Some("org-acme-corp"), "github-webhook-secret");
    stage.merge("Secret", organization, secret, value).await;
    let policies = stage.api("NetworkPolicy", Some(PIPELINE));
    policies
        .delete("tenant-isolation", &DeleteParams::default())
        .await
        .unwrap();
    let metadata = json!({"name": "former", "namespace": PIPELINE,
        "labels": {"platform.aphex/managed-by": "platform-controller"},
        "annotations": {"platform.aphex/owner": "RepoBinding/platform-system/my-application"}});
    stage
        .apply([json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})])
        .await;
    assert_eq!(stage.writes("tenants describe").await, [""; 0]);
    let left = stage.run("tenants describe acme-corp -o json").await;
    left.ended(0, &[]);
    let report = left.json();
    let inside = format!("Namespace {PIPELINE}");
    let of_binding = "RepoBinding platform-system/my-application";
    for (object, message, parent) in [
        (
            format!("ResourceQuota {PIPELINE}/tenant-quota"),
            "differs: spec.hard.pods",
            inside.as_str(),
        ),
        (
            format!("NetworkPolicy {PIPELINE}/tenant-isolation"),
            "missing",
            &inside,
        ),
        (
            format!("Secret org-acme-corp/{secret}"),
            "differs: data.secret",
            "Namespace org-acme-corp",
        ),
        (format!("AppProject argocd/{PIPELINE}"), "as wanted", of_binding),
    ] {
        assert_eq!(said(&report, &object), (message, parent), "{object}");
    }
    let (message, parent) = said(&report, &format!("ServiceAccount {PIPELINE}/former"));
    assert!(
        message.starts_with("extra: ") && parent == of_binding,
        "{message}"
    );
    let told = report.to_string();
    for value in [SECRET, "another-value", "YW5vdGhlci12YWx1ZQ", "KnowledgeBase"] {
        assert!(!told.contains(value), "{value}: {report:#}");
    }
    stage
        .run("tenants describe acme-crop")
        .await
        .ended(2, &["is acme-corp meant?"]);
}

/// One leaves, of one nothing is left, and one was never worked on.
async fn everything_is_missing(stage: &mut Stage) {
    for namespace in [PIPELINE, "org-acme-corp"] {
        super::stage::empty(&stage.client, namespace).await;
    }
    let bindings = stage.api("RepoBinding", Some(PLATFORM));
    bindings
        .delete("my-application", &DeleteParams::default())
        .await
        .unwrap();
    stage
        .apply([organization("other"), binding("new", "other", "new")])
        .await;
    let left = stage.run("tenants describe -o json").await;
    left.ended(0, &[]);
    let report = left.json();
    assert_eq!(said(&report, "Namespace new").0, "missing");
    assert_eq!(said(&report, &format!("Namespace {PIPELINE}")).0, "there");
    let (message, _) = said(&report, "RepoBinding platform-system/my-application");
    assert!(message.starts_with("it is being deleted; "), "{message}");
    let (message, _) = said(&report, "RepoBinding platform-system/new");
    assert_eq!(message, "nobody has looked at it since it changed");
}
