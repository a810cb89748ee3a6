//! The objects of a `RepoBinding`.

use super::{
    Binding, Exactness, Facts, GRANTED, Part, Stage, account, address, grant, listener, managed_by, network,
    object,
};
use crate::{
    model::{
        kind::Address,
        tenants::{PermissionProfile, names},
    },
    steps::tenants::kinds,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// One object of a `RepoBinding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::steps::tenants) enum BindingPart {
    Namespace,
    /// Lets us at the Secrets of the namespace that we make.
    SecretsAccess,
    Runner,
    RunnerAccess,
    /// Lets the organization's listener make runs.
    ListenerAccess,
    /// Lets the pipeline deploy through Argo CD.
    DeployerAccess,
    Project,
    Quota,
    Limits,
    Fence,
    Terraform,
    Pipeline,
    Template,
    Trigger,
}

use BindingPart as P;

/// The account that runs pipelines.
pub(super) const RUNNER: &str = "pipeline-runner";
/// The Secret with Terraform's backend.
pub(in crate::steps::tenants) const TERRAFORM_SECRET: &str = "terraform-backend-config";

impl Part for BindingPart {
    type Tenant<'a> = Binding<'a>;

    fn all() -> &'static [Self] {
        &[
            P::Namespace,
            P::SecretsAccess,
            P::Runner,
            P::RunnerAccess,
            P::ListenerAccess,
            P::DeployerAccess,
            P::Project,
            P::Quota,
            P::Limits,
            P::Fence,
            P::Terraform,
            P::Pipeline,
            P::Template,
            P::Trigger,
        ]
    }

    fn at(self, tenant: &Binding<'_>) -> Address {
        let pipeline = tenant.spec.pipeline_name.as_str();
        let organization = names::organization_namespace(&tenant.spec.aphex_org);
        let inside = |kind, name: &str| address(kind, Some(pipeline), name);
        let listening =
            |kind, suffix: &str| address(kind, Some(&organization), format!("{pipeline}-{suffix}"));
        let argocd = |kind, name: String| address(kind, Some(&tenant.facts.argocd), name);
        match self {
            P::Namespace => address(kinds::NAMESPACE, None, pipeline),
            P::SecretsAccess => inside(kinds::ROLE_BINDING, "tenant-secrets"),
            P::Runner => inside(kinds::SERVICE_ACCOUNT, RUNNER),
            P::RunnerAccess => inside(kinds::ROLE_BINDING, RUNNER),
            P::ListenerAccess => inside(kinds::ROLE_BINDING, "eventlistener-run"),
            P::DeployerAccess => argocd(kinds::ROLE_BINDING, format!("{pipeline}-argocd-access")),
            P::Project => argocd(kinds::APP_PROJECT, pipeline.to_owned()),
            P::Quota => inside(kinds::RESOURCE_QUOTA, "tenant-quota"),
            P::Limits => inside(kinds::LIMIT_RANGE, "tenant-limits"),
            P::Fence => inside(kinds::NETWORK_POLICY, "tenant-isolation"),
            P::Terraform => inside(kinds::SECRET, TERRAFORM_SECRET),
            P::Pipeline => inside(kinds::PIPELINE, pipeline),
            P::Template => listening(kinds::TRIGGER_TEMPLATE, "trigger-template"),
            P::Trigger => listening(kinds::TRIGGER, "trigger"),
        }
    }

    fn body(self, tenant: &Binding<'_>) -> Value {
        let pipeline = tenant.spec.pipeline_name.as_str();
        let runner = || json!([account(RUNNER, pipeline)]);
        let fields = match self {
            P::Namespace => Value::Null,
            P::SecretsAccess => secrets_access("tenant-secrets", tenant.facts),
            P::Runner => json!({}),
            P::RunnerAccess => grant(profile(tenant), runner()),
            P::ListenerAccess => {
                let organization = names::organization_namespace(&tenant.spec.aphex_org);
                let listener = account(super::organization::LISTENER_ACCOUNT, &organization);
                grant("eventlistener-run", json!([listener]))
            }
            P::DeployerAccess => grant("argocd-application-deployer", runner()),
            P::Project => project(tenant),
            P::Quota => quota(),
            P::Limits => limits(),
            P::Fence => network::fence(tenant.facts),
            P::Terraform => {
                json!({"type": "Opaque", "data": {"backend.tf": STANDARD.encode(backend(pipeline))}})
            }
            P::Pipeline => json!({"spec": tenant.pipeline.open()["spec"]}),
            P::Template => listener::template(tenant),
            P::Trigger => listener::trigger(tenant),
        };
        object(&self.at(tenant), self.labels(tenant).into(), tenant.owner, fields)
    }

    fn stage(self) -> Stage {
        match self {
            P::Namespace => Stage::Namespace,
            P::Terraform | P::Pipeline | P::Template => Stage::Content,
            P::Trigger => Stage::Door,
            _ => Stage::Fence,
        }
    }

    fn exactness(self) -> Exactness {
        match self {
            P::SecretsAccess | P::RunnerAccess | P::ListenerAccess | P::DeployerAccess => GRANTED,
            P::Project | P::Quota | P::Limits | P::Fence => Exactness::Exactly(&["spec"]),
            _ => Exactness::AtLeast,
        }
    }

    fn is_in_shared_place(self) -> bool {
        matches!(
            self,
            P::Namespace | P::DeployerAccess | P::Project | P::Template | P::Trigger
        )
    }
}

