//! Organizations and their repositories.

use super::super::{
    Category::Tenants,
    Check, Facts, Finding, Skip,
    object::{describe, list, name, named, since, text, time},
    sources::{KNOWLEDGE_BASES, ORGANIZATIONS, REPO_BINDINGS, Source},
};
use crate::model::{failure::Reason, tenants::names};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

pub(super) const CHECKS: &[Check] = &[
    Check::error("APX-TEN-001", Tenants, "no Organization has failed", |facts| {
        failed(facts, ORGANIZATIONS)
    })
    .means("Nothing of its repositories is set up.")
    .mended("Look at its conditions, mend the cause, and let it be reconciled again.")
    .after(&["APX-CLU-001"])
    .reading(&[ORGANIZATIONS]),
    Check::error("APX-TEN-002", Tenants, "no RepoBinding has failed", |facts| {
        failed(facts, REPO_BINDINGS)
    })
    .means("Its repository starts no pipeline.")
    .mended("Look at its conditions, mend the cause, and let it be reconciled again.")
    .after(&["APX-CLU-001"])
    .reading(&[REPO_BINDINGS]),
    Check::error("APX-TEN-003", Tenants, "no KnowledgeBase has failed", |facts| {
        failed(facts, KNOWLEDGE_BASES)
    })
    .means("It is not indexed.")
    .mended("Look at its conditions, mend the cause, and let it be reconciled again.")
    .after(&["APX-CLU-001"])
    .reading(&[KNOWLEDGE_BASES]),
    Check::error(
        "APX-TEN-004",
        Tenants,
        "no two RepoBindings want the same pipeline",
        twice,
    )
    .means("A pipeline is a namespace, and belongs to one repository: the younger binding gets none.")
    .mended("Give the younger one another pipelineName.")
    .after(&["APX-CLU-001"])
    .reading(&[REPO_BINDINGS]),
    Check::warning("APX-TEN-005", Tenants, "no tenant waits for long", waiting)
        .means("Something that it needs does not come, or nobody reconciles.")
        .mended(
            "Its conditions say what it waits for; `aphex-ops jobs status` says whether somebody reconciles.",
        )
        .after(&["APX-CLU-001"])
        .reading(&[ORGANIZATIONS, REPO_BINDINGS, KNOWLEDGE_BASES]),
];

/// Three runs of the reconciler, and none of them got it done.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

fn failed(facts: &Facts, kind: Source) -> Result<Vec<Finding>, Skip> {
    let failed = facts
        .all(kind)?
        .iter()
        .filter(|object| text(object, "/status/phase") == "Failed");
    let found = failed.map(|object| {
        let conditions = list(object, "/status/conditions").iter();
        let why = conditions.rev().find(|found| found["status"] == "False");
        let reason = why.map_or("Failed", |why| text(why, "/reason"));
        let message = why.map_or_else(|| text(object, "/status/message"), |why| text(why, "/message"));
        let object = named(object);
        let remedy = describe(&object);
        Finding::new(object, reason, format!("it has failed: {message}"), remedy)
    });
    Ok(found.collect())
}

/// Those that are neither done nor failed, for as long as their last condition that says so; and those that nobody looked at.
fn waiting(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let mut found = Vec::new();
    for kind in [ORGANIZATIONS, REPO_BINDINGS, KNOWLEDGE_BASES] {
        found.extend(facts.all(kind)?.iter().filter_map(|object| wait(facts, object)));
    }
    Ok(found)
}

fn wait(facts: &Facts, object: &Value) -> Option<Finding> {
    if object["metadata"]["annotations"][names::SUSPEND_ANNOTATION] == "true" {
        return None;
    }
    let is_long = |then: &Timestamp| since(facts.now, *then) > PATIENCE;
    let named = named(object);
    match text(object, "/status/phase") {
        "Pending" | "Provisioning" => {
            let conditions = list(object, "/status/conditions").iter();
            let unmet = conditions.filter(|found| found["status"] == "False");
            let last = unmet.max_by_key(|found| time(found, "/lastTransitionTime"))?;
            let then = time(last, "/lastTransitionTime").filter(is_long)?;
            let message = format!("it waits since {then}: {}", text(object, "/status/message"));
            let remedy = describe(&named);
            Some(Finding::new(named, text(last, "/reason"), message, remedy))
        }
        "" => {
            let then = time(object, "/metadata/creationTimestamp").filter(is_long)?;
            let message = format!("it was made at {then}, and nobody has looked at it");
            let remedy = "run `aphex-ops tenants reconcile`; `aphex-ops jobs status` says when that last ran by itself";
            Some(Finding::new(named, Reason::NotReady, message, remedy))
        }
        _ => None,
    }
}

fn twice(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let mut all: Vec<&Value> = facts.all(REPO_BINDINGS)?.iter().collect();
    all.sort_by_key(|object| (time(object, "/metadata/creationTimestamp"), name(object)));
    let mut found = Vec::new();
    for (at, object) in all.iter().enumerate() {
        let wanted = text(object, "/spec/pipelineName");
        let older = all[..at]
            .iter()
            .find(|other| text(other, "/spec/pipelineName") == wanted);
        if let Some(older) = older.filter(|_| !wanted.is_empty()) {
            let message = format!("{} has the pipeline {wanted} already", named(older));
            let object = named(object);
            let remedy = describe(&object);
            found.push(Finding::new(object, Reason::AmbiguousMatch, message, remedy));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{super::testing::mk_facts, *};
    use serde_json::json;

    #[test]
    fn a_tenant_may_wait_for_a_while_or_be_left_alone() {
        let mut object = json!({
            "kind": "Organization", "metadata": {"name": "a", "namespace": "platform-system"},
            "status": {"phase": "Pending", "message": "m", "conditions": [
                {"type": "A", "status": "False", "reason": "Old", "lastTransitionTime": "2026-11-24T09:00:00Z"},
                {"type": "B", "status": "False", "reason": "New", "lastTransitionTime": "2026-11-24T11:50:00Z"},
            ]},
        });
        let facts = mk_facts();
        assert_eq!(wait(&facts, &object), None, "something changed ten minutes ago");
        object["status"]["conditions"][1]["status"] = "True".into();
        let found = wait(&facts, &object).unwrap();
        assert_eq!(found.reason, "Old");
        object["metadata"]["annotations"] = json!({names::SUSPEND_ANNOTATION: "true"});
        assert_eq!(wait(&facts, &object), None);
    }
}
