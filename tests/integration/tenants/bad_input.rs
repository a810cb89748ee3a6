//! What a tenant must not be: refused by the definitions, or told in its status, and nobody else is disturbed.

use super::stage::{PLATFORM, Stage, binding, knowledge_base, organization};
use kube::api::PostParams;
use serde_json::{Value, json};

/// Where, what, and a word of what the API server says.
fn bad() -> Vec<(Value, &'static str, Value, &'static str)> {
    let organization = || organization("bad");
    let binding = || binding("bad", "acme-corp", "bad");
    let base = || knowledge_base("bad");
    let repository = "/spec/repositories/0";
    let long = |length: usize| json!("a".repeat(length));
    let mut cases = vec![
        (
            organization(),
            "/metadata/name",
            json!("acme.corp"),
            "its name becomes part of others",
        ),
        (
            organization(),
            "/metadata/name",
            long(60),
            "its name becomes part of others",
        ),
        (
            organization(),
            "/spec/displayName",
            json!("ACME & Co"),
            "displayName",
        ),
        (organization(), "/spec/displayName", json!(""), "displayName"),
        (organization(), "/spec/displayName", Value::Null, "displayName"),
        (organization(), "/spec/displayName", long(257), "displayName"),
        (organization(), "/spec/adminUsers", json!([]), "adminUsers"),
        (organization(), "/spec/adminUsers", Value::Null, "adminUsers"),
        (organization(), "/spec/adminUsers", json!(["admin"]), "adminUsers"),
        (
            organization(),
            "/spec/adminUsers",
            json!(["Bob <b@x.org>"]),
            "adminUsers",
        ),
        (
            organization(),
            "/spec/adminUsers",
            json!(["a@localhost"]),
            "adminUsers",
        ),
        (
            organization(),
            "/spec/adminUsers",
            json!(["a@x.org", "A@x.org"]),
            "named once",
        ),
        (
            organization(),
            "/spec/webhookSecret",
            json!("with space"),
            "webhookSecret",
        ),
        (organization(), "/spec/webhookSecret", json!(""), "webhookSecret"),
        (binding(), "/metadata/name", json!("-bad"), "name"),
        (binding(), "/spec/aphexOrg", json!("-x"), "aphexOrg"),
        (binding(), "/spec/aphexOrg", json!("Acme"), "aphexOrg"),
        (binding(), "/spec/aphexOrg", Value::Null, "aphexOrg"),
        (binding(), "/spec/repoOrg", json!("acme/corp"), "repoOrg"),
        (binding(), "/spec/repoOrg", long(40), "repoOrg"),
        (binding(), "/spec/repoName", json!("my application"), "repoName"),
        (
            binding(),
            "/spec/repoName",
            json!(".."),
            "no name of a repository",
        ),
        (binding(), "/spec/pipelineName", json!("x-"), "pipelineName"),
        (binding(), "/spec/pipelineName", long(51), "pipelineName"),
        (binding(), "/spec/pipelineName", json!("a.b"), "pipelineName"),
        (binding(), "/spec/templateRef", json!(""), "templateRef"),
        (binding(), "/spec/pipelineSpec", json!(""), "pipelineSpec"),
        (binding(), "/spec/pipelineSpec", long(131_073), "pipelineSpec"),
        (
            binding(),
            "/spec/permissionProfile",
            json!("admin"),
            "permissionProfile",
        ),
        (base(), "/spec/displayName", json!(""), "displayName"),
        (base(), "/spec/repositories", json!([]), "repositories"),
    ];
    for branch in [
        "a b", "a..b", "/a", "a/", "a.lock", "-a", "a~1", "@", "a//b", "a@{b",
    ] {
        cases.push((binding(), "/spec/branch", json!(branch), "branch name"));
    }
    for url in [
        "http://github.com/a/b",
        "https://github.com/a/b/tree/main",
        "https://user@github.com/a/b",
        "https://github.com/a/b?c",
        "https://github.com/a/%2e%2e",
        "https://github.com.evil.example/a/b",
    ] {
        let wrong = json!({"url": url});
        cases.push((base(), repository, wrong, "url"));
    }
    for path in [
        ".kiro/docs-evil",
        ".kiro/docs/../x",
        "docs",
        ".kiro/docs/%2e%2e",
        ".kiro/docs//a",
    ] {
        let wrong = json!({"url": "https://github.com/a/b", "paths": [path]});
        cases.push((base(), repository, wrong, "path"));
    }
    let same = json!([{"url": "https://github.com/a/b"}, {"url": "https://github.com/A/b"}]);
    cases.push((base(), "/spec/repositories", same, "named once"));
    cases
}

