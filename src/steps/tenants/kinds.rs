//! The kinds of object that tenants consist of, with what their URLs take.

use crate::model::{kind::Kind, tenants};
use std::borrow::Cow;

const RBAC: &str = "rbac.authorization.k8s.io";
const TRIGGERS: &str = "triggers.tekton.dev";

pub(super) const ORGANIZATION: Kind = own("Organization", "organizations");
pub(super) const REPO_BINDING: Kind = own("RepoBinding", "repobindings");
pub(super) const KNOWLEDGE_BASE: Kind = own("KnowledgeBase", "knowledgebases");

pub(super) const NAMESPACE: Kind = crate::model::kind::NAMESPACE;
pub(super) const CONFIG_MAP: Kind = crate::model::kind::CONFIG_MAP;
pub(super) const DEPLOYMENT: Kind = kind("apps", "v1", "Deployment", "deployments", true);
pub(super) const SECRET: Kind = kind("", "v1", "Secret", "secrets", true);
pub(super) const SERVICE_ACCOUNT: Kind = kind("", "v1", "ServiceAccount", "serviceaccounts", true);
pub(super) const RESOURCE_QUOTA: Kind = kind("", "v1", "ResourceQuota", "resourcequotas", true);
pub(super) const LIMIT_RANGE: Kind = kind("", "v1", "LimitRange", "limitranges", true);
pub(super) const ROLE_BINDING: Kind = kind(RBAC, "v1", "RoleBinding", "rolebindings", true);
pub(super) const CLUSTER_ROLE_BINDING: Kind =
    kind(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", false);
pub(super) const NETWORK_POLICY: Kind = kind(
    "networking.k8s.io",
    "v1",
    "NetworkPolicy",
    "networkpolicies",
    true,
);
pub(super) const APP_PROJECT: Kind = kind("argoproj.io", "v1alpha1", "AppProject", "appprojects", true);
pub(super) const APPLICATION: Kind = kind("argoproj.io", "v1alpha1", "Application", "applications", true);
pub(super) const SECRET_STORE: Kind = kind(
    "external-secrets.io",
    "v1",
    "ClusterSecretStore",
    "clustersecretstores",
    false,
);
pub(super) const PIPELINE: Kind = kind("tekton.dev", "v1", "Pipeline", "pipelines", true);
pub(super) const EVENT_LISTENER: Kind = kind(TRIGGERS, "v1beta1", "EventListener", "eventlisteners", true);
pub(super) const TRIGGER: Kind = kind(TRIGGERS, "v1beta1", "Trigger", "triggers", true);
pub(super) const TRIGGER_BINDING: Kind = kind(TRIGGERS, "v1beta1", "TriggerBinding", "triggerbindings", true);
pub(super) const TRIGGER_TEMPLATE: Kind =
    kind(TRIGGERS, "v1beta1", "TriggerTemplate", "triggertemplates", true);

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

const fn own(name: &'static str, plural: &'static str) -> Kind {
    kind(tenants::GROUP, tenants::VERSION, name, plural, true)
}

const fn kind(
    group: &'static str,
    version: &'static str,
    name: &'static str,
    plural: &'static str,
    is_namespaced: bool,
) -> Kind {
    Kind {
        group: Cow::Borrowed(group),
        version: Cow::Borrowed(version),
        name: Cow::Borrowed(name),
        plural: Cow::Borrowed(plural),
        is_namespaced,
    }
}
