//! What is granted against what was asked for, permission by permission.

use aphex_ops::model::rule::Rule;
use rig::sandbox::AuditEvent;
use std::{collections::BTreeSet, fmt};

/// One verb on one object, or on all objects of a kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Permission {
    namespace: Option<String>,
    group: String,
    /// With its subresource, if any.
    resource: String,
    verb: String,
    name: Option<String>,
}

/// How rules and requests fit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Permissions that are granted.
    pub(crate) granted: usize,
    /// Those that no request needed.
    pub(crate) unused: Vec<String>,
    /// Requests that were refused, or that no rule allows.
    pub(crate) missing: Vec<String>,
}

impl Usage {
    pub(crate) fn of(rules: &[Rule], requests: &[AuditEvent]) -> Self {
        let granted: BTreeSet<Permission> = rules.iter().flat_map(permissions).collect();
        let mut used = BTreeSet::new();
        let mut missing = BTreeSet::new();
        for request in requests {
            for needed in needed(request) {
                let by: Vec<&Permission> = wider(&needed)
                    .iter()
                    .filter_map(|permission| granted.get(permission))
                    .collect();
                if by.is_empty() || request.code() == Some(403) {
                    missing.insert(needed.to_string());
                }
                used.extend(by.into_iter().cloned());
            }
            used.extend(
                implied(request)
                    .into_iter()
                    .filter(|permission| granted.contains(permission)),
            );
        }
        Self {
            granted: granted.len(),
            unused: granted.difference(&used).map(ToString::to_string).collect(),
            missing: missing.into_iter().collect(),
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            namespace,
            group,
            resource,
            verb,
            name,
        } = self;
        let all = "all".to_owned();
        let (namespace, name) = (namespace.as_ref().unwrap_or(&all), name.as_ref().unwrap_or(&all));
        write!(
            f,
            "{verb} {resource} of {group:?}, namespace {namespace}, name {name}"
        )
    }
}

fn permissions(rule: &Rule) -> Vec<Permission> {
    let names: Vec<Option<String>> = match rule.names.as_slice() {
        [] => vec![None],
        names => names.iter().cloned().map(Some).collect(),
    };
    let of = |verb: &&'static str| names.iter().map(|name| permission(rule, verb, name.clone()));
    rule.verbs.iter().flat_map(of).collect()
}

fn permission(rule: &Rule, verb: &str, name: Option<String>) -> Permission {
    Permission {
        namespace: rule.namespace.clone(),
        group: rule.group.to_string(),
        resource: rule.resource.to_string(),
        verb: verb.to_owned(),
        name,
    }
}

/// What allows it: itself, the same for all names, and for all namespaces.
fn wider(needed: &Permission) -> [Permission; 4] {
    let [namespace, name] = [&needed.namespace, &needed.name];
    let all = [
        (namespace, name),
        (namespace, &None),
        (&None, name),
        (&None, &None),
    ];
    all.map(|(namespace, name)| Permission {
        namespace: namespace.clone(),
        name: name.clone(),
        ..needed.clone()
    })
}

/// What a write of a role or a binding takes besides, and no request shows: one who does not hold what is in the role
/// has to be allowed to give it. Our bindings have the names of their roles. So does one of a namespace, by a policy.
fn implied(request: &AuditEvent) -> Vec<Permission> {
    let is_write = ["create", "patch", "update"].contains(&request.verb.as_str());
    let done = matches!(request.code(), Some(200 | 201));
    let Some(object) = request.object_ref.as_ref().filter(|_| is_write && done) else {
        return Vec::new();
    };
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let permission = |resource: &str, verb: &str| Permission {
        namespace: some(&object.namespace),
        group: object.api_group.clone(),
        resource: resource.to_owned(),
        verb: verb.to_owned(),
        name: some(&object.name),
    };
    match object.resource.as_str() {
        role @ ("roles" | "clusterroles") => vec![permission(role, "escalate")],
        "rolebindings" | "clusterrolebindings" => ["roles", "clusterroles"]
            .map(|role| permission(role, "bind"))
            .into(),
        // The labels of tenants' namespaces: see `manifests/components/tenancy/policies.yaml`.
        "namespaces" => vec![Permission {
            namespace: None,
            group: "aphex.io".to_owned(),
            resource: "organizations/status".to_owned(),
            verb: "patch".to_owned(),
            name: None,
        }],
        _ => Vec::new(),
    }
}

