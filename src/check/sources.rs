//! What facts are gathered from.

/// The objects of one kind, listed once for all checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// Plural resource.
    pub plural: &'static str,
    /// Which of them are kept.
    pub scope: Scope,
}

/// Which objects of a kind are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Those in the platform's own namespaces: of what tenants run there can be very many.
    Platform,
    /// All.
    All,
}

/// Something to look at that is no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Probe {
    /// What the caller may do.
    Access,
    /// The generated Secrets.
    Secrets,
    /// The Secrets with certificates that Ingresses name.
    Tls,
    /// Authentik, with the stored token.
    Account,
    /// Discovery and keys of Authentik, and of Dex inside the cluster.
    Providers,
    /// Discovery and keys of Dex by its public name.
    Outside,
    /// The ConfigMap of Dex.
    DexConfig,
    /// The ConfigMap of the scheduled jobs.
    JobsConfig,
    /// The lock.
    Lease,
    /// A login without a browser, and what the API server says of its token.
    Login,
}

const fn platform(group: &'static str, kind: &'static str, plural: &'static str) -> Source {
    let scope = Scope::Platform;
    Source {
        group,
        kind,
        plural,
        scope,
    }
}

const fn all(group: &'static str, kind: &'static str, plural: &'static str) -> Source {
    let scope = Scope::All;
    Source {
        group,
        kind,
        plural,
        scope,
    }
}

const ADMISSION: &str = "admissionregistration.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";
const CERTIFICATES: &str = "cert-manager.io";
const SECRETS: &str = "external-secrets.io";
const APHEX: &str = "aphex.io";

pub(super) const NAMESPACES: Source = all("", "Namespace", "namespaces");
pub(super) const NODES: Source = all("", "Node", "nodes");
pub(super) const PODS: Source = platform("", "Pod", "pods");
pub(super) const CLAIMS: Source = platform("", "PersistentVolumeClaim", "persistentvolumeclaims");
pub(super) const QUOTAS: Source = platform("", "ResourceQuota", "resourcequotas");
pub(super) const SERVICES: Source = platform("", "Service", "services");
pub(super) const ENDPOINTS: Source = platform("discovery.k8s.io", "EndpointSlice", "endpointslices");
pub(super) const DEPLOYMENTS: Source = platform("apps", "Deployment", "deployments");
pub(super) const STATEFUL_SETS: Source = platform("apps", "StatefulSet", "statefulsets");
pub(super) const DAEMON_SETS: Source = platform("apps", "DaemonSet", "daemonsets");
pub(super) const JOBS: Source = platform("batch", "Job", "jobs");
pub(super) const CRON_JOBS: Source = platform("batch", "CronJob", "cronjobs");
pub(super) const INGRESSES: Source = platform("networking.k8s.io", "Ingress", "ingresses");
pub(super) const INGRESS_CLASSES: Source = all("networking.k8s.io", "IngressClass", "ingressclasses");
pub(super) const CLUSTER_ROLES: Source = all(RBAC, "ClusterRole", "clusterroles");
pub(super) const CLUSTER_ROLE_BINDINGS: Source = all(RBAC, "ClusterRoleBinding", "clusterrolebindings");
pub(super) const DEFINITIONS: Source = all(
    "apiextensions.k8s.io",
    "CustomResourceDefinition",
    "customresourcedefinitions",
);
pub(super) const API_SERVICES: Source = all("apiregistration.k8s.io", "APIService", "apiservices");
pub(super) const VALIDATING: Source = all(
    ADMISSION,
    "ValidatingWebhookConfiguration",
    "validatingwebhookconfigurations",
);
pub(super) const MUTATING: Source = all(
    ADMISSION,
    "MutatingWebhookConfiguration",
    "mutatingwebhookconfigurations",
);
pub(super) const APPLICATIONS: Source = all("argoproj.io", "Application", "applications");
pub(super) const CERTIFICATE: Source = all(CERTIFICATES, "Certificate", "certificates");
pub(super) const ISSUERS: Source = all(CERTIFICATES, "Issuer", "issuers");
pub(super) const CLUSTER_ISSUERS: Source = all(CERTIFICATES, "ClusterIssuer", "clusterissuers");
pub(super) const EXTERNAL_SECRETS: Source = all(SECRETS, "ExternalSecret", "externalsecrets");
pub(super) const SECRET_STORES: Source = all(SECRETS, "SecretStore", "secretstores");
pub(super) const CLUSTER_SECRET_STORES: Source = all(SECRETS, "ClusterSecretStore", "clustersecretstores");
pub(super) const LISTENERS: Source = all("triggers.tekton.dev", "EventListener", "eventlisteners");
pub(super) const ORGANIZATIONS: Source = all(APHEX, "Organization", "organizations");
pub(super) const REPO_BINDINGS: Source = all(APHEX, "RepoBinding", "repobindings");
pub(super) const KNOWLEDGE_BASES: Source = all(APHEX, "KnowledgeBase", "knowledgebases");
