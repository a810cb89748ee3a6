//! What a tenant tries beyond its own place, each beside something that it may do.

use super::stage::{PLATFORM, Stage, binding, organization};
use k8s_openapi::api::core::v1::Service;
use kube::{
    Api, Client, Config,
    api::{DynamicObject, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// The API server as an account sees it.
async fn account(stage: &Stage, namespace: &str, name: &str) -> Client {
    let path = stage
        .sandbox
        .kubeconfig_for_service_account(namespace, name)
        .await
        .unwrap();
    let config = Kubeconfig::read_from(path).unwrap();
    let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default())
        .await
        .unwrap();
    Client::try_from(config).unwrap()
}

/// A try at an object: what became of it.
struct Attacker {
    client: Client,
}

impl Attacker {
    fn api(&self, kind: &str, namespace: Option<&str>) -> Api<DynamicObject> {
        super::stage::api(&self.client, kind, namespace)
    }

    async fn creates(&self, kind: &str, namespace: &str, object: Value) -> Result<(), String> {
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        let created = self
            .api(kind, Some(namespace))
            .create(&PostParams::default(), &object)
            .await;
        created.map(drop).map_err(|error| error.to_string())
    }

    async fn changes(
        &self,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
        patch: Value,
    ) -> Result<(), String> {
        let api = self.api(kind, namespace);
        let changed = api
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await;
        changed.map(drop).map_err(|error| error.to_string())
    }

    async fn reads(&self, kind: &str, namespace: &str, name: &str) -> Result<(), String> {
        let found = self.api(kind, Some(namespace)).get(name).await;
        found.map(drop).map_err(|error| error.to_string())
    }

    async fn lists(&self, kind: &str, namespace: Option<&str>) -> Result<(), String> {
        let found = self.api(kind, namespace).list(&Default::default()).await;
        found.map(drop).map_err(|error| error.to_string())
    }
}

#[track_caller]
fn is_denied(result: Result<(), String>, word: &str) {
    let error = result.unwrap_err();
    assert!(error.contains(word), "{error}");
}

fn application(name: &str, project: &str) -> Value {
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name, "namespace": "argocd"},
           "spec": {"project": project, "destination": {"server": "https://kubernetes.default.svc", "namespace": "good"},
                    "source": {"repoURL": "https://github.com/acme-corp/my-application", "path": "."}}})
}

