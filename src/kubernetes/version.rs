//! The oldest API server that the product works with.

use super::{Cluster, triage};
use crate::model::{
    exit::Exit,
    failure::{Failure, Reason},
    object::ObjectRef,
};

/// Below it, ValidatingAdmissionPolicies and podFailurePolicies are not generally available.
pub const OLDEST: (u32, u32) = (1, 30);

impl Cluster {
    /// Asks the API server for its version, once in a run, and keeps it for the report.
    ///
    /// # Errors
    /// [`Reason::UnsupportedVersion`] if it is older than [`OLDEST`].
    pub async fn check_version(&self) -> Result<(), Failure> {
        if self.version().is_some() {
            return Ok(());
        }
        let object = ObjectRef::global("API server", self.info().server);
        let info = self
            .client
            .apiserver_version()
            .await
            .map_err(|error| triage::failure(error, &object))?;
        self.keep_version(info.git_version.clone());
        if is_supported(&info.major, &info.minor) {
            return Ok(());
        }
        let message = format!(
            "Kubernetes {} is older than {}.{}",
            info.git_version, OLDEST.0, OLDEST.1
        );
        Err(Failure::new(Exit::Human, Reason::UnsupportedVersion, message)
            .on(object)
            .hint("upgrade the cluster, then run this again"))
    }
}

/// Providers write the minor version as `30+`; what cannot be read is not held against the server.
fn is_supported(major: &str, minor: &str) -> bool {
    let number = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    };
    match (number(major), number(minor)) {
        (Some(major), Some(minor)) => (major, minor) >= OLDEST,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_be_older_is_refused() {
        for (major, minor, expected) in [
            ("1", "30", true),
            ("1", "34", true),
            ("1", "29", false),
            ("1", "29+", false),
            ("1", "31+", true),
            ("2", "0", true),
            ("", "", true),
        ] {
            assert_eq!(is_supported(major, minor), expected, "{major}.{minor}");
        }
    }
}
