//! A cluster that tenants can be made in.

use crate::{
    cli::program::{Left, Program, Running},
    golden,
    rbac::usage::Usage,
};
use aphex_ops::{
    cli::StepCommand,
    model::{config, rule::Rule},
    render::rbac,
    steps::tenants::{TenantsReconcile, TenantsStatus},
};
use kube::{
    Api, Client, ResourceExt,
    api::{ApiResource, DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
};
use rig::sandbox::{self, AuditEvent, AuditMark, Component, Options, Sandbox};
use serde_json::{Value, json};
use std::{fs, path::PathBuf, time::Duration};

pub(crate) const PLATFORM: &str = "platform-system";

/// The Pipeline of the documented example.
pub(crate) const PIPELINE: &str = "apiVersion: tekton.dev/v1
kind: Pipeline
metadata:
  name: cdktf-deploy-pipeline
spec:
  params:
    - name: git-url
    - name: git-revision
  tasks:
    - name: deploy
      taskRef:
        name: cdktf-deploy
      params:
        - name: git-url
          value: $(params.git-url)
        - name: git-revision
          value: $(params.git-revision)
";

/// The account that the program runs as: it has the rights of the command and no others.
const ACCOUNT: &str = "aphex-ops-tenants-reconcile";

pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    /// As whom the program runs.
    account: String,
    rules: Vec<Rule>,
    pub(crate) kubeconfig: PathBuf,
    start: AuditMark,
    mark: AuditMark,
}

/// What it gets by the role `tenant-secrets`, which it binds in the namespaces of the documented examples.
fn given_to_itself() -> Vec<Rule> {
    let of = |namespace: &str, name: &str| {
        [
            Rule::all(namespace, "", "secrets", &["create"]),
            Rule::named(namespace, "", "secrets", [name], &["patch"]),
        ]
    };
    let organization = of("org-acme-corp", "github-webhook-secret");
    let binding = of("cdktf-deploy-pipeline", "terraform-backend-config");
    organization.into_iter().chain(binding).collect()
}

pub(crate) fn rules() -> Vec<Rule> {
    rules_for("kind")
}

fn rules_for(profile: &str) -> Vec<Rule> {
    let config = config::parse(&format!(
        "profile: {profile}
"
    ))
    .unwrap();
    StepCommand::TenantsReconcile(TenantsReconcile::default()).rules(&config)
}

/// A new account with these rights; how it gets at the cluster.
async fn hire(sandbox: &Sandbox, name: &str, rules: &[Rule]) -> PathBuf {
    let client = sandbox.client().await.unwrap();
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": PLATFORM}});
    sandbox::apply_all(&client, vec![account]).await.unwrap();
    let account = rbac::Account {
        namespace: PLATFORM,
        name,
    };
    sandbox::apply(&client, &rbac::grant_to(rules, name, account))
        .await
        .unwrap();
    sandbox
        .kubeconfig_for_service_account(PLATFORM, name)
        .await
        .unwrap()
}

impl Stage {
    /// With everything that tenants' objects need, and no tenant.
    pub(crate) async fn start() -> Self {
        Self::start_for("kind").await
    }

