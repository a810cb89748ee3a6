//! Which faults happen to which requests of a run.

use std::sync::Arc;

use super::{Fault, Seen};

/// Faults, each with the requests that it strikes. A request is struck by the first entry that fits it.
#[derive(Clone, Default)]
pub struct Script(Vec<Entry>);

#[derive(Clone)]
struct Entry {
    applies: Arc<dyn Fn(&Seen) -> bool + Send + Sync>,
    left: usize,
    fault: Fault,
}

impl Script {
    /// No fault at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// A fault at request `number` of the run (the first is 1).
    pub fn at(number: usize, fault: Fault) -> Self {
        Self::on(move |seen| seen.number == number, fault)
    }

    /// A fault at every request that fits; see [`Script::times`].
    pub fn on(applies: impl Fn(&Seen) -> bool + Send + Sync + 'static, fault: Fault) -> Self {
        Self(vec![Entry {
            applies: Arc::new(applies),
            left: usize::MAX,
            fault,
        }])
    }

    /// Each entry so far strikes at most `count` times.
    #[must_use]
    pub fn times(mut self, count: usize) -> Self {
        self.0.iter_mut().for_each(|entry| entry.left = count);
        self
    }

    /// These entries, then those of `other`.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(super) fn strike(&mut self, seen: &Seen) -> Option<Fault> {
        let entry = self
            .0
            .iter_mut()
            .find(|entry| entry.left > 0 && (entry.applies)(seen))?;
        entry.left -= 1;
        Some(entry.fault.clone())
    }
}
