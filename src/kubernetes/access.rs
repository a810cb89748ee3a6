//! The pre-flight before the first write: the server is new enough, and every permission is there; if not, all
//! that are missing are named at once.

use super::{Cluster, triage};
use crate::{
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        object::ObjectRef,
        rule::{Rule, by_namespace},
    },
    render::rbac,
};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, ResourceRule, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
    SelfSubjectRulesReview, SelfSubjectRulesReviewSpec, SubjectRulesReviewStatus,
};
use kube::{Api, api::PostParams};

/// Asks for the API server's version, and with one review for each namespace whether all rules are granted.
///
/// # Errors
/// [`Reason::UnsupportedVersion`], or [`Reason::Forbidden`] with all missing rules as YAML that can be applied.
pub async fn preflight(cluster: &Cluster, rules: &[Rule]) -> Result<(), Failure> {
    if rules.is_empty() {
        return Ok(());
    }
    cluster.check_version().await?;
    let (missing, _) = missing(cluster, rules).await?;
    if missing.is_empty() {
        Ok(())
    } else {
        Err(all_missing(&missing))
    }
}

/// What of the rules is not granted, by one review for each namespace, and whether the server said that a review of its is
/// incomplete: then each refusal was confirmed.
///
/// # Errors
/// A [`Failure`] about the review itself.
pub async fn missing(cluster: &Cluster, rules: &[Rule]) -> Result<(Vec<Rule>, bool), Failure> {
    let mut missing = Vec::new();
    let mut is_incomplete = false;
    for (namespace, rules) in by_namespace(rules) {
        let granted = review(cluster, namespace.as_deref()).await?;
        is_incomplete |= granted.incomplete;
        for rule in rules {
            let rest = ungranted(&rule, &granted.resource_rules);
            let refused = match rest {
                Some(rest) if granted.incomplete => confirmed_missing(cluster, &rest).await?,
                other => other,
            };
            missing.extend(refused);
        }
    }
    Ok((missing, is_incomplete))
}

fn all_missing(missing: &[Rule]) -> Failure {
    let list = missing
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ");
    Failure::new(
        Exit::Forbidden,
        Reason::Forbidden,
        format!("permissions are missing, so nothing was changed: {list}"),
    )
    .hint(format!(
        "apply this, with the subject that runs this command:\n{}",
        rbac::grant(missing)
    ))
}

async fn review(cluster: &Cluster, namespace: Option<&str>) -> Result<SubjectRulesReviewStatus, Failure> {
    let namespace = namespace.unwrap_or("default");
    let api: Api<SelfSubjectRulesReview> = Api::all(cluster.client.clone());
    let spec = SelfSubjectRulesReviewSpec {
        namespace: Some(namespace.to_owned()),
    };
    let ask = SelfSubjectRulesReview {
        spec,
        ..SelfSubjectRulesReview::default()
    };
    let object = ObjectRef::global("SelfSubjectRulesReview", namespace);
    let answer = api
        .create(&PostParams::default(), &ask)
        .await
        .map_err(|error| triage::failure(error, &object))?;
    Ok(answer.status.unwrap_or_default())
}

/// What of a rule is not granted: the verbs and names that no single granted rule covers.
fn ungranted(rule: &Rule, granted: &[ResourceRule]) -> Option<Rule> {
    let names: Vec<Option<&str>> = if rule.names.is_empty() {
        vec![None]
    } else {
        rule.names.iter().map(|name| Some(name.as_str())).collect()
    };
    let is_granted =
        |verb: &str, name: Option<&str>| granted.iter().any(|grant| grants(grant, rule, verb, name));
    let verbs: Vec<&'static str> = rule
        .verbs
        .iter()
        .copied()
        .filter(|verb| names.iter().any(|name| !is_granted(verb, *name)))
        .collect();
    let refused = |name: &&Option<&str>| verbs.iter().any(|verb| !is_granted(verb, **name));
    let names = names
        .iter()
        .filter(refused)
        .flatten()
        .map(|name| (*name).to_owned())
        .collect();
    (!verbs.is_empty()).then(|| Rule {
        names,
        verbs,
        ..rule.clone()
    })
}

