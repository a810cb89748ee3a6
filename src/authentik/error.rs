//! What can be wrong with a request to Authentik, and what that means for a run.

use crate::{
    converge::Wait,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        object::ObjectRef,
    },
};
use thiserror::Error;

/// Why a request to Authentik did not do what it should.
#[derive(Debug, Error)]
pub enum ApiError {
    /// There is no answer.
    #[error("{}", .0.chain())]
    Unanswered(Failure),
    /// It is starting, or the part behind its router is down.
    #[error("Authentik is starting")]
    Starting,
    /// An exception inside the server: 500 for reads, 405 with an HTML type for writes (recorded).
    #[error("Authentik has an internal error ({0}): its database is down, or an object is broken")]
    Crashed(u16),
    /// Too many requests.
    #[error("Authentik is too busy")]
    Busy,
    /// The bearer token is unknown or expired, or its user is deactivated.
    #[error("Authentik does not accept the token")]
    TokenRefused,
    /// No credentials arrived; for a session: it has ended.
    #[error("Authentik saw no credentials")]
    Anonymous,
    /// The session is good, but the proof that the request is its own is not.
    #[error("Authentik misses the session's CSRF proof")]
    Csrf,
    /// The identity is known and may not do this.
    #[error("Authentik does not allow this to the account")]
    PermissionMissing,
    /// There is no such object, or the account may not see it.
    #[error("Authentik does not find it")]
    NotFound,
    /// There is no such page: the path, or the whole server, is another one.
    #[error("there is no such page in Authentik")]
    NoSuchPage,
    /// Refused by validation: the fields and what is wrong with them, without any value.
    #[error("Authentik refuses it: {0}")]
    Invalid(String),
    /// Well-formed HTTP, but not this API's.
    #[error(
        "this is not an answer of Authentik's API: {status} {}",
        or_untyped(media_type)
    )]
    Foreign {
        /// The status.
        status: u16,
        /// The media type; empty if there was none.
        media_type: String,
    },
    /// JSON of another shape than the API documents.
    #[error("Authentik's answer is not shaped as its API documents: {0}")]
    Shape(&'static str),
    /// The request itself is malformed: our bug.
    #[error("Authentik rejects the request as malformed ({0})")]
    Malformed(u16),
}

fn or_untyped(media_type: &str) -> &str {
    if media_type.is_empty() {
        "without a type"
    } else {
        media_type
    }
}

impl ApiError {
    /// Whether it may be over in a moment without anybody's help.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        match self {
            Self::Unanswered(failure) => failure.is_transient(),
            Self::Starting | Self::Crashed(_) | Self::Busy => true,
            _ => false,
        }
    }

    /// The failure of what was done to `object`.
    #[must_use]
    pub fn failure(self, object: ObjectRef) -> Failure {
        let (exit, reason, hint) = match &self {
            Self::Starting => (Exit::Transient, Reason::Starting, None),
            Self::Crashed(_) => (
                Exit::Transient,
                Reason::Unavailable,
                Some("the log of Authentik's server says why"),
            ),
            Self::Busy => (Exit::Transient, Reason::Throttled, None),
            Self::TokenRefused => (
                Exit::Forbidden,
                Reason::Unauthenticated,
                Some("run the same command again: it looks for a credential that works"),
            ),
            Self::Anonymous => (
                Exit::Forbidden,
                Reason::Unauthenticated,
                Some(
                    "if a proxy before Authentik takes the Authorization header away, set authentik.url to go past it",
                ),
            ),
            Self::PermissionMissing => (
                Exit::Forbidden,
                Reason::Forbidden,
                Some("run `aphex-ops authentik token`, which grants what is needed"),
            ),
            // Somebody else was faster: the next round sees what there is now.
            Self::NotFound => (Exit::Transient, Reason::NotFound, None),
            Self::Invalid(_) => (Exit::Transient, Reason::InvalidValue, None),
            Self::NoSuchPage | Self::Foreign { .. } | Self::Shape(_) => (
                Exit::Usage,
                Reason::InvalidAnswer,
                Some("check authentik.url: it must be Authentik itself, without a path"),
            ),
            Self::Csrf | Self::Malformed(_) => (
                Exit::Bug,
                Reason::Unexpected,
                Some(
                    "if a proxy before Authentik changes requests, set authentik.url to go past it; else report this",
                ),
            ),
            Self::Unanswered(_) => (
                Exit::Transient,
                Reason::Unavailable,
                Some("check that Authentik runs, and authentik.url of the configuration"),
            ),
        };
        let failure = match self {
            Self::Unanswered(failure) => failure,
            other => Failure::new(exit, reason, other.to_string()),
        }
        .on(object);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }

    /// Trouble becomes a wait, anything else a failure.
    ///
    /// # Errors
    /// Everything that does not pass by itself.
    pub fn wait(self, object: ObjectRef) -> Result<Wait, Failure> {
        let is_trouble = self.is_trouble();
        let failure = self.failure(object.clone());
        if !is_trouble {
            return Err(failure);
        }
        Ok(Wait::until_it_passes(failure, object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_waited_for_with_what_helps_and_the_rest_fails_with_what_mends_it() {
        let object = || ObjectRef::global("Authentik", "server");
        let refused = Failure::new(Exit::Transient, Reason::Unavailable, "cannot connect");
        for (error, remedy) in [
            (ApiError::Unanswered(refused), "authentik.url"),
            (ApiError::Crashed(500), "log of Authentik's server"),
        ] {
            let wait = error.wait(object()).unwrap();
            assert!(wait.remedy.is_some_and(|text| text.contains(remedy)), "{remedy}");
        }
        assert_eq!(ApiError::Starting.wait(object()).unwrap().remedy, None);
        let untyped = ApiError::Foreign {
            status: 302,
            media_type: String::new(),
        };
        for (error, text, remedy) in [
            (ApiError::Anonymous, "no credentials", "Authorization header"),
            (
                ApiError::Malformed(403),
                "malformed (403)",
                "proxy before Authentik",
            ),
            (untyped, "302 without a type", "authentik.url"),
        ] {
            let failure = error.wait(object()).unwrap_err();
            assert!(failure.message.contains(text), "{failure}");
            assert!(failure.hint.is_some_and(|hint| hint.contains(remedy)), "{remedy}");
        }
    }
}
