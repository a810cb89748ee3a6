//! The ConfigMap that stands for a set.

use super::id;
use crate::apply::Key;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use thiserror::Error;

const ID: &str = "applyset.kubernetes.io/id";
const TOOLING: &str = "applyset.kubernetes.io/tooling";
const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";

/// A set, as its parent tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// Name of the ConfigMap.
    pub name: String,
    /// Namespace of the ConfigMap.
    pub namespace: String,
    /// The tool that keeps the set, and its version: `aphex-ops/0.1.0`.
    pub tooling: String,
    /// Group and kind of all members.
    pub kinds: BTreeSet<(String, String)>,
    /// Namespaces of members, without the parent's own.
    pub namespaces: BTreeSet<String>,
}

/// Why a ConfigMap is no parent that we may use.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParentError {
    /// It is not marked as one.
    #[error("it is not the parent of an ApplySet: it has no label {ID}")]
    NoParent,
    /// Its label says another ID than its name and namespace lead to.
    #[error("its label {ID} is {found}, but its name and namespace lead to {expected}")]
    OtherId {
        /// What the label says.
        found: String,
        /// What it should say.
        expected: String,
    },
    /// Another tool keeps the set: each would delete what the other applied.
    #[error("the ApplySet is kept by {found}, not by {ours}")]
    ForeignTooling {
        /// The tool that it names; empty if none.
        found: String,
        /// Our tool.
        ours: String,
    },
    /// A list in an annotation cannot be read.
    #[error("its annotation {annotation} holds {entry:?}")]
    Entry {
        /// The annotation.
        annotation: &'static str,
        /// What is in it.
        entry: String,
    },
}

impl Parent {
    /// The parent of a set with these members.
    #[must_use]
    pub fn of<'a>(
        name: &str,
        namespace: &str,
        tooling: &str,
        members: impl IntoIterator<Item = &'a Key>,
    ) -> Self {
        let mut parent = Self {
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            tooling: tooling.to_owned(),
            kinds: BTreeSet::new(),
            namespaces: BTreeSet::new(),
        };
        for key in members {
            parent.kinds.insert((key.group.clone(), key.kind.clone()));
            let other = key.namespace.iter().filter(|other| other.as_str() != namespace);
            parent.namespaces.extend(other.cloned());
        }
        parent
    }

    /// The ID of its set.
    #[must_use]
    pub fn id(&self) -> String {
        id(&self.name, &self.namespace, "ConfigMap", "")
    }

    /// What the parent must say before an apply: all that it says, and all that the new members need. So a crash at any
    /// time leaves no member where nobody looks for it. After a prune it is written without the old.
    ///
    /// Name, namespace and tooling are those of `self`.
    #[must_use]
    pub fn superset(&self, other: &Self) -> Self {
        Self {
            kinds: self.kinds.union(&other.kinds).cloned().collect(),
            namespaces: self.namespaces.union(&other.namespaces).cloned().collect(),
            ..self.clone()
        }
    }

    /// Whether it says the same of where members may be, whichever version of the tool wrote it.
    #[must_use]
    pub fn is_as_wide_as(&self, other: &Self) -> bool {
        self.kinds == other.kinds && self.namespaces == other.namespaces
    }

    /// The ConfigMap, as it is applied; its lists are sorted.
    #[must_use]
    pub fn render(&self) -> Value {
        let kinds = self.kinds.iter().map(|(group, kind)| match group.as_str() {
            "" => kind.clone(),
            group => format!("{kind}.{group}"),
        });
        let kinds: BTreeSet<String> = kinds.collect();
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": {ID: self.id()},
                "annotations": {
                    TOOLING: self.tooling,
                    KINDS: list(&kinds),
                    NAMESPACES: list(&self.namespaces),
                },
            },
        })
    }

    /// The set that a live ConfigMap stands for, if the tool of `tooling` keeps it, in whatever version.
    ///
    /// # Errors
    /// [`ParentError`]; nothing may be applied or deleted in its name then.
    pub fn parse(live: &Value, tooling: &str) -> Result<Self, ParentError> {
        let metadata = &live["metadata"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let found = text(&metadata["labels"][ID]);
        if found.is_empty() {
            return Err(ParentError::NoParent);
        }
        let annotations = &metadata["annotations"];
        let parent = Self {
            name: text(&metadata["name"]),
            namespace: text(&metadata["namespace"]),
            tooling: text(&annotations[TOOLING]),
            kinds: entries(annotations, KINDS, kind)?,
            namespaces: entries(annotations, NAMESPACES, |entry| Some(entry.to_owned()))?,
        };
        if tool(&parent.tooling) != tool(tooling) {
            return Err(ParentError::ForeignTooling {
                found: parent.tooling,
                ours: tooling.to_owned(),
            });
        }
        let expected = parent.id();
        if found == expected {
            Ok(parent)
        } else {
            Err(ParentError::OtherId { found, expected })
        }
    }
}

fn list(entries: &BTreeSet<String>) -> String {
    entries.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

/// The tool without its version.
fn tool(tooling: &str) -> &str {
    tooling.split_once('/').map_or(tooling, |(tool, _)| tool)
}

fn entries<T: Ord>(
    annotations: &Value,
    annotation: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<BTreeSet<T>, ParentError> {
    let text = annotations[annotation].as_str().unwrap_or_default();
    let entries = text.split(',').map(str::trim).filter(|_| !text.is_empty());
    let entries = entries.map(|entry| {
        let error = || ParentError::Entry {
            annotation,
            entry: entry.to_owned(),
        };
        read(entry).filter(|_| !entry.is_empty()).ok_or_else(error)
    });
    entries.collect()
}

/// `Kind` or `Kind.group`.
fn kind(entry: &str) -> Option<(String, String)> {
    let (kind, group) = entry.split_once('.').unwrap_or((entry, ""));
    let is_whole = !kind.is_empty() && (!group.is_empty() || !entry.contains('.'));
    is_whole.then(|| (group.to_owned(), kind.to_owned()))
}
