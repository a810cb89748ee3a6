//! Judging checks in the order in which they depend on each other.

use super::{Check, Facts, Finding, Skip, catalogue};
use std::collections::BTreeMap;

/// What became of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Passed,
    /// Not all is well; never empty.
    Failed(Vec<Finding>),
    /// It says nothing, and why.
    Skipped(Skip),
}

/// One check and what became of it.
#[derive(Debug, Clone)]
pub struct Row {
    /// The check.
    pub check: &'static Check,
    /// What became of it.
    pub outcome: Outcome,
}

/// Judges all checks of which `is_wanted`, and for them all that they need.
///
/// A check is skipped, and not failed, if one that it needs failed, or was skipped for that reason: what is wrong is known
/// by its root. What only could not be looked at stops nobody.
#[must_use]
pub fn run(facts: &Facts, is_wanted: impl Fn(&Check) -> bool) -> Vec<Row> {
    let mut judged = BTreeMap::new();
    let wanted: Vec<&'static Check> = catalogue().filter(|check| is_wanted(check)).collect();
    wanted
        .into_iter()
        .map(|check| Row {
            outcome: judge(facts, check, &mut judged),
            check,
        })
        .collect()
}

fn judge(facts: &Facts, check: &'static Check, judged: &mut BTreeMap<&'static str, Outcome>) -> Outcome {
    if let Some(outcome) = judged.get(check.code) {
        return outcome.clone();
    }
    let needed = check.needs.iter().filter_map(|code| super::check(code));
    let blocked = needed
        .into_iter()
        .find_map(|needed| match judge(facts, needed, judged) {
            Outcome::Failed(_) => Some(Skip::Follows(needed.code, String::new())),
            Outcome::Skipped(Skip::Follows(root, how)) => Some(Skip::Follows(root, how)),
            Outcome::Skipped(_) | Outcome::Passed => None,
        });
    let outcome = match blocked {
        Some(skip) => Outcome::Skipped(skip),
        None => match (check.judge)(facts) {
            Ok(findings) if findings.is_empty() => Outcome::Passed,
            Ok(findings) => Outcome::Failed(findings),
            Err(skip) => Outcome::Skipped(skip),
        },
    };
    judged.insert(check.code, outcome.clone());
    outcome
}
