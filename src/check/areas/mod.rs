//! The checks, area by area. A code that is no longer used is never given to another check.

mod certificates;
mod cluster;
mod dns;
mod identity;
mod jobs;
mod oidc;
mod permissions;
mod rbac;
mod secrets;
mod tenants;
mod waves;
mod webhooks;
mod workload;

use super::{Check, Facts, Finding, Skip, sources::Source};
use crate::{
    apply::health::{Health, Verdict},
    check::object::{describe, named},
};
use serde_json::Value;

/// All checks, in the order in which they are shown: by area, what others need first.
const AREAS: [&[Check]; 12] = [
    cluster::CHECKS,
    permissions::CHECKS,
    secrets::CHECKS,
    identity::CHECKS,
    oidc::CHECKS,
    waves::CHECKS,
    certificates::CHECKS,
    rbac::CHECKS,
    jobs::CHECKS,
    webhooks::CHECKS,
    dns::CHECKS,
    tenants::CHECKS,
];

/// Every check.
pub fn catalogue() -> impl Iterator<Item = &'static Check> {
    AREAS.into_iter().flatten()
}

/// The objects of these kinds that are not as they should be, by the rules of their kinds. A kind that the cluster does not
/// have has none; if it has none of them, there is nothing to judge.
fn unhealthy<'a>(facts: &'a Facts, kinds: &[Source]) -> Result<Vec<(&'a Value, Verdict)>, Skip> {
    let mut found = Vec::new();
    let mut absent = None;
    let mut seen = 0;
    for kind in kinds {
        match facts.all(*kind) {
            Ok(objects) => {
                seen += 1;
                found.extend(objects.iter().map(|object| (object, facts.verdict(object))));
            }
            Err(skip @ Skip::NotInstalled(_)) => absent = absent.or(Some(skip)),
            Err(skip) => return Err(skip),
        }
    }
    match absent {
        Some(skip) if seen == 0 => Err(skip),
        _ => Ok(found
            .into_iter()
            .filter(|(_, verdict)| !is_well(verdict))
            .collect()),
    }
}

/// What is being deleted is told of by the checks for that.
fn is_well(verdict: &Verdict) -> bool {
    matches!(verdict.health, Health::Current | Health::Terminating) || verdict.settles
}

/// A finding that says no more than the object's own verdict.
fn told(object: &Value, verdict: &Verdict) -> Finding {
    let name = named(object);
    let reason = verdict.reason.clone();
    let reason = reason.unwrap_or_else(|| format!("{:?}", verdict.health));
    let remedy = describe(&name);
    Finding::new(name, reason, verdict.message.clone(), remedy)
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
