//! Who may do what.

use super::super::{
    Category::Rbac,
    Check, Facts, Finding, Skip,
    object::{list, name, named, text},
    sources::{CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES},
};
use crate::{
    apply::manifest::{self, Source as Text},
    model::{components::Components, config::Profile, failure::Reason, object::ObjectRef},
};
use serde_json::Value;

const INSTALL: &str = "run `aphex-ops waves install --only rbac`";

pub(super) const CHECKS: &[Check] = &[
    Check::error(
        "APX-RBAC-001",
        Rbac,
        "the roles of the platform's groups exist",
        roles,
    )
    .means("Members of the group log in, and may do nothing.")
    .mended("Run `aphex-ops waves install --only rbac`.")
    .after(&["APX-CLU-001"])
    .reading(&[CLUSTER_ROLES]),
    Check::error(
        "APX-RBAC-002",
        Rbac,
        "the platform's groups are bound to their roles",
        bindings,
    )
    .means("Members of the group log in, and may do nothing, or what another role allows.")
    .mended(
        "Delete the binding, whose role cannot be changed, and run `aphex-ops waves install --only rbac`.",
    )
    .after(&["APX-CLU-001"])
    .reading(&[CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS]),
    Check::error(
        "APX-RBAC-003",
        Rbac,
        "no role of the platform's groups was widened",
        widened,
    )
    .means("Members of the group may do more than anybody decided.")
    .mended("Run `aphex-ops waves install --only rbac`, or move the change into the manifests.")
    .after(&["APX-CLU-001"])
    .reading(&[CLUSTER_ROLES]),
    Check::error(
        "APX-RBAC-004",
        Rbac,
        "nobody else is bound to the roles of the platform's groups, nor they to others",
        extended,
    )
    .means("Somebody may do more than anybody decided, in every namespace.")
    .mended("Delete the binding, or take the subject out of it.")
    .after(&["APX-CLU-001"])
    .reading(&[CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS]),
    Check::error(
        "APX-RBAC-005",
        Rbac,
        "not everybody is an administrator",
        everybody,
    )
    .means("Everybody who can reach the API server may do everything, or change everything.")
    .mended("Delete the binding.")
    .after(&["APX-CLU-001"])
    .reading(&[CLUSTER_ROLE_BINDINGS]),
    Check::error(
        "APX-RBAC-006",
        Rbac,
        "no default account of the platform's namespaces is an administrator",
        defaults,
    )
    .means("Every Pod that names no account of its own has all rights in the cluster.")
    .mended("Delete the binding, and give the Pod that needs rights an account of its own.")
    .after(&["APX-CLU-001"])
    .reading(&[CLUSTER_ROLE_BINDINGS]),
];

/// Roles and bindings as they are shipped.
pub(super) fn shipped() -> Vec<Value> {
    let components = Components::built_in().ok();
    let files =
        components.and_then(|all| Some(all.named("rbac")?.own_files(Profile::Kind).collect::<Vec<_>>()));
    let files = files.unwrap_or_default();
    let texts: Vec<Text<'_>> = files.iter().map(|(name, text)| Text { name, text }).collect();
    let read = manifest::read(&texts).unwrap_or_default();
    read.into_iter().map(|manifest| manifest.object).collect()
}

fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

/// The shipped roles, if any of them is there: else the component is not installed.
fn installed(facts: &Facts) -> Result<Vec<Value>, Skip> {
    let (shipped, live) = (shipped(), facts.all(CLUSTER_ROLES)?);
    let is_there = |role: &Value| live.iter().any(|other| name(other) == name(role));
    let is_installed = of_kind(&shipped, "ClusterRole").any(is_there);
    match is_installed {
        true => Ok(shipped),
        false => Err(Skip::NotInstalled("component rbac".to_owned())),
    }
}

fn roles(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let (shipped, live) = (installed(facts)?, facts.all(CLUSTER_ROLES)?);
    let missing =
        of_kind(&shipped, "ClusterRole").filter(|role| !live.iter().any(|other| name(other) == name(role)));
    let found = missing.map(|role| Finding::missing(named(role), "it does not exist", INSTALL));
    Ok(found.collect())
}

