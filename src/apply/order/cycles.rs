//! Objects that need each other, so that none could be the first.

use crate::apply::{Problem, manifest::Manifest, problem::Findings};
use std::collections::BTreeSet;

/// One problem for each cycle; cycles that share an object are told one at a time.
pub(super) fn cycles(manifests: &[Manifest], needs: &[BTreeSet<usize>]) -> Vec<Problem> {
    let mut left: BTreeSet<usize> = (0..manifests.len()).collect();
    let mut problems = Vec::new();
    loop {
        drop_free(&mut left, needs);
        let Some(cycle) = cycle(&left, needs) else {
            return problems;
        };
        left.retain(|at| !cycle.contains(at));
        problems.extend(problem(manifests, &cycle));
    }
}

/// Takes away what needs nothing that is left, until everything that is left needs something.
fn drop_free(left: &mut BTreeSet<usize>, needs: &[BTreeSet<usize>]) {
    let mut dependants = vec![Vec::new(); needs.len()];
    let mut open = vec![0_usize; needs.len()];
    for at in left.iter() {
        for need in needs[*at].intersection(left) {
            dependants[*need].push(*at);
            open[*at] += 1;
        }
    }
    let mut free: Vec<usize> = left.iter().copied().filter(|at| open[*at] == 0).collect();
    while let Some(at) = free.pop() {
        left.remove(&at);
        for dependant in &dependants[at] {
            open[*dependant] -= 1;
            if open[*dependant] == 0 {
                free.push(*dependant);
            }
        }
    }
}

/// Follows the needs from any object until one comes again.
fn cycle(left: &BTreeSet<usize>, needs: &[BTreeSet<usize>]) -> Option<Vec<usize>> {
    let mut path = vec![*left.first()?];
    loop {
        let next = *needs[*path.last()?].intersection(left).next()?;
        if let Some(start) = path.iter().position(|at| *at == next) {
            return Some(path.split_off(start));
        }
        path.push(next);
    }
}

fn problem(manifests: &[Manifest], cycle: &[usize]) -> Vec<Problem> {
    // The same cycle is told in the same words, wherever the search met it.
    let first = (0..cycle.len())
        .min_by_key(|at| manifests[cycle[*at]].key())
        .unwrap_or_default();
    let members = cycle[first..].iter().chain(&cycle[..=first]);
    let names: Vec<String> = members.map(|at| manifests[*at].key().to_string()).collect();
    let start = &manifests[cycle[first]];
    let mut found = Findings::of(&start.source);
    found.object = Some(start.key().object());
    found.add(
        format!("objects need each other: {}", names.join(" -> ")),
        "take one of these references out of the plan",
    );
    found.problems
}

#[cfg(test)]
mod tests {
    use crate::apply::order::testing::*;
    use serde_json::json;

    #[test]
    fn objects_that_need_each_other_are_refused() {
        let issuer = |name: &str| {
            mk(
                "cert-manager.io/Issuer",
                &format!("ns/{name}"),
                json!({"spec": {"ca": {"secretName": name}}}),
            )
        };
        let certificate = |name: &str, issuer: &str| {
            let spec = json!({"secretName": name, "issuerRef": {"name": issuer}});
            mk(
                "cert-manager.io/Certificate",
                &format!("ns/{name}"),
                json!({ "spec": spec }),
            )
        };
        let one = [issuer("a"), certificate("a", "a")];
        let expected = "objects need each other: Certificate ns/a (cert-manager.io) -> Issuer ns/a (cert-manager.io) -> Certificate ns/a (cert-manager.io)";
        assert_problem(&one, expected);
        // Two cycles, and what only hangs on one of them.
        let two = [
            issuer("a"),
            certificate("a", "b"),
            issuer("b"),
            certificate("b", "a"),
            issuer("c"),
            certificate("c", "c"),
            certificate("d", "c"),
        ];
        let found = mk_problems(&two);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].contains("Certificate ns/a") && found[0].contains("Issuer ns/b"),
            "{found:?}"
        );
        assert!(
            found[1].contains("Issuer ns/c") && !found[1].contains("ns/d"),
            "{found:?}"
        );
        mk_order(&[
            certificate("a", "self-signed"),
            issuer("a"),
            certificate("b", "a"),
        ]);
    }
}
