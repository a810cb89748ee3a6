//! From the text of manifests to objects that can be ordered and applied.
//!
//! [`read`] finds everything that is wrong with a manifest by itself; what depends on the cluster or on other
//! manifests is [`crate::apply::order`]'s.

mod identity;
mod names;
mod normal;
mod secret;
mod text;
mod value;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use identity::wave;

use crate::apply::{Key, Problem, problem::Findings};
use serde_json::Value;
use std::fmt;

/// Bytes of one text. The largest that we know, the CRDs of Argo CD or Tekton in one file, have under 3 MB.
pub const MAX_TEXT: usize = 16 * 1024 * 1024;

/// When an object is applied: all of one phase before the next. The words are Argo CD's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Before all others.
    PreSync,
    /// With most objects.
    #[default]
    Sync,
    /// After all others.
    PostSync,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The text of one file, or of whatever else holds manifests.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// How it is named in messages.
    pub name: &'a str,
    /// YAML documents, or JSON.
    pub text: &'a str,
}

/// One object as it shall be.
#[derive(Clone, PartialEq)]
pub struct Manifest {
    /// File and document: `a.yaml, document 2 (line 10)`.
    pub source: String,
    /// The object, without `status`, `stringData` and nulls.
    pub object: Value,
    /// API group; empty for the core group.
    pub group: String,
    /// API version, without the group.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The namespace that the manifest names.
    pub namespace: Option<String>,
    /// The namespace that it is in if it names none and its kind needs one; comes before the one of all manifests.
    pub home: Option<String>,
    /// The name.
    pub name: String,
    /// The wave that it asks for (`argocd.argoproj.io/sync-wave`).
    pub wave: i32,
    /// The phase that it asks for (`argocd.argoproj.io/hook`).
    pub phase: Phase,
}

impl Manifest {
    /// Which object it is.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::new(&self.group, &self.kind, self.namespace.as_deref(), &self.name)
    }

    /// Whether it is of this kind.
    #[must_use]
    pub fn is(&self, (group, kind): (&str, &str)) -> bool {
        self.group == group && self.kind == kind
    }
}

/// Without the object, which may be a Secret.
impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            source, wave, phase, ..
        } = self;
        write!(f, "{} ({phase} {wave}, {source})", self.key())
    }
}

/// One document of a source, not read yet.
pub struct Unread<'a> {
    source: &'a str,
    number: usize,
    /// `None` for a source that is too large to be cut.
    document: Option<text::Document<'a>>,
}

/// Reads all manifests of all sources, in the order in which they are written.
///
/// Lists are their items; documents without content do not count. What is read has an `apiVersion`, a kind, a name that
/// is safe in a URL, and is in the form that an apply sends: no `status`, no nulls, Secrets with `data` only.
///
/// # Errors
/// All problems of all sources, in the order in which they are written: what is no YAML, goes beyond the limits, has a key
/// twice, is no object, lacks what names it, belongs to a live object, or asks for a wave or phase that does not exist.
pub fn read(sources: &[Source<'_>]) -> Result<Vec<Manifest>, Vec<Problem>> {
    let documents: Vec<Unread<'_>> = sources.iter().flat_map(documents).collect();
    collect(documents.iter().flat_map(Unread::read))
}

/// The documents of a source, for whoever reads them in parts: what [`collect`] makes of all of them is what [`read`] makes
/// of the source.
#[must_use]
pub fn documents<'a>(source: &Source<'a>) -> Vec<Unread<'a>> {
    let unread = |(number, document)| Unread {
        source: source.name,
        number,
        document,
    };
    if source.text.len() > MAX_TEXT {
        return vec![unread((0, None))];
    }
    let documents = text::documents(source.text).into_iter().map(Some);
    (1..).zip(documents).map(unread).collect()
}

/// All manifests, or all problems.
///
/// # Errors
/// All problems, in their order.
pub fn collect(
    results: impl IntoIterator<Item = Result<Manifest, Vec<Problem>>>,
) -> Result<Vec<Manifest>, Vec<Problem>> {
    let (mut manifests, mut problems) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(manifest) => manifests.push(manifest),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        Ok(manifests)
    } else {
        Err(problems)
    }
}

/// The manifests of objects that were not read from a text of their own, under a common name for messages.
///
/// # Errors
/// All problems of each by itself.
pub fn of_objects(name: &str, objects: Vec<Value>) -> Result<Vec<Manifest>, Vec<Problem>> {
    let objects = (1..).zip(objects);
    collect(objects.map(|(number, object)| identity::manifest(format!("{name}, object {number}"), object)))
}

impl Unread<'_> {
    /// Its manifests, or what is wrong with it.
    #[must_use]
    pub fn read(&self) -> Vec<Result<Manifest, Vec<Problem>>> {
        let Some(document) = &self.document else {
            let mut found = Findings::of(self.source);
            found.add(
                format!("the text has more than {MAX_TEXT} bytes"),
                "write it in several files",
            );
            return vec![Err(found.problems)];
        };
        let place = format!(
            "{}, document {} (line {})",
            self.source, self.number, document.line
        );
        let values = match value::values(document.text) {
            Ok(values) => values,
            Err((trouble, row, column)) => {
                let mut found = Findings::of(&place);
                let line = document.line as u64 + row.saturating_sub(1);
                let at = format!("line {line}, column {column}: {}", trouble.message());
                found.add(at, trouble.hint());
                return vec![Err(found.problems)];
            }
        };
        let is_one = values.len() == 1;
        let objects = (1..).zip(values).filter(|(_, value)| !value.is_null());
        let objects = objects.flat_map(|(at, value)| {
            let numbers = if is_one { vec![] } else { vec![at] };
            normal::flatten(value, &numbers)
        });
        let objects = objects.map(|(numbers, value)| {
            let numbers = numbers.iter().map(|number| format!(", item {number}"));
            identity::manifest(format!("{place}{}", numbers.collect::<String>()), value)
        });
        objects.collect()
    }
}
