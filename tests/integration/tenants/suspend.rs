//! Tenants that are left as they are for a while.

use super::stage::{PLATFORM, Stage, binding, knowledge_base, organization};
use aphex_ops::{
    cli::StepCommand,
    steps::tenants::{TenantsReconcile, TenantsResume, TenantsSuspend},
};
use kube::api::DeleteParams;

const ALL: &str = "acme-corp RepoBinding/app docs";

async fn lose_trigger(stage: &Stage) {
    let triggers = stage.api("Trigger", Some("org-acme-corp"));
    triggers
        .delete("app-trigger", &DeleteParams::default())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_tenant_is_left_alone_until_it_is_resumed() {
    let mut stage = Stage::start().await;
    let tenants = [
        organization("acme-corp"),
        binding("app", "acme-corp", "app"),
        knowledge_base("docs"),
    ];
    stage.apply(tenants).await;
    stage.run("tenants reconcile").await.ended(0, &[]);

    stage
        .work_as(&StepCommand::TenantsSuspend(TenantsSuspend::default()))
        .await;
    let line = format!("tenants suspend {ALL}");
    let planned = stage.run(&format!("{line} --dry-run --exit-code")).await;
    planned.ended(3, &[]);
    let suspended = stage.writes(&line).await;
    assert_eq!(suspended.len(), 3, "{suspended:#?}");
    assert_eq!(stage.writes(&line).await, [""; 0]);
    stage.run("tenants suspend acme-corp ap").await.ended(
        2,
        &["there is no Organization, RepoBinding or KnowledgeBase of that name; is app meant?"],
    );
    stage.assert_exact_rules().await;

    stage
        .work_as(&StepCommand::TenantsReconcile(TenantsReconcile::default()))
        .await;
    lose_trigger(&stage).await;
    assert_eq!(stage.writes("tenants reconcile").await, [""; 0]);

    stage
        .work_as(&StepCommand::TenantsResume(TenantsResume::default()))
        .await;
    let line = format!("tenants resume {ALL}");
    let resumed = stage.writes(&line).await;
    assert_eq!(resumed.len(), 3, "{resumed:#?}");
    assert_eq!(stage.writes(&line).await, [""; 0]);
    let app = stage.get("RepoBinding", Some(PLATFORM), "app").await.unwrap();
    assert!(
        app["metadata"]["annotations"]["platform.aphex/suspend"].is_null(),
        "{app:#}"
    );
    stage.assert_exact_rules().await;

    stage
        .work_as(&StepCommand::TenantsReconcile(TenantsReconcile::default()))
        .await;
    let mended = stage.writes("tenants reconcile").await;
    assert_eq!(mended.len(), 1, "{mended:#?}");
}