fn grants(grant: &ResourceRule, rule: &Rule, verb: &str, name: Option<&str>) -> bool {
    let has = |list: &Option<Vec<String>>, wanted: &str| {
        list.as_ref()
            .is_some_and(|list| list.iter().any(|entry| entry == "*" || entry == wanted))
    };
    let names = grant.resource_names.as_deref().unwrap_or_default();
    let name_fits = names.is_empty() || name.is_some_and(|name| names.iter().any(|entry| entry == name));
    let verbs = Some(grant.verbs.clone());
    has(&verbs, verb)
        && has(&grant.api_groups, &rule.group)
        && has(&grant.resources, &rule.resource)
        && name_fits
}

/// A rules review can be incomplete (webhook authorizers): then each refusal is asked for by itself.
async fn confirmed_missing(cluster: &Cluster, rule: &Rule) -> Result<Option<Rule>, Failure> {
    let api: Api<SelfSubjectAccessReview> = Api::all(cluster.client.clone());
    let names: Vec<Option<String>> = if rule.names.is_empty() {
        vec![None]
    } else {
        rule.names.iter().cloned().map(Some).collect()
    };
    let (resource, subresource) = match rule.resource.split_once('/') {
        Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
        None => (&*rule.resource, None),
    };
    let mut refused = Rule {
        names: Vec::new(),
        verbs: Vec::new(),
        ..rule.clone()
    };
    for verb in &rule.verbs {
        for name in &names {
            let attributes = ResourceAttributes {
                namespace: rule.namespace.clone(),
                group: Some(rule.group.to_string()),
                resource: Some(resource.to_owned()),
                subresource: subresource.clone(),
                name: name.clone(),
                verb: Some((*verb).to_owned()),
                ..ResourceAttributes::default()
            };
            let spec = SelfSubjectAccessReviewSpec {
                resource_attributes: Some(attributes),
                ..Default::default()
            };
            let ask = SelfSubjectAccessReview {
                spec,
                ..SelfSubjectAccessReview::default()
            };
            let object = ObjectRef::global("SelfSubjectAccessReview", rule.resource.as_ref());
            let answer = api
                .create(&PostParams::default(), &ask)
                .await
                .map_err(|error| triage::failure(error, &object))?;
            if !answer.status.is_some_and(|status| status.allowed) {
                if !refused.verbs.contains(verb) {
                    refused.verbs.push(verb);
                }
                refused.names.extend(
                    name.iter()
                        .filter(|name| !refused.names.contains(name))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
            }
        }
    }
    Ok((!refused.verbs.is_empty()).then_some(refused))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_grant(verbs: &[&str], resources: &[&str], names: &[&str]) -> ResourceRule {
        let owned = |list: &[&str]| list.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>();
        ResourceRule {
            verbs: owned(verbs),
            api_groups: Some(vec![String::new()]),
            resources: Some(owned(resources)),
            resource_names: Some(owned(names)),
        }
    }

    #[test]
    fn what_is_missing_is_exactly_what_no_grant_covers() {
        let rule = Rule::named("ns", "", "secrets", ["a", "b"], &["get", "patch"]);
        assert_eq!(ungranted(&rule, &[mk_grant(&["*"], &["*"], &[])]), None);
        assert_eq!(
            ungranted(&rule, &[mk_grant(&["get", "patch"], &["secrets"], &["a", "b"])]),
            None
        );
        let only_a = [
            mk_grant(&["get"], &["secrets"], &[]),
            mk_grant(&["patch"], &["secrets"], &["a"]),
        ];
        assert_eq!(
            ungranted(&rule, &only_a),
            Some(Rule::named("ns", "", "secrets", ["b"], &["patch"]))
        );
        assert_eq!(ungranted(&rule, &[]), Some(rule.clone()));
        let unnamed = Rule::all("ns", "", "pods", &["list"]);
        assert_eq!(
            ungranted(&unnamed, &[mk_grant(&["list"], &["pods"], &["x"])]),
            Some(unnamed.clone())
        );
    }
}
