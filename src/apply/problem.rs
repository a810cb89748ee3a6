//! One reason why manifests are refused.

use crate::model::{
    exit::Exit,
    failure::{Failure, Reason},
    object::ObjectRef,
};
use std::fmt;

/// What is wrong with one manifest, where it is written, and what mends it.
///
/// No text of it carries a value of the manifest, except names, kinds, and the annotations that it is about: so it holds
/// no value of a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// File and document, as [`crate::apply::manifest::Manifest::source`].
    pub source: String,
    /// The object, as far as the text says which.
    pub object: Option<ObjectRef>,
    /// One sentence for an operator, lower case, without a final period.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.object {
            Some(object) => write!(f, "{}: {object}: {}", self.source, self.message),
            None => write!(f, "{}: {}", self.source, self.message),
        }
    }
}

/// Manifests are input, so what is wrong with them is wrong usage.
impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let message = format!("{}: {}", problem.source, problem.message);
        let failure = Self::new(Exit::Usage, Reason::InvalidValue, message).hint(problem.hint);
        match problem.object {
            Some(object) => failure.on(object),
            None => failure,
        }
    }
}

/// The problems of one manifest while it is looked at.
#[derive(Debug)]
pub(super) struct Findings {
    source: String,
    pub(super) object: Option<ObjectRef>,
    pub(super) problems: Vec<Problem>,
}

impl Findings {
    pub(super) fn of(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            object: None,
            problems: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem {
            source: self.source.clone(),
            object: self.object.clone(),
            message: message.into(),
            hint: hint.into(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_where_what_and_what_to_do() {
        let mut found = Findings::of("a.yaml, document 1 (line 1)");
        found.add("no map", "write one");
        found.object = Some(ObjectRef::global("Namespace", "a"));
        found.add("no good", "mend it");
        let texts: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "a.yaml, document 1 (line 1): no map",
                "a.yaml, document 1 (line 1): Namespace a: no good"
            ]
        );
        let failures = found.problems.into_iter().map(Failure::from);
        let ends: Vec<_> = failures.map(|failure| (failure.exit, failure.hint)).collect();
        assert_eq!(ends[1], (Exit::Usage, Some("mend it".to_owned())));
    }
}
