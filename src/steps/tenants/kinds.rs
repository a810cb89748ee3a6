//! The kinds of object that tenants consist of, with what their URLs take.

use crate::model::kind::Kind;

pub(super) use crate::model::{
    kind::{CONFIG_MAP, DEPLOYMENT, NAMESPACE, SECRET},
    tenants::kinds::{ALL as TENANTS, KNOWLEDGE_BASE, ORGANIZATION, REPO_BINDING},
};

const RBAC: &str = "rbac.authorization.k8s.io";
const TRIGGERS: &str = "triggers.tekton.dev";

pub(super) const SERVICE_ACCOUNT: Kind = Kind::known("", "v1", "ServiceAccount", "serviceaccounts", true);
pub(super) const RESOURCE_QUOTA: Kind = Kind::known("", "v1", "ResourceQuota", "resourcequotas", true);
pub(super) const LIMIT_RANGE: Kind = Kind::known("", "v1", "LimitRange", "limitranges", true);
pub(super) const ROLE_BINDING: Kind = Kind::known(RBAC, "v1", "RoleBinding", "rolebindings", true);
pub(super) const CLUSTER_ROLE_BINDING: Kind =
    Kind::known(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", false);
pub(super) const NETWORK_POLICY: Kind = Kind::known(
    "networking.k8s.io",
    "v1",
    "NetworkPolicy",
    "networkpolicies",
    true,
);
pub(super) const APP_PROJECT: Kind =
    Kind::known("argoproj.io", "v1alpha1", "AppProject", "appprojects", true);
pub(super) const APPLICATION: Kind =
    Kind::known("argoproj.io", "v1alpha1", "Application", "applications", true);
pub(super) const SECRET_STORE: Kind = Kind::known(
    "external-secrets.io",
    "v1",
    "ClusterSecretStore",
    "clustersecretstores",
    false,
);
pub(super) const PIPELINE: Kind = Kind::known("tekton.dev", "v1", "Pipeline", "pipelines", true);
pub(super) const PIPELINE_RUN: Kind = Kind::known("tekton.dev", "v1", "PipelineRun", "pipelineruns", true);
pub(super) const EVENT_LISTENER: Kind =
    Kind::known(TRIGGERS, "v1beta1", "EventListener", "eventlisteners", true);
pub(super) const TRIGGER: Kind = Kind::known(TRIGGERS, "v1beta1", "Trigger", "triggers", true);
pub(super) const TRIGGER_BINDING: Kind =
    Kind::known(TRIGGERS, "v1beta1", "TriggerBinding", "triggerbindings", true);
pub(super) const TRIGGER_TEMPLATE: Kind =
    Kind::known(TRIGGERS, "v1beta1", "TriggerTemplate", "triggertemplates", true);

/// Kinds that are found by the labels of what is ours, all of them in one list each.
pub(super) static LABELLED: [Kind; 14] = [
    NAMESPACE,
    SERVICE_ACCOUNT,
    RESOURCE_QUOTA,
    LIMIT_RANGE,
    ROLE_BINDING,
    CLUSTER_ROLE_BINDING,
    NETWORK_POLICY,
    SECRET_STORE,
    APP_PROJECT,
    PIPELINE,
    TRIGGER_BINDING,
    TRIGGER_TEMPLATE,
    TRIGGER,
    EVENT_LISTENER,
];

/// Those of the connectors of tunnels, found in the same way.
pub(super) static CONNECTORS: [Kind; 2] = [CONFIG_MAP, DEPLOYMENT];
