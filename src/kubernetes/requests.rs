//! Counting requests: the first measure of cost.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The verbs that are counted, as the API server's audit log names them.
const VERBS: [&str; 8] = [
    "get", "list", "watch", "create", "update", "patch", "delete", "review",
];

/// Counters that every request of a run increments; retries count too.
#[derive(Debug, Clone, Default)]
pub(super) struct Counters(Arc<[AtomicU64; VERBS.len()]>);

impl Counters {
    pub(super) fn count(&self, verb: &'static str) {
        if let Some(position) = VERBS.iter().position(|known| *known == verb) {
            self.0[position].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn snapshot(&self) -> Requests {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        Requests(
            VERBS
                .into_iter()
                .zip(counts)
                .filter(|(_, count)| *count > 0)
                .collect(),
        )
    }
}

/// Requests sent so far, by verb.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requests(BTreeMap<&'static str, u64>);

impl Requests {
    /// What was sent after `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> BTreeMap<&'static str, u64> {
        let before = |verb| earlier.0.get(verb).copied().unwrap_or(0);
        let difference = |(verb, count): (&&'static str, &u64)| (*verb, count - before(*verb));
        self.0
            .iter()
            .map(difference)
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}
