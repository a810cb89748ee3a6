//! All HTTP that is not Kubernetes; the only importer of reqwest.

/// The HTTP client of a run.
#[derive(Debug, Clone, Default)]
pub struct Http;
impl Http {
    /// x
    pub fn new(
        _: &crate::model::config::Config,
        _: &crate::converge::Stop,
    ) -> Result<Self, crate::model::failure::Failure> {
        Ok(Self)
    }
}
