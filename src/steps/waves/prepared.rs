//! The plan's objects as they are applied, and where.

use super::Args;
use crate::{
    apply::{
        Key,
        applyset::{self, Parent},
        health::Expressions,
        initial,
        manifest::Manifest,
        order::{self, Order, Scope, Scopes},
    },
    kubernetes::Served,
    model::{
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
        kind::{Address, Kind, NAMESPACE},
        names,
    },
};
use serde_json::Value;
use std::{collections::BTreeSet, fmt, ops::Deref, sync::Arc};

/// What is applied: it may be a Secret, so it cannot be printed.
#[derive(Clone, PartialEq)]
pub struct Body(Arc<Value>);

impl Body {
    /// What is applied beside what is there: of fields that are only set at first, what is there stays.
    pub(super) fn beside(&self, live: Option<&Value>) -> Self {
        let adjusted = live.and_then(|live| initial::to_live(self, live, names::PRODUCT));
        adjusted.map_or_else(|| self.clone(), |adjusted| Self(Arc::new(adjusted)))
    }
}

impl Deref for Body {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(an object)")
    }
}

/// All that is known before the first look at the objects themselves.
#[derive(Debug)]
pub(super) struct Prepared {
    /// Without the objects themselves, which are in `bodies`.
    pub(super) order: Order,
    /// What is applied, in that order.
    pub(super) bodies: Vec<Body>,
    /// Where each of [`Order::manifests`] is, in that order.
    pub(super) addresses: Vec<Address>,
    /// The set as it is when exactly the plan's objects are members.
    pub(super) parent: Parent,
    /// Field managers whose fields are taken.
    pub(super) adopted: Vec<String>,
    /// The kinds that the cluster had before the first write.
    pub(super) served: Vec<Served>,
    /// What the configuration says of the health of kinds.
    pub(super) expressions: Expressions,
    /// Kinds whose objects have no status, so that nothing will ever tell more of them than that they exist.
    without_status: BTreeSet<(String, String)>,
}

impl Prepared {
    /// Reads and orders the manifests for a cluster that has these kinds.
    ///
    /// # Errors
    /// All that is wrong, at once.
    pub(super) fn new(
        args: &Args,
        manifests: Vec<Manifest>,
        config: &Config,
        served: Vec<Served>,
    ) -> Result<Self, Vec<Failure>> {
        let expressions = expressions(config)?;
        let options = order::Options {
            default_namespace: args.namespace.clone(),
            rerun_jobs: args.rerun_jobs,
        };
        let order = order::order(manifests, &scopes(&served), &options);
        let mut order =
            order.map_err(|problems| problems.into_iter().map(Failure::from).collect::<Vec<_>>())?;
        let all = scopes(&served).with(&order.manifests).0;
        let addresses = order
            .manifests
            .iter()
            .map(|manifest| address(manifest, &all))
            .collect();
        let is_platform = args.is_platform();
        let members = order
            .manifests
            .iter()
            .filter(|manifest| is_member(manifest, is_platform));
        let keys: Vec<Key> = members.map(Manifest::key).collect();
        let parent = Parent::of(
            &format!("{}-{}", names::PRODUCT, args.set()),
            &config.namespaces.platform,
            concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")),
            keys.iter(),
        );
        let id = parent.id();
        let without_status = without_status(&served, &order.manifests);
        let labelled = order.manifests.iter_mut().map(|manifest| {
            label(manifest, is_member(manifest, is_platform).then_some(&id));
            Body(Arc::new(std::mem::take(&mut manifest.object)))
        });
        let bodies = labelled.collect();
        Ok(Self {
            order,
            bodies,
            addresses,
            parent,
            adopted: args.adopt.clone(),
            served,
            expressions,
            without_status,
        })
    }

    /// The namespaces of the plan's objects and of its set that no manifest makes.
    pub(super) fn foreign_namespaces(&self) -> BTreeSet<String> {
        let made = self.addresses.iter().filter(|at| at.kind == NAMESPACE);
        let made: BTreeSet<&String> = made.map(|at| &at.name).collect();
        let all = self.addresses.iter().filter_map(|at| at.namespace.as_ref());
        let all: BTreeSet<&String> = all.chain([&self.parent.namespace]).collect();
        all.difference(&made).map(|name| (*name).clone()).collect()
    }

