//! What an earlier version left in a cluster becomes what this one installs, and a disk that takes nothing ends no run.

use super::cluster::Cluster;
use k8s_openapi::api::{
    batch::v1::CronJob,
    core::v1::{Namespace, ServiceAccount},
    rbac::v1::Role,
};
use kube::{
    Api,
    api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams},
};
use serde_json::{Value, json};
use std::fs;

const EARLIER: &str = include_str!("../../fixtures/upgrade/dex-sync.yaml");

/// The objects of the earlier version in the namespaces of this test, as its `install` left them; besides, all of a job
/// that there is no more.
fn earlier(cluster: &Cluster) -> Vec<Value> {
    let mut text = EARLIER.to_owned();
    for part in ["auth", "platform"] {
        text = text.replace(
            &format!("namespace: {part}-system"),
            &format!("namespace: {}", cluster.namespace(part)),
        );
    }
    let old = text.replace("aphex-ops-dex-sync", "aphex-ops-dex-renew");
    let read = |text: &str| serde_saphyr::from_multiple::<Value>(text).unwrap();
    let mut objects = [read(&text), read(&old)].concat();
    for object in &mut objects {
        object["metadata"]["labels"]["platform.aphex/part-of"] = "install".into();
    }
    objects
}

/// Applies it as the earlier version did: under the same field manager.
async fn apply(cluster: &Cluster, object: &Value) {
    let manager = PatchParams::apply("aphex-ops");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (api_version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let resource = ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        plural: format!("{}s", kind.to_lowercase()),
        api_version: api_version.clone(),
        kind,
    };
    let namespace = text(&object["metadata"]["namespace"]);
    let api = Api::<DynamicObject>::namespaced_with(cluster.client(), &namespace, &resource);
    api.patch(
        &text(&object["metadata"]["name"]),
        &manager,
        &Patch::Apply(object),
    )
    .await
    .unwrap();
}

async fn names<K>(cluster: &Cluster, part: &str) -> Vec<String>
where
    K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned,
{
    let found = cluster.api::<K>(part).list(&ListParams::default()).await.unwrap();
    let names = found.items.iter().filter_map(|item| item.meta().name.clone());
    names.filter(|name| name.starts_with("aphex-ops")).collect()
}

#[tokio::test]
async fn what_an_earlier_version_installed_becomes_what_this_one_installs() {
    let mut cluster = Cluster::share("upgrade").await.with_namespaces().await;
    let objects = earlier(&cluster);
    for object in &objects {
        apply(&cluster, object).await;
    }
    assert_eq!(names::<CronJob>(&cluster, "platform").await.len(), 2);

    cluster.run("install").await.ended(0, &[]);
    let jobs = names::<CronJob>(&cluster, "platform").await;
    assert!(jobs.len() > 4, "{jobs:?}");
    for of_the_old_job in [
        jobs,
        names::<ServiceAccount>(&cluster, "platform").await,
        names::<Role>(&cluster, "platform").await,
        names::<Role>(&cluster, "auth").await,
    ] {
        assert!(!of_the_old_job.iter().any(|name| name.ends_with("renew")));
        assert!(of_the_old_job.iter().any(|name| name.ends_with("sync")));
    }
    // A namespace stays as it is: which Pods it takes was decided by whoever made it.
    let namespaces = Api::<Namespace>::all(cluster.client());
    let namespace = namespaces.get(&cluster.namespace("platform")).await.unwrap();
    let labels = namespace.metadata.labels.unwrap_or_default();
    assert!(
        !labels.contains_key("pod-security.kubernetes.io/enforce"),
        "{labels:?}"
    );
    cluster.forget().await;
    cluster.run("install").await.ended(0, &[]);
    let writes = cluster.writes().await.into_iter();
    let writes: Vec<String> = writes.filter(|write| !write.contains("/leases")).collect();
    assert!(writes.is_empty(), "{writes:#?}");

    // Leaving works from the earlier state too.
    for object in &objects {
        apply(&cluster, object).await;
    }
    cluster.run("uninstall").await.ended(0, &[]);
    assert!(names::<CronJob>(&cluster, "platform").await.is_empty());
}

/// `/dev/full` takes nothing, as a full disk; what is below a file cannot be made, as on a disk that is read-only.
#[tokio::test]
async fn a_disk_that_takes_nothing_ends_no_run() {
    let cluster = Cluster::share("full-disk").await.with_namespaces().await;
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for target in ["/dev/full", "/proc/version/file"] {
        let program = cluster.program("secrets generate -o json");
        let program = program
            .arg("--metrics-file", target)
            .arg("--termination-log", target);
        program.run().await.ended(0, &[]);
    }
    let unread = cluster.program("secrets generate -o json").stdout(full());
    unread.run().await.ended(0, &[]);
    let report = cluster.run("secrets generate -o json").await;
    let actions = report.ended(0, &[]).json()["actions"].clone();
    let unchanged = |action: &Value| action["outcome"] == json!("unchanged");
    assert!(actions.as_array().unwrap().iter().all(unchanged), "{actions:#}");
}
