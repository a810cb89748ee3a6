//! Checks for people.

use super::{CheckReport, CheckRow, Explanation, SkipReason, Status};
use crate::{check::Category, report::table::plain};

/// What deviates, by category, and a summary; if `wide`, everything.
#[must_use]
pub fn table(report: &CheckReport, wide: bool) -> String {
    if let Some(failure) = &report.failure {
        return format!("nothing was checked: {}", failure.message);
    }
    let mut text = String::new();
    for category in Category::ALL {
        let rows: Vec<&CheckRow> = report
            .of(category)
            .into_iter()
            .filter(|row| wide || is_news(row))
            .collect();
        if !rows.is_empty() {
            text += &format!("{category}\n");
            rows.into_iter().for_each(|row| text += &shown(row));
        }
    }
    for fix in &report.fixes {
        let ended = match fix.exit_code {
            0 => format!("{} changed", fix.changed),
            code => format!("exit code {code}"),
        };
        text += &format!("ran `{}`: {ended}\n", fix.command);
        fix.failures
            .iter()
            .for_each(|failure| text += &format!("  {}\n", failure.message));
    }
    text + &summary(report)
}

/// What is not there is no news.
fn is_news(row: &CheckRow) -> bool {
    let is_absent = row
        .skipped
        .as_ref()
        .is_some_and(|skipped| skipped.reason == SkipReason::NotInstalled);
    row.status != Status::Passed && !is_absent
}

fn shown(row: &CheckRow) -> String {
    let why = row
        .skipped
        .as_ref()
        .map(|skipped| format!(" ({})", skipped.message));
    let mut text = format!(
        "  {:<10}  {:<12}  {}{}\n",
        row.status.word(),
        row.code,
        row.title,
        why.unwrap_or_default()
    );
    for finding in &row.findings {
        let known = finding
            .suppressed
            .as_ref()
            .map(|why| format!(" (suppressed: {why})"));
        let known = known.unwrap_or_default();
        text += &format!(
            "                {}: {} ({}){known}\n",
            finding.object, finding.message, finding.reason
        );
        text += &format!("                mend: {}\n", finding.remedy);
    }
    text
}

fn summary(report: &CheckReport) -> String {
    let summary = &report.summary;
    let parts = [
        (summary.failed, "failed"),
        (summary.warning, "with warnings"),
        (summary.suppressed, "suppressed"),
        (summary.passed, "ok"),
        (summary.skipped, "skipped"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let requests: u64 = report.requests.values().sum();
    format!(
        "{} checks: {}; {requests} requests in {:.1} s",
        report.checks.len(),
        parts.join(", "),
        report.duration_seconds
    )
}

/// Everything that is declared of one check.
#[must_use]
pub fn explanation(check: &Explanation) -> String {
    let needs = match check.needs {
        [] => "nothing".to_owned(),
        some => some.join(", "),
    };
    format!(
        "{}: {}\n\nCategory:  {}\nSeverity:  {}\nNeeds:     {needs}\n\nIf not so: {}\n\nMend:      {}",
        check.code, check.title, check.category, check.severity, check.meaning, check.remedy
    )
}

/// All checks, one a line.
#[must_use]
pub fn list(checks: &[Explanation]) -> String {
    let rows = checks.iter().map(|check| {
        [
            check.code.to_owned(),
            check.severity.to_string(),
            check.category.to_string(),
            check.title.to_owned(),
        ]
    });
    plain(["CODE", "SEVERITY", "CATEGORY", "PASSES IF"], rows)
}
