//! Fixtures.

use super::{Manifest, Source, read};
use crate::apply::Problem;

/// Values of Secrets in these tests: none may be in any problem.
const HIDDEN: &str = "hunter2";

pub(super) fn mk_read(text: &str) -> Result<Vec<Manifest>, Vec<Problem>> {
    read(&[Source { name: "a.yaml", text }])
}

pub(super) fn mk_one(text: &str) -> Manifest {
    let manifests = mk_read(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    let [manifest] = manifests.as_slice() else {
        panic!("{text}: {manifests:?}")
    };
    manifest.clone()
}

/// Problems of a text, as they are shown.
pub(super) fn mk_problems(text: &str) -> Vec<String> {
    let problems = mk_read(text).expect_err(text);
    assert!(
        problems.iter().all(|problem| !problem.hint.is_empty()),
        "{problems:?}"
    );
    let shown = format!("{problems:?}");
    assert!(!shown.contains(HIDDEN), "{shown}");
    problems.iter().map(ToString::to_string).collect()
}

/// A ConfigMap with these lines in its metadata.
pub(super) fn mk_metadata(lines: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n{lines}")
}

pub(super) fn mk_annotated(annotation: &str) -> String {
    mk_metadata(&format!("  name: a\n  annotations:\n    {annotation}\n"))
}

pub(super) fn mk_secret(lines: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{lines}")
}