    /// The same for a profile.
    pub(crate) async fn start_for(profile: &str) -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let client = sandbox.client().await.unwrap();
        for component in [Component::Tekton, Component::Triggers] {
            for (_, text) in sandbox::definitions(component).unwrap() {
                sandbox::apply(&client, &text).await.unwrap();
            }
        }
        Self::beside_tekton(sandbox, profile).await
    }

    /// The same on a cluster that has Tekton's kinds already.
    pub(crate) async fn beside_tekton(sandbox: Sandbox, profile: &str) -> Self {
        let client = sandbox.client().await.unwrap();
        for component in [Component::ArgoCd, Component::ExternalSecrets] {
            for (_, text) in sandbox::definitions(component).unwrap() {
                sandbox::apply(&client, &text).await.unwrap();
            }
        }
        for folder in ["crds", "tenancy"] {
            let folder = golden::root().join("manifests/components").join(folder);
            for file in golden::files(&folder) {
                sandbox::apply(&client, &fs::read_to_string(file).unwrap())
                    .await
                    .unwrap();
            }
        }
        let namespaces = [PLATFORM, "argocd"];
        let namespaces = namespaces
            .map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
        sandbox::apply_all(&client, namespaces.to_vec()).await.unwrap();
        let kubeconfig = hire(&sandbox, ACCOUNT, &rules_for(profile)).await;
        let mark = sandbox.audit_mark().await.unwrap();
        let stage = Self {
            sandbox,
            client,
            account: ACCOUNT.to_owned(),
            rules: rules_for(profile),
            kubeconfig,
            start: mark,
            mark,
        };
        for kind in [
            "Organization",
            "RepoBinding",
            "KnowledgeBase",
            "Pipeline",
            "EventListener",
            "Trigger",
            "TriggerBinding",
            "TriggerTemplate",
            "ClusterSecretStore",
            "AppProject",
            "Application",
        ] {
            // A definition is served some moments after it was made.
            while stage.api(kind, None).list(&Default::default()).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        stage
    }

    pub(crate) async fn run(&mut self, line: &str) -> Left {
        self.mark = self.sandbox.audit_mark().await.unwrap();
        let program = Program::new(line).arg("--kubeconfig", &self.kubeconfig);
        program.run().await
    }

    /// Starts a run that stays.
    pub(crate) fn begin(&self, line: &str) -> Running {
        Program::new(line).arg("--kubeconfig", &self.kubeconfig).start()
    }

    /// From here on requests count.
    pub(crate) async fn mark(&mut self) {
        self.mark = self.sandbox.audit_mark().await.unwrap();
    }

    /// From now on runs may do everything.
    pub(crate) fn work_as_administrator(&mut self) {
        self.kubeconfig = self.sandbox.kubeconfig().to_owned();
    }

    /// From now on runs are those of another account, which has the rights of this command and no others.
    pub(crate) async fn work_as(&mut self, step: &StepCommand) {
        self.account = format!("aphex-ops-{}", step.meta().command.replace(' ', "-"));
        self.rules = step.rules(&config::Config::default());
        self.kubeconfig = hire(&self.sandbox, &self.account, &self.rules).await;
        // The first run of an account makes the lock.
        let locks =
            Api::<k8s_openapi::api::coordination::v1::Lease>::namespaced(self.client.clone(), PLATFORM);
        locks
            .delete_collection(&Default::default(), &Default::default())
            .await
            .unwrap();
        self.start = self.sandbox.audit_mark().await.unwrap();
    }

    /// The account had the rights that it used, and no others.
    pub(crate) async fn assert_exact_rules(&self) {
        let usage = Usage::of(&self.rules, &self.own(self.start).await);
        let (unused, missing) = (usage.unused.len(), usage.missing.len());
        println!(
            "{}: {} rules, {unused} unused, {missing} missing",
            self.account, usage.granted
        );
        assert!(unused + missing == 0, "{usage:#?}");
    }

    /// What the account asked for since then.
    async fn own(&self, since: AuditMark) -> Vec<AuditEvent> {
        let events = self.sandbox.audit_since(since).await.unwrap();
        let is_own = |event: &AuditEvent| event.user.username.ends_with(&self.account);
        events.into_iter().filter(is_own).collect()
    }

    /// Runs it; it must end well. What it wrote, but for its lock.
    pub(crate) async fn writes(&mut self, line: &str) -> Vec<String> {
        self.run(line).await.ended(0, &[]);
        let events = self.sandbox.audit_since(self.mark).await.unwrap().into_iter();
        let ours = events.filter(|event| event.is_write() && event.user_agent.starts_with("aphex-ops/"));
        let named = ours.map(|event| {
            format!(
                "{} {}",
                event.verb,
                event.request_uri.split('?').next().unwrap_or_default()
            )
        });
        named
            .filter(|path| !path.contains("/leases") && !path.contains("/events"))
            .collect()
    }

    pub(crate) async fn requests(&self) -> usize {
        let events = self.sandbox.audit_since(self.mark).await.unwrap().into_iter();
        events
            .filter(|event| event.user_agent.starts_with("aphex-ops/"))
            .count()
    }

    /// `tenants status` says what the tenants say, and asks for what it declares and no more.
    pub(crate) async fn states(&mut self) {
        let left = self.run("tenants status -o wide").await;
        left.ended(0, &[]);
        for said in [
            "Active: ",
            "Ready: Tenant resources",
            "Ready: Tracking 3 repositories",
        ] {
            assert!(left.stdout.contains(said), "{left:#?}");
        }
        let status = StepCommand::TenantsStatus(TenantsStatus::default());
        let own = self.own(self.mark).await;
        let usage = Usage::of(&status.rules(&config::Config::default()), &own);
        assert!(usage.unused.is_empty() && usage.missing.is_empty(), "{usage:#?}");
    }

    /// How the declared permissions fit what was asked for since the start.
    pub(crate) async fn usage(&self) -> Usage {
        let granted = self.rules.iter().cloned().chain(given_to_itself());
        Usage::of(&granted.collect::<Vec<_>>(), &self.own(self.start).await)
    }

    pub(crate) async fn apply(&self, objects: impl IntoIterator<Item = Value>) {
        sandbox::apply_all(&self.client, objects.into_iter().collect())
            .await
            .unwrap();
    }

    pub(crate) fn api(&self, kind: &str, namespace: Option<&str>) -> Api<DynamicObject> {
        api(&self.client, kind, namespace)
    }

    pub(crate) async fn get(&self, kind: &str, namespace: Option<&str>, name: &str) -> Option<Value> {
        let found = self.api(kind, namespace).get_opt(name).await.unwrap()?;
        Some(serde_json::to_value(found).unwrap())
    }

    pub(crate) async fn merge(&self, kind: &str, namespace: Option<&str>, name: &str, patch: Value) {
        let api = self.api(kind, namespace);
        api.patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
    }

    /// Names of all objects of that kind.
    pub(crate) async fn names(&self, kind: &str) -> Vec<String> {
        let found = self.api(kind, None).list(&Default::default()).await.unwrap();
        found.items.iter().map(ResourceExt::name_any).collect()
    }

    /// What there is of tenants, outside their namespaces.
    pub(crate) async fn left(&self) -> Vec<String> {
        let kinds = [
            "Organization",
            "RepoBinding",
            "KnowledgeBase",
            "AppProject",
            "ClusterSecretStore",
            "Trigger",
        ];
        let mut found = Vec::new();
        for kind in kinds {
            let names = self.names(kind).await;
            found.extend(names.iter().map(|name| format!("{kind}/{name}")));
        }
        found
    }

    /// The phase of a tenant, and its message.
    pub(crate) async fn phase(&self, kind: &str, name: &str) -> (String, String) {
        let found = self.get(kind, Some(PLATFORM), name).await.unwrap();
        let text = |field: &str| found["status"][field].as_str().unwrap_or_default().to_owned();
        (text("phase"), text("message"))
    }
}

