//! Deployments, in a cluster without controllers: this plays the one that counts replicas.

use aphex_ops::model::names::DEX_GATE;
use futures::TryStreamExt;
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Pod, PodTemplateSpec},
};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams},
};
use rig::laws::Trouble;
use serde_json::json;
use std::time::Duration;
use tokio::time::sleep;

use super::login::{self, SharedDex};

const NAMESPACE: &str = "auth-system";
pub(super) const DASHBOARD_NAMESPACE: &str = "tekton-pipelines";

/// A Deployment with this annotation is not looked at until the annotation is gone.
pub(crate) const LATE: &str = "tests/late";

/// Dex's Deployment as the platform ships it: without replicas.
pub(super) async fn create_dex(client: &Client) -> Result<(), Trouble> {
    create(client, NAMESPACE, "dex", 0).await
}

/// The Deployment that logs users of the Tekton Dashboard in.
pub(super) async fn create_dashboard_login(client: &Client) -> Result<(), Trouble> {
    create(client, DASHBOARD_NAMESPACE, "tekton-dashboard-login", 1).await
}

async fn create(client: &Client, namespace: &str, name: &str, replicas: i32) -> Result<(), Trouble> {
    let labels = json!({"app": name});
    let deployment = json!({
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": name, "image": format!("localhost/{name}:1")}]},
            },
        },
    });
    let api = Api::<Deployment>::namespaced(client.clone(), namespace);
    let created = api
        .create(&PostParams::default(), &serde_json::from_value(deployment)?)
        .await?;
    // A look at the cluster finds it settled.
    Ok(make_ready(&api, &created).await?)
}

/// A rollout takes a moment: always longer than the look behind a write, so that every run waits for it once.
const ROLLOUT: Duration = Duration::from_millis(300);

/// Makes every Deployment of a namespace ready soon after it is seen, until the client's server is gone. With a Dex, a
/// Deployment that has Pods is one of Dex, and starts it anew.
pub(super) fn play_controller(client: Client, namespace: &'static str, dex: Option<SharedDex>) {
    tokio::spawn(async move {
        let api = Api::<Deployment>::namespaced(client, namespace);
        loop {
            if watch(&api, dex.as_ref()).await.is_err() {
                sleep(Duration::from_millis(200)).await;
            }
        }
    });
}

async fn watch(api: &Api<Deployment>, dex: Option<&SharedDex>) -> Result<(), Trouble> {
    let events = api.watch(&WatchParams::default(), "0").await?;
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.try_next().await? {
        if let WatchEvent::Added(deployment) | WatchEvent::Modified(deployment) = event {
            let generation = deployment.metadata.generation;
            let observed = deployment
                .status
                .as_ref()
                .and_then(|status| status.observed_generation);
            let annotations = deployment.metadata.annotations.as_ref();
            let is_late = annotations.is_some_and(|annotations| annotations.contains_key(LATE));
            if observed != generation && !is_late {
                sleep(ROLLOUT).await;
                let has_pods = deployment
                    .spec
                    .as_ref()
                    .is_some_and(|spec| spec.replicas != Some(0));
                if let Some(dex) = dex.filter(|_| has_pods) {
                    login::roll_out(dex, &api.clone().into_client()).await?;
                }
                make_ready(api, &deployment).await?;
            }
        }
    }
    Ok(())
}

async fn make_ready(api: &Api<Deployment>, deployment: &Deployment) -> Result<(), kube::Error> {
    let replicas = deployment
        .spec
        .as_ref()
        .and_then(|spec| spec.replicas)
        .unwrap_or(1);
    let namespace = deployment.metadata.namespace.as_deref().unwrap_or_default();
    let pods = Api::<Pod>::namespaced(api.clone().into_client(), namespace);
    let at_once = DeleteParams::default().grace_period(0);
    pods.delete_collection(&at_once, &ListParams::default()).await?;
    let template = deployment.spec.as_ref().map(|spec| &spec.template);
    if let Some(template) = template.filter(|template| is_gated(template)) {
        let pod = start_pod(&pods, template).await?;
        set_status(api, deployment, replicas, 0).await?;
        if !is_let_in(api, deployment, &pods, &pod).await? {
            return Ok(());
        }
    }
    set_status(api, deployment, replicas, replicas).await
}

fn is_gated(template: &PodTemplateSpec) -> bool {
    let gates = template
        .spec
        .as_ref()
        .and_then(|spec| spec.readiness_gates.as_ref());
    gates.is_some_and(|gates| !gates.is_empty())
}

/// A Pod of the template whose container has started.
async fn start_pod(pods: &Api<Pod>, template: &PodTemplateSpec) -> Result<String, kube::Error> {
    let mut pod = Pod {
        metadata: template.metadata.clone().unwrap_or_default(),
        spec: template.spec.clone(),
        status: None,
    };
    pod.metadata.generate_name = Some("dex-".to_owned());
    let pod = pods.create(&PostParams::default(), &pod).await?;
    let name = pod.metadata.name.unwrap_or_default();
    let started = json!({"status": {"conditions": [{"type": "ContainersReady", "status": "True"}]}});
    pods.patch_status(&name, &PatchParams::default(), &Patch::Strategic(started))
        .await?;
    Ok(name)
}

/// Waits until the Pod's gate is opened; false if the Deployment is changed before that.
async fn is_let_in(
    api: &Api<Deployment>,
    deployment: &Deployment,
    pods: &Api<Pod>,
    pod: &str,
) -> Result<bool, kube::Error> {
    let name = deployment.metadata.name.as_deref().unwrap_or_default();
    loop {
        let now = api.get_opt(name).await?;
        let (Some(now), Some(pod)) = (now, pods.get_opt(pod).await?) else {
            return Ok(false);
        };
        if now.metadata.generation != deployment.metadata.generation {
            return Ok(false);
        }
        let conditions = pod.status.and_then(|status| status.conditions);
        let mut conditions = conditions.into_iter().flatten();
        if conditions.any(|condition| condition.type_ == DEX_GATE && condition.status == "True") {
            return Ok(true);
        }
        sleep(Duration::from_millis(20)).await;
    }
}

async fn set_status(
    api: &Api<Deployment>,
    deployment: &Deployment,
    replicas: i32,
    ready: i32,
) -> Result<(), kube::Error> {
    let status = json!({"status": {
        "observedGeneration": deployment.metadata.generation,
        "replicas": replicas, "updatedReplicas": replicas, "readyReplicas": ready, "availableReplicas": ready,
        "conditions": [
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ],
    }});
    let name = deployment.metadata.name.as_deref().unwrap_or_default();
    match api
        .patch_status(name, &PatchParams::default(), &Patch::Merge(&status))
        .await
    {
        // It was deleted meanwhile.
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        other => other.map(drop),
    }
}
