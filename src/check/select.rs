//! Which checks are wanted.

use super::{Category, Check, Finding, Suite, catalogue};
use crate::model::nearest::{meant, nearest_all};
use std::{fmt, str::FromStr};

/// A code or a category, and if given the only object that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    what: What,
    scope: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Code(&'static str),
    Category(Category),
}

/// There is no such code and no such category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCheck {
    given: String,
    nearest: Vec<&'static str>,
}

impl fmt::Display for UnknownCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no check or category {:?}", self.given)?;
        match meant(&self.nearest) {
            None => f.write_str("; `aphex-ops explain` lists them"),
            Some(question) => write!(f, "; {question}"),
        }
    }
}

impl std::error::Error for UnknownCheck {}

impl FromStr for Selector {
    type Err = UnknownCheck;

    /// `APX-SEC-001`, `secrets`, or either with `=` and an object: `secrets=auth-system/dex-secrets`.
    fn from_str(text: &str) -> Result<Self, UnknownCheck> {
        let (word, scope) = match text.split_once('=') {
            Some((word, scope)) => (word, Some(scope.to_owned())),
            None => (text, None),
        };
        let code = word.to_ascii_uppercase();
        let code = catalogue().map(|check| check.code).find(|known| *known == code);
        let category = Category::ALL.into_iter().find(|known| known.word() == word);
        let what = match (code, category) {
            (Some(code), _) => What::Code(code),
            (None, Some(category)) => What::Category(category),
            (None, None) => return Err(unknown(word)),
        };
        Ok(Self { what, scope })
    }
}

fn unknown(given: &str) -> UnknownCheck {
    let codes = catalogue().map(|check| check.code);
    let words = Category::ALL.map(Category::word);
    let is_code = given.contains('-');
    let nearest = match is_code {
        true => nearest_all(&given.to_ascii_uppercase(), codes),
        false => nearest_all(given, words.into_iter()),
    };
    UnknownCheck {
        given: given.to_owned(),
        nearest,
    }
}

impl Selector {
    /// The one code that it names.
    ///
    /// # Errors
    /// [`UnknownCheck`] if it names a category, or something else.
    pub fn code(text: &str) -> Result<&'static Check, UnknownCheck> {
        let code = text.to_ascii_uppercase();
        super::check(&code).ok_or_else(|| unknown(text))
    }

    fn is_of(&self, check: &Check) -> bool {
        match self.what {
            What::Code(code) => check.code == code,
            What::Category(category) => check.category == category,
        }
    }

    /// Whether the finding of the check is one of those that it names.
    #[must_use]
    pub fn is_about(&self, check: &Check, finding: &Finding) -> bool {
        let in_scope = |scope: &str| is_in(scope, finding);
        self.is_of(check) && self.scope.as_deref().is_none_or(in_scope)
    }
}

/// An object is named as in messages, without its kind, by its name alone, or by its namespace.
fn is_in(scope: &str, finding: &Finding) -> bool {
    let object = &finding.object;
    let namespace = object.namespace.as_deref();
    let path = namespace.map(|namespace| format!("{namespace}/{}", object.name));
    scope == object.to_string()
        || scope == object.name
        || Some(scope) == namespace
        || Some(scope) == path.as_deref()
}

/// Which checks, and which of their findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these; empty: all.
    pub only: Vec<Selector>,
    /// Not these.
    pub skip: Vec<Selector>,
    /// Of this suite, unless a check is named by its code.
    pub suite: Suite,
}

impl Selection {
    /// Whether the check is run at all.
    #[must_use]
    pub fn wants(&self, check: &Check) -> bool {
        let is_named = self.only.iter().any(|only| only.what == What::Code(check.code));
        let is_chosen = self.only.is_empty() || self.only.iter().any(|only| only.is_of(check));
        let is_chosen = is_chosen && (is_named || check.suite <= self.suite);
        let is_skipped = self
            .skip
            .iter()
            .any(|skip| skip.scope.is_none() && skip.is_of(check));
        is_chosen && !is_skipped
    }

    /// Whether a finding of a check that is run counts.
    #[must_use]
    pub fn keeps(&self, check: &Check, finding: &Finding) -> bool {
        let is_chosen = self.only.is_empty() || self.only.iter().any(|only| only.is_about(check, finding));
        is_chosen && !self.skip.iter().any(|skip| skip.is_about(check, finding))
    }
}
