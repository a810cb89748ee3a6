//! Engineers ask for tenants in namespaces of people and teams, and nowhere else.

use super::stage::{Stage, api, binding, organization};
use crate::golden;
use kube::{
    Client, Config,
    api::{DeleteParams, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use rig::sandbox;
use serde_json::{Value, json};
use std::fs;

const ACCESS: &str = "platform-engineer-access";

/// The API server as one of the engineers sees it.
async fn engineer(stage: &Stage) -> Client {
    let config = Kubeconfig::read_from(stage.sandbox.kubeconfig()).unwrap();
    let mut config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default())
        .await
        .unwrap();
    config.auth_info.impersonate = Some("alice@platform.local".to_owned());
    config.auth_info.impersonate_groups = Some(vec![
        "platform-engineering".to_owned(),
        "system:authenticated".to_owned(),
    ]);
    Client::try_from(config).unwrap()
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

async fn asks(client: &Client, namespace: &str) -> Result<(), String> {
    let mut wanted = binding("app", "acme-corp", "app");
    wanted["metadata"]["namespace"] = namespace.into();
    let wanted = serde_json::from_value(wanted).unwrap();
    let bindings = api(client, "RepoBinding", Some(namespace));
    let made = bindings.create(&PostParams::default(), &wanted).await;
    made.map(drop).map_err(|error| error.to_string())
}

/// Engineers may make, read and change there, and delete nothing.
async fn assert_let_in(client: &Client, namespace: &str) {
    asks(client, namespace).await.unwrap();
    let bindings = api(client, "RepoBinding", Some(namespace));
    bindings.get("app").await.unwrap();
    let change = Patch::Merge(json!({"metadata": {"labels": {"changed": "by-alice"}}}));
    bindings
        .patch("app", &PatchParams::default(), &change)
        .await
        .unwrap();
    let refused = bindings
        .delete("app", &DeleteParams::default())
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("cannot delete"), "{refused}");
}

async fn assert_kept_out(client: &Client, namespace: &str) {
    let refused = asks(client, namespace).await.unwrap_err();
    assert!(refused.contains("cannot create"), "{namespace}: {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn engineers_get_into_namespaces_of_people_and_teams_and_no_others() {
    let mut stage = Stage::start().await;
    let roles = golden::root().join("manifests/components/rbac/platform-engineering.yaml");
    sandbox::apply(&stage.client, &fs::read_to_string(roles).unwrap())
        .await
        .unwrap();
    let names = ["team-a", "user-alice", "teams", "team-wanted"];
    stage.apply(names.map(namespace)).await;
    // A label that anybody may set makes it nobody's.
    let label = json!({"metadata": {"labels": {"platform.aphex/managed-by": "team-controller"}}});
    stage.merge("Namespace", None, "team-wanted", label).await;
    // One tenant has the name of a team, another would like to have one that is taken.
    stage
        .apply([
            organization("acme-corp"),
            binding("own", "acme-corp", "team-web"),
            binding("greedy", "acme-corp", "team-wanted"),
        ])
        .await;
    let alice = engineer(&stage).await;
    assert_kept_out(&alice, "team-a").await;

    let planned = stage.run("tenants plan").await;
    planned.ended(0, &[]);
    assert!(
        planned.stdout.contains("team-a/platform-engineer-access"),
        "{planned:#?}"
    );
    stage.run("tenants reconcile").await.ended(0, &[]);
    for let_in in ["team-a", "user-alice", "team-wanted"] {
        assert_let_in(&alice, let_in).await;
    }
    let greedy = stage
        .get("RepoBinding", Some("platform-system"), "greedy")
        .await
        .unwrap();
    assert_eq!(
        greedy["status"]["conditions"][0]["reason"], "NotOurs",
        "{greedy:#}"
    );
    for kept_out in ["team-web", "teams", "platform-system", "org-acme-corp"] {
        assert_kept_out(&alice, kept_out).await;
    }
    stage.run("tenants reconcile").await.ended(0, &[]);
    assert_eq!(stage.writes("tenants reconcile").await, [""; 0]);

    what_engineers_ask_for_is_done_where_their_namespace_was_given(&mut stage).await;
    drift_is_put_right(&mut stage).await;
    what_goes_is_left(&mut stage).await;
}

/// Whoever makes a binding gets at the organization's secrets: an administrator says which namespace may.
async fn what_engineers_ask_for_is_done_where_their_namespace_was_given(stage: &mut Stage) {
    let said = async |stage: &Stage| {
        let asked = stage.get("RepoBinding", Some("team-a"), "app").await.unwrap();
        asked["status"]["conditions"][0]["reason"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(said(stage).await, "NamespaceNotAllowed");
    for (organization, expected) in [("other", "NamespaceNotAllowed"), ("acme-corp", "Provisioned")] {
        let label = json!({"metadata": {"labels": {"platform.aphex/organization": organization}}});
        stage.merge("Namespace", None, "team-a", label).await;
        stage.run("tenants reconcile").await.ended(0, &[]);
        assert_eq!(said(stage).await, expected, "{organization}");
    }
    assert!(stage.get("Pipeline", Some("app"), "app").await.is_some());
    // Without a label of its own, the other one is where it was.
    let other = stage.get("RepoBinding", Some("user-alice"), "app").await.unwrap();
    assert_eq!(other["status"]["phase"], "Failed");
}

async fn drift_is_put_right(stage: &mut Stage) {
    let subjects = json!([{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "mallory"}]);
    stage
        .merge(
            "RoleBinding",
            Some("team-a"),
            ACCESS,
            json!({"subjects": subjects}),
        )
        .await;
    let bindings = stage.api("RoleBinding", Some("user-alice"));
    bindings.delete(ACCESS, &DeleteParams::default()).await.unwrap();
    let mended = stage.writes("tenants reconcile").await;
    assert_eq!(mended.len(), 2, "{mended:#?}");
    let found = stage.get("RoleBinding", Some("team-a"), ACCESS).await.unwrap();
    assert_eq!(found["subjects"].as_array().unwrap().len(), 1);
    assert_eq!(found["subjects"][0]["name"], "platform-engineering");
    // A run for some tenants leaves the others alone, and so all of these.
    bindings.delete(ACCESS, &DeleteParams::default()).await.unwrap();
    assert_eq!(stage.writes("tenants reconcile acme-corp").await, [""; 0]);
}

async fn what_goes_is_left(stage: &mut Stage) {
    // Nobody ends namespaces here, so that it stays as it is.
    let namespaces = stage.api("Namespace", None);
    namespaces
        .delete("user-alice", &DeleteParams::default())
        .await
        .unwrap();
    assert_eq!(stage.writes("tenants reconcile").await, [""; 0]);
}
