//! Objects as JSON values, against a real API server.

use aphex_ops::{
    converge::Stop,
    kubernetes::{Cluster, Connection},
    model::{
        exit::Exit,
        failure::Reason,
        kind::{Address, KINDS},
    },
};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use rig::sandbox::{Options, Sandbox};
use serde_json::{Value, json};

fn config_map(data: Value) -> Value {
    let metadata = json!({"namespace": "default", "name": "a", "labels": {"part": "x"}});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
}

async fn connect(sandbox: &Sandbox) -> Cluster {
    let connection = Connection {
        kubeconfig: Some(sandbox.kubeconfig().to_owned()),
        ..Connection::default()
    };
    Cluster::connect(&connection, &Stop::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_applied_found_and_deleted() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let cluster = connect(&sandbox).await;
    let body = config_map(json!({"a": "1"}));
    let at = Address::of(&body).unwrap();
    assert_eq!(cluster.find(&at).await.unwrap(), None);
    assert_eq!(
        cluster.try_apply(&[], &at, &body, None).await.unwrap().unwrap()["data"],
        body["data"]
    );
    assert_eq!(cluster.find(&at).await.unwrap(), None, "a dry run made it");
    let made = cluster.apply(&at, &body, None).await.unwrap();
    assert_eq!(cluster.find(&at).await.unwrap().as_ref(), Some(&made));
    assert_eq!(
        cluster.find_all(&at.kind, None, "part=x").await.unwrap(),
        std::slice::from_ref(&made),
        "a list says less"
    );
    assert_eq!(
        cluster.find_all(&at.kind, None, "part=y").await.unwrap(),
        [] as [Value; 0]
    );
    // Its own URLs and no others: no discovery.
    assert_eq!(cluster.requests().by_verb()["get"], 3);

    let mut gone = body.clone();
    gone["metadata"]["uid"] = json!("00000000-0000-0000-0000-000000000000");
    assert_eq!(
        cluster.apply(&at, &gone, None).await.unwrap_err().reason,
        Reason::Conflict
    );
    assert_eq!(
        cluster.delete(&at, "another", None).await.unwrap_err().reason,
        Reason::Conflict
    );
    let uid = made["metadata"]["uid"].as_str().unwrap();
    cluster.delete(&at, uid, None).await.unwrap();
    cluster.delete(&at, uid, None).await.unwrap();
    assert_eq!(cluster.find(&at).await.unwrap(), None);
    assert!(
        cluster.apply(&at, &gone, None).await.is_err(),
        "what was deleted came back"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ours_or_not_known_is_refused() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let cluster = connect(&sandbox).await;
    let theirs: ConfigMap = serde_json::from_value(config_map(json!({"a": "1"}))).unwrap();
    let api = Api::<ConfigMap>::namespaced(sandbox.client().await.unwrap(), "default");
    api.patch("a", &PatchParams::apply("theirs"), &Patch::Apply(&theirs))
        .await
        .unwrap();
    let ours = config_map(json!({"a": "2"}));
    let at = Address::of(&ours).unwrap();
    for conflict in [
        cluster.apply(&at, &ours, None).await.unwrap_err(),
        cluster.try_apply(&[], &at, &ours, None).await.unwrap_err(),
    ] {
        assert_eq!(
            (conflict.exit, conflict.reason),
            (Exit::Human, Reason::FieldConflict)
        );
        assert_eq!(
            conflict.to_string(),
            "ConfigMap default/a: owned by somebody else: .data.a (theirs)"
        );
    }
    let mut unknown = config_map(json!({}));
    unknown["dota"] = json!({"a": "1"});
    let refused = cluster.apply(&at, &unknown, None).await.unwrap_err();
    assert!(refused.message.contains("dota"), "{refused}");
}

/// A wrong plural would be found by nobody else before a cluster is.
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_the_table_is_served() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let cluster = connect(&sandbox).await;
    for kind in &KINDS {
        let found = cluster.find_all(kind, None, "").await;
        assert!(found.is_ok(), "{}: {found:?}", kind.plural);
        let address = Address {
            kind: kind.clone(),
            namespace: kind.is_namespaced.then(|| "default".to_owned()),
            name: "none".to_owned(),
        };
        assert_eq!(cluster.find(&address).await.unwrap(), None, "{}", kind.name);
    }
}
