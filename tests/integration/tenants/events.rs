//! What `kubectl describe` shows of a tenant's changes.

use super::stage::{PLATFORM, Stage, binding, organization};
use k8s_openapi::api::events::v1::Event;
use kube::{Api, api::DeleteParams};
use serde_json::json;

/// What was told of tenants and not seen yet: `<kind>/<name> <reason>: <note>`, each with the uid of its object.
async fn news(stage: &Stage, seen: &mut Vec<String>) -> Vec<String> {
    let events = Api::<Event>::namespaced(stage.client.clone(), PLATFORM);
    let mut found = Vec::new();
    for event in events.list(&Default::default()).await.unwrap() {
        let name = event.metadata.name.unwrap();
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let about = event.regarding.unwrap();
        let (kind, name) = (about.kind.unwrap(), about.name.unwrap());
        let object = stage.get(&kind, Some(PLATFORM), &name).await.unwrap();
        assert_eq!(object["metadata"]["uid"], json!(about.uid), "{kind} {name}");
        let (reason, note) = (event.reason.unwrap(), event.note.unwrap());
        found.push(format!("{kind}/{name} {reason}: {note}"));
    }
    found.sort_unstable();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_told_on_the_tenant_and_nothing_is_told_of_no_change() {
    let mut stage = Stage::start().await;
    stage
        .apply([organization("acme-corp"), binding("app", "acme-corp", "app")])
        .await;
    stage.run("tenants reconcile").await.ended(0, &[]);
    let mut seen = Vec::new();
    let first = news(&stage, &mut seen).await;
    let [of_organization, of_binding] = first.as_slice() else {
        panic!("{first:#?}")
    };
    let kept = "keep it until what belongs to it is gone";
    assert!(of_organization.starts_with(&format!(
        "Organization/acme-corp Configured: {kept}; report Active: Organization provisioned successfully; \
         Namespace org-acme-corp: create; "
    )));
    assert!(of_binding.starts_with(&format!(
        "RepoBinding/app Configured: {kept}; report Ready: Tenant resources provisioned successfully; Namespace app: create; "
    )));

    stage.run("tenants reconcile").await.ended(0, &[]);
    assert_eq!(news(&stage, &mut seen).await, [""; 0]);

    let policies = stage.api("NetworkPolicy", Some("app"));
    policies
        .delete("tenant-isolation", &DeleteParams::default())
        .await
        .unwrap();
    let hard = json!({"spec": {"hard": {"pods": "9"}}});
    stage
        .merge("ResourceQuota", Some("app"), "tenant-quota", hard)
        .await;
    stage.run("tenants reconcile").await.ended(0, &[]);
    let mended = [
        "RepoBinding/app Configured: ResourceQuota app/tenant-quota: put back spec; \
         NetworkPolicy app/tenant-isolation: create",
    ];
    assert_eq!(news(&stage, &mut seen).await, mended);

    let unusable = json!({"spec": {"pipelineSpec": "kind: Task"}});
    stage.merge("RepoBinding", Some(PLATFORM), "app", unusable).await;
    stage.run("tenants reconcile").await.ended(0, &[]);
    let failed = news(&stage, &mut seen).await;
    assert!(
        failed.len() == 1 && failed[0].starts_with("RepoBinding/app Configured: report Failed: "),
        "{failed:#?}"
    );
}