fn bindings(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let (shipped, live) = (installed(facts)?, facts.all(CLUSTER_ROLE_BINDINGS)?);
    let mut found = Vec::new();
    for wanted in of_kind(&shipped, "ClusterRoleBinding") {
        let object = named(wanted);
        let Some(binding) = live.iter().find(|other| name(other) == name(wanted)) else {
            found.push(Finding::missing(object, "it does not exist", INSTALL));
            continue;
        };
        let (role, expected) = (text(binding, "/roleRef/name"), text(wanted, "/roleRef/name"));
        if role != expected {
            let message = format!("it binds ClusterRole {role}, expected {expected}");
            let remedy = format!(
                "kubectl delete clusterrolebinding {}, then {INSTALL}",
                object.name
            );
            found.push(Finding::new(object, Reason::Mismatch, message, remedy));
            continue;
        }
        let missing: Vec<String> = list(wanted, "/subjects")
            .iter()
            .filter(|subject| {
                !list(binding, "/subjects")
                    .iter()
                    .any(|other| is_same(subject, other))
            })
            .map(subject)
            .collect();
        if !missing.is_empty() {
            let message = format!("it does not bind {}", missing.join(", "));
            found.push(Finding::new(object, Reason::Mismatch, message, INSTALL));
        }
    }
    Ok(found)
}

fn is_same(one: &Value, other: &Value) -> bool {
    ["kind", "name", "namespace"]
        .iter()
        .all(|field| one[*field] == other[*field])
}

fn subject(subject: &Value) -> String {
    let (kind, home, name) = (
        text(subject, "/kind"),
        text(subject, "/namespace"),
        text(subject, "/name"),
    );
    match home {
        "" => format!("{kind} {name}"),
        _ => format!("{kind} {home}/{name}"),
    }
}

fn widened(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let (shipped, live) = (installed(facts)?, facts.all(CLUSTER_ROLES)?);
    let mut found = Vec::new();
    for wanted in of_kind(&shipped, "ClusterRole") {
        let Some(role) = live.iter().find(|other| name(other) == name(wanted)) else {
            continue;
        };
        let allowed = list(wanted, "/rules");
        let more: Vec<String> = list(role, "/rules")
            .iter()
            .flat_map(|rule| surplus(rule, allowed))
            .collect();
        if !more.is_empty() {
            let message = format!("it also allows {}", more.join("; "));
            found.push(Finding::new(named(role), Reason::TooPowerful, message, INSTALL));
        }
    }
    Ok(found)
}

fn texts<'a>(rule: &'a Value, field: &str) -> Vec<&'a str> {
    rule[field]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// What of a rule no allowed rule has. A wildcard is only in what has one.
fn surplus(rule: &Value, allowed: &[Value]) -> Vec<String> {
    let is_narrow = |allowed: &Value| {
        let names = texts(allowed, "resourceNames");
        let own = texts(rule, "resourceNames");
        names.is_empty() || !own.is_empty() && own.iter().all(|name| names.contains(name))
    };
    let has = |allowed: &Value, field: &str, value: &str| {
        let list = texts(allowed, field);
        list.contains(&value) || list.contains(&"*")
    };
    let mut more: Vec<String> = Vec::new();
    for group in texts(rule, "apiGroups") {
        for resource in texts(rule, "resources") {
            let verbs: Vec<&str> = texts(rule, "verbs")
                .into_iter()
                .filter(|verb| {
                    !allowed.iter().any(|allowed| {
                        has(allowed, "apiGroups", group)
                            && has(allowed, "resources", resource)
                            && has(allowed, "verbs", verb)
                            && is_narrow(allowed)
                    })
                })
                .collect();
            if !verbs.is_empty() {
                let dot = if group.is_empty() { "" } else { "." };
                more.push(format!("{} {resource}{dot}{group}", verbs.join(",")));
            }
        }
    }
    let urls = texts(rule, "nonResourceURLs");
    more.extend((!urls.is_empty()).then(|| format!("{} {}", texts(rule, "verbs").join(","), urls.join(","))));
    more
}

