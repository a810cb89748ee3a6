//! The permissions that applying a plan takes.

use super::prepared::Prepared;
use crate::apply::health::{self, Need};
use crate::model::{
    config::Config,
    kind::{CONFIG_MAP, Kind},
    names,
    rule::Rule,
};
use std::collections::{BTreeMap, BTreeSet};

/// What a command does with the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// It only looks.
    Look,
    /// It applies them.
    Apply,
    /// It deletes those of their set that are no longer wanted.
    Prune,
}

/// Each object by its name, and looking for objects of its kind in the whole cluster: what is in the set and not in the
/// plan any more has names that are not known beforehand. Before a plan was read, only what its set takes.
pub(super) fn rules(prepared: Option<&Prepared>, set: &str, config: &Config, does: Does) -> Vec<Rule> {
    let parent = |namespace: &str, name: &str| {
        Rule::named(namespace, "", "configmaps", [name], verbs(&CONFIG_MAP, does))
    };
    let Some(prepared) = prepared else {
        return vec![parent(
            &config.namespaces.platform,
            &format!("{}-{set}", names::PRODUCT),
        )];
    };
    let mut rules = vec![parent(&prepared.parent.namespace, &prepared.parent.name)];
    let namespaces = prepared.foreign_namespaces();
    if !namespaces.is_empty() {
        rules.push(Rule::cluster("", "namespaces", namespaces, &["get"]));
    }
    let mut places: BTreeMap<(&Kind, &Option<String>), Vec<String>> = BTreeMap::new();
    for at in &prepared.addresses {
        places
            .entry((&at.kind, &at.namespace))
            .or_default()
            .push(at.name.clone());
    }
    let kinds: BTreeSet<&Kind> = places.keys().map(|(kind, _)| *kind).collect();
    rules.extend(
        kinds
            .into_iter()
            .filter(|kind| *kind.name != *"Secret")
            .map(|kind| look(kind, does)),
    );
    rules.extend(places.into_iter().map(|((kind, namespace), names)| Rule {
        namespace: namespace.clone(),
        group: kind.group.clone(),
        resource: kind.plural.clone(),
        names,
        verbs: verbs(kind, does).to_vec(),
    }));
    rules
}

/// Looking at others that say more of an object. Nothing is refused for want of these.
pub(super) fn related(prepared: &Prepared) -> Vec<Rule> {
    let needs = prepared.bodies.iter().flat_map(|body| health::may_need(body));
    let needs: BTreeSet<Need> = needs.collect();
    let rules = needs.into_iter().filter_map(|need| {
        let (group, name, namespace, names, verb) = match need {
            Need::Object {
                group,
                kind,
                namespace,
                name,
            } => (group, kind, namespace, vec![name], "get"),
            Need::Selected {
                group,
                kind,
                namespace,
                ..
            } => (group, kind, Some(namespace), Vec::new(), "list"),
        };
        let kind = prepared.kind(group, name)?;
        Some(Rule {
            namespace,
            group: kind.group.clone(),
            resource: kind.plural.clone(),
            names,
            verbs: vec![verb],
        })
    });
    let mut rules: Vec<Rule> = rules.collect();
    rules.dedup();
    let namespaces = prepared.addresses.iter().filter_map(|at| at.namespace.as_deref());
    let namespaces: BTreeSet<&str> = namespaces.collect();
    let events = namespaces.into_iter();
    rules.extend(events.map(|namespace| Rule::all(namespace, "", "events", &["list"])));
    rules
}

/// What is deleted has names that are not known beforehand either.
fn look(kind: &Kind, does: Does) -> Rule {
    let verbs: &[&str] = match does {
        Does::Prune => &["list", "watch", "delete"],
        Does::Look | Does::Apply => &["list", "watch"],
    };
    Rule::everywhere(kind, verbs)
}

/// A role can be given by one who holds what is in it, or may `escalate` it.
fn verbs(kind: &Kind, does: Does) -> &'static [&'static str] {
    match &*kind.name {
        _ if does == Does::Look => &["get"],
        "Role" | "ClusterRole" => &["get", "create", "patch", "escalate", "bind"],
        _ => &["get", "create", "patch"],
    }
}
