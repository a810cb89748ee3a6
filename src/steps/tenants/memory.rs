//! What one run remembers of its own deeds; forgotten at its end.

use super::{choice::Leavers, tunnels::Edge};
use crate::model::kind::{Address, NAMESPACE};
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long a run waits for what it deletes to be gone; then the next run goes on.
const PATIENCE: Duration = Duration::from_secs(30);

/// Shared by the looks and the deeds of one run.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// What failed for good, by owner.
    failed: BTreeMap<String, String>,
    /// What was looked for and is not there: nobody else makes it.
    absent: HashSet<Address>,
    /// Namespaces that this run made: what no list shows of them is not there.
    new: HashSet<String>,
    /// When the first thing was deleted.
    deleting_since: Option<Instant>,
    /// The tenants that are to go.
    leavers: Option<Leavers>,
    /// Cloudflare, once it was found.
    edge: Option<Edge>,
}

impl Memory {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Whoever panicked left whole values.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget(&self) {
        *self.inner() = Inner::default();
    }

    pub(super) fn fail(&self, owner: &str, message: String) {
        self.inner().failed.insert(owner.to_owned(), message);
    }

    pub(super) fn failed(&self) -> BTreeMap<String, String> {
        self.inner().failed.clone()
    }

    pub(super) fn absent(&self, at: &Address) {
        self.inner().absent.insert(at.clone());
    }

    pub(super) fn is_absent(&self, at: &Address) -> bool {
        self.inner().absent.contains(at)
    }

    pub(super) fn made(&self, at: &Address) {
        let mut inner = self.inner();
        inner.absent.remove(at);
        if at.kind == NAMESPACE {
            inner.new.insert(at.name.clone());
        }
    }

    pub(super) fn is_new(&self, namespace: Option<&str>) -> bool {
        namespace.is_some_and(|namespace| self.inner().new.contains(namespace))
    }

    pub(super) fn edge(&self) -> Option<Edge> {
        self.inner().edge.clone()
    }

    pub(super) fn keep_edge(&self, edge: Edge) {
        self.inner().edge = Some(edge);
    }

    pub(super) fn keep_leavers(&self, leavers: Leavers) {
        self.inner().leavers = Some(leavers);
    }

    pub(super) fn leavers(&self) -> Option<Leavers> {
        self.inner().leavers.clone()
    }

    pub(super) fn deleting(&self) {
        self.inner().deleting_since.get_or_insert_with(Instant::now);
    }

    pub(super) fn has_deleted(&self) -> bool {
        self.inner().deleting_since.is_some()
    }

    pub(super) fn is_patience_over(&self) -> bool {
        let since = self.inner().deleting_since;
        since.is_some_and(|since| since.elapsed() >= PATIENCE)
    }
}
