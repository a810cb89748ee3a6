//! `install` with everything that a scheduled step may need, as an account that holds exactly what it declares.

use aphex_ops::{
    converge::{Context, Events, Mode, Outcome, Report, Step, Stop, converge},
    http::Http,
    kubernetes::{Cluster, Connection},
    model::config::Config,
    render::{install, rbac},
    steps::{install::Install, uninstall::Uninstall},
};
use k8s_openapi::api::{
    batch::v1::CronJob,
    core::v1::{Namespace, ServiceAccount},
    rbac::v1::Role,
};
use kube::{
    Api, Client,
    api::{DeleteParams, ObjectMeta, Patch, PatchParams, PostParams},
};
use rig::sandbox::{AuditEvent, AuditMark, Options, Sandbox};
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};
use tokio::time::Instant;

const ACCOUNTS: &str = "accounts";
const RUNNER: &str = "system:serviceaccount:accounts:runner";

fn job_parts(_: &Config) -> Vec<Value> {
    let metadata = |namespace: Value| json!({"name": "aphex-ops-demo", "namespace": namespace});
    let rbac = "rbac.authorization.k8s.io";
    let version = format!("{rbac}/v1");
    let rules = json!([{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["dex-secrets"], "verbs": ["get", "patch"]}]);
    let nodes = json!([{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}]);
    let role = |kind: &str| json!({"apiGroup": rbac, "kind": kind, "name": "aphex-ops-demo"});
    let subjects =
        json!([{"kind": "ServiceAccount", "name": "aphex-ops-demo", "namespace": "platform-system"}]);
    let container = json!({"name": "aphex-ops", "image": "registry.example/aphex-ops:1", "args": ["dex", "sync"],
        "volumeMounts": [{"name": "config", "mountPath": "/etc/aphex-ops", "readOnly": true}],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}}});
    let volume = json!({"name": "config", "configMap": {"name": "aphex-ops-config"}});
    let pod = json!({"serviceAccountName": "aphex-ops-demo", "restartPolicy": "Never", "containers": [container], "volumes": [volume]});
    let policy =
        json!({"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [2, 6, 7]}}]});
    let job = json!({"spec": {"backoffLimit": 6, "podFailurePolicy": policy, "template": {"spec": pod}}});
    let platform = || metadata(json!("platform-system"));
    let auth = || metadata(json!("auth-system"));
    let mut global = metadata(Value::Null);
    global.as_object_mut().unwrap().remove("namespace");
    vec![
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": platform()}),
        json!({"apiVersion": version, "kind": "Role", "metadata": auth(), "rules": rules}),
        json!({"apiVersion": version, "kind": "ClusterRole", "metadata": global, "rules": nodes}),
        json!({"apiVersion": version, "kind": "RoleBinding", "metadata": auth(), "roleRef": role("Role"), "subjects": subjects}),
        json!({"apiVersion": version, "kind": "ClusterRoleBinding", "metadata": global, "roleRef": role("ClusterRole"), "subjects": subjects}),
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": platform(),
               "spec": {"schedule": "*/5 * * * *", "concurrencyPolicy": "Forbid", "jobTemplate": job}}),
    ]
}

fn with_jobs(config: &Config) -> Vec<Value> {
    install::objects(config, job_parts(config))
}

fn without_jobs(config: &Config) -> Vec<Value> {
    install::objects(config, Vec::new())
}

struct Stage {
    sandbox: Sandbox,
    client: Client,
    kubeconfig: PathBuf,
    mark: AuditMark,
}

impl Stage {
    /// A cluster without the platform, and an account that holds the rules of `install` and no others.
    async fn start() -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let client = sandbox.client().await.unwrap();
        let namespaces = Api::<Namespace>::all(client.clone());
        // The account's Roles have to be somewhere.
        for name in Config::default().namespaces.all().into_iter().chain([ACCOUNTS]) {
            let metadata = ObjectMeta {
                name: Some(name.to_owned()),
                ..ObjectMeta::default()
            };
            let namespace = Namespace {
                metadata,
                ..Namespace::default()
            };
            namespaces
                .create(&PostParams::default(), &namespace)
                .await
                .unwrap();
        }
        let account = json!({"metadata": {"name": "runner"}});
        let account: ServiceAccount = serde_json::from_value(account).unwrap();
        let accounts = Api::<ServiceAccount>::namespaced(client.clone(), ACCOUNTS);
        accounts.create(&PostParams::default(), &account).await.unwrap();
        let rules = Install::of(with_jobs).rules(&Config::default());
        let account = rbac::Account {
            namespace: ACCOUNTS,
            name: "runner",
        };
        let grant = rbac::grant_to(&rules, "runner", account);
        rig::sandbox::apply(&client, &grant).await.unwrap();
        let kubeconfig = sandbox
            .kubeconfig_for_service_account(ACCOUNTS, "runner")
            .await
            .unwrap();
        let mark = sandbox.audit_mark().await.unwrap();
        Self {
            sandbox,
            client,
            kubeconfig,
            mark,
        }
    }

    async fn run(&mut self, step: &impl Step) -> Report {
        self.mark = self.sandbox.audit_mark().await.unwrap();
        let (config, stop) = (Config::default(), Stop::default());
        let connection = Connection {
            kubeconfig: Some(self.kubeconfig.clone()),
            ..Connection::default()
        };
        let cx = Context {
            cluster: Cluster::connect(&connection, &stop).await.unwrap(),
            http: Http::new(&config, &stop).unwrap(),
            events: Events::to(|_| {}),
            stop,
            deadline: Instant::now() + Duration::from_secs(20),
            run_id: "run".to_owned(),
            command: "test".to_owned(),
            config,
        };
        converge(step, &cx, Mode::Apply).await
    }

    /// Runs it; it must end well. Its writes in their order.
    async fn writes(&mut self, step: &impl Step) -> Vec<String> {
        let report = self.run(step).await;
        assert_eq!(report.exit_code, 0, "{report:#?}");
        let is_ours = |event: &AuditEvent| event.user.username == RUNNER && event.is_write();
        let events = self.sandbox.audit_since(self.mark).await.unwrap();
        let object = |event: &AuditEvent| {
            let object = event.object_ref.clone().unwrap_or_default();
            format!("{} {}", event.verb, object.resource)
        };
        events.iter().filter(|event| is_ours(event)).map(object).collect()
    }

    async fn set_role(&self, change: Value) {
        let api = Api::<Role>::namespaced(self.client.clone(), "auth-system");
        let theirs = PatchParams {
            field_manager: Some("theirs".to_owned()),
            ..PatchParams::default()
        };
        api.patch("aphex-ops-demo", &theirs, &Patch::Merge(&change))
            .await
            .unwrap();
    }
}