/// Which subjects have what role is told by all bindings together: those that are not shipped are looked at too.
fn extended(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let (shipped, live) = (installed(facts)?, facts.all(CLUSTER_ROLE_BINDINGS)?);
    let roles: Vec<&str> = of_kind(&shipped, "ClusterRole").map(name).collect();
    let wanted: Vec<&Value> = of_kind(&shipped, "ClusterRoleBinding").collect();
    let groups: Vec<&str> = wanted
        .iter()
        .flat_map(|binding| list(binding, "/subjects"))
        .map(|subject| text(subject, "/name"))
        .collect();
    let mut found = Vec::new();
    for binding in live {
        let role = text(binding, "/roleRef/name");
        let is_meant = |subject: &Value| {
            wanted.iter().any(|wanted| {
                text(wanted, "/roleRef/name") == role
                    && list(wanted, "/subjects")
                        .iter()
                        .any(|other| is_same(subject, other))
            })
        };
        let is_group =
            |subject: &Value| subject["kind"] == "Group" && groups.contains(&text(subject, "/name"));
        let is_shipped = wanted.iter().any(|wanted| name(wanted) == name(binding));
        // A shipped binding to another role is told of as that.
        let is_elsewhere = is_shipped && !roles.contains(&role);
        let surplus: Vec<String> = list(binding, "/subjects")
            .iter()
            .filter(|subject| (roles.contains(&role) || is_group(subject)) && !is_meant(subject))
            .map(subject)
            .collect();
        if !surplus.is_empty() && !is_elsewhere {
            let message = format!("it gives {} the ClusterRole {role}", surplus.join(", "));
            let remedy = match is_shipped {
                true => INSTALL.to_owned(),
                false => format!("kubectl delete clusterrolebinding {}", name(binding)),
            };
            found.push(Finding::new(named(binding), Reason::TooPowerful, message, remedy));
        }
    }
    Ok(found)
}

const POWERFUL: [&str; 3] = ["cluster-admin", "admin", "edit"];

fn bound_to<'a>(
    facts: &'a Facts,
    roles: &'a [&str],
    is_one: impl Fn(&Value) -> bool + 'a,
) -> Result<Vec<Finding>, Skip> {
    let mut found = Vec::new();
    for binding in facts.all(CLUSTER_ROLE_BINDINGS)? {
        let role = text(binding, "/roleRef/name");
        let subjects: Vec<String> = list(binding, "/subjects")
            .iter()
            .filter(|subject| is_one(subject))
            .map(subject)
            .collect();
        if roles.contains(&role) && !subjects.is_empty() {
            let object = ObjectRef::global("ClusterRoleBinding", name(binding));
            let message = format!("it gives {} the ClusterRole {role}", subjects.join(", "));
            let remedy = format!("kubectl delete clusterrolebinding {}", object.name);
            found.push(Finding::new(object, Reason::TooPowerful, message, remedy));
        }
    }
    Ok(found)
}

fn everybody(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    const EVERYBODY: [&str; 4] = [
        "system:authenticated",
        "system:unauthenticated",
        "system:anonymous",
        "system:serviceaccounts",
    ];
    bound_to(facts, &POWERFUL, |subject| {
        EVERYBODY.contains(&text(subject, "/name"))
    })
}

fn defaults(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let own = facts.config.namespaces.all();
    bound_to(facts, &POWERFUL, |subject| {
        let is_default = subject["kind"] == "ServiceAccount" && subject["name"] == "default";
        is_default && own.contains(&text(subject, "/namespace"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_shipped_is_read() {
        let shipped = shipped();
        assert!(!shipped.is_empty());
        assert!(of_kind(&shipped, "ClusterRole").count() >= 6);
        assert!(of_kind(&shipped, "ClusterRoleBinding").count() >= 5);
    }

    #[test]
    fn only_what_no_allowed_rule_has_is_more() {
        let rule = |groups: &[&str], resources: &[&str], verbs: &[&str]| json!({"apiGroups": groups, "resources": resources, "verbs": verbs});
        let allowed = [rule(&[""], &["pods", "events"], &["get", "list"])];
        assert_eq!(
            surplus(&rule(&[""], &["pods"], &["get"]), &allowed),
            [] as [&str; 0]
        );
        assert_eq!(
            surplus(&rule(&[""], &["pods"], &["get", "delete"]), &allowed),
            ["delete pods"]
        );
        assert_eq!(
            surplus(&rule(&["apps", ""], &["pods"], &["get"]), &allowed),
            ["get pods.apps"]
        );
        assert_eq!(surplus(&rule(&["*"], &["*"], &["*"]), &allowed), ["* *.*"]);
    }
}
