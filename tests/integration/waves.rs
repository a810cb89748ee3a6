//! `waves`: manifests against a real API server.

use crate::cli::{cluster::Cluster, program::Left};
use k8s_openapi::api::{
    admissionregistration::v1::ValidatingAdmissionPolicy,
    core::v1::{ConfigMap, PersistentVolumeClaim},
};
use kube::{
    Api,
    api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use std::time::Duration;

fn mk_map(namespace: &str, name: &str, wave: i32, value: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {namespace}\n  annotations: \
         {{argocd.argoproj.io/sync-wave: \"{wave}\"}}\ndata: {{key: \"{value}\"}}\n"
    )
}

/// A definition of kind `<Kind>`, which only this test knows, and one object of it in the wave after it.
fn mk_definition(namespace: &str, kind: &str) -> String {
    let word = kind.to_lowercase();
    let schema = "{openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}";
    let versions = format!("[{{name: v1, served: true, storage: true, schema: {schema}}}]");
    format!(
        "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: {word}s.waves.test}}\n\
         spec: {{group: waves.test, scope: Namespaced, names: {{kind: {kind}, plural: {word}s, singular: {word}}}, \
         versions: {versions}}}\n---\napiVersion: waves.test/v1\nkind: {kind}\nmetadata: {{name: first, namespace: \
         {namespace}, annotations: {{argocd.argoproj.io/sync-wave: \"1\"}}}}\nspec: {{a: 1}}\n"
    )
}

async fn run(cluster: &Cluster, line: &str, manifests: &str) -> Left {
    cluster.program(line).arg_file("--file", manifests).run().await
}

/// Nothing but its lock, since the last [`Cluster::forget`].
async fn wrote_nothing(cluster: &Cluster) {
    let writes = cluster.writes().await.into_iter();
    let writes: Vec<String> = writes.filter(|write| !write.contains("/leases")).collect();
    assert!(writes.is_empty(), "{writes:#?}");
}

#[tokio::test]
async fn waves_are_installed_in_order_and_a_second_run_writes_nothing() {
    let mut cluster = Cluster::share("wv-order").await.with_namespaces().await;
    let auth = cluster.namespace("auth");
    let text = [
        mk_map(&auth, "last", 7, "1"),
        mk_definition(&auth, "Orderly"),
        mk_map(&auth, "first", 0, "1"),
    ];
    let manifests = text.concat();
    cluster.forget().await;
    run(&cluster, "waves install", &manifests).await.ended(0, &[]);
    let writes = cluster.writes().await;
    let place = |part: &str| writes.iter().position(|write| write.contains(part)).unwrap();
    assert!(
        place("configmaps/aphex-ops-manifests") < place("configmaps/first"),
        "{writes:#?}"
    );
    assert!(
        place("configmaps/first") < place("/orderlys/first"),
        "{writes:#?}"
    );
    assert!(place("/orderlys/first") < place("configmaps/last"), "{writes:#?}");

    cluster.forget().await;
    run(&cluster, "waves install", &manifests).await.ended(0, &[]);
    run(&cluster, "waves status", &manifests).await.ended(0, &[]);
    run(&cluster, "waves prune", &manifests).await.ended(0, &[]);
    wrote_nothing(&cluster).await;
}

#[tokio::test]
async fn drift_is_mended_and_what_others_own_is_refused() {
    let cluster = Cluster::share("wv-drift").await.with_namespaces().await;
    let auth = cluster.namespace("auth");
    let manifests =
        mk_map(&auth, "one", 0, "1") + &mk_map(&auth, "two", 0, "1") + &mk_map(&auth, "later", 1, "1");
    run(&cluster, "waves install", &manifests).await.ended(0, &[]);

    let maps = cluster.api::<ConfigMap>("auth");
    let force = PatchParams::apply("somebody").force();
    let theirs = |value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"key": value}});
    maps.patch("one", &force, &Patch::Apply(theirs("2")))
        .await
        .unwrap();
    let changed =
        mk_map(&auth, "one", 0, "3") + &mk_map(&auth, "two", 0, "3") + &mk_map(&auth, "later", 1, "3");
    let says = [".data.key (somebody)", "ConfigMap wv-drift-auth/one"];
    let differs = ["ConfigMap wv-drift-auth/one: it differs from its manifest"];
    run(&cluster, "waves status", &changed).await.ended(4, &differs);
    run(&cluster, "waves install", &changed).await.ended(7, &says);
    let value = |map: ConfigMap| map.data.unwrap()["key"].clone();
    assert_eq!(
        value(maps.get("one").await.unwrap()),
        "2",
        "what another owns was taken"
    );
    assert_eq!(
        value(maps.get("two").await.unwrap()),
        "3",
        "what nobody else owns was left out"
    );
    assert_eq!(value(maps.get("later").await.unwrap()), "1", "a later wave began");
}

