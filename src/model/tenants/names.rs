//! Names that follow from those of an organization or of a pipeline, and names that no tenant may have.

use crate::model::config::Namespaces;

/// Finalizer of an Organization.
pub const ORGANIZATION_FINALIZER: &str = "platform.aphex/organization-finalizer";
/// Finalizer of a `RepoBinding`.
pub const BINDING_FINALIZER: &str = "platform.aphex/finalizer";
/// Finalizer that an earlier controller put on a `KnowledgeBase`; nothing of it needs cleaning up.
pub const KNOWLEDGE_BASE_FINALIZER: &str = "platform.aphex/knowledgebase-finalizer";

/// Value of `platform.aphex/managed-by` on what belongs to an Organization.
pub const ORGANIZATION_MANAGER: &str = "organization-controller";
/// The same for a `RepoBinding`.
pub const BINDING_MANAGER: &str = "platform-controller";
/// The same for what engineers get in the namespaces of people and teams.
pub const TEAM_MANAGER: &str = "team-controller";

/// Label with the Organization's name.
pub const ORGANIZATION_LABEL: &str = "platform.aphex/organization";
/// Label with the pipeline's name.
pub const PIPELINE_LABEL: &str = "platform.aphex/pipeline";
/// Label with the repository, as `<owner>-<name>`.
pub const REPOSITORY_LABEL: &str = "platform.aphex/repo";
/// Label by which a namespace gets at its Organization's secrets.
pub const STORE_LABEL: &str = "aphex.dev/org";
/// The Secret of an Organization that signs webhooks, in its namespace.
pub const WEBHOOK_SECRET: &str = "github-webhook-secret";
/// Its key.
pub const WEBHOOK_KEY: &str = "secret";
/// Annotation with the custom resource that an object is there for, as `<kind>/<namespace>/<name>`.
pub const OWNER_ANNOTATION: &str = "platform.aphex/owner";
/// Annotation on a custom resource that leaves it, and what belongs to it, as it is.
pub const SUSPEND_ANNOTATION: &str = "platform.aphex/suspend";

/// Namespaces that are Kubernetes', the platform's or its parts': they, and what begins with one of them and a hyphen, belong to
/// no tenant.
const RESERVED: [&str; 19] = [
    "argocd",
    "auth-system",
    "cert-manager",
    "default",
    "external-dns",
    "external-secrets",
    "gpu-operator",
    "ingress-nginx",
    "ingress-system",
    "kong-system",
    "kube-node-lease",
    "kube-public",
    "kube-system",
    "pipeline-catalog",
    "pipeline-system",
    "platform-system",
    "tekton-pipelines",
    "tekton-pipelines-resolvers",
    "tekton-triggers",
];

/// Beginnings of names that are reserved.
const RESERVED_PREFIXES: [&str; 3] = ["kube-", "openshift-", "org-"];

/// Beginnings of the names of namespaces that are a person's or a team's.
const TEAM_PREFIXES: [&str; 2] = ["user-", "team-"];

/// Whether engineers may ask for tenants in a namespace of this name.
#[must_use]
pub fn is_team(namespace: &str) -> bool {
    let mut prefixes = TEAM_PREFIXES.into_iter();
    prefixes.any(|prefix| namespace.starts_with(prefix))
}

/// The namespace of an Organization.
#[must_use]
pub fn organization_namespace(organization: &str) -> String {
    format!("org-{organization}")
}

/// The `ClusterSecretStore` of an Organization.
#[must_use]
pub fn secret_store(organization: &str) -> String {
    format!("org-{organization}-store")
}

/// Where GitHub sends the webhooks of an Organization.
#[must_use]
pub fn webhook_url(organization: &str, zone: &str) -> String {
    format!("https://{organization}.{zone}")
}

/// Which namespace or beginning is reserved, if the name of a pipeline would be it or be taken for a part of it.
#[must_use]
pub fn reserved<'a>(pipeline: &str, namespaces: &'a Namespaces) -> Option<&'a str> {
    let is_or_begins = |name: &&str| {
        let rest = pipeline.strip_prefix(*name);
        rest.is_some_and(|rest| rest.is_empty() || (rest.starts_with('-') && *name != "default"))
    };
    let configured = namespaces.all().into_iter();
    let mut names = configured.chain(RESERVED);
    let mut prefixes = RESERVED_PREFIXES.into_iter();
    names
        .find(is_or_begins)
        .or_else(|| prefixes.find(|prefix| pipeline.starts_with(prefix)))
}

/// The value of a label: at most 63 characters that a label may have, alphanumeric at both ends.
#[must_use]
pub fn label_value(text: &str) -> String {
    let is_fit = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let fit: String = text
        .chars()
        .map(|letter| if is_fit(letter) { letter } else { '-' })
        .take(63)
        .collect();
    fit.trim_matches(|letter: char| !letter.is_ascii_alphanumeric())
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tenant_is_called_like_the_platform() {
        let namespaces = Namespaces {
            auth: "login".to_owned(),
            ..Namespaces::default()
        };
        for name in [
            "argocd",
            "argocd-extra",
            "kube-x",
            "org-acme",
            "login",
            "login-2",
            "default",
            "platform-system",
        ] {
            assert!(reserved(name, &namespaces).is_some(), "{name}");
        }
        for name in [
            "default-app",
            "archon",
            "my-argocd",
            "organization",
            "kubernetes-demo",
        ] {
            assert_eq!(reserved(name, &namespaces), None, "{name}");
        }
    }

    #[test]
    fn a_label_is_one_whatever_it_is_made_of() {
        assert_eq!(label_value("acme-My.app_1"), "acme-My.app_1");
        assert_eq!(label_value("a/b"), "a-b");
        assert_eq!(label_value("acme-app."), "acme-app");
        assert_eq!(label_value(&"a".repeat(140)).len(), 63);
    }
}