pub(crate) fn organization(name: &str) -> Value {
    json!({"apiVersion": "aphex.io/v1alpha1", "kind": "Organization",
           "metadata": {"name": name, "namespace": PLATFORM},
           "spec": {"displayName": "ACME Corporation", "adminUsers": ["admin@acme-corp.com", "ops@acme-corp.com"]}})
}

pub(crate) fn binding(name: &str, organization: &str, pipeline: &str) -> Value {
    json!({"apiVersion": "aphex.io/v1alpha1", "kind": "RepoBinding",
           "metadata": {"name": name, "namespace": PLATFORM},
           "spec": {"aphexOrg": organization, "repoOrg": "acme-corp", "repoName": "my-application",
                    "pipelineName": pipeline, "templateRef": "run-pipeline-v1", "pipelineSpec": PIPELINE}})
}

pub(crate) fn knowledge_base(name: &str) -> Value {
    let repository = |name: &str| json!({"url": format!("https://github.com/bdchatham/{name}"), "branch": "main", "paths": [".kiro/docs"]});
    let repositories = ["AphexPlatformInfrastructure", "AphexCLI", "ArchonAgent"].map(repository);
    json!({"apiVersion": "aphex.io/v1alpha1", "kind": "KnowledgeBase",
           "metadata": {"name": name, "namespace": PLATFORM},
           "spec": {"displayName": "Platform Documentation", "repositories": repositories,
                    "description": "Archon knowledge base for platform infrastructure and tooling"}})
}

pub(crate) fn resource(kind: &str) -> ApiResource {
    let (group, version) = match kind {
        "Organization" | "RepoBinding" | "KnowledgeBase" => ("aphex.io", "v1alpha1"),
        "Pipeline" | "PipelineRun" => ("tekton.dev", "v1"),
        "EventListener" | "Trigger" | "TriggerBinding" | "TriggerTemplate" => {
            ("triggers.tekton.dev", "v1beta1")
        }
        "AppProject" | "Application" => ("argoproj.io", "v1alpha1"),
        "ClusterSecretStore" => ("external-secrets.io", "v1"),
        "NetworkPolicy" => ("networking.k8s.io", "v1"),
        "Deployment" => ("apps", "v1"),
        "RoleBinding" | "ClusterRoleBinding" | "ClusterRole" => ("rbac.authorization.k8s.io", "v1"),
        _ => ("", "v1"),
    };
    let mut resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    if kind == "NetworkPolicy" {
        resource.plural = "networkpolicies".to_owned();
    }
    resource
}

pub(crate) fn api(client: &Client, kind: &str, namespace: Option<&str>) -> Api<DynamicObject> {
    let resource = resource(kind);
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}

/// Deletes what is in a namespace of a tenant, as Kubernetes does when it is deleted.
pub(crate) async fn empty(client: &Client, namespace: &str) {
    let kinds = [
        "RoleBinding",
        "ServiceAccount",
        "Secret",
        "Pipeline",
        "ConfigMap",
        "Deployment",
        "Trigger",
        "TriggerTemplate",
        "EventListener",
        "TriggerBinding",
        "ResourceQuota",
        "LimitRange",
        "NetworkPolicy",
    ];
    for kind in kinds {
        let api = api(client, kind, Some(namespace));
        api.delete_collection(&Default::default(), &Default::default())
            .await
            .unwrap();
    }
}

/// Ends every namespace that is being deleted, with what is in it of ours.
pub(crate) fn end_namespaces(client: Client) {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(30)).await;
            let namespaces = Api::<k8s_openapi::api::core::v1::Namespace>::all(client.clone());
            let Ok(all) = namespaces.list(&Default::default()).await else {
                continue;
            };
            for namespace in all
                .items
                .into_iter()
                .filter(|found| found.metadata.deletion_timestamp.is_some())
            {
                let name = namespace.name_any();
                let mut body = serde_json::to_value(&namespace).unwrap();
                body["spec"]["finalizers"] = json!([]);
                let request = http::Request::put(format!("/api/v1/namespaces/{name}/finalize"))
                    .header("Content-Type", "application/json")
                    .body(serde_json::to_vec(&body).unwrap())
                    .unwrap();
                empty(&client, &name).await;
                // It may be gone since.
                let _ = client.request::<Value>(request).await;
            }
        }
    });
}
