//! What is decided about an apply without asking the server, against what a dry run of that apply really does.

use aphex_ops::{
    apply::drift::{Drift, changes, drift},
    model::names,
};
use kube::{
    Api, Client,
    api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
};
use rig::sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A kind: how it is reached, an object, changes that another manager makes to it, and what is wanted then.
struct Subject {
    plural: &'static str,
    base: Value,
    /// As merge patches.
    edits: Vec<Value>,
    /// Merged into the object; the object itself is wanted too.
    wishes: Vec<Value>,
}

fn subject(plural: &'static str, api_version: &str, kind: &str, fields: Value) -> Subject {
    let mut base = fields;
    base["apiVersion"] = json!(api_version);
    base["kind"] = json!(kind);
    base["metadata"] = json!({"name": "subject", "labels": {"ours": "1", "app.kubernetes.io/name": "x"}});
    if !["Namespace", "ClusterRole"].contains(&kind) {
        base["metadata"]["namespace"] = json!("default");
    }
    Subject {
        plural,
        base,
        edits: Vec::new(),
        wishes: Vec::new(),
    }
}

impl Subject {
    fn edits(mut self, edits: impl IntoIterator<Item = Value>) -> Self {
        self.edits.extend(edits);
        self
    }

    fn wishes(mut self, wishes: impl IntoIterator<Item = Value>) -> Self {
        self.wishes.extend(wishes);
        self
    }
}

/// What can be done to and wanted of any object.
fn everywhere() -> (Vec<Value>, Vec<Value>) {
    let labels = |labels: Value| json!({"metadata": {"labels": labels}});
    let edits = vec![
        json!({}),
        labels(json!({"theirs": "1"})),
        labels(json!({"ours": "2"})),
        labels(json!({"ours": null})),
        json!({"metadata": {"annotations": {"theirs": "1"}}}),
        json!({"metadata": {"finalizers": ["example.org/theirs"]}}),
        json!({"metadata": {"managedFields": [{}]}}),
    ];
    let wishes = vec![
        json!({}),
        labels(json!({"more": "1"})),
        labels(json!({"ours": null})),
        labels(json!({"theirs": "1"})),
        json!({"metadata": {"annotations": {}}}),
        json!({"metadata": {"annotations": {"theirs": "1"}}}),
    ];
    (edits, wishes)
}

fn rules(verbs: &[&str]) -> Value {
    json!([{"apiGroups": [""], "resources": ["pods"], "verbs": verbs}])
}

