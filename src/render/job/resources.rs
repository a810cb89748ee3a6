//! How much memory a run takes: measured, and what follows for its Job.

/// Peak of the resident set of each command, MiB, rounded up: `scripts/benchmark` prints them again. Of the release build
/// on amd64, against a real API server and the stand-in of Authentik; half of it is the program itself.
pub const MEASURED_PEAKS: [(&str, u32); 8] = [
    ("authentik-token", 10),
    ("bootstrap", 10),
    ("dex-scale", 10),
    ("dex-sync", 10),
    ("namespaces-ensure", 10),
    ("oidc-verify", 10),
    ("secrets-generate", 10),
    ("secrets-status", 10),
];

/// What is not in the table gets the largest.
const LARGEST: u32 = 10;

/// Memory of a container, MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// What the scheduler reserves: the measured peak.
    pub request: u32,
    /// What ends the container: twice the peak.
    pub limit: u32,
}

/// For the command of that name (`secrets-generate`).
#[must_use]
pub fn memory(name: &str) -> Memory {
    let measured = MEASURED_PEAKS.iter().find(|(known, _)| *known == name);
    let peak = measured.map_or(LARGEST, |(_, peak)| *peak);
    Memory {
        request: peak,
        limit: 2 * peak,
    }
}
