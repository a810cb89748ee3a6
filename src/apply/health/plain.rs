//! Kinds that work as soon as they exist, and those whose controller has one small thing to do.

use super::{Rule, Verdict, subject::Subject};

pub(super) const RULES: &[Rule] = &[
    Rule::new("", "Namespace", namespace),
    Rule::new("", "ResourceQuota", quota),
    Rule::new("", "ServiceAccount", exists),
    Rule::new("", "Secret", exists),
    Rule::new("", "ConfigMap", exists),
    Rule::new("", "LimitRange", exists),
    Rule::new("", "Endpoints", exists),
    Rule::new("", "Event", exists),
    Rule::new("discovery.k8s.io", "EndpointSlice", exists),
    Rule::new("coordination.k8s.io", "Lease", exists),
    Rule::new("rbac.authorization.k8s.io", "Role", exists),
    Rule::new("rbac.authorization.k8s.io", "ClusterRole", exists),
    Rule::new("rbac.authorization.k8s.io", "RoleBinding", exists),
    Rule::new("rbac.authorization.k8s.io", "ClusterRoleBinding", exists),
    Rule::new("networking.k8s.io", "NetworkPolicy", exists),
    Rule::new("networking.k8s.io", "IngressClass", exists),
    Rule::new("storage.k8s.io", "StorageClass", exists),
    Rule::new("storage.k8s.io", "CSIDriver", exists),
    Rule::new("scheduling.k8s.io", "PriorityClass", exists),
    Rule::new("node.k8s.io", "RuntimeClass", exists),
];

/// That it exists is all there is to know.
pub(super) fn exists(_: &Subject<'_>) -> Verdict {
    Verdict::current("it exists")
}

fn namespace(subject: &Subject<'_>) -> Verdict {
    match subject.text("/status/phase") {
        "Active" => Verdict::current("it is active"),
        phase => Verdict::progressing(format!("its phase is {phase:?}")),
    }
}

/// A quota that its controller has taken up: until then Pods are admitted by what it was before.
fn quota(subject: &Subject<'_>) -> Verdict {
    let wanted = subject.live["spec"]["hard"].as_object();
    let known = &subject.live["status"]["hard"];
    let mut missing = wanted
        .into_iter()
        .flatten()
        .filter(|(name, value)| known.get(name) != Some(value));
    match missing.next() {
        Some((name, _)) => Verdict::progressing(format!("its limit of {name} is not in force yet")),
        None => Verdict::current("its limits are in force"),
    }
}
