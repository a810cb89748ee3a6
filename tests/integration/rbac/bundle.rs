//! What a support bundle must not let out, put where it could stand by mistake.

use aphex_ops::model::config::Config;
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use rig::sandbox;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs::File, io::Read, os::unix::fs::PermissionsExt, path::Path};

const NAMESPACE: &str = "auth-system";
/// What everything about Authentik is called is no secret, though a Secret holds it.
const SHORTEST: usize = 16;

/// Secrets enough to fill a page before the others come.
fn many() -> Vec<Value> {
    let secret = |number: usize| {
        json!({"apiVersion": "v1", "kind": "Secret",
               "metadata": {"name": format!("aaa-{number:03}"), "namespace": NAMESPACE},
               "stringData": {"value": format!("one-value-of-many-{number:03}")}})
    };
    (0..501).map(secret).collect()
}

/// The values of all Secrets, each also in a ConfigMap, an annotation, a command line and a variable.
pub(super) async fn plant(client: &Client) -> Vec<String> {
    sandbox::apply_all(client, many()).await.unwrap();
    let secrets = Api::<Secret>::namespaced(client.clone(), NAMESPACE);
    let secrets = secrets.list(&Default::default()).await.unwrap();
    let values = secrets
        .items
        .iter()
        .flat_map(|secret| secret.data.iter().flatten());
    let values = values.map(|(_, value)| String::from_utf8(value.0.clone()).unwrap());
    let values: Vec<String> = values.filter(|value| value.len() >= SHORTEST).collect();
    assert!(values.len() >= 500 + 8, "{} values", values.len());
    let all = values.join(", ");
    let encoded: Vec<String> = values.iter().map(|value| STANDARD.encode(value)).collect();
    let token = format!("eyJ{}.{}.x", "a".repeat(40), "b".repeat(40));
    let metadata = json!({"name": "talkative", "namespace": NAMESPACE, "annotations": {"note": all}});
    let container = json!({"name": "only", "image": "x", "args": [all, token],
        "env": [{"name": "PASSWORD", "value": "a-password-that-no-secret-holds"}]});
    let config_map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata,
                            "data": {"a": all, "b": encoded.join("\n")}});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata});
    sandbox::apply_all(client, vec![config_map, secret])
        .await
        .unwrap();
    for namespace in Config::default().namespaces.all() {
        let mut metadata = metadata.clone();
        metadata["namespace"] = namespace.into();
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}});
        sandbox::apply_all(client, vec![pod]).await.unwrap();
        start(client, namespace).await;
    }
    values
}

/// It has run before: two logs are asked for.
async fn start(client: &Client, namespace: &str) {
    let pods = Api::<Pod>::namespaced(client.clone(), namespace);
    let status = json!({"status": {"containerStatuses": [{"name": "only", "image": "x", "imageID": "x", "ready": true,
        "restartCount": 1, "state": {"running": {}}}]}});
    pods.patch_status("talkative", &PatchParams::default(), &Patch::Merge(status))
        .await
        .unwrap();
}

/// What is in it, by path. Only who made it may read it.
pub(crate) fn files(archive: &Path) -> BTreeMap<String, String> {
    let mode = archive.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(archive).unwrap()));
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        let path = path.strip_prefix("aphex-ops-support/").unwrap().to_owned();
        files.insert(path, text);
    }
    files
}

/// It has what it shall have, and none of the values, in any form.
pub(super) fn assert_clean(archive: &Path, values: &[String]) {
    let files = files(archive);
    let all: String = files.values().map(String::as_str).collect();
    for name in [
        "about.json",
        "cluster/nodes.json",
        "namespaces/auth-system/configmaps.json",
        "namespaces/auth-system/deployments.json",
        "namespaces/auth-system/pods.json",
        "namespaces/auth-system/secrets.json",
    ] {
        assert!(files.contains_key(name), "{name} is not in {:#?}", files.keys());
    }
    println!("{} files, {} bytes", files.len(), all.len());
    for value in values {
        assert!(!all.contains(value.as_str()), "a value got out");
        assert!(
            !all.contains(&STANDARD.encode(value)),
            "a value got out in base64"
        );
    }
    assert!(!all.contains("a-password-that-no-secret-holds"));
    assert!(!all.contains("eyJaaaa"));
    // The rest of it is still there to be read.
    assert!(all.contains("talkative") && all.contains("client-secret"));
}
