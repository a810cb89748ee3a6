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

    pub(super) fn snapshot(&self) -> BTreeMap<&'static str, u64> {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        VERBS
            .into_iter()
            .zip(counts)
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}