#[tokio::test]
async fn what_another_manager_owns_is_taken_only_from_those_that_are_named() {
    let mut cluster = Cluster::share("wv-adopt").await.with_namespaces().await;
    let auth = cluster.namespace("auth");
    let maps = cluster.api::<ConfigMap>("auth");
    for (name, manager) in [("theirs", "kubectl-client-side-apply"), ("other", "somebody")] {
        let parameters = PostParams {
            field_manager: Some(manager.to_owned()),
            ..PostParams::default()
        };
        let map = json!({"metadata": {"name": name}, "data": {"key": "2", "more": "2"}});
        let map: ConfigMap = serde_json::from_value(map).unwrap();
        maps.create(&parameters, &map).await.unwrap();
    }
    let (theirs, other) = (mk_map(&auth, "theirs", 0, "3"), mk_map(&auth, "other", 0, "3"));
    let adopt = "waves install --adopt kubectl-client-side-apply";
    let says = [".data.key (kubectl-client-side-apply)"];
    run(&cluster, "waves install", &theirs).await.ended(7, &says);
    let says = [".data.key (somebody)"];
    let both = theirs.clone() + &other;
    run(&cluster, adopt, &both).await.ended(7, &says);
    let data = async |name: &str| maps.get(name).await.unwrap().data.unwrap();
    let taken = data("theirs").await;
    assert_eq!((taken["key"].as_str(), taken["more"].as_str()), ("3", "2"));
    assert_eq!(data("other").await["key"], "2");

    // From now on it is ours, without asking.
    cluster.forget().await;
    run(&cluster, "waves install", &theirs).await.ended(0, &[]);
    wrote_nothing(&cluster).await;
}

/// Three kinds, so that a page of one is waiting to be taken while the look at another one fails.
#[tokio::test]
async fn a_look_that_is_refused_ends_the_run_at_once_and_says_what_is_missing() {
    let cluster = Cluster::share("wv-refused").await.with_namespaces().await;
    let auth = cluster.namespace("auth");
    let account =
        format!("---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: a, namespace: {auth}}}\n");
    let limits = format!(
        "---\napiVersion: v1\nkind: LimitRange\nmetadata: {{name: a, namespace: {auth}}}\nspec: {{limits: []}}\n"
    );
    let manifests = mk_map(&auth, "one", 0, "1") + &account + &limits;
    run(&cluster, "waves install", &manifests).await.ended(0, &[]);
    let cluster = cluster.for_account().await;
    let refused = run(&cluster, "waves status --timeout 20s", &manifests).await;
    refused.ended(6, &["permission"]);
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_before_the_first_write() {
    let mut cluster = Cluster::share("wv-wrong").await.with_namespaces().await;
    let auth = cluster.namespace("auth");
    let manifests = [
        mk_map(&auth, "twice", 0, "1"),
        mk_map(&auth, "twice", 0, "2"),
        "---\napiVersion: nowhere.test/v1\nkind: Unheard\nmetadata: {name: a}\n".to_owned(),
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, annotations: {argocd.argoproj.io/sync-wave: soon}}\n".to_owned(),
    ];
    cluster.forget().await;
    let wrong = run(&cluster, "waves install", &manifests[..3].concat()).await;
    wrong.ended(2, &["twice", "Unheard"]);
    let wrong = run(&cluster, "waves install", &manifests.concat()).await;
    wrong.ended(2, &["soon"]);
    run(&cluster, "waves install", "a: [")
        .await
        .ended(2, &["document 1"]);
    let nowhere = mk_map("wv-nowhere", "a", 0, "1");
    let says = ["Namespace wv-nowhere: it does not exist, and no manifest makes it"];
    run(&cluster, "waves install", &nowhere).await.ended(2, &says);
    let missing = cluster.run("waves install -f /nowhere/at/all.yaml").await;
    missing.ended(2, &["cannot read /nowhere/at/all.yaml"]);
    wrote_nothing(&cluster).await;
}

