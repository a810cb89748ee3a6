//! The permissions that reconciling takes. The names of tenants are not known beforehand, so most cannot be limited by name;
//! none lets us at a Secret that is not one of two names, nor gives away a right that is not in one of [`ROLES`].

use super::{
    desired::{TERRAFORM_SECRET, WEBHOOK_SECRET, team},
    kinds,
};
use crate::model::{config::Config, names, rule::Rule};

/// The roles that tenants get, in `manifests/components/tenancy`, and that of engineers, in `manifests/components/rbac`.
pub(super) const ROLES: [&str; 11] = [
    "argocd-application-deployer",
    "eso-secrets-reader",
    "eventlistener-interceptors",
    "eventlistener-run",
    "eventlistener-triggers",
    "organization-admin",
    "organization-secrets",
    team::ROLE,
    "tenant-elevated",
    "tenant-secrets",
    "tenant-standard",
];

/// All of them.
pub(super) fn rules(config: &Config) -> Vec<Rule> {
    let mut rules = of_tenants(&["get", "list", "patch"]);
    for kind in &kinds::TENANTS {
        let status = format!("{}/status", kind.plural);
        rules.push(Rule::cluster(
            kind.group.clone(),
            status,
            [] as [String; 0],
            &["patch"],
        ));
    }
    rules.extend(of_objects(config));
    rules
}

/// These verbs on the custom resources. An Event about one takes `get`, for its uid.
pub(super) fn of_tenants(verbs: &[&'static str]) -> Vec<Rule> {
    kinds::TENANTS
        .iter()
        .map(|kind| Rule::everywhere(kind, verbs))
        .collect()
}

/// Those of these verbs that reconciling takes on what belongs to tenants. Namespaces are all listed, so that one is got only
/// where there are Events about it.
pub(super) fn of_objects_only(config: &Config, verbs: &[&str]) -> Vec<Rule> {
    let mut rules = of_objects(config);
    for rule in &mut rules {
        let is_listed_whole = rule.resource == kinds::NAMESPACE.plural;
        rule.verbs
            .retain(|verb| verbs.contains(verb) && !(is_listed_whole && *verb == "get"));
    }
    rules.retain(|rule| !rule.verbs.is_empty());
    rules
}

/// The Secrets that are made for tenants; that of a tunnel is called like its organization.
pub(super) const fn own_secrets() -> [&'static str; 2] {
    [WEBHOOK_SECRET, TERRAFORM_SECRET]
}

fn of_objects(config: &Config) -> Vec<Rule> {
    let mut rules = Vec::new();
    for kind in &kinds::LABELLED {
        let verbs: &[&'static str] = match &*kind.name {
            "Namespace" | "Trigger" | "TriggerTemplate" => &["get", "list", "create", "patch", "delete"],
            "AppProject" | "ClusterRoleBinding" | "ClusterSecretStore" | "RoleBinding" => {
                &["get", "list", "create", "patch", "update", "delete"]
            }
            "LimitRange" | "NetworkPolicy" | "ResourceQuota" => &["get", "list", "create", "patch", "update"],
            _ => &["get", "list", "create", "patch"],
        };
        rules.push(Rule::everywhere(kind, verbs));
    }
    if super::has_tunnels(config) {
        rules.push(Rule::everywhere(
            &kinds::CONFIG_MAP,
            &["get", "list", "create", "patch"],
        ));
        rules.push(Rule::everywhere(
            &kinds::DEPLOYMENT,
            &["get", "list", "create", "patch", "delete"],
        ));
        let token = [names::CLOUDFLARE_SECRET];
        rules.push(Rule::named(
            &config.namespaces.platform,
            "",
            "secrets",
            token,
            &["get"],
        ));
    }
    rules.push(Rule::cluster("", "secrets", own_secrets(), &["list"]));
    let namespace = &config.namespaces.argocd;
    rules.push(Rule::all(
        namespace,
        "argoproj.io",
        "applications",
        &["list", "delete"],
    ));
    rules.push(Rule::all(
        "default",
        "discovery.k8s.io",
        "endpointslices",
        &["list"],
    ));
    rules.push(Rule::cluster("", "nodes", [] as [String; 0], &["list"]));
    rules.push(Rule::cluster(
        "networking.k8s.io",
        "servicecidrs",
        [] as [String; 0],
        &["list"],
    ));
    let roles = Rule::cluster("rbac.authorization.k8s.io", "clusterroles", ROLES, &["bind"]);
    rules.push(roles);
    rules
}
