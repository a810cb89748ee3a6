//! The one error type that crosses module boundaries.

use crate::model::{exit::Exit, object::ObjectRef};
use schemars::JsonSchema;
use serde::Serialize;
use std::{error::Error, fmt};

/// Why something failed or waits: a closed set of CamelCase words, as in Kubernetes conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub enum Reason {
    /// More than one candidate matches; picking one would be a guess.
    AmbiguousMatch,
    /// Another writer changed the object at the same time.
    Conflict,
    /// Going on could lose data.
    DataLossGuard,
    /// The time given to the run is over.
    DeadlineExceeded,
    /// Another field manager owns what we would have to change.
    FieldConflict,
    /// The identity is known but may not do this.
    Forbidden,
    /// The same action was planned again right after it succeeded.
    HotLoop,
    /// An answer was not what its protocol promises.
    InvalidAnswer,
    /// The configuration or an argument is wrong.
    InvalidConfig,
    /// An object holds a value that cannot work.
    InvalidValue,
    /// A signal asked the run to stop.
    Interrupted,
    /// Another run holds the lock.
    Locked,
    /// The lock was taken over by somebody else during the run.
    LockLost,
    /// Two values that must be equal differ.
    Mismatch,
    /// Something that should exist does not.
    NotFound,
    /// It exists but is not ready yet.
    NotReady,
    /// It is paused or suspended, so waiting would be in vain.
    Paused,
    /// It failed by its own account.
    ResourceFailed,
    /// Starting up.
    Starting,
    /// The namespace is being deleted.
    Terminating,
    /// The server is too busy.
    Throttled,
    /// More may be done with it than anything needs.
    TooPowerful,
    /// The identity is unknown, or the credential is refused.
    Unauthenticated,
    /// No connection, or the server answers with an error of its own.
    Unavailable,
    /// A bug: a state that the code holds to be impossible.
    Unexpected,
    /// The server is older than what is needed.
    UnsupportedVersion,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What failed, on which object, why, and what mends it.
///
/// The text never carries a secret value, nor a response body that may hold one: whoever builds a
/// `Failure` passes facts, not payloads.
#[derive(Debug)]
pub struct Failure {
    /// The exit code that this failure alone leads to; whether it is transient follows from it.
    pub exit: Exit,
    /// Machine-readable cause.
    pub reason: Reason,
    /// What it is about.
    pub object: Option<ObjectRef>,
    /// One sentence for an operator, lower case, without a final period.
    pub message: String,
    /// The underlying error, shown as a chain.
    pub source: Option<Box<dyn Error + Send + Sync>>,
    /// What to do, with the exact command where one exists.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure with neither object nor hint yet.
    pub fn new(exit: Exit, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            exit,
            reason,
            object: None,
            message: message.into(),
            source: None,
            hint: None,
        }
    }

    /// Says which object it is about; an object named earlier (nearer to the cause) is kept.
    #[must_use]
    pub fn on(mut self, object: ObjectRef) -> Self {
        self.object.get_or_insert(object);
        self
    }

    /// Says what mends it; a hint given earlier (nearer to the cause) is kept.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Keeps the underlying error for the chain.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether another attempt may succeed without anybody's help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.exit.is_transient()
    }

    /// Message and causes in one line, outermost first, without repeating what the text already says.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.message.clone();
        let mut source: Option<&(dyn Error + 'static)> = self
            .source
            .as_deref()
            .map(|error| error as &(dyn Error + 'static));
        while let Some(error) = source {
            let part = error.to_string();
            if !text.contains(&part) {
                text = format!("{text}: {part}");
            }
            source = error.source();
        }
        text
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.object {
            Some(object) => write!(f, "{object}: {}", self.chain()),
            None => f.write_str(&self.chain()),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|error| error as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_object_message_and_causes_once() {
        let failure = Failure::new(Exit::Transient, Reason::Unavailable, "cannot read it")
            .on(ObjectRef::secret("auth-system", "dex-secrets"))
            .on(ObjectRef::secret("other", "later"))
            .caused_by(std::io::Error::other("connection refused"));
        assert_eq!(
            failure.to_string(),
            "Secret auth-system/dex-secrets: cannot read it: connection refused"
        );
        assert!(failure.is_transient());
    }
}