fn outcomes(report: &Report) -> Vec<String> {
    let changed = report
        .actions
        .iter()
        .filter(|row| row.outcome != Some(Outcome::Unchanged));
    changed
        .map(|row| format!("{} {:?}", row.object, row.outcome))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_installed_stays_is_mended_and_goes() {
    let mut stage = Stage::start().await;
    let (all, fewer) = (Install::of(with_jobs), Install::of(without_jobs));
    let made = stage.writes(&all).await;
    // The namespaces are there, and stay as they are.
    let mut accounts = made[..2].to_vec();
    accounts.sort();
    assert_eq!(accounts, ["patch configmaps", "patch serviceaccounts"]);
    assert_eq!((made.len(), made[6].as_str()), (7, "patch cronjobs"));

    let idle = stage.run(&all).await;
    assert_eq!((idle.exit_code, idle.rounds, outcomes(&idle)), (0, 1, vec![]));
    // One list of each labelled kind, and the namespaces by name: nothing else, however many jobs there are.
    let requests: Vec<_> = idle
        .requests
        .iter()
        .map(|(verb, count)| (*verb, *count))
        .collect();
    assert_eq!(requests, [("get", 4), ("list", 7)]);

    stage
        .set_role(json!({"metadata": {"labels": {"theirs": "1"}}}))
        .await;
    assert_eq!(
        stage.writes(&all).await,
        [] as [&str; 0],
        "what others add is theirs"
    );
    let jobs = Api::<CronJob>::namespaced(stage.client.clone(), "platform-system");
    jobs.delete("aphex-ops-demo", &DeleteParams::default())
        .await
        .unwrap();
    assert_eq!(stage.writes(&all).await, ["patch cronjobs"]);

    let gone = stage.writes(&fewer).await;
    assert_eq!(gone[0], "delete cronjobs");
    assert!(
        gone[1].ends_with("bindings") && gone[3].ends_with("roles"),
        "{gone:?}"
    );
    assert_eq!((gone.len(), gone[5].as_str()), (6, "delete serviceaccounts"));
    assert_eq!(stage.writes(&fewer).await, [] as [&str; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_installed_is_uninstalled_backwards() {
    let mut stage = Stage::start().await;
    stage.writes(&Install::of(with_jobs)).await;
    let gone = stage.writes(&Uninstall::default()).await;
    assert_eq!((gone.len(), gone[0].as_str()), (7, "delete cronjobs"));
    assert!(
        gone[1..3].iter().all(|write| write.ends_with("bindings")),
        "{gone:?}"
    );
    assert!(
        gone[3..5].iter().all(|write| write.ends_with("roles")),
        "{gone:?}"
    );
    assert_eq!(stage.writes(&Uninstall::default()).await, [] as [&str; 0]);
    let namespaces = Api::<Namespace>::all(stage.client.clone());
    assert!(namespaces.get("platform-system").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_owns_is_refused_and_what_needs_it_left_out() {
    let mut stage = Stage::start().await;
    let all = Install::of(with_jobs);
    stage.writes(&all).await;
    let rule = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]});
    stage.set_role(json!({"rules": [rule]})).await;
    let jobs = Api::<CronJob>::namespaced(stage.client.clone(), "platform-system");
    jobs.delete("aphex-ops-demo", &DeleteParams::default())
        .await
        .unwrap();
    let report = stage.run(&all).await;
    assert_eq!(report.exit_code, 7, "{report:#?}");
    let failure = &report.failures[0];
    assert_eq!(failure.message, "owned by somebody else: .rules (theirs)");
    assert_eq!(outcomes(&report), [] as [&str; 0], "{report:#?}");
    // By a manager that is nobody's: only a dry run can tell, and refuses.
    stage.set_role(json!({"metadata": {"managedFields": [{}]}})).await;
    let report = stage.run(&all).await;
    assert_eq!(report.exit_code, 7, "{report:#?}");
    assert_eq!(report.failures[0].object.as_ref().unwrap().name, "aphex-ops-demo");
    assert_eq!(
        outcomes(&report),
        ["CronJob platform-system/aphex-ops-demo Some(Skipped)"]
    );
}
