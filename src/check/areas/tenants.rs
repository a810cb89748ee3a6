//! Organizations and their repositories.

use super::super::{
    Category::Tenants,
    Check, Facts, Finding, Skip,
    object::{describe, list, name, named, text, time},
    sources::{KNOWLEDGE_BASES, ORGANIZATIONS, REPO_BINDINGS, Source},
};
use crate::model::failure::Reason;
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
];

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
