//! From the documented examples to tenants that stand, stay, and leave without a trace.

use super::stage::{PLATFORM, Stage, binding, knowledge_base, organization};
use kube::{
    ResourceExt,
    api::{DeleteParams, Patch, PatchParams},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn examples(stage: &Stage) {
    let mut acme = organization("acme-corp");
    acme["spec"]["webhookSecret"] = json!("my-custom-secret");
    let binding = binding("my-application", "acme-corp", "cdktf-deploy-pipeline");
    stage
        .apply([acme, binding, knowledge_base("platform-docs")])
        .await;
}

async fn assert_stands(stage: &Stage) {
    let phase = |kind, name| async move { stage.phase(kind, name).await.0 };
    assert_eq!(phase("Organization", "acme-corp").await, "Active");
    assert_eq!(phase("RepoBinding", "my-application").await, "Ready");
    assert_eq!(phase("KnowledgeBase", "platform-docs").await, "Ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_examples_stand_after_one_run_and_a_second_one_writes_nothing() {
    let mut stage = Stage::start().await;
    examples(&stage).await;
    let planned = stage.writes("tenants plan").await;
    assert_eq!(planned, [""; 0], "a plan writes nothing");
    stage
        .run("tenants plan nobody")
        .await
        .ended(2, &["there is no Organization, RepoBinding or KnowledgeBase"]);
    let writes = stage.writes("tenants reconcile").await;
    assert!(writes.len() > 26, "{writes:#?}");
    assert_stands(&stage).await;
    assert_eq!(stage.writes("tenants reconcile").await, [""; 0]);
    println!("a run with nothing to do: {} requests", stage.requests().await);
    assert_content(&stage).await;
    assert_bound(&stage).await;
    stage.states().await;
    drift_is_repaired(&mut stage).await;
    nothing_is_left(&mut stage).await;
    let mut usage = stage.usage().await;
    // What a binding gives is in no audit log; which roles are bound was looked at above.
    usage
        .unused
        .retain(|permission| !permission.starts_with("bind clusterroles"));
    let (unused, missing) = (usage.unused.len(), usage.missing.len());
    println!(
        "tenants reconcile: {} rules, {unused} unused, {missing} missing",
        usage.granted
    );
    assert!(unused + missing == 0, "{usage:#?}");
}

/// Triggers say of a listener when it does not listen, and external-secrets of a store when it does not work.
#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_not_ready_while_a_controller_says_that_their_listener_is_not() {
    let mut stage = Stage::start().await;
    stage
        .apply([organization("acme-corp"), binding("app", "acme-corp", "app")])
        .await;
    stage.run("tenants reconcile").await.ended(0, &[]);
    let listeners = stage.api("EventListener", Some("org-acme-corp"));
    let name = listeners.list(&Default::default()).await.unwrap().items[0].name_any();
    let now = jiff::Timestamp::now().to_string();
    let long_ago = "2026-01-01T00:00:00Z";
    for (status, since, message, phases) in [
        // Where it has worked, one that is started anew is nothing to speak of; before, it is.
        ("False", now.as_str(), "", ["Active", "Ready"]),
        ("False", long_ago, "no Pod runs", ["Pending", "Pending"]),
        ("False", now.as_str(), "no Pod runs", ["Pending", "Pending"]),
        ("True", now.as_str(), "", ["Active", "Ready"]),
    ] {
        let condition = json!({"type": "Ready", "status": status, "reason": "Said", "message": message,
            "lastTransitionTime": since});
        let said = Patch::Merge(json!({"status": {"conditions": [condition]}}));
        listeners
            .patch_status(&name, &PatchParams::default(), &said)
            .await
            .unwrap();
        stage.run("tenants reconcile").await.ended(0, &[]);
        let found = [
            stage.phase("Organization", "acme-corp").await,
            stage.phase("RepoBinding", "app").await,
        ];
        assert_eq!(found.each_ref().map(|(phase, _)| phase.as_str()), phases);
        assert!(found.iter().all(|(_, said)| said.contains(message)), "{found:?}");
        assert_eq!(stage.writes("tenants reconcile").await, [""; 0]);
    }
}

/// Field by field as the data model has it; what deviates is in the decisions.
async fn assert_content(stage: &Stage) {
    let pipeline = "cdktf-deploy-pipeline";
    let inside = Some(pipeline);
    let quota = stage.get("ResourceQuota", inside, "tenant-quota").await.unwrap();
    let hard = json!({"requests.cpu": "4", "requests.memory": "8Gi", "limits.cpu": "8", "limits.memory": "16Gi",
                      "persistentvolumeclaims": "5", "pods": "20"});
    assert_eq!(quota["spec"]["hard"], hard);
    let limits = stage.get("LimitRange", inside, "tenant-limits").await.unwrap();
    let container = json!({"type": "Container", "default": {"cpu": "500m", "memory": "512Mi"},
                           "defaultRequest": {"cpu": "100m", "memory": "128Mi"}});
    assert_eq!(limits["spec"]["limits"], json!([container]));
    let namespace = stage.get("Namespace", None, pipeline).await.unwrap();
    let labels = &namespace["metadata"]["labels"];
    assert_eq!(labels["aphex.dev/org"], "acme-corp");
    assert_eq!(labels["platform.aphex/pipeline"], pipeline);
    assert_eq!(labels["platform.aphex/managed-by"], "platform-controller");
    let project = stage.get("AppProject", Some("argocd"), pipeline).await.unwrap();
    let server = "https://kubernetes.default.svc";
    let destinations = json!([{"server": server, "namespace": pipeline}, {"server": server, "namespace": format!("{pipeline}-*")}]);
    assert_eq!(project["spec"]["destinations"], destinations);
    let repository = "https://github.com/acme-corp/my-application";
    assert_eq!(
        project["spec"]["sourceRepos"],
        json!([repository, format!("{repository}.git")])
    );
    assert_eq!(project["spec"]["clusterResourceWhitelist"], json!([]));
    let policy = stage
        .get("NetworkPolicy", inside, "tenant-isolation")
        .await
        .unwrap();
    assert_eq!(
        policy["spec"]["ingress"],
        json!([{"from": [{"podSelector": {}}]}])
    );
    let terraform = stage
        .get("Secret", inside, "terraform-backend-config")
        .await
        .unwrap();
    assert!(
        terraform["data"]["backend.tf"]
            .as_str()
            .is_some_and(|text| text.starts_with("dGVycmFmb3Jt"))
    );
    let store = stage
        .get("ClusterSecretStore", None, "org-acme-corp-store")
        .await
        .unwrap();
    let kubernetes = &store["spec"]["provider"]["kubernetes"];
    assert_eq!(kubernetes["remoteNamespace"], "org-acme-corp");
    assert_eq!(
        kubernetes["auth"]["serviceAccount"],
        json!({"name": "eso-secrets-reader", "namespace": "org-acme-corp"})
    );
    let organization = stage
        .get("Organization", Some(PLATFORM), "acme-corp")
        .await
        .unwrap();
    assert_eq!(organization["status"]["namespace"], "org-acme-corp");
    assert_eq!(
        organization["status"]["webhookURL"],
        "https://acme-corp.arbiter-dev.com"
    );
    assert_eq!(
        organization["status"]["clusterSecretStore"],
        "org-acme-corp-store"
    );
    let binding = stage
        .get("RepoBinding", Some(PLATFORM), "my-application")
        .await
        .unwrap();
    let provisioned = binding["status"]["provisionedResources"]
        .as_object()
        .unwrap()
        .clone();
    assert_eq!(provisioned.len(), 12);
    assert!(provisioned.values().all(|value| value == true), "{provisioned:?}");
    let conditions = binding["status"]["conditions"].as_array().unwrap();
    let kinds: Vec<&str> = conditions
        .iter()
        .filter_map(|condition| condition["type"].as_str())
        .collect();
    let expected = [
        "NamespaceReady",
        "RBACReady",
        "AppProjectReady",
        "NetworkPolicyReady",
        "TriggerReady",
        "WebhookReady",
    ];
    assert_eq!(kinds, expected);
    let everything = [organization, binding]
        .map(|object| object["status"].to_string())
        .concat();
    assert!(
        !everything.contains("my-custom-secret"),
        "a secret is told in a status"
    );
}

/// Each role that may be bound is, but for those that another configuration gives.
async fn assert_bound(stage: &Stage) {
    let mut bound = BTreeSet::new();
    for kind in ["RoleBinding", "ClusterRoleBinding"] {
        let bindings = stage
            .api(kind, None)
            .list(&Default::default())
            .await
            .unwrap()
            .items;
        let own = bindings
            .iter()
            .filter(|binding| binding.annotations().contains_key("platform.aphex/owner"));
        bound.extend(own.map(|binding| binding.data["roleRef"]["name"].as_str().unwrap().to_owned()));
    }
    let rules = super::stage::rules().into_iter();
    let roles = rules
        .filter(|rule| rule.verbs == ["bind"])
        .flat_map(|rule| rule.names);
    let roles: BTreeSet<String> = roles
        .filter(|role| {
            !["organization-secrets", "platform-engineer", "tenant-elevated"].contains(&role.as_str())
        })
        .collect();
    assert_eq!(bound, roles);
}

/// What was done to an object, and how many writes put it right.
async fn drift_is_repaired(stage: &mut Stage) {
    let pipeline = "cdktf-deploy-pipeline";
    let cases: [(&str, Option<&str>, &str, Value, usize); 11] = [
        (
            "LimitRange",
            Some(pipeline),
            "tenant-limits",
            json!({"spec": {"limits": []}}),
            1,
        ),
        (
            "ClusterRoleBinding",
            None,
            "eventlistener-acme-corp",
            json!({"subjects": []}),
            1,
        ),
        (
            "ResourceQuota",
            Some(pipeline),
            "tenant-quota",
            json!({"spec": {"hard": {"pods": "2000"}}}),
            1,
        ),
        (
            "ResourceQuota",
            Some(pipeline),
            "tenant-quota",
            json!({"spec": {"hard": {"count/secrets": "1"}}}),
            1,
        ),
        (
            "NetworkPolicy",
            Some(pipeline),
            "tenant-isolation",
            json!({"spec": {"ingress": [{}]}}),
            1,
        ),
        (
            "RoleBinding",
            Some(pipeline),
            "pipeline-runner",
            json!({"subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "intruder"}]}),
            1,
        ),
        (
            "AppProject",
            Some("argocd"),
            pipeline,
            json!({"spec": {"sourceRepos": ["*"]}}),
            1,
        ),
        (
            "AppProject",
            Some("argocd"),
            pipeline,
            json!({"spec": {"roles": [{"name": "x", "policies": []}]}}),
            1,
        ),
        (
            "Namespace",
            None,
            pipeline,
            json!({"metadata": {"labels": {"aphex.dev/org": "other"}}}),
            1,
        ),
        (
            "Trigger",
            Some("org-acme-corp"),
            "cdktf-deploy-pipeline-trigger",
            json!({"spec": {"interceptors": []}}),
            1,
        ),
        (
            "ClusterSecretStore",
            None,
            "org-acme-corp-store",
            json!({"spec": {"conditions": [{"namespaces": ["x"]}]}}),
            1,
        ),
    ];
    for (kind, namespace, name, patch, count) in cases {
        stage.merge(kind, namespace, name, patch.clone()).await;
        let writes = stage.writes("tenants reconcile").await;
        assert_eq!(writes.len(), count, "{kind} {patch}: {writes:#?}");
        assert_eq!(stage.writes("tenants reconcile").await, [""; 0], "{kind} {patch}");
    }
    let gone = [
        ("Secret", Some(pipeline), "terraform-backend-config"),
        (
            "RoleBinding",
            Some("argocd"),
            "cdktf-deploy-pipeline-argocd-access",
        ),
        ("EventListener", Some("org-acme-corp"), "github-listener"),
        ("ServiceAccount", Some(pipeline), "pipeline-runner"),
        ("Pipeline", Some(pipeline), pipeline),
        ("TriggerBinding", Some("org-acme-corp"), "github-push-binding"),
    ];
    for (kind, namespace, name) in gone {
        stage
            .api(kind, namespace)
            .delete(name, &DeleteParams::default())
            .await
            .unwrap();
        let writes = stage.writes("tenants reconcile").await;
        assert_eq!(writes.len(), 1, "{kind}: {writes:#?}");
        assert!(stage.get(kind, namespace, name).await.is_some());
    }
    assert_stands(stage).await;
}

/// Nothing here ends namespaces, so this does what their controller does.
async fn nothing_is_left(stage: &mut Stage) {
    let application = |name: &str, project: &str| {
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name, "namespace": "argocd"},
               "spec": {"project": project, "destination": {}}})
    };
    let pipeline = "cdktf-deploy-pipeline";
    stage
        .apply([application("own", pipeline), application("others", "default")])
        .await;
    let kept = json!({"metadata": {"finalizers": ["platform.aphex/knowledgebase-finalizer"]}});
    stage
        .merge("KnowledgeBase", Some(PLATFORM), "platform-docs", kept)
        .await;
    for (kind, name) in [
        ("Organization", "acme-corp"),
        ("RepoBinding", "my-application"),
        ("KnowledgeBase", "platform-docs"),
    ] {
        stage
            .api(kind, Some(PLATFORM))
            .delete(name, &DeleteParams::default())
            .await
            .unwrap();
    }
    for _ in 0..4 {
        stage.run("tenants reconcile --timeout 2s").await;
        finish_namespaces(stage).await;
    }
    assert_eq!(stage.left().await, [""; 0]);
    assert_eq!(stage.names("Application").await, ["others"]);
    let roles = stage.names("ClusterRoleBinding").await;
    assert!(
        !roles.iter().any(|name| name.starts_with("eventlistener-")),
        "{roles:?}"
    );
    let bindings = stage.names("RoleBinding").await;
    assert!(
        !bindings.iter().any(|name| name.ends_with("-argocd-access")),
        "{bindings:?}"
    );
    assert_eq!(stage.writes("tenants reconcile").await, [""; 0]);
}