#[tokio::test]
async fn what_leaves_the_manifests_is_pruned_and_what_holds_data_only_when_confirmed() {
    let cluster = Cluster::share("wv-prune").await.with_namespaces().await;
    let auth = cluster.namespace("auth");
    let stays = mk_map(&auth, "stays", 0, "1");
    let all = [
        stays.clone(),
        mk_map(&auth, "goes", 0, "1"),
        mk_definition(&auth, "Prunable"),
    ]
    .concat();
    run(&cluster, "waves install", &all).await.ended(0, &[]);
    let foreign = mk_map(&auth, "not-in-the-set", 0, "1");
    run(&cluster, "waves install --set other", &foreign)
        .await
        .ended(0, &[]);

    let maps = cluster.api::<ConfigMap>("auth");
    let without_map = [stays.clone(), mk_definition(&auth, "Prunable")].concat();
    run(&cluster, "waves prune", &without_map)
        .await
        .ended(0, &["ConfigMap wv-prune-auth/goes: deleted"]);
    assert!(maps.get_opt("goes").await.unwrap().is_none());
    let guarded = ["pass --confirm 2"];
    run(&cluster, "waves prune", &stays).await.ended(7, &guarded);
    run(&cluster, "waves prune --confirm 1", &stays)
        .await
        .ended(7, &guarded);
    let pruned = run(&cluster, "waves prune --confirm 2", &stays).await;
    pruned.ended(
        0,
        &[
            "Prunable wv-prune-auth/first: deleted",
            "prunables.waves.test: deleted",
        ],
    );
    assert!(maps.get_opt("stays").await.unwrap().is_some());
    assert!(maps.get_opt("not-in-the-set").await.unwrap().is_some());
    // A member of one set is not taken into another.
    run(&cluster, "waves install", &foreign)
        .await
        .ended(7, &["another ApplySet"]);
}

#[tokio::test]
async fn a_wave_that_does_not_get_healthy_stops_the_next_one_and_says_why() {
    let cluster = Cluster::share("wv-gate").await.with_namespaces().await;
    let auth = cluster.namespace("auth");
    let deployment = format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: {auth}}}\nspec:\n  selector: \
         {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: \
         [{{name: web, image: localhost/web:1}}]}}\n"
    );
    let manifests = deployment + &mk_map(&auth, "after", 1, "1");
    let says = [
        "Deployment wv-gate-auth/web",
        "the deadline was reached while waiting: its controller has not seen the last change yet",
    ];
    run(&cluster, "waves install --timeout 2s", &manifests)
        .await
        .ended(5, &says);
    assert!(
        cluster
            .api::<ConfigMap>("auth")
            .get_opt("after")
            .await
            .unwrap()
            .is_none()
    );
    run(&cluster, "waves status", &manifests)
        .await
        .ended(4, &["its controller has not seen the last change yet"]);
}

/// A kind whose status has a phase and nothing that is usual, and an object in the wave after it.
fn mk_phased(namespace: &str) -> String {
    let status = "subresources: {status: {}}, served: true";
    let text = mk_definition(namespace, "Phased").replace("served: true", status);
    text + &mk_map(namespace, "after", 2, "1")
}

#[tokio::test]
async fn a_kind_of_the_users_own_is_judged_by_the_expressions_of_the_configuration() {
    let cluster = Cluster::share("wv-cel").await.with_namespaces().await;
    let manifests = mk_phased(&cluster.namespace("auth"));
    let health = json!({"group": "waves.test", "kind": "Phased", "current": "object.status.phase == 'Running'",
        "failed": "object.status.phase == 'Broken'", "message": "'its phase is ' + object.status.phase"});
    let install = async |health: &Value, line: &str| {
        let program = cluster.program_with(line, json!({"health": [health]}));
        program.arg_file("--file", &manifests).run().await
    };
    let resource = ApiResource {
        group: "waves.test".to_owned(),
        version: "v1".to_owned(),
        api_version: "waves.test/v1".to_owned(),
        kind: "Phased".to_owned(),
        plural: "phaseds".to_owned(),
    };
    let phased: Api<DynamicObject> =
        Api::namespaced_with(cluster.client(), &cluster.namespace("auth"), &resource);
    let set_phase = async |phase: &str| {
        let patch = Patch::Merge(json!({"status": {"phase": phase}}));
        phased
            .patch_status("first", &PatchParams::default(), &patch)
            .await
            .unwrap();
    };

    let mut bad = health.clone();
    bad["current"] = json!("status.phase == 'Running'");
    let says = ["health of Phased, current: status is unknown; the object is called object"];
    install(&bad, "waves install").await.ended(2, &says);

    let says = [
        "Phased wv-cel-auth/first",
        "has no answer yet: there is no status",
    ];
    install(&health, "waves install --timeout 3s")
        .await
        .ended(5, &says);
    set_phase("Starting").await;
    let says = ["its phase is Starting"];
    install(&health, "waves install --timeout 2s")
        .await
        .ended(5, &says);
    let maps = cluster.api::<ConfigMap>("auth");
    assert!(maps.get_opt("after").await.unwrap().is_none());
    set_phase("Broken").await;
    let failed = install(&health, "waves install").await;
    failed.ended(11, &["its phase is Broken"]);

    set_phase("Running").await;
    install(&health, "waves install").await.ended(0, &[]);
    assert!(maps.get_opt("after").await.unwrap().is_some());
}