async fn two_tenants() -> Stage {
    let mut stage = Stage::start().await;
    stage
        .apply([
            organization("acme-corp"),
            organization("other"),
            binding("good", "acme-corp", "good"),
            binding("longer", "other", "good-neighbour"),
        ])
        .await;
    stage.run("tenants reconcile").await.ended(0, &[]);
    assert_eq!(stage.phase("RepoBinding", "longer").await.0, "Ready");
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_stays_in_its_own_namespace() {
    let stage = two_tenants().await;
    let runner = Attacker {
        client: account(&stage, "good", "pipeline-runner").await,
    };
    let config = |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    runner.creates("ConfigMap", "good", config("mine")).await.unwrap();
    runner.lists("Secret", Some("good")).await.unwrap();
    for namespace in ["good-neighbour", "org-acme-corp", PLATFORM, "kube-system"] {
        is_denied(
            runner.creates("ConfigMap", namespace, config("x")).await,
            "forbidden",
        );
        is_denied(runner.lists("Secret", Some(namespace)).await, "forbidden");
    }
    // What signs webhooks is nowhere that a pipeline sees.
    is_denied(
        runner
            .reads("Secret", "org-acme-corp", "github-webhook-secret")
            .await,
        "forbidden",
    );
    is_denied(
        runner.reads("Secret", "good", "github-webhook-secret").await,
        "not found",
    );
    is_denied(runner.lists("Secret", None).await, "forbidden");
    for (kind, name, patch) in [
        (
            "ResourceQuota",
            "tenant-quota",
            json!({"spec": {"hard": {"pods": "2000"}}}),
        ),
        ("LimitRange", "tenant-limits", json!({"spec": {"limits": []}})),
        (
            "NetworkPolicy",
            "tenant-isolation",
            json!({"spec": {"egress": [{}]}}),
        ),
        ("RoleBinding", "pipeline-runner", json!({"subjects": []})),
    ] {
        is_denied(runner.changes(kind, Some("good"), name, patch).await, "forbidden");
    }
    let labels = json!({"metadata": {"labels": {"aphex.dev/org": "other"}}});
    is_denied(
        runner.changes("Namespace", None, "good", labels).await,
        "forbidden",
    );
    let trigger = json!({"spec": {"interceptors": []}});
    is_denied(
        runner
            .changes("Trigger", Some("org-acme-corp"), "good-trigger", trigger)
            .await,
        "forbidden",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_deploys_through_its_own_project_only() {
    let stage = two_tenants().await;
    let runner = Attacker {
        client: account(&stage, "good", "pipeline-runner").await,
    };
    runner
        .creates("Application", "argocd", application("own", "good"))
        .await
        .unwrap();
    for project in ["default", "good-neighbour"] {
        let result = runner
            .creates("Application", "argocd", application("x", project))
            .await;
        is_denied(result, "has to be in project good");
    }
    let moved = json!({"spec": {"project": "default"}});
    is_denied(
        runner.changes("Application", Some("argocd"), "own", moved).await,
        "project good",
    );
    stage.apply([application("others", "good-neighbour")]).await;
    let taken = json!({"spec": {"project": "good"}});
    is_denied(
        runner
            .changes("Application", Some("argocd"), "others", taken)
            .await,
        "another tenant's",
    );
    let mut labelling = application("labelling", "good");
    labelling["spec"]["syncPolicy"] = json!({"managedNamespaceMetadata": {"labels": {"aphex.dev/org": "other"}}, "syncOptions": ["CreateNamespace=true"]});
    is_denied(
        runner.creates("Application", "argocd", labelling).await,
        "labels of a namespace",
    );
    let project = stage.get("AppProject", Some("argocd"), "good").await.unwrap();
    let denied: Vec<&str> = project["spec"]["destinations"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|to| to["namespace"].as_str().filter(|name| name.starts_with('!')))
        .collect();
    assert_eq!(denied, ["!good-neighbour", "!good-neighbour-*"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_starts_runs_of_its_organization_and_is_nobody_else() {
    let stage = two_tenants().await;
    let listener = Attacker {
        client: account(&stage, "org-acme-corp", "eventlistener").await,
    };
    let run = json!({"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "metadata": {"name": "x"},
                     "spec": {"pipelineRef": {"name": "good"}}});
    listener
        .creates("PipelineRun", "good", run.clone())
        .await
        .unwrap();
    listener.lists("Trigger", Some("org-acme-corp")).await.unwrap();
    for namespace in ["good-neighbour", "org-other", "org-acme-corp", PLATFORM] {
        is_denied(
            listener.creates("PipelineRun", namespace, run.clone()).await,
            "forbidden",
        );
    }
    is_denied(listener.lists("Trigger", Some("org-other")).await, "forbidden");
    is_denied(listener.lists("Secret", Some("org-acme-corp")).await, "forbidden");
    is_denied(listener.lists("Secret", None).await, "forbidden");
}

/// Whoever may change namespaces, as administrators of the platform may, cannot give one away.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_platform_says_which_tenant_a_namespace_is_of() {
    let stage = two_tenants().await;
    let rules =
        json!([{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "create", "patch"]}]);
    let group = "rbac.authorization.k8s.io";
    let subject = json!({"kind": "ServiceAccount", "name": "people", "namespace": PLATFORM});
    stage
        .apply([
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "people", "namespace": PLATFORM}}),
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "people"}, "rules": rules}),
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "people"},
                   "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "people"}, "subjects": [subject]}),
        ])
        .await;
    let people = Attacker {
        client: account(&stage, PLATFORM, "people").await,
    };
    let label = |name: &str, value: Value| json!({"metadata": {"labels": {name: value}}});
    people
        .changes("Namespace", None, "good", label("harmless", json!("yes")))
        .await
        .unwrap();
    people
        .changes(
            "Namespace",
            None,
            "default",
            label("pod-security.kubernetes.io/warn", json!("baseline")),
        )
        .await
        .unwrap();
    let ours = label("platform.aphex/managed-by", json!("aphex-ops"));
    people.changes("Namespace", None, "default", ours).await.unwrap();
    for (namespace, name, value) in [
        ("good", "aphex.dev/org", json!("other")),
        ("good", "aphex.dev/org", Value::Null),
        ("default", "aphex.dev/org", json!("acme-corp")),
        (
            "default",
            "platform.aphex/managed-by",
            json!("platform-controller"),
        ),
    ] {
        is_denied(
            people
                .changes("Namespace", None, namespace, label(name, value))
                .await,
            "which tenant",
        );
    }
    for (name, value) in [
        ("pod-security.kubernetes.io/enforce", json!("privileged")),
        ("pod-security.kubernetes.io/enforce", Value::Null),
        ("pod-security.kubernetes.io/enforce-version", json!("v1.20")),
    ] {
        is_denied(
            people
                .changes("Namespace", None, "good", label(name, value))
                .await,
            "what may run",
        );
    }
}

