//! The permissions that a step needs, declared beside the step and proved by tests.

use crate::model::kind::Kind;
use std::{borrow::Cow, collections::BTreeMap, fmt};

/// One permission: verbs on one resource, in one namespace or cluster-wide, if possible by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rule {
    /// `Some` becomes a Role in that namespace, `None` a ClusterRole.
    pub namespace: Option<String>,
    /// API group; empty for the core group.
    pub group: Cow<'static, str>,
    /// Plural resource, with its subresource if any (`deployments/scale`).
    pub resource: Cow<'static, str>,
    /// Names that the verbs are limited to; empty only where the API cannot limit by name.
    pub names: Vec<String>,
    /// The verbs.
    pub verbs: Vec<&'static str>,
}

impl Rule {
    /// Verbs on named objects of a namespace.
    pub fn named<N: Into<String>>(
        namespace: &str,
        group: impl Into<Cow<'static, str>>,
        resource: impl Into<Cow<'static, str>>,
        names: impl IntoIterator<Item = N>,
        verbs: &[&'static str],
    ) -> Self {
        Self {
            namespace: Some(namespace.to_owned()),
            group: group.into(),
            resource: resource.into(),
            names: names.into_iter().map(Into::into).collect(),
            verbs: verbs.to_vec(),
        }
    }

    /// Verbs on all objects of one resource in a namespace, for verbs that cannot be limited by name.
    #[must_use]
    pub fn all(
        namespace: &str,
        group: impl Into<Cow<'static, str>>,
        resource: impl Into<Cow<'static, str>>,
        verbs: &[&'static str],
    ) -> Self {
        Self::named(namespace, group, resource, [] as [String; 0], verbs)
    }

    /// Verbs on named cluster-scoped objects.
    pub fn cluster<N: Into<String>>(
        group: impl Into<Cow<'static, str>>,
        resource: impl Into<Cow<'static, str>>,
        names: impl IntoIterator<Item = N>,
        verbs: &[&'static str],
    ) -> Self {
        Self {
            namespace: None,
            ..Self::named("", group, resource, names, verbs)
        }
    }

    /// Verbs on all objects of a kind, in whatever namespace.
    #[must_use]
    pub fn everywhere(kind: &Kind, verbs: &[&'static str]) -> Self {
        Self::cluster(kind.group.clone(), kind.plural.clone(), [] as [String; 0], verbs)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verbs.join(","), self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        if !self.names.is_empty() {
            write!(f, " [{}]", self.names.join(", "))?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None => f.write_str(" (cluster)"),
        }
    }
}

/// Rules by namespace (`None`: cluster-wide), without repetition, for rendering Roles.
#[must_use]
pub fn by_namespace(rules: &[Rule]) -> BTreeMap<Option<String>, Vec<Rule>> {
    let mut grouped: BTreeMap<Option<String>, Vec<Rule>> = BTreeMap::new();
    for rule in rules {
        let group = grouped.entry(rule.namespace.clone()).or_default();
        if !group.contains(rule) {
            group.push(rule.clone());
        }
    }
    grouped
}