/// The API server fills such a policy in, also inside of lists that are owned as a whole.
#[tokio::test]
async fn a_policy_whose_defaults_nobody_wrote_is_sent_once() {
    let mut cluster = Cluster::share("wv-policy").await.with_namespaces().await;
    let auth = cluster.namespace("auth");
    let policy = "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: \
                  wv-policy-own}\nspec:\n  matchConstraints: {resourceRules: [{apiGroups: [waves.test], apiVersions: [v1], \
                  operations: [CREATE], resources: [nothings]}]}\n  validations: [{expression: 'true'}]\n"
        .to_owned();
    let manifests = policy + &mk_map(&auth, "after", 1, "1");
    run(&cluster, "waves install", &manifests).await.ended(0, &[]);
    cluster.forget().await;
    run(&cluster, "waves install", &manifests).await.ended(0, &[]);
    wrote_nothing(&cluster).await;

    let policies: Api<ValidatingAdmissionPolicy> = Api::all(cluster.client());
    let generation = policies.get("wv-policy-own").await.unwrap().metadata.generation;
    let status = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "status": {"observedGeneration": generation, "typeChecking": {}}});
    // As the controller of the API server writes it.
    let controller = PatchParams::apply("validatingadmissionpolicy-status").force();
    policies
        .patch_status("wv-policy-own", &controller, &Patch::Apply(status))
        .await
        .unwrap();
    // The server sorts managedFields by seconds, so in a later one a dry run shows them in another order.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    cluster.forget().await;
    run(&cluster, "waves install", &manifests).await.ended(0, &[]);
    wrote_nothing(&cluster).await;
}

#[tokio::test]
async fn what_takes_long_is_told_with_the_events_about_it() {
    let cluster = Cluster::share("wv-events").await.with_namespaces().await;
    let auth = cluster.namespace("auth");
    let claim = format!(
        "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data, namespace: {auth}}}\nspec: \
         {{storageClassName: nowhere, accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}\n"
    );
    let run_for = async |time: &str| {
        let line = format!("waves install --timeout {time}");
        run(&cluster, &line, &claim).await
    };
    run_for("1s")
        .await
        .ended(5, &["PersistentVolumeClaim wv-events-auth/data"]);
    let claims = cluster.api::<PersistentVolumeClaim>("auth");
    let uid = claims.get("data").await.unwrap().metadata.uid;
    let about = |uid: &Option<String>, name: &str, message: &str| {
        json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": auth},
            "involvedObject": {"kind": "PersistentVolumeClaim", "namespace": auth, "name": "data", "uid": uid},
            "type": "Warning", "reason": "ProvisioningFailed", "message": message, "lastTimestamp": "2026-01-01T00:00:00Z"})
    };
    cluster
        .apply(about(&uid, "one", "storageclass nowhere not found"))
        .await;
    let earlier = Some("11111111-1111-1111-1111-111111111111".to_owned());
    cluster
        .apply(about(&earlier, "two", "of another one of that name"))
        .await;
    let left = run_for("7s").await;
    left.ended(5, &["ProvisioningFailed: storageclass nowhere not found"]);
    assert!(!left.stderr.contains("of another one"), "{left:#?}");
}

/// The account may ask which kinds there are, as everybody may, and nothing else.
#[tokio::test]
async fn the_rules_that_are_printed_for_manifests_suffice_to_install_them() {
    let cluster = Cluster::share("wv-rules").await.with_namespaces().await;
    let cluster = cluster.for_account().await;
    let auth = cluster.namespace("auth");
    let role = format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: wide, namespace: {auth}}}\nrules: \
         [{{apiGroups: [\"\"], resources: [pods], verbs: [delete]}}]\n"
    );
    let manifests = mk_map(&auth, "one", 0, "1") + &role + &mk_definition(&auth, "Ruled");
    let without = run(&cluster, "waves install --no-lock", &manifests).await;
    without.ended(6, &["permission"]);
    let line = "render rbac --account-namespace default --account wv-rules";
    let rendered = cluster.program(line).arg_file("--from", &manifests).run().await;
    cluster.apply_text(&rendered.ended(0, &[]).stdout).await;
    run(&cluster, "waves install", &manifests).await.ended(0, &[]);
    let wrong = cluster.program(line).arg_file("--from", "a: [").run().await;
    wrong.ended(2, &["document 1"]);
}