/// Whether a range in CIDR notation has an address.
fn has(range: &str, address: Ipv4Addr) -> bool {
    let (network, length) = range.split_once('/').unwrap();
    let (network, length): (Ipv4Addr, u32) = (network.parse().unwrap(), length.parse().unwrap());
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
    network.to_bits() & mask == address.to_bits() & mask
}

/// Whether a policy lets its Pods speak to an address on every port.
fn lets_out(policy: &Value, address: &str) -> bool {
    let address: Ipv4Addr = address.parse().unwrap();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let rules = list(&policy["spec"]["egress"]);
    let every_port = rules.iter().filter(|rule| rule["ports"].is_null());
    let blocks = every_port.flat_map(|rule| list(&rule["to"]));
    let mut blocks = blocks.filter(|to| to["ipBlock"].is_object());
    blocks.any(|to| {
        let except = list(&to["ipBlock"]["except"]);
        let mut except = except.iter().map(|range| range.as_str().unwrap());
        has(to["ipBlock"]["cidr"].as_str().unwrap(), address) && !except.any(|range| has(range, address))
    })
}

/// By the object alone: the sandbox's network enforces no policies.
#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_reaches_the_world_and_neither_its_neighbours_nor_what_clouds_hand_out() {
    let mut stage = two_tenants().await;
    let ranges = ["10.42.0.0/24", "10.42.1.0/24"];
    let nodes = ["a", "b"].into_iter().zip(ranges).map(|(name, range)| {
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
               "spec": {"podCIDR": range, "podCIDRs": [range]}})
    });
    stage.apply(nodes).await;
    stage.run("tenants reconcile").await.ended(0, &[]);
    let policy = stage
        .get("NetworkPolicy", Some("good"), "tenant-isolation")
        .await
        .unwrap();
    let services = Api::<Service>::namespaced(stage.client.clone(), "default");
    let service = services.get("kubernetes").await.unwrap().spec.unwrap().cluster_ip;
    assert!(lets_out(&policy, "140.82.112.3"), "{policy:#}");
    for closed in ["169.254.169.254", "10.42.0.9", "10.42.1.200", &service.unwrap()] {
        assert!(!lets_out(&policy, closed), "{closed}: {policy:#}");
    }
    // Where nodes are, nobody knows but who is told.
    assert!(lets_out(&policy, "192.0.2.7"), "{policy:#}");
    let config = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(config.path(), "cluster: {nodeCIDRs: [192.0.2.0/24]}").unwrap();
    let line = format!("tenants reconcile --config {}", config.path().display());
    stage.run(&line).await.ended(0, &[]);
    let policy = stage
        .get("NetworkPolicy", Some("good"), "tenant-isolation")
        .await
        .unwrap();
    assert!(!lets_out(&policy, "192.0.2.7"), "{policy:#}");
    let same_namespace = json!([{"from": [{"podSelector": {}}]}]);
    assert_eq!(policy["spec"]["ingress"], same_namespace);
    assert_eq!(policy["spec"]["policyTypes"], json!(["Ingress", "Egress"]));
}
