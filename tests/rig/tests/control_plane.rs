//! The smallest size: it starts, it records what was asked of it, and nothing of it is left.

use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use kube::Api;
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use rig::sandbox::{Options, Sandbox, SandboxError};

fn config_map(name: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        ..ConfigMap::default()
    }
}

#[tokio::test]
async fn the_audit_log_shows_what_was_asked_and_what_counts_as_a_write() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let config_maps = Api::<ConfigMap>::namespaced(sandbox.client().await.unwrap(), "default");
    config_maps
        .create(&PostParams::default(), &config_map("before"))
        .await
        .unwrap();
    let mark = sandbox.audit_mark().await.unwrap();
    config_maps
        .create(&PostParams::default(), &config_map("after"))
        .await
        .unwrap();
    let dry_run = PatchParams {
        dry_run: true,
        ..PatchParams::default()
    };
    let change = Patch::Merge(serde_json::json!({ "data": { "k": "v" } }));
    config_maps.patch("after", &dry_run, &change).await.unwrap();
    config_maps.get_opt("absent").await.unwrap();

    let mine = |events: Vec<rig::sandbox::AuditEvent>| {
        let of_config_maps = |event: &rig::sandbox::AuditEvent| {
            event.user.username == "sandbox-admin"
                && event
                    .object_ref
                    .as_ref()
                    .is_some_and(|object| object.resource == "configmaps")
        };
        events.into_iter().filter(of_config_maps).collect::<Vec<_>>()
    };
    let events = mine(sandbox.audit_since(mark).await.unwrap());
    let seen: Vec<_> = events
        .iter()
        .map(|e| (e.verb.as_str(), e.code(), e.is_write()))
        .collect();
    let expected = [
        ("create", Some(201), true),
        ("patch", Some(200), false),
        ("get", Some(404), false),
    ];
    assert_eq!(seen, expected);
    assert_eq!(events[0].user_agent, rig::sandbox::USER_AGENT);
    let all = mine(sandbox.audit().await.unwrap());
    assert_eq!(all.iter().filter(|event| event.is_write()).count(), 2);
}

#[tokio::test]
async fn two_live_side_by_side_and_know_nothing_of_each_other() {
    let (one, other) = tokio::try_join!(
        Sandbox::start(Options::default()),
        Sandbox::start(Options::default())
    )
    .unwrap();
    assert_ne!(one.server_url(), other.server_url());
    let here = Api::<ConfigMap>::namespaced(one.client().await.unwrap(), "default");
    let there = Api::<ConfigMap>::namespaced(other.client().await.unwrap(), "default");
    here.create(&PostParams::default(), &config_map("mine"))
        .await
        .unwrap();
    assert!(there.get_opt("mine").await.unwrap().is_none());
    let folder = one.kubeconfig().parent().unwrap().to_owned();
    one.stop().unwrap();
    assert!(!folder.exists());
    there.list(&kube::api::ListParams::default()).await.unwrap();
}

#[tokio::test]
async fn a_service_account_has_the_rights_that_it_was_given_and_no_more() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let accounts = Api::<ServiceAccount>::namespaced(sandbox.client().await.unwrap(), "default");
    let account = ServiceAccount {
        metadata: config_map("narrow").metadata,
        ..ServiceAccount::default()
    };
    accounts.create(&PostParams::default(), &account).await.unwrap();
    let path = sandbox
        .kubeconfig_for_service_account("default", "narrow")
        .await
        .unwrap();
    let narrow = Sandbox::from_kubeconfig(&path).await.unwrap();
    let config_maps = Api::<ConfigMap>::namespaced(narrow.client().await.unwrap(), "default");
    let refused = config_maps
        .create(&PostParams::default(), &config_map("x"))
        .await
        .unwrap_err();
    assert!(
        matches!(&refused, kube::Error::Api(status) if status.code == 403),
        "{refused}"
    );
    assert!(matches!(narrow.audit().await, Err(SandboxError::NotOurs(_))));
    let users: Vec<_> = sandbox
        .audit()
        .await
        .unwrap()
        .into_iter()
        .map(|event| event.user.username)
        .collect();
    assert!(
        users
            .iter()
            .any(|user| user == "system:serviceaccount:default:narrow")
    );
}