impl BindingPart {
    fn labels(self, tenant: &Binding<'_>) -> Map<String, Value> {
        let spec = tenant.spec;
        let mut labels = managed_by(names::BINDING_MANAGER);
        labels.insert(
            names::PIPELINE_LABEL.to_owned(),
            spec.pipeline_name.as_str().into(),
        );
        match self {
            P::Namespace => {
                let repository = names::label_value(&format!("{}-{}", spec.repo_org, spec.repo_name));
                labels.insert(names::REPOSITORY_LABEL.to_owned(), repository.into());
                labels.insert(names::STORE_LABEL.to_owned(), spec.aphex_org.as_str().into());
                labels.insert("pod-security.kubernetes.io/enforce".to_owned(), "baseline".into());
                labels.insert("pod-security.kubernetes.io/warn".to_owned(), "restricted".into());
            }
            P::Template | P::Trigger => {
                labels.insert(
                    names::ORGANIZATION_LABEL.to_owned(),
                    spec.aphex_org.as_str().into(),
                );
            }
            _ => {}
        }
        labels
    }
}

fn profile(tenant: &Binding<'_>) -> &'static str {
    let is_elevated = tenant.spec.permission_profile == PermissionProfile::Elevated;
    if is_elevated && tenant.is_elevated {
        "tenant-elevated"
    } else {
        "tenant-standard"
    }
}

/// We hold no right over the Secrets of all namespaces, only this one in each of the tenants'.
pub(super) fn secrets_access(role: &str, facts: &Facts) -> Value {
    grant(
        role,
        json!([account("aphex-ops-tenants-reconcile", &facts.platform)]),
    )
}

/// Into its own namespaces, from its own repository. The second destination would reach the namespaces of other pipelines whose
/// names begin alike, so these are denied.
fn project(tenant: &Binding<'_>) -> Value {
    let spec = tenant.spec;
    let pipeline = &spec.pipeline_name;
    let repository = format!("https://github.com/{}/{}", spec.repo_org, spec.repo_name);
    let server = "https://kubernetes.default.svc";
    let to = |namespace: String| json!({"server": server, "namespace": namespace});
    let own = [to(pipeline.clone()), to(format!("{pipeline}-*"))];
    let denied = tenant.facts.longer(pipeline);
    let denied = denied.flat_map(|other| [to(format!("!{other}")), to(format!("!{other}-*"))]);
    let kind = |group: &str, kind: &str| json!({"group": group, "kind": kind});
    json!({"spec": {
        "description": format!("Project for {pipeline} pipeline"),
        "destinations": own.into_iter().chain(denied).collect::<Vec<_>>(),
        "sourceRepos": [repository.clone(), format!("{repository}.git")],
        "clusterResourceWhitelist": [],
        "namespaceResourceWhitelist": [kind("*", "*")],
        // What fences the tenant in is not the tenant's.
        "namespaceResourceBlacklist": [
            kind("", "ResourceQuota"),
            kind("", "LimitRange"),
            kind("networking.k8s.io", "NetworkPolicy"),
            kind("rbac.authorization.k8s.io", "Role"),
            kind("rbac.authorization.k8s.io", "RoleBinding"),
            kind("triggers.tekton.dev", "EventListener"),
        ],
    }})
}

fn quota() -> Value {
    json!({"spec": {"hard": {
        "requests.cpu": "4",
        "requests.memory": "8Gi",
        "limits.cpu": "8",
        "limits.memory": "16Gi",
        "persistentvolumeclaims": "5",
        "pods": "20",
    }}})
}

fn limits() -> Value {
    json!({"spec": {"limits": [{
        "type": "Container",
        "default": {"cpu": "500m", "memory": "512Mi"},
        "defaultRequest": {"cpu": "100m", "memory": "128Mi"},
    }]}})
}

/// Where Terraform keeps its state: in Secrets of the namespace.
fn backend(pipeline: &str) -> String {
    // A pipeline's name is a label of DNS, which needs no escaping here.
    let mut text = "terraform {\n  backend \"kubernetes\" {\n".to_owned();
    for (name, value) in [("secret_suffix    ", pipeline), ("namespace        ", pipeline)] {
        text.push_str(&format!("    {name} = \"{value}\"\n"));
    }
    text.push_str("    in_cluster_config = true\n  }\n}\n");
    text
}
