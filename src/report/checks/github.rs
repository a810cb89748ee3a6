//! Checks as GitHub Actions reads them: annotations on stdout, and a page for the summary of the job.

use super::{CheckReport, CheckRow, Status};
use std::fmt::Write as _;

/// Workflow commands, one for each finding, and a line of plain text for the log.
#[must_use]
pub fn annotations(report: &CheckReport) -> String {
    let mut text = String::new();
    let told = report
        .checks
        .iter()
        .filter(|row| matches!(row.status, Status::Failed | Status::Warning));
    for row in told {
        let level = if row.status == Status::Failed {
            "error"
        } else {
            "warning"
        };
        for finding in row.active() {
            let title = property(&format!("{} {}", row.code, finding.object));
            let message = data(&format!(
                "{} ({})\nmend: {}",
                finding.message, finding.reason, finding.remedy
            ));
            let _ = writeln!(text, "::{level} title={title}::{message}");
        }
    }
    if let Some(failure) = &report.failure {
        let _ = writeln!(text, "::error title=aphex-ops check::{}", data(&failure.message));
    }
    let summary = &report.summary;
    let _ = writeln!(
        text,
        "{} failed, {} with warnings, {} suppressed, {} ok, {} skipped",
        summary.failed, summary.warning, summary.suppressed, summary.passed, summary.skipped
    );
    text
}

/// A page in Markdown.
#[must_use]
pub fn summary(report: &CheckReport) -> String {
    let mut text = format!(
        "### Platform checks: {} failed, {} with warnings, {} ok, {} skipped\n",
        report.summary.failed, report.summary.warning, report.summary.passed, report.summary.skipped
    );
    let told: Vec<&CheckRow> = report
        .checks
        .iter()
        .filter(|row| !row.findings.is_empty())
        .collect();
    if !told.is_empty() {
        text += "\n| Check | Object | What is wrong | Mend |\n| --- | --- | --- | --- |\n";
    }
    for row in told {
        for finding in &row.findings {
            let cells =
                [&finding.object.to_string(), &finding.message, &finding.remedy].map(|cell| cell_of(cell));
            let _ = writeln!(
                text,
                "| {} {} | {} |",
                row.status.word(),
                row.code,
                cells.join(" | ")
            );
        }
    }
    text
}

fn cell_of(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// The text of a workflow command (its toolkit's `escapeData`).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of one (`escapeProperty`).
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
