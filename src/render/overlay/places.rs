//! Namespaces and hosts: the fields of each kind that hold one.

use super::fields::each_text;
use crate::model::config::{Config, Hosts, Namespaces};
use serde_json::Value;

/// Kinds with the fields of theirs that name a namespace; every object has `metadata namespace` besides.
const NAMESPACES: [(&str, &str); 20] = [
    ("Namespace", "metadata name"),
    ("RoleBinding", "subjects * namespace"),
    ("ClusterRoleBinding", "subjects * namespace"),
    ("HTTPRoute", "spec parentRefs * namespace"),
    ("HTTPRoute", "spec rules * backendRefs * namespace"),
    (
        "Gateway",
        "spec listeners * allowedRoutes namespaces selector matchExpressions * values *",
    ),
    (
        "NetworkPolicy",
        "spec ingress * from * namespaceSelector matchExpressions * values *",
    ),
    (
        "NetworkPolicy",
        "spec ingress * from * namespaceSelector matchLabels kubernetes.io/metadata.name",
    ),
    (
        "NetworkPolicy",
        "spec egress * to * namespaceSelector matchExpressions * values *",
    ),
    (
        "NetworkPolicy",
        "spec egress * to * namespaceSelector matchLabels kubernetes.io/metadata.name",
    ),
    (
        "ValidatingWebhookConfiguration",
        "webhooks * clientConfig service namespace",
    ),
    (
        "MutatingWebhookConfiguration",
        "webhooks * clientConfig service namespace",
    ),
    (
        "CustomResourceDefinition",
        "spec conversion webhook clientConfig service namespace",
    ),
    ("APIService", "spec service namespace"),
    ("ClusterInterceptor", "spec clientConfig service namespace"),
    ("Application", "spec destination namespace"),
    ("Application", "spec ignoreDifferences * namespace"),
    ("AppProject", "spec destinations * namespace"),
    // The resolver's parameter: no other parameter of ours has a namespace of the platform as its value.
    ("Pipeline", "spec tasks * taskRef params * value"),
    ("PipelineRun", "spec pipelineRef params * value"),
];

/// Kinds with the fields of theirs that name a host.
const HOSTS: [(&str, &str); 6] = [
    ("Ingress", "spec rules * host"),
    ("Ingress", "spec tls * hosts *"),
    ("Certificate", "spec dnsNames *"),
    ("HTTPRoute", "spec hostnames *"),
    ("Gateway", "spec listeners * hostname"),
    ("ClusterIssuer", "spec acme solvers * selector dnsZones *"),
];

pub(super) fn apply(object: &mut Value, config: &Config) {
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let namespace = |name: &str| namespace(name, config);
    each_text(object, "metadata namespace", &namespace);
    for (_, path) in NAMESPACES.iter().filter(|(of, _)| *of == kind) {
        each_text(object, path, &namespace);
    }
    for (_, path) in HOSTS.iter().filter(|(of, _)| *of == kind) {
        each_text(object, path, &|name| host(name, config));
    }
}

/// The configured namespace in place of the default one; none if it is no namespace of the platform.
pub(in crate::render) fn namespace(name: &str, config: &Config) -> Option<String> {
    let default = Namespaces::default();
    let pairs = default.all().into_iter().zip(config.namespaces.all());
    let mut found = pairs.filter(|(default, _)| *default == name);
    found.next().map(|(_, configured)| configured.to_owned())
}

/// The configured host in place of the default one, also as a wildcard.
pub(super) fn host(name: &str, config: &Config) -> Option<String> {
    let (default, hosts) = (Hosts::default(), &config.hosts);
    let (wildcard, bare) = match name.strip_prefix("*.") {
        Some(bare) => ("*.", bare),
        None => ("", name),
    };
    let pairs = [
        (&default.auth, hosts.auth.as_str()),
        (&default.dex, &hosts.dex),
        (&default.argocd, &hosts.argocd),
        (&default.tekton, &hosts.tekton),
        (&default.webhooks, config.cloudflare_zone()),
    ];
    let mut found = pairs.into_iter().filter(|(default, _)| *default == bare);
    found
        .next()
        .map(|(_, configured)| format!("{wildcard}{configured}"))
}
