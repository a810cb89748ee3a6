//! From rules to Role and ClusterRole objects.

use super::value;
use crate::model::{
    names,
    rule::{Rule, by_namespace},
};
use k8s_openapi::{
    api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Who gets the roles.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// Namespace of the ServiceAccount.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// Roles and ClusterRoles that grant the rules to an account, each with its binding, under a common name.
#[must_use]
pub fn objects(rules: &[Rule], name: &str, account: Account<'_>) -> Vec<Value> {
    let subject = Subject {
        kind: "ServiceAccount".to_owned(),
        name: account.name.to_owned(),
        namespace: Some(account.namespace.to_owned()),
        api_group: None,
    };
    let by_namespace = by_namespace(rules).into_iter();
    by_namespace
        .flat_map(|(namespace, rules)| role(namespace.as_deref(), name, &rules, &subject))
        .collect()
}

/// The same as YAML documents.
#[must_use]
pub fn grant_to(rules: &[Rule], name: &str, account: Account<'_>) -> String {
    super::documents(&objects(rules, name, account))
}

/// The YAML documents that grant the rules to an account that the reader fills in.
#[must_use]
pub fn grant(rules: &[Rule]) -> String {
    grant_to(
        rules,
        names::PRODUCT,
        Account {
            namespace: "SUBJECT-NAMESPACE",
            name: "SUBJECT-NAME",
        },
    )
}

fn role(namespace: Option<&str>, name: &str, rules: &[Rule], subject: &Subject) -> [Value; 2] {
    let metadata = ObjectMeta {
        name: Some(name.to_owned()),
        namespace: namespace.map(str::to_owned),
        labels: Some(BTreeMap::from([(
            names::MANAGED_BY_LABEL.to_owned(),
            names::PRODUCT.to_owned(),
        )])),
        ..ObjectMeta::default()
    };
    let role_ref = |kind: &str| RoleRef {
        api_group: "rbac.authorization.k8s.io".to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
    };
    let subjects = Some(vec![subject.clone()]);
    let rules = Some(rules.iter().map(policy_rule).collect());
    if namespace.is_some() {
        let role = Role {
            metadata: metadata.clone(),
            rules,
        };
        let binding = RoleBinding {
            metadata,
            role_ref: role_ref("Role"),
            subjects,
        };
        [value(&role), value(&binding)]
    } else {
        let role = ClusterRole {
            metadata: metadata.clone(),
            rules,
            aggregation_rule: None,
        };
        let binding = ClusterRoleBinding {
            metadata,
            role_ref: role_ref("ClusterRole"),
            subjects,
        };
        [value(&role), value(&binding)]
    }
}

fn policy_rule(rule: &Rule) -> PolicyRule {
    PolicyRule {
        api_groups: Some(vec![rule.group.to_string()]),
        resources: Some(vec![rule.resource.to_string()]),
        resource_names: (!rule.names.is_empty()).then(|| rule.names.clone()),
        verbs: rule.verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        non_resource_urls: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_become_roles_with_their_bindings() {
        let rules = [
            Rule::named("auth-system", "", "secrets", ["dex-secrets"], &["get", "patch"]),
            Rule::cluster("", "namespaces", ["argocd"], &["get"]),
        ];
        let text = grant_to(
            &rules,
            "demo",
            Account {
                namespace: "platform-system",
                name: "runner",
            },
        );
        for part in [
            "kind: ClusterRole\n",
            "kind: ClusterRoleBinding\n",
            "kind: Role\n",
            "kind: RoleBinding\n",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(
            text.contains("dex-secrets") && text.contains("namespace: auth-system"),
            "{text}"
        );
    }
}
