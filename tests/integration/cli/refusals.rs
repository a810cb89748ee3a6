//! What is there and must not be touched.

use super::cluster::Cluster;
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;

fn secret(cluster: &Cluster, name: &str, data: serde_json::Value) -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "data": data,
        "metadata": {"name": name, "namespace": cluster.namespace("auth")},
    })
}

#[tokio::test]
async fn a_database_without_its_secret_stops_the_run() {
    let cluster = Cluster::share("refuse-claim").await.with_namespaces().await;
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "postgresql-data", "namespace": cluster.namespace("auth")},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    cluster.apply(claim).await;
    let left = cluster.run("secrets generate").await;
    left.ended(7, &["authentik-postgresql", "postgresql-data", "restore Secret"]);
    assert_eq!(cluster.writes().await, [] as [&str; 0]);
}

#[tokio::test]
async fn values_that_exist_are_kept_and_complained_of() {
    let cluster = Cluster::share("refuse-values").await.with_namespaces().await;
    // "short", "" and "a\nb"
    let data = json!({"secret-key": "c2hvcnQ=", "admin-password": "", "bootstrap-token": "YQpi"});
    cluster.apply(secret(&cluster, "authentik-secrets", data)).await;
    let left = cluster.run("secrets generate -o json").await;
    let report = left.ended(0, &[]).json();
    let warned = report["actions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|action| action["reason"] == "InvalidValue");
    assert_eq!(warned.count(), 2, "{report}");
    let secret = cluster
        .api::<Secret>("auth")
        .get("authentik-secrets")
        .await
        .unwrap();
    let value = |key: &str| secret.data.as_ref().unwrap()[key].0.clone();
    assert_eq!(
        (value("secret-key"), value("bootstrap-token")),
        (b"short".to_vec(), b"a\nb".to_vec())
    );
    assert_eq!(value("admin-password").len(), 43, "an empty value is filled");
    let status = cluster.run("secrets status").await;
    status.ended(
        4,
        &[
            "secret-key",
            "bootstrap-token",
            "nothing overwrites a value that exists",
        ],
    );
}

#[tokio::test]
async fn secrets_without_their_namespace_name_the_command_that_makes_it() {
    let cluster = Cluster::share("refuse-home").await;
    cluster
        .run("secrets generate --timeout 20s")
        .await
        .ended(10, &["aphex-ops namespaces ensure"]);
}
