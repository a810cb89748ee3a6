//! All HTTP that is not Kubernetes; the only importer of reqwest.

/// The HTTP client of a run.
#[derive(Debug, Clone, Default)]
pub struct Http;
