//! Reports as tables for people; the only importer of tabled.

use super::tree;
use crate::{
    converge::{Outcome, Report, report::ActionReport},
    model::{exit::Exit, object::ObjectRef},
};
use tabled::{
    builder::Builder,
    settings::{Padding, Style},
};

/// A table without lines, in kubectl's manner.
#[must_use]
pub fn plain<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut builder = Builder::default();
    builder.push_record(header);
    for row in rows {
        builder.push_record(row);
    }
    let table = builder
        .build()
        .with(Style::empty())
        .with(Padding::new(0, 3, 0, 0))
        .to_string();
    table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// What was done, and a summary. Unless `wide`, unchanged objects are only counted and descriptions of actions cut short. What
/// is a tree is shown as one, with every object.
#[must_use]
pub fn reports(reports: &[Report], wide: bool) -> String {
    if let [report] = reports
        && tree::is_tree(report)
    {
        return plain(["OBJECT", "STATE"], tree::rows(&report.actions));
    }
    let rows: Vec<[String; 4]> = reports.iter().flat_map(|report| rows(report, wide)).collect();
    let summary = summary(reports);
    if rows.is_empty() {
        return summary;
    }
    format!(
        "{}\n{summary}",
        plain(["STEP", "OBJECT", "RESULT", "DETAIL"], rows)
    )
}

fn rows(report: &Report, wide: bool) -> Vec<[String; 4]> {
    let row =
        |object: String, result: String, detail: String| [report.step.to_owned(), object, result, detail];
    // A warning, like what is waited for, is told nowhere else: it is never cut.
    let detail = |action: &ActionReport| match action.reason {
        None if !wide => shortened(&action.message),
        _ => action.message.clone(),
    };
    let actions = report.actions.iter().filter(|action| wide || is_news(action));
    let actions = actions.map(|action| row(action.object.to_string(), state(action), detail(action)));
    let waits = report.waiting.iter().map(|wait| {
        let provider = wait
            .provided_by
            .map(|command| format!(" (waits for `{command}`)"));
        let message = format!("{}{}", wait.message, provider.unwrap_or_default());
        row(wait.object.to_string(), "waiting".to_owned(), message)
    });
    let failures = report.failures.iter().map(|failure| {
        let object = failure
            .object
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        row(object, "failed".to_owned(), failure.message.clone())
    });
    actions.chain(waits).chain(failures).collect()
}

/// The longest description of an action in a table that is not wide.
const LONGEST_DETAIL: usize = 80;

fn shortened(detail: &str) -> String {
    match detail.char_indices().nth(LONGEST_DETAIL) {
        Some((end, _)) => format!("{}…", &detail[..end]),
        None => detail.to_owned(),
    }
}

fn is_news(row: &ActionReport) -> bool {
    row.outcome != Some(Outcome::Unchanged) || row.reason.is_some()
}

fn state(row: &ActionReport) -> String {
    match (row.outcome, row.reason) {
        (_, Some(reason)) => format!("warning: {reason}"),
        (Some(outcome), None) => outcome.to_string(),
        (None, None) => "planned".to_owned(),
    }
}

fn summary(reports: &[Report]) -> String {
    let rows = || reports.iter().flat_map(|report| &report.actions);
    let count = |outcome| rows().filter(|row| row.outcome == Some(outcome)).count();
    let failed: usize = reports.iter().map(|report| report.failures.len()).sum();
    let waiting: usize = reports.iter().map(|report| report.waiting.len()).sum();
    let seconds: f64 = reports.iter().map(|report| report.duration_seconds).sum();
    if reports.iter().any(|report| report.dry_run) {
        let planned: usize = reports.iter().map(Report::pending).sum();
        return format!(
            "Plan: {planned} to do, {} unchanged, {waiting} waiting, {failed} failed; nothing was changed",
            count(Outcome::Unchanged)
        );
    }
    let parts = [
        (count(Outcome::Created), "created"),
        (count(Outcome::Configured), "configured"),
        (count(Outcome::Deleted), "deleted"),
        (count(Outcome::Unchanged), "unchanged"),
        (count(Outcome::Skipped), "skipped"),
        (failed, "failed"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let done = if parts.is_empty() {
        "nothing to do".to_owned()
    } else {
        parts.join(", ")
    };
    format!("{done} in {seconds:.1} s")
}

/// One row for each step, what stands and what does not; then one for each scheduled job, when it runs.
#[must_use]
pub fn status(reports: &[Report]) -> String {
    let rows = reports.iter().map(|report| {
        let (state, detail) = verdict(report);
        [report.step.to_owned(), state.to_owned(), detail]
    });
    let steps = plain(["STEP", "STATE", "DETAIL"], rows);
    let jobs: Vec<[String; 3]> = reports.iter().flat_map(scheduled_jobs).collect();
    if jobs.is_empty() {
        return steps;
    }
    format!("{steps}\n\n{}", plain(["SCHEDULED JOB", "STATE", "DETAIL"], jobs))
}

/// What is reported of CronJobs.
fn scheduled_jobs(report: &Report) -> impl Iterator<Item = [String; 3]> {
    let is_job = |object: &ObjectRef| object.kind == "CronJob";
    let failed = report.failures.iter().filter_map(move |failure| {
        let object = failure.object.as_ref().filter(|object| is_job(object))?;
        Some([object.name.clone(), "failed".to_owned(), failure.message.clone()])
    });
    let seen = report.actions.iter().filter(move |row| is_job(&row.object));
    let seen = seen.map(|row| {
        let state = row
            .reason
            .map_or_else(|| "ok".to_owned(), |reason| format!("warning: {reason}"));
        [row.object.name.clone(), state, row.message.clone()]
    });
    failed.chain(seen)
}

fn verdict(report: &Report) -> (&'static str, String) {
    if let Some(failure) = report.failures.first() {
        let state = if failure.exit == Exit::Transient.code() {
            "unknown"
        } else {
            "failed"
        };
        return (state, failure.message.clone());
    }
    if let Some(action) = report.actions.iter().find(|row| row.outcome.is_none()) {
        let more = report.pending() - 1;
        let more = if more == 0 {
            String::new()
        } else {
            format!(" (and {more} more)")
        };
        return ("pending", format!("{}: {}{more}", action.object, action.message));
    }
    if let Some(wait) = report.waiting.first() {
        return ("waiting", format!("{}: {}", wait.object, wait.message));
    }
    let warnings = report.actions.iter().filter(|row| row.reason.is_some()).count();
    match warnings {
        0 => ("ok", counted(report.actions.len(), "object")),
        warnings => ("ok", counted(warnings, "warning")),
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}

/// Names of changed objects, or in a dry run of those that would change, one a line.
#[must_use]
pub fn names(reports: &[Report]) -> String {
    let changed = |row: &&ActionReport| !matches!(row.outcome, Some(Outcome::Unchanged | Outcome::Skipped));
    let rows = reports.iter().flat_map(|report| &report.actions);
    rows.filter(changed)
        .map(|row| row.object.short())
        .collect::<Vec<_>>()
        .join("\n")
}
