//! Which wave an object is in, and whether everything that it needs is there by then.

use super::{CRD, NAMESPACE, Time};
use crate::apply::{Problem, manifest::Manifest, problem::Findings};
use std::collections::BTreeSet;

/// The wave that each manifest asks for; a Namespace or a definition comes no later than what needs it.
///
/// These two need nothing themselves, so moving one moves nothing else.
pub(super) fn times(manifests: &[Manifest], needs: &[BTreeSet<usize>]) -> Vec<Time> {
    let asked = manifests.iter().map(|manifest| (manifest.phase, manifest.wave));
    let asked: Vec<Time> = asked.collect();
    let mut times = asked.clone();
    for (time, needs) in asked.iter().zip(needs) {
        for need in needs {
            if manifests[*need].is(NAMESPACE) || manifests[*need].is(CRD) {
                times[*need] = times[*need].min(*time);
            }
        }
    }
    times
}

/// What is needed before it can be there.
pub(super) fn backwards(manifests: &[Manifest], needs: &[BTreeSet<usize>], times: &[Time]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (at, manifest) in manifests.iter().enumerate() {
        let mut found = Findings::of(&manifest.source);
        found.object = Some(manifest.key().object());
        for need in needs[at].iter().filter(|need| times[**need] > times[at]) {
            let needed = &manifests[*need];
            let (now, later) = (said(times[at]), said(times[*need]));
            found.add(
                format!(
                    "it is in {now} and needs {}, which is in {later} ({})",
                    needed.key(),
                    needed.source
                ),
                "move one of the two: what is needed goes into the same wave or an earlier one",
            );
        }
        problems.extend(found.problems);
    }
    problems
}

fn said((phase, wave): Time) -> String {
    format!("wave {wave} of {phase}")
}
