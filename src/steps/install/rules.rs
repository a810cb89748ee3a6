//! The permissions that installing takes.

use super::removal;
use crate::model::{
    kind::{Address, KINDS, Kind, Stage},
    rule::Rule,
};
use serde_json::Value;

/// Each object by its name. What is no longer wanted has names that are not known beforehand, so finding and removing it
/// takes all objects of the kinds.
///
/// A role can be given only by one who holds what is in it, or may `escalate` it and `bind` it: these, on exactly the
/// roles that are installed, are less than all that is in them.
pub(super) fn rules(objects: &[Value]) -> Vec<Rule> {
    let addresses: Vec<Address> = objects
        .iter()
        .filter_map(|object| Address::of(object).ok())
        .collect();
    let mut rules: Vec<Rule> = removal::rules();
    for kind in &KINDS {
        let of_kind = addresses.iter().filter(|at| at.kind == *kind);
        let mut namespaces: Vec<&Option<String>> = of_kind.clone().map(|at| &at.namespace).collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        for namespace in namespaces {
            let named = of_kind.clone().filter(|at| at.namespace == *namespace);
            let names = named.map(|at| at.name.clone());
            rules.push(rule(
                namespace.clone(),
                kind,
                names.collect(),
                verbs(kind.stage()),
            ));
        }
    }
    rules.extend(objects.iter().filter_map(bind));
    rules
}

fn verbs(stage: Stage) -> &'static [&'static str] {
    match stage {
        Stage::Namespaces => &["get", "create", "patch", "watch"],
        Stage::Roles => &["get", "create", "patch", "escalate"],
        Stage::Accounts | Stage::Bindings | Stage::Workloads => &["get", "create", "patch"],
    }
}

/// For a binding: that its role may be bound where it is.
fn bind(object: &Value) -> Option<Rule> {
    let role = &object["roleRef"];
    let kind = KINDS.iter().find(|kind| role["kind"] == *kind.name)?;
    let namespace = object["metadata"]["namespace"].as_str().map(str::to_owned);
    Some(rule(
        namespace,
        kind,
        vec![role["name"].as_str()?.to_owned()],
        &["bind"],
    ))
}

fn rule(namespace: Option<String>, kind: &Kind, names: Vec<String>, verbs: &[&'static str]) -> Rule {
    Rule {
        namespace,
        group: kind.group.clone(),
        resource: kind.plural.clone(),
        names,
        verbs: verbs.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn roles_may_be_given_by_name_and_nothing_else() {
        let rbac = "rbac.authorization.k8s.io/v1";
        let metadata = json!({"name": "a", "namespace": "ns"});
        let role_ref = json!({"kind": "Role", "name": "a"});
        let objects = [
            json!({"apiVersion": rbac, "kind": "Role", "metadata": metadata}),
            json!({"apiVersion": rbac, "kind": "RoleBinding", "metadata": metadata, "roleRef": role_ref}),
        ];
        let found = rules(&objects);
        let group = "rbac.authorization.k8s.io";
        let expected = [
            Rule::named(
                "ns",
                group,
                "roles",
                ["a"],
                &["get", "create", "patch", "escalate"],
            ),
            Rule::named("ns", group, "rolebindings", ["a"], &["get", "create", "patch"]),
            Rule::named("ns", group, "roles", ["a"], &["bind"]),
        ];
        assert_eq!(found[removal::rules().len()..], expected);
    }

    #[test]
    fn neither_namespaces_nor_secrets_are_ever_removed() {
        let objects = [json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}})];
        for rule in rules(&objects) {
            let is_kept = ["namespaces", "secrets"].contains(&&*rule.resource);
            assert!(!is_kept || !rule.verbs.contains(&"delete"), "{rule}");
        }
    }
}
