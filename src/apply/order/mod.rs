//! In which order manifests are applied and removed.
//!
//! An order has waves, as Argo CD has them: phase, then number. A wave starts when all of the waves before it is healthy.
//! Inside a wave, an object waits only for what it needs; everything else goes on at the same time.

mod cycles;
mod needs;
mod placing;
mod rank;
mod resolve;
mod scopes;
mod walk;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use rank::rank;
pub use scopes::{Scope, Scopes};
pub use walk::Undone;

use crate::apply::{
    Problem,
    manifest::{Manifest, Phase},
};
use std::{cmp::Ordering, collections::BTreeSet, fmt};

pub(super) const NAMESPACE: (&str, &str) = ("", "Namespace");
pub(super) const CRD: (&str, &str) = ("apiextensions.k8s.io", "CustomResourceDefinition");

/// What the caller decides.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The namespace of manifests that name none, if their kind needs one.
    pub default_namespace: Option<String>,
    /// Take Jobs that Kubernetes removes some time after they are done: each later run starts them again.
    pub rerun_jobs: bool,
}

/// All manifests, and when each is applied. The same manifests in whatever order they are given make an equal one.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The manifests, first to last: by phase, wave, rank of the kind, namespace and name.
    pub manifests: Vec<Manifest>,
    /// The waves, first to last; none is empty.
    pub waves: Vec<Wave>,
}

/// What is applied before any later wave is begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wave {
    /// Its phase.
    pub phase: Phase,
    /// Its number in the phase.
    pub wave: i32,
    /// Its objects, in the order of [`Order::manifests`].
    pub members: Vec<Member>,
}

impl fmt::Display for Wave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.phase {
            Phase::Sync => write!(f, "wave {}", self.wave),
            phase => write!(f, "wave {} of {phase}", self.wave),
        }
    }
}

/// An object of a wave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its place in [`Order::manifests`].
    pub manifest: usize,
    /// What it needs, of this wave and of earlier ones, ascending.
    pub needs: Vec<usize>,
}

/// When an object is applied.
type Time = (Phase, i32);

/// Orders manifests for a cluster that has the kinds of `scopes`.
///
/// A Namespace or CustomResourceDefinition that is needed before its own wave is moved to the wave that first needs it.
/// Manifests without a namespace get the default one, also in their object.
///
/// # Errors
/// All problems at once, in the order of the manifests: an object that is there twice, a kind or version that neither the
/// cluster nor a CustomResourceDefinition of the plan has, a namespace too few or too many, a Job that would not last, a
/// need that comes in a later wave, and objects that need each other.
pub fn order(
    mut manifests: Vec<Manifest>,
    scopes: &Scopes,
    options: &Options,
) -> Result<Order, Vec<Problem>> {
    let (scopes, mut problems) = scopes.with(&manifests);
    problems.extend(resolve::resolve(&mut manifests, &scopes, options));
    problems.extend(resolve::twice(&manifests));
    let needs = needs::needs(&manifests);
    let times = placing::times(&manifests, &needs);
    problems.extend(placing::backwards(&manifests, &needs, &times));
    problems.extend(cycles::cycles(&manifests, &needs));
    if !problems.is_empty() {
        let place = |problem: &Problem| {
            manifests
                .iter()
                .position(|manifest| manifest.source == problem.source)
        };
        problems.sort_by_cached_key(place);
        return Err(problems);
    }
    Ok(arrange(manifests, &needs, &times))
}

fn arrange(manifests: Vec<Manifest>, needs: &[BTreeSet<usize>], times: &[Time]) -> Order {
    let mut all: Vec<(Time, usize, Manifest)> = (0..)
        .zip(manifests)
        .map(|(at, manifest)| (times[at], at, manifest))
        .collect();
    all.sort_by(|(time, _, one), (other_time, _, other)| {
        time.cmp(other_time).then_with(|| compare(one, other))
    });
    let mut place_of = vec![0; all.len()];
    for (place, (_, at, _)) in all.iter().enumerate() {
        place_of[*at] = place;
    }
    let mut order = Order {
        manifests: Vec::with_capacity(all.len()),
        waves: Vec::new(),
    };
    for (place, (time, at, manifest)) in all.into_iter().enumerate() {
        let mut needs: Vec<usize> = needs[at].iter().map(|need| place_of[*need]).collect();
        needs.sort_unstable();
        let member = Member {
            manifest: place,
            needs,
        };
        match order.waves.last_mut() {
            Some(wave) if (wave.phase, wave.wave) == time => wave.members.push(member),
            _ => order.waves.push(Wave {
                phase: time.0,
                wave: time.1,
                members: vec![member],
            }),
        }
        order.manifests.push(manifest);
    }
    order
}

/// The order inside a wave; group and kind decide last, so that it is total.
fn compare(one: &Manifest, other: &Manifest) -> Ordering {
    let ranks = rank(&one.group, &one.kind).cmp(&rank(&other.group, &other.kind));
    let names = |manifest: &'_ Manifest| (manifest.namespace.clone(), manifest.name.clone());
    ranks
        .then_with(|| names(one).cmp(&names(other)))
        .then_with(|| (&one.group, &one.kind).cmp(&(&other.group, &other.kind)))
}