async fn finish_namespaces(stage: &Stage) {
    let namespaces = stage
        .api("Namespace", None)
        .list(&Default::default())
        .await
        .unwrap();
    for namespace in namespaces
        .items
        .into_iter()
        .filter(|object| object.metadata.deletion_timestamp.is_some())
    {
        let name = namespace.metadata.name.clone().unwrap();
        super::stage::empty(&stage.client, &name).await;
        let path = format!("/api/v1/namespaces/{name}/finalize");
        let mut body = serde_json::to_value(&namespace).unwrap();
        body["spec"]["finalizers"] = json!([]);
        let request = http::Request::put(path).header("Content-Type", "application/json");
        let request = request.body(serde_json::to_vec(&body).unwrap()).unwrap();
        stage.client.request::<Value>(request).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_a_fleet_make_what_one_run_makes() {
    let mut stage = Stage::start().await;
    stage
        .apply([
            organization("acme-corp"),
            organization("other"),
            binding("application", "acme-corp", "application"),
            binding("website", "other", "website"),
        ])
        .await;
    let mut writes = Vec::new();
    for part in 0..3 {
        let line = format!("tenants reconcile --shard {part}/3 --no-lock");
        writes.push(stage.writes(&line).await.len());
    }
    println!("writes of each part: {writes:?}");
    assert!(
        writes.iter().filter(|writes| **writes > 0).count() > 1,
        "{writes:?}"
    );
    for name in ["application", "website"] {
        assert_eq!(stage.phase("RepoBinding", name).await.0, "Ready");
    }
    assert_eq!(stage.writes("tenants reconcile").await, [""; 0]);
}
