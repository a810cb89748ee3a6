//! Another value for the secret that signs an Organization's webhooks.

use super::stage::{Stage, organization};
use aphex_ops::{
    cli::StepCommand,
    steps::tenants::{TenantsReconcile, TenantsRotateSecret},
};
use serde_json::json;

async fn value(stage: &Stage) -> String {
    let secret = stage
        .get("Secret", Some("org-acme-corp"), "github-webhook-secret")
        .await;
    let value = &secret.unwrap()["data"]["secret"];
    value.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_an_organization_is_rotated_once_by_each_request() {
    let mut stage = Stage::start().await;
    let mut given = organization("given");
    given["spec"]["webhookSecret"] = json!("a-value-of-the-operators-own");
    stage.apply([organization("acme-corp"), given]).await;
    stage.run("tenants reconcile").await.ended(0, &[]);
    let first = value(&stage).await;

    stage
        .work_as(&StepCommand::TenantsRotateSecret(TenantsRotateSecret::default()))
        .await;
    let line = "tenants rotate-secret acme-corp --request q4";
    stage
        .run(&format!("{line} --dry-run --exit-code"))
        .await
        .ended(3, &[]);
    assert_eq!(value(&stage).await, first, "a dry run changed it");
    let writes = stage.writes(line).await;
    assert_eq!(writes.len(), 1, "{writes:#?}");
    let second = value(&stage).await;
    assert_ne!(second, first);
    assert_eq!(second.len(), first.len());
    assert_eq!(stage.writes(line).await, [""; 0]);
    let again = stage.run(&format!("{line} -o wide")).await;
    again.ended(0, &[]);
    assert!(again.stdout.contains("secret was rotated by request q4"));
    assert!(!again.stdout.contains(&second) && !again.stderr.contains(&second));

    let without = stage.writes("tenants rotate-secret acme-corp").await;
    assert_eq!(without.len(), 1, "{without:#?}");
    let third = value(&stage).await;
    assert!(third != second && third != first);

    let says = ["spec.webhookSecret of its Organization says what its value is"];
    stage.run("tenants rotate-secret given").await.ended(7, &says);
    stage
        .run("tenants rotate-secret acme-corb")
        .await
        .ended(2, &["there is no Organization of that name; is acme-corp meant?"]);
    stage.assert_exact_rules().await;

    // What reconciles the tenant takes the value that it finds for the one that is wanted.
    stage
        .work_as(&StepCommand::TenantsReconcile(TenantsReconcile::default()))
        .await;
    assert_eq!(stage.writes("tenants reconcile").await, [""; 0]);
    assert_eq!(value(&stage).await, third);
}