/// What a request takes. Everybody may ask what he may do, and read the version.
fn needed(request: &AuditEvent) -> Vec<Permission> {
    let Some(object) = &request.object_ref else {
        return Vec::new();
    };
    if object.api_group == "authorization.k8s.io" {
        return Vec::new();
    }
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let resource = match object.subresource.as_str() {
        "" => object.resource.clone(),
        subresource => format!("{}/{subresource}", object.resource),
    };
    let permission = |verb: &str| Permission {
        // A request about one namespace is logged as one in it.
        namespace: some(&object.namespace).filter(|_| object.resource != "namespaces"),
        group: object.api_group.clone(),
        resource: resource.clone(),
        verb: verb.to_owned(),
        name: some(&object.name),
    };
    // A server-side apply that creates needs both (KEP-555), and is logged as a patch.
    let creates = request.verb == "patch" && request.code() == Some(201);
    let create = creates.then(|| permission("create"));
    create.into_iter().chain([permission(&request.verb)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mk_request(verb: &str, resource: &str, name: &str, code: u16) -> AuditEvent {
        serde_json::from_value(json!({
            "auditID": "1", "stage": "ResponseComplete", "verb": verb, "requestURI": "/",
            "user": {"username": "runner"}, "responseStatus": {"code": code},
            "objectRef": {"resource": resource, "namespace": "auth", "name": name},
        }))
        .unwrap()
    }

    fn mk_rules() -> [Rule; 2] {
        [
            Rule::named("auth", "", "secrets", ["a", "b"], &["get", "create", "patch"]),
            Rule::all("auth", "", "pods", &["list"]),
        ]
    }

    #[test]
    fn every_verb_on_every_name_must_be_used() {
        let requests = [
            mk_request("get", "secrets", "a", 404),
            mk_request("patch", "secrets", "a", 201),
            mk_request("get", "secrets", "b", 200),
            mk_request("patch", "secrets", "b", 200),
            mk_request("list", "pods", "", 200),
        ];
        let usage = Usage::of(&mk_rules(), &requests);
        let unused = vec![r#"create secrets of "", namespace auth, name b"#.to_owned()];
        assert_eq!(
            usage,
            Usage {
                granted: 7,
                unused,
                missing: Vec::new()
            }
        );
        assert_eq!(Usage::of(&mk_rules(), &[]).unused.len(), 7);
    }

    #[test]
    fn a_rule_for_all_namespaces_allows_what_is_done_in_one() {
        let rules = [Rule::cluster("", "secrets", [] as [&str; 0], &["delete"])];
        let usage = Usage::of(&rules, &[mk_request("delete", "secrets", "a", 200)]);
        assert!(usage.unused.is_empty() && usage.missing.is_empty(), "{usage:?}");
    }

    #[test]
    fn writing_a_role_or_a_binding_takes_the_right_to_give_it() {
        let rules = [Rule::named(
            "auth",
            "",
            "roles",
            ["a"],
            &["patch", "escalate", "bind"],
        )];
        let role = mk_request("patch", "roles", "a", 200);
        let usage = Usage::of(&rules, std::slice::from_ref(&role));
        assert_eq!(usage.unused, [r#"bind roles of "", namespace auth, name a"#]);
        let binding = mk_request("patch", "rolebindings", "a", 200);
        assert!(Usage::of(&rules, &[role, binding]).unused.is_empty());
    }

    #[test]
    fn a_request_that_was_refused_or_that_no_rule_allows_is_missing() {
        for refused in [
            mk_request("get", "secrets", "a", 403),
            mk_request("get", "secrets", "c", 200),
            mk_request("delete", "secrets", "a", 200),
            mk_request("list", "secrets", "", 200),
        ] {
            let usage = Usage::of(&mk_rules(), std::slice::from_ref(&refused));
            assert_eq!(usage.missing.len(), 1, "{refused:?}");
        }
    }
}
