//! Roles, their bindings and accounts: the API server refuses a binding to a role that it does not know yet.

use super::{Named, SERVICE_ACCOUNT, items};
use crate::apply::manifest::Manifest;

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

pub(super) fn named(manifest: &Manifest) -> Vec<Named<'_>> {
    let (object, namespace) = (&manifest.object, manifest.namespace.as_deref());
    let mut named = Vec::new();
    match (manifest.group.as_str(), manifest.kind.as_str()) {
        (RBAC, "RoleBinding" | "ClusterRoleBinding") => {
            let role = &object["roleRef"];
            match (role["kind"].as_str(), role["name"].as_str()) {
                (Some("Role"), Some(name)) => named.push(((RBAC, "Role"), namespace, name)),
                (Some("ClusterRole"), Some(name)) => named.push(((RBAC, "ClusterRole"), None, name)),
                _ => {}
            }
            let accounts = items(&object["subjects"]).filter(|subject| subject["kind"] == "ServiceAccount");
            named.extend(accounts.filter_map(|account| {
                let namespace = account["namespace"].as_str().or(namespace);
                Some((SERVICE_ACCOUNT, namespace, account["name"].as_str()?))
            }));
        }
        (ADMISSION, "ValidatingAdmissionPolicyBinding") => {
            let policy = object["spec"]["policyName"].as_str();
            named.extend(policy.map(|name| ((ADMISSION, "ValidatingAdmissionPolicy"), None, name)));
        }
        _ => {}
    }
    named
}
