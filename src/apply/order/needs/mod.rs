//! What an object needs of the plan before it can be applied, or before it can become healthy.
//!
//! A need is met by an object of the plan, or else it is none: the object may stand in the cluster already, and if it does
//! not, health says so. What is marked `optional` is no need.

mod access;
mod admission;
mod foreign;
mod network;
mod pods;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use super::{CRD, NAMESPACE, scopes::defines};
use crate::apply::{Key, manifest::Manifest};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const CONFIG_MAP: (&str, &str) = ("", "ConfigMap");
pub(super) const SECRET: (&str, &str) = ("", "Secret");
pub(super) const SERVICE: (&str, &str) = ("", "Service");
pub(super) const SERVICE_ACCOUNT: (&str, &str) = ("", "ServiceAccount");
const CERT_MANAGER: &str = "cert-manager.io";
const EXTERNAL_SECRETS: &str = "external-secrets.io";

/// An object that another one names: kind, namespace, name.
type Named<'a> = ((&'a str, &'a str), Option<&'a str>, &'a str);

/// The manifests, by what others name them by.
struct Plan<'a> {
    manifests: &'a [Manifest],
    by_key: BTreeMap<Key, usize>,
    /// Definitions by the group and kind that they define.
    definitions: BTreeMap<(&'a str, &'a str), usize>,
    /// What makes a Secret that is no manifest, by the Secret's namespace and name.
    makers: BTreeMap<(Option<&'a str>, &'a str), Vec<usize>>,
}

/// For each manifest, the manifests that it needs, ascending.
pub(super) fn needs(manifests: &[Manifest]) -> Vec<BTreeSet<usize>> {
    let plan = Plan::of(manifests);
    let all = manifests.iter();
    all.map(|manifest| of(&plan, manifest).into_iter().collect())
        .collect()
}

fn of(plan: &Plan<'_>, manifest: &Manifest) -> Vec<usize> {
    let mut found = Vec::new();
    if let Some(namespace) = &manifest.namespace {
        found.extend(plan.find((NAMESPACE, None, namespace)));
    }
    let kind = (manifest.group.as_str(), manifest.kind.as_str());
    found.extend(plan.definitions.get(&kind).copied());
    let rules = [access::named, foreign::named, network::named, pods::named];
    let named = rules.iter().flat_map(|rule| rule(manifest));
    found.extend(named.flat_map(|named| plan.find(named)));
    found.extend(admission::behind(plan, manifest));
    found
}

impl<'a> Plan<'a> {
    fn of(manifests: &'a [Manifest]) -> Self {
        let mut plan = Self {
            manifests,
            by_key: BTreeMap::new(),
            definitions: BTreeMap::new(),
            makers: BTreeMap::new(),
        };
        for (at, manifest) in manifests.iter().enumerate() {
            plan.by_key.entry(manifest.key()).or_insert(at);
            if let (true, Some(kind)) = (manifest.is(CRD), defines(manifest)) {
                plan.definitions.insert(kind, at);
            }
            if let Some(secret) = foreign::makes(manifest) {
                let secret = (manifest.namespace.as_deref(), secret);
                plan.makers.entry(secret).or_default().push(at);
            }
        }
        plan
    }

    /// The object, if it is in the plan; of a Secret that is not, what makes it.
    fn find(&self, ((group, kind), namespace, name): Named<'_>) -> Vec<usize> {
        match self.by_key.get(&Key::new(group, kind, namespace, name)) {
            Some(at) => vec![*at],
            None if (group, kind) == SECRET => {
                self.makers.get(&(namespace, name)).cloned().unwrap_or_default()
            }
            None => Vec::new(),
        }
    }
}

/// The items of a list; none of anything else.
fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
