//! Which members of a set may be deleted, because no manifest asks for them.

use super::PART_OF;
use crate::{apply::Key, model::names};
use serde_json::Value;
use std::collections::BTreeSet;

/// So many may always be deleted; beyond, no more than this part of the set.
const FEW: usize = 10;
const PART: usize = 5;

/// Kinds that hold data, or take others with them.
const PRECIOUS: [(&str, &str); 5] = [
    ("", "Namespace"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apps", "StatefulSet"),
];

/// Annotations that ask to keep an object, each with the words of which one is enough.
const KEEP: [(&str, &[&str]); 4] = [
    (
        "argocd.argoproj.io/sync-options",
        &["Prune=false", "Prune=confirm", "Delete=false", "Delete=confirm"],
    ),
    ("client.lifecycle.config.k8s.io/deletion", &["detach"]),
    ("cli-utils.sigs.k8s.io/on-remove", &["keep"]),
    ("helm.sh/resource-policy", &["keep"]),
];

/// A live object, as a complete LIST showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Which object.
    pub key: Key,
    /// Its `metadata`.
    pub metadata: Value,
}

/// What is known of the run that wants to prune.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Whether every LIST was answered in full, with a resourceVersion.
    pub is_complete: bool,
    /// Whether all waves are healthy.
    pub is_healthy: bool,
    /// How many deletions the operator agreed to.
    pub confirmed: Option<usize>,
}

/// An object to delete. Both preconditions belong in the DELETE: it is another object, or was changed, if one fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Which object.
    pub key: Key,
    /// Precondition.
    pub uid: String,
    /// Precondition.
    pub resource_version: String,
}

/// Why a member that no manifest asks for is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// A LIST failed or was cut short: what is missing here may only not have been seen.
    Incomplete,
    /// Not all waves are healthy.
    Unhealthy,
    /// No manifest asks for anything: more likely a wrong folder than a wish.
    EmptyPlan,
    /// Secrets are never members of a set.
    Secret,
    /// It has the set's label, but not the mark of what we applied.
    NotOurs,
    /// Its controller, which gave it the label, decides about it.
    Controlled,
    /// It is being deleted already.
    Terminating,
    /// An annotation asks for it.
    Asked(&'static str),
    /// Its uid or resourceVersion is not known, so a DELETE could hit another object.
    Unknown,
    /// It would be deleted, but so many, or such kinds, need the operator's agreement.
    Unconfirmed,
}

/// What to do about the members that no manifest asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// These may be deleted now, each with both of its preconditions; in which order is not said here.
    pub delete: Vec<Removal>,
    /// These are kept, and why.
    pub kept: Vec<(Key, Kept)>,
    /// How many deletions the operator has to agree to; then `delete` is empty.
    pub needs_confirmation: Option<usize>,
}

/// Selects from all live members of the set `id` those that may be deleted, by key; other objects are passed over.
///
/// Nothing is deleted if the plan is empty, if not all was seen, or if not all is healthy. More than 10 objects that are
/// more than a fifth of the set, or one of a kind that holds data, are deleted only if exactly their number is confirmed.
#[must_use]
pub fn select(id: &str, live: &[Live], planned: &BTreeSet<Key>, round: Round) -> Selection {
    let members = live
        .iter()
        .filter(|object| object.metadata["labels"][PART_OF] == id);
    let members: Vec<&Live> = members.collect();
    let mut selection = Selection::default();
    for object in members.iter().filter(|object| !planned.contains(&object.key)) {
        let kept = of_round(planned, round).or_else(|| of_object(object));
        match (kept, removal(object)) {
            (Some(kept), _) => selection.kept.push((object.key.clone(), kept)),
            (None, Some(removal)) => selection.delete.push(removal),
            (None, None) => selection.kept.push((object.key.clone(), Kept::Unknown)),
        }
    }
    let count = selection.delete.len();
    if needs_confirmation(&selection.delete, members.len()) && round.confirmed != Some(count) {
        selection.needs_confirmation = Some(count);
        let unconfirmed = std::mem::take(&mut selection.delete).into_iter();
        selection
            .kept
            .extend(unconfirmed.map(|removal| (removal.key, Kept::Unconfirmed)));
    }
    selection.delete.sort_by(|one, other| one.key.cmp(&other.key));
    selection.kept.sort_by(|one, other| one.0.cmp(&other.0));
    selection
}

fn of_round(planned: &BTreeSet<Key>, round: Round) -> Option<Kept> {
    match round {
        _ if planned.is_empty() => Some(Kept::EmptyPlan),
        Round {
            is_complete: false, ..
        } => Some(Kept::Incomplete),
        Round {
            is_healthy: false, ..
        } => Some(Kept::Unhealthy),
        _ => None,
    }
}

fn of_object(object: &Live) -> Option<Kept> {
    let metadata = &object.metadata;
    let owners = metadata["ownerReferences"].as_array().into_iter().flatten();
    let is_marked = |field: &str| metadata[field][names::MANAGED_BY_LABEL] == names::PRODUCT;
    if object.key.is(("", "Secret")) {
        Some(Kept::Secret)
    } else if !metadata["deletionTimestamp"].is_null() {
        Some(Kept::Terminating)
    } else if owners.into_iter().any(|owner| owner["controller"] == true) {
        Some(Kept::Controlled)
    } else if !is_marked("labels") && !is_marked("annotations") {
        Some(Kept::NotOurs)
    } else {
        let asks = |(annotation, words): &(&str, &[&str])| {
            let value = metadata["annotations"][*annotation].as_str().unwrap_or_default();
            value.split(',').any(|word| words.contains(&word.trim()))
        };
        let asking = KEEP.iter().find(|keep| asks(keep));
        asking.map(|(annotation, _)| Kept::Asked(annotation))
    }
}

fn removal(object: &Live) -> Option<Removal> {
    let text = |field: &str| object.metadata[field].as_str().filter(|text| !text.is_empty());
    Some(Removal {
        key: object.key.clone(),
        uid: text("uid")?.to_owned(),
        resource_version: text("resourceVersion")?.to_owned(),
    })
}

fn needs_confirmation(delete: &[Removal], members: usize) -> bool {
    let is_precious = |removal: &Removal| PRECIOUS.iter().any(|kind| removal.key.is(*kind));
    let many = delete.len() > FEW && delete.len() * PART > members;
    many || delete.iter().any(is_precious)
}