fn set(object: &mut Value, pointer: &str, value: Value) {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = object.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Value::Object(fields), Value::Null) => drop(fields.remove(field)),
        (Value::Object(fields), value) => drop(fields.insert(field.to_owned(), value)),
        (Value::Array(items), value) => items[field.parse::<usize>().unwrap()] = value,
        _ => panic!("{pointer}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_definitions_refuse_what_cannot_work_and_say_why() {
    let stage = Stage::start().await;
    let cases = bad();
    assert!(cases.len() >= 40, "{}", cases.len());
    println!("{} bad objects", cases.len());
    for (mut object, pointer, value, word) in cases {
        set(&mut object, pointer, value.clone());
        let api = stage.api(object["kind"].as_str().unwrap(), Some(PLATFORM));
        let parsed = serde_json::from_value(object.clone()).unwrap();
        let refused = api.create(&PostParams::default(), &parsed).await;
        let short: String = value.to_string().chars().take(60).collect();
        let message = refused.map_or_else(|error| error.to_string(), |_| "it was taken".to_owned());
        assert!(message.contains(word), "{pointer} {short}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_cannot_be_says_why_and_disturbs_no_other() {
    let mut stage = Stage::start().await;
    let foreign = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "taken", "labels": {"whose": "mine"}}});
    let with = |name: &str, pipeline: &str, change: Value| {
        let mut object = binding(name, "acme-corp", pipeline);
        for (field, value) in change.as_object().unwrap() {
            object["spec"][field] = value.clone();
        }
        object
    };
    let two = format!("{0}---\n{0}", super::stage::PIPELINE);
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\n";
    let mut elsewhere = binding("elsewhere", "acme-corp", "elsewhere");
    elsewhere["metadata"]["namespace"] = json!("default");
    stage
        .apply([
            organization("acme-corp"),
            foreign,
            with("good", "good", json!({})),
        ])
        .await;
    stage
        .apply([
            with("no-organization", "b1", json!({"aphexOrg": "nobody"})),
            with("reserved", "argocd-extra", json!({})),
            with("same-name", "good", json!({})),
            with("taken", "taken", json!({})),
            with("two", "b2", json!({"pipelineSpec": two})),
            with("role", "b3", json!({"pipelineSpec": role})),
            with("needs", "b4", json!({"pipelineSpec": super::stage::PIPELINE.replace("git-revision\n  tasks", "other\n  tasks")})),
            with("template", "b5", json!({"templateRef": "nothing"})),
            with("elevated", "b6", json!({"permissionProfile": "elevated"})),
            elsewhere,
        ])
        .await;
    stage.run("tenants reconcile").await.ended(0, &[]);
    assert_eq!(stage.phase("RepoBinding", "good").await.0, "Ready");
    stage
        .run("tenants status")
        .await
        .ended(4, &["belongs to RepoBinding platform-system/good"]);
    let expected = [
        ("no-organization", "Pending", "there is no Organization nobody"),
        ("reserved", "Failed", "argocd-extra is reserved"),
        (
            "same-name",
            "Failed",
            "belongs to RepoBinding platform-system/good",
        ),
        ("taken", "Failed", "Namespace taken is there already"),
        ("two", "Failed", "holds 2 documents"),
        ("role", "Failed", "ClusterRole; expected a tekton.dev/v1 Pipeline"),
        ("needs", "Failed", "its parameter other has no default"),
        ("template", "Failed", "there is no template"),
        ("elevated", "Failed", "tenants.elevated does not name acme-corp"),
    ];
    for (name, phase, word) in expected {
        let found = stage.phase("RepoBinding", name).await;
        assert_eq!(found.0, phase, "{name}: {found:?}");
        assert!(found.1.contains(word), "{name}: {found:?}");
    }
    let elsewhere = stage
        .get("RepoBinding", Some("default"), "elsewhere")
        .await
        .unwrap();
    assert_eq!(elsewhere["status"]["phase"], "Failed", "{elsewhere:#}");
    let mut namespaces = stage.names("Namespace").await;
    namespaces.retain(|name| name.starts_with('b') || name == "elsewhere");
    assert_eq!(namespaces, [""; 0]);
    let taken = stage.get("Namespace", None, "taken").await.unwrap();
    assert_eq!(
        taken["metadata"]["labels"],
        json!({"whose": "mine", "kubernetes.io/metadata.name": "taken"})
    );
    assert_eq!(stage.writes("tenants reconcile").await, [""; 0]);
}
