//! How much memory a run takes: measured, and what follows for its Job.

/// Peak of the resident set of each command, in tenths of a MiB: `scripts/benchmark` prints them again. Of the release
/// build on amd64, against a real API server and the stand-in of Authentik; 4.2 MiB of it are the program itself.
/// `jobs status` ends before it is sampled: it has the figure of `secrets status`, which does as much. That of
/// `tenants reconcile` is of making 1,000 bindings in 100 organizations at once; with nothing to do it is 55.4 MiB.
pub const MEASURED_PEAKS: [(&str, u32); 10] = [
    ("authentik-token", 104),
    ("bootstrap", 107),
    ("dex-scale", 102),
    ("dex-sync", 102),
    ("jobs-status", 98),
    ("namespaces-ensure", 100),
    ("oidc-verify", 93),
    ("secrets-generate", 101),
    ("secrets-status", 98),
    ("tenants-reconcile", 1292),
];

/// Memory of a container, MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// What the scheduler reserves: the measured peak, rounded up.
    pub request: u32,
    /// What ends the container: twice the peak, rounded down.
    pub limit: u32,
}

/// For the command of that name (`secrets-generate`); what was not measured gets the most.
#[must_use]
pub fn memory(name: &str) -> Memory {
    let is_it = |(known, _): &(&str, u32)| *known == name;
    let measured = MEASURED_PEAKS.into_iter().find(is_it);
    let most = || MEASURED_PEAKS.into_iter().max_by_key(|(_, peak)| *peak);
    let peak = measured.or_else(most).map_or(0, |(_, peak)| peak);
    Memory {
        request: peak.div_ceil(10),
        limit: 2 * peak / 10,
    }
}