    /// Whether the cluster knew the kind before the first write.
    pub(super) fn is_served(&self, kind: &Kind) -> bool {
        self.served.iter().any(|served| served.kind == *kind)
    }

    /// Whether the status of its objects can tell anything.
    pub(super) fn has_status(&self, kind: &Kind) -> bool {
        let key = (kind.group.to_string(), kind.name.to_string());
        !self.without_status.contains(&key)
    }

    /// The preferred version of a kind that the cluster has.
    pub(super) fn kind(&self, group: &str, name: &str) -> Option<&Kind> {
        let mut kinds = self.served.iter().map(|served| &served.kind);
        kinds.find(|kind| kind.group == group && kind.name == name)
    }
}

fn expressions(config: &Config) -> Result<Expressions, Vec<Failure>> {
    Expressions::compile(&config.health).map_err(|bad| {
        let failures = bad.into_iter().map(|bad| {
            Failure::new(Exit::Usage, Reason::InvalidConfig, bad.to_string())
                .hint("correct `health` in the configuration, then run this again")
        });
        failures.collect()
    })
}

/// Those that the cluster has, and those that the plan brings; what a definition in the plan says holds.
fn without_status(served: &[Served], manifests: &[Manifest]) -> BTreeSet<(String, String)> {
    let known = served.iter().filter(|served| !served.has_status);
    let mut kinds: BTreeSet<(String, String)> = known
        .map(|served| (served.kind.group.to_string(), served.kind.name.to_string()))
        .collect();
    for definition in manifests
        .iter()
        .filter(|manifest| manifest.kind == "CustomResourceDefinition")
    {
        let spec = &definition.object["spec"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let kind = (text(&spec["group"]), text(&spec["names"]["kind"]));
        let mut versions = spec["versions"].as_array().into_iter().flatten();
        if versions.any(|version| version["subresources"]["status"].is_object()) {
            kinds.remove(&kind);
        } else {
            kinds.insert(kind);
        }
    }
    kinds
}

/// Secrets are never members: nothing ever prunes them. Nor is what other commands of ours apply too, and without this
/// label: the platform's namespaces, and what `install` brings and removes itself.
fn is_member(manifest: &Manifest, is_platform: bool) -> bool {
    let is_shared = manifest.is(("", "Namespace"))
        || manifest.object["metadata"]["labels"][names::PART_OF_LABEL] == names::INSTALL_PART;
    !(manifest.is(("", "Secret")) || is_platform && is_shared)
}

/// All objects carry our label, members the set's.
fn label(manifest: &mut Manifest, set: Option<&String>) {
    let labels = &mut manifest.object["metadata"]["labels"];
    labels[names::MANAGED_BY_LABEL] = names::PRODUCT.into();
    if let Some(set) = set {
        labels[applyset::PART_OF] = set.as_str().into();
    }
}

fn scopes(served: &[Served]) -> Scopes {
    let mut scopes = Scopes::default();
    for Served { kind, .. } in served {
        // The preferred version of a group comes first, and what it lacks may be in another one.
        let mut scope = scopes
            .get(&kind.group, &kind.name)
            .cloned()
            .unwrap_or_else(|| Scope {
                versions: Vec::new(),
                plural: kind.plural.to_string(),
                is_namespaced: kind.is_namespaced,
            });
        scope.versions.push(kind.version.to_string());
        scopes.insert(&kind.group, &kind.name, scope);
    }
    scopes
}

/// Where an object is; ordering has made sure that its kind is known.
fn address(manifest: &Manifest, scopes: &Scopes) -> Address {
    let scope = scopes.get(&manifest.group, &manifest.kind);
    Address {
        kind: Kind {
            group: manifest.group.clone().into(),
            version: manifest.version.clone().into(),
            name: manifest.kind.clone().into(),
            plural: scope.map(|scope| scope.plural.clone()).unwrap_or_default().into(),
            is_namespaced: manifest.namespace.is_some(),
        },
        namespace: manifest.namespace.clone(),
        name: manifest.name.clone(),
    }
}