fn pod(container: Value) -> Value {
    json!({"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [container]}})
}

fn container(more: Value) -> Value {
    let mut container = json!({
        "name": "main", "image": "registry.example/x:1", "args": ["a", "b"],
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "ports": [{"containerPort": 80}],
        "resources": {"limits": {"memory": "64Mi"}, "requests": {"cpu": "100m"}},
        "securityContext": {"readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}},
    });
    more.as_object()
        .unwrap()
        .iter()
        .for_each(|(name, value)| container[name] = value.clone());
    container
}

fn plain_subjects() -> Vec<Subject> {
    let rbac = "rbac.authorization.k8s.io/v1";
    let more_rules = || {
        [
            json!({"rules": rules(&["get"])}),
            json!({"rules": rules(&["get", "list", "watch"])}),
        ]
    };
    let role_ref = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"});
    let account = |name: &str| json!({"kind": "ServiceAccount", "namespace": "default", "name": name});
    let hard = |cpu: &str| json!({"spec": {"hard": {"limits.cpu": cpu}}});
    vec![
        subject("namespaces", "v1", "Namespace", json!({})),
        subject("configmaps", "v1", "ConfigMap", json!({"data": {"a": "1", "b": "x\n"}}))
            .edits([json!({"data": {"a": "2"}}), json!({"data": {"a": null}}), json!({"data": {"c": "3"}})])
            .wishes([json!({"data": {"a": "2"}}), json!({"data": {"a": null}}), json!({"data": {"c": "3"}})]),
        subject("serviceaccounts", "v1", "ServiceAccount",
            json!({"automountServiceAccountToken": false, "imagePullSecrets": [{"name": "one"}, {"name": "two"}]}))
            .edits([json!({"automountServiceAccountToken": true}),
                json!({"imagePullSecrets": [{"name": "theirs"}, {"name": "one"}, {"name": "two"}]}),
                json!({"imagePullSecrets": [{"name": "two"}, {"name": "one"}]})])
            .wishes([json!({"imagePullSecrets": [{"name": "two"}]}), json!({"imagePullSecrets": []}),
                json!({"imagePullSecrets": [{"name": "two"}, {"name": "one"}]})]),
        subject("roles", rbac, "Role", json!({"rules": rules(&["get", "list"])}))
            .edits(more_rules()).wishes(more_rules()),
        subject("clusterroles", rbac, "ClusterRole", json!({"rules": rules(&["get", "list"])}))
            .edits(more_rules()).wishes(more_rules()),
        subject("rolebindings", rbac, "RoleBinding", json!({"roleRef": role_ref, "subjects": [account("one")]}))
            .edits([json!({"subjects": [account("one"), account("two")]}), json!({"subjects": null})])
            .wishes([json!({"subjects": [account("two")]}), json!({"subjects": []})]),
        subject("resourcequotas", "v1", "ResourceQuota", json!({"spec": {"hard": {"limits.cpu": "100m", "pods": "5"}}}))
            .edits([hard("200m"), json!({"spec": {"hard": {"pods": null}}}), json!({"spec": {"hard": {"services": "3"}}})])
            .wishes([hard("0.1"), hard("200m"), json!({"spec": {"hard": {"services": "3"}}}), json!({"spec": {"hard": {"pods": 5}}})]),
    ]
}

fn working_subjects() -> Vec<Subject> {
    let port = |port: u16, name: &str| json!({"port": port, "name": name});
    let ports = |ports: Value| json!({"spec": {"ports": ports}});
    let containers = |container: Value| json!({"spec": {"template": {"spec": {"containers": [container]}}}});
    let sidecar = json!({"name": "sidecar", "image": "registry.example/y:1"});
    let with_sidecar =
        json!({"spec": {"template": {"spec": {"containers": [sidecar, container(json!({}))]}}}});
    let schedule = |schedule: &str| json!({"spec": {"schedule": schedule}});
    let mut job = pod(container(
        json!({"volumeMounts": [{"name": "config", "mountPath": "/etc/x"}]}),
    ));
    job["spec"]["restartPolicy"] = json!("Never");
    job["spec"]["volumes"] = json!([
        {"name": "config", "configMap": {"name": "c"}}, {"name": "tmp", "emptyDir": {}},
        {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
    ]);
    let policy = json!({"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]});
    let job = json!({"spec": {"backoffLimit": 6, "podFailurePolicy": policy, "template": job}});
    vec![
        subject("services", "v1", "Service", json!({"spec": {"selector": {"app": "x"}, "ports": [port(80, "a"), port(443, "b")]}}))
            .edits([ports(json!([port(80, "a"), port(443, "b"), port(90, "theirs")])), json!({"spec": {"selector": {"app": "y"}}}),
                json!({"spec": {"selector": {"theirs": "1"}}}), ports(json!([port(443, "b"), port(80, "a")]))])
            .wishes([ports(json!([port(80, "a")])), ports(json!([port(80, "a"), port(443, "b"), port(90, "theirs")])),
                ports(json!([port(80, "a"), {"port": 443, "name": "b", "protocol": "TCP"}])), json!({"spec": {"selector": {"theirs": "1"}}})]),
        subject("deployments", "apps/v1", "Deployment", json!({"spec": {
                "replicas": 1, "selector": {"matchLabels": {"app": "x"}}, "template": pod(container(json!({})))}}))
            .edits([json!({"spec": {"replicas": 2}}), with_sidecar, containers(container(json!({"args": ["a"]}))),
                containers(container(json!({"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]}))),
                containers(container(json!({"ports": [{"containerPort": 80}, {"containerPort": 81}]}))),
                json!({"spec": {"strategy": {"type": "Recreate", "rollingUpdate": null}}})])
            .wishes([json!({"spec": {"replicas": 2}}), json!({"spec": {"replicas": null}}), json!({"spec": {"paused": false}}),
                containers(container(json!({"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]}))),
                containers(container(json!({"resources": {"limits": {"memory": "65536Ki"}, "requests": {"cpu": "0.1"}}}))),
                containers(container(json!({"image": "registry.example/x:2"}))),
                json!({"spec": {"strategy": {}}})]),
        subject("cronjobs", "batch/v1", "CronJob", json!({"spec": {"schedule": "*/5 * * * *", "jobTemplate": job}}))
            .edits([schedule("*/7 * * * *"), json!({"spec": {"suspend": true}}), json!({"spec": {"jobTemplate": {"spec": {"backoffLimit": 1}}}})])
            .wishes([schedule("*/7 * * * *"), json!({"spec": {"suspend": true}}), json!({"spec": {"suspend": false}}),
                json!({"spec": {"successfulJobsHistoryLimit": 3}})]),
    ]
}

/// Where the server completes lists that are one value, drops what says nothing, and writes quantities in its own way.
fn rewritten_subjects() -> Vec<Subject> {
    let containers = |container: Value| json!({"spec": {"template": {"spec": {"containers": [container]}}}});
    let quantities = |cpu: &str, memory: &str| {
        let resources = json!({"limits": {"cpu": cpu, "memory": memory}, "requests": {"cpu": "0.1"}});
        container(
            json!({"resources": resources, "tty": false, "env": [{"name": "A", "value": ""}], "command": []}),
        )
    };
    let ports = |port: u16, more: Value| {
        let mut port = json!({"port": port});
        merge(&mut port, &more);
        json!([{"to": [{"namespaceSelector": {}}], "ports": [port]}, {}])
    };
    let with_references = |version: Option<&str>, seconds: Option<u32>| {
        let mut field = json!({"fieldPath": "metadata.name"});
        let mut token = json!({"path": "token"});
        version
            .into_iter()
            .for_each(|version| field["apiVersion"] = json!(version));
        seconds
            .into_iter()
            .for_each(|seconds| token["expirationSeconds"] = json!(seconds));
        let limit = json!({"resource": "limits.cpu", "containerName": "main"});
        let file = json!({"path": "name", "fieldRef": field});
        let volumes = json!([{"name": "own", "downwardAPI": {"items": [file, {"path": "cpu", "resourceFieldRef": limit}]}},
            {"name": "all", "projected": {"sources": [{"serviceAccountToken": token}, {"downwardAPI": {"items": [file]}}]}}]);
        let env = json!([{"name": "A", "valueFrom": {"fieldRef": field}}, {"name": "B", "valueFrom": {"resourceFieldRef": limit}}]);
        let mut pod = pod(container(json!({"env": env})));
        pod["spec"]["volumes"] = volumes;
        json!({"spec": {"selector": {"matchLabels": {"app": "x"}}, "template": pod}})
    };
    let egress = |port: u16, more: Value| json!({"spec": {"egress": ports(port, more)}});
    let template = |mode: &str, more: Value| {
        let mut claim = json!({"metadata": {"name": "data"}, "spec": {"accessModes": [mode],
            "resources": {"requests": {"storage": "1Gi"}}}});
        merge(&mut claim, &more);
        json!([claim])
    };
    let templates = |list: Value| json!({"spec": {"volumeClaimTemplates": list}});
    vec![
        subject("deployments", "apps/v1", "Deployment", json!({"spec": {
                "paused": false, "minReadySeconds": 0, "selector": {"matchLabels": {"app": "x"}},
                "template": pod(quantities("1000m", "1024Mi"))}}))
            .edits([json!({"spec": {"paused": true}}), json!({"spec": {"minReadySeconds": 1}}),
                containers(quantities("2", "1Gi")), containers(quantities("1", "1073741824"))])
            .wishes([json!({"spec": {"paused": true}}), json!({"spec": {"minReadySeconds": null}}),
                containers(quantities("1", "1Gi")), containers(quantities("1.0", "1048576Ki")),
                containers(quantities("1", "1073741824")), containers(quantities("1001m", "1Gi"))]),
        subject("daemonsets", "apps/v1", "DaemonSet", with_references(None, None))
            .edits([with_references(None, Some(7200)), json!({"spec": {"minReadySeconds": 1}})])
            .wishes([with_references(Some("v1"), None), with_references(None, Some(3600)), with_references(None, Some(7200))]),
        subject("networkpolicies", "networking.k8s.io/v1", "NetworkPolicy", json!({"spec": {
                "podSelector": {}, "policyTypes": ["Egress"], "egress": ports(53, json!({}))}}))
            .edits([egress(54, json!({})), egress(53, json!({"protocol": "UDP"})), json!({"spec": {"ingress": []}})])
            .wishes([egress(53, json!({"protocol": "TCP"})), egress(53, json!({"protocol": "UDP"})), egress(54, json!({})),
                json!({"spec": {"policyTypes": ["Ingress", "Egress"]}}), json!({"spec": {"ingress": []}})]),
        subject("statefulsets", "apps/v1", "StatefulSet", json!({"spec": {
                "serviceName": "x", "selector": {"matchLabels": {"app": "x"}}, "template": pod(container(json!({}))),
                "volumeClaimTemplates": template("ReadWriteOnce", json!({}))}}))
            .edits([json!({"spec": {"replicas": 2}}), json!({"spec": {"template": {"metadata": {"labels": {"theirs": "1"}}}}})])
            .wishes([templates(template("ReadWriteOnce", json!({"spec": {"volumeMode": "Filesystem"}}))),
                json!({"spec": {"replicas": 2}})]),
    ]
}

fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in patch {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut target[name], value);
        }
    }
}

fn api(client: &Client, subject: &Subject) -> Api<DynamicObject> {
    let (group, version) = match subject.base["apiVersion"].as_str().unwrap().split_once('/') {
        Some((group, version)) => (group, version),
        None => ("", "v1"),
    };
    let kind = GroupVersionKind::gvk(group, version, subject.base["kind"].as_str().unwrap());
    let resource = ApiResource::from_gvk_with_plural(&kind, subject.plural);
    match subject.base["metadata"]["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}

#[derive(Default)]
struct Tally {
    cases: usize,
    agree: usize,
    asked: usize,
    wrong: Vec<String>,
    needless: Vec<String>,
}

/// What a dry run of the apply does; a conflict is a change that is not made.
async fn truth(api: &Api<DynamicObject>, name: &str, live: &Value, desired: &Value) -> bool {
    let dry = PatchParams {
        dry_run: true,
        ..PatchParams::apply(names::PRODUCT).validation_strict()
    };
    match api.patch(name, &dry, &Patch::Apply(desired)).await {
        Ok(answer) => changes(live, &serde_json::to_value(answer).unwrap()),
        Err(kube::Error::Api(status)) if status.code == 409 => true,
        Err(error) => panic!("{desired}: {error}"),
    }
}

impl Tally {
    async fn try_all(&mut self, client: &Client, subject: &Subject) {
        let (edits, wishes) = everywhere();
        let api = api(client, subject);
        for (number, edit) in edits.iter().chain(&subject.edits).enumerate() {
            let name = format!("subject-{number}");
            let mut base = subject.base.clone();
            base["metadata"]["name"] = json!(name);
            api.patch(&name, &PatchParams::apply(names::PRODUCT), &Patch::Apply(&base))
                .await
                .unwrap();
            let theirs = PatchParams {
                field_manager: Some("theirs".into()),
                ..PatchParams::default()
            };
            api.patch(&name, &theirs, &Patch::Merge(edit)).await.unwrap();
            let live = serde_json::to_value(api.get(&name).await.unwrap()).unwrap();
            for wish in wishes.iter().chain(&subject.wishes) {
                let mut desired = base.clone();
                merge(&mut desired, wish);
                let found = drift(&live, names::PRODUCT, &desired);
                let is_changed = truth(&api, &name, &live, &desired).await;
                self.count(found, is_changed, || {
                    format!("{} edited {edit} wanted {wish}", base["kind"])
                });
            }
            api.delete(&name, &DeleteParams::default()).await.unwrap();
        }
    }

    fn count(&mut self, found: Drift, is_changed: bool, case: impl Fn() -> String) {
        self.cases += 1;
        match (found, is_changed) {
            (Drift::Unchanged, false) | (Drift::Changed, true) => self.agree += 1,
            (Drift::Unknown, _) => self.asked += 1,
            (Drift::Unchanged, true) => self.wrong.push(case()),
            (Drift::Changed, false) => self.needless.push(case()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_unchanged_is_unchanged() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let client = sandbox.client().await.unwrap();
    let mut kinds: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut tally = Tally::default();
    let subjects = [plain_subjects(), working_subjects(), rewritten_subjects()];
    for subject in subjects.into_iter().flatten() {
        let (cases, agree) = (tally.cases, tally.agree);
        tally.try_all(&client, &subject).await;
        let of_kind = kinds.entry(subject.plural.to_owned()).or_default();
        *of_kind = (of_kind.0 + tally.cases - cases, of_kind.1 + tally.agree - agree);
    }
    println!("{kinds:?}");
    println!(
        "{} cases, {} agree, {} wrongly unchanged, {} wrongly changed, {} left to the server",
        tally.cases,
        tally.agree,
        tally.wrong.len(),
        tally.needless.len(),
        tally.asked
    );
    assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
    assert!(tally.needless.is_empty(), "{:#?}", tally.needless);
    assert!(
        kinds.len() == 13 && tally.agree * 100 >= tally.cases * 75,
        "too much is left to the server"
    );
}
