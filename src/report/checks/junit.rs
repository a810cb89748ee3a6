//! Checks as JUnit XML, as CI systems read it: a suite for each category, a case for each check.

use super::{CheckReport, CheckRow, Status};
use crate::check::{Category, Finding};
use std::fmt::Write as _;

/// The report as JUnit XML, valid by the schema of Jenkins (`junit-10.xsd`), which counts what was skipped by suite only.
#[must_use]
pub fn junit(report: &CheckReport) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let errors = usize::from(report.failure.is_some());
    let _ = writeln!(
        xml,
        "<testsuites name=\"aphex-ops check\" tests=\"{}\" failures=\"{}\" errors=\"{errors}\" time=\"{:.3}\">",
        report.checks.len() + errors,
        report.summary.failed,
        report.duration_seconds
    );
    for category in Category::ALL {
        let rows = report.of(category);
        if !rows.is_empty() {
            xml += &suite(report, category, &rows);
        }
    }
    if let Some(failure) = &report.failure {
        let message = escaped(&failure.message);
        let reason = failure.reason;
        let _ = writeln!(
            xml,
            "  <testsuite name=\"run\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" time=\"0\">\n    \
             <testcase classname=\"run\" name=\"all checks are run\" time=\"0\">\n      \
             <error type=\"{reason}\" message=\"{message}\"/>\n    </testcase>\n  </testsuite>"
        );
    }
    xml + "</testsuites>\n"
}

fn suite(report: &CheckReport, category: Category, rows: &[&CheckRow]) -> String {
    let count = |status| rows.iter().filter(|row| row.status == status).count();
    let mut xml = format!(
        "  <testsuite name=\"{category}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"0\" timestamp=\"{}\">\n",
        rows.len(),
        count(Status::Failed),
        count(Status::Skipped),
        report.started_at
    );
    rows.iter().for_each(|row| xml += &case(row));
    xml + "  </testsuite>\n"
}

fn case(row: &CheckRow) -> String {
    let name = escaped(&format!("{} {}", row.code, row.title));
    let mut xml = format!(
        "    <testcase classname=\"{}\" name=\"{name}\" time=\"0\"",
        row.category
    );
    match row.status {
        Status::Passed => return xml + "/>\n",
        Status::Skipped => {
            let message = row.skipped.as_ref().map(|skipped| escaped(&skipped.message));
            let _ = write!(
                xml,
                ">\n      <skipped message=\"{}\"/>",
                message.unwrap_or_default()
            );
        }
        Status::Failed => {
            let reason = row.active().next().map(|finding| escaped(&finding.reason));
            let first = row.active().next().map(|finding| escaped(&one_line(finding)));
            let all: Vec<String> = row.active().map(|finding| escaped(&in_full(finding))).collect();
            let _ = write!(
                xml,
                ">\n      <failure type=\"{}\" message=\"{}\">{}</failure>",
                reason.unwrap_or_default(),
                first.unwrap_or_default(),
                all.join("\n")
            );
        }
        Status::Warning | Status::Suppressed => {
            let all: Vec<String> = row
                .findings
                .iter()
                .map(|finding| escaped(&in_full(finding)))
                .collect();
            let _ = write!(xml, ">\n      <system-out>{}</system-out>", all.join("\n"));
        }
    }
    xml + "\n    </testcase>\n"
}

fn one_line(finding: &Finding) -> String {
    format!("{}: {}", finding.object, finding.message)
}

fn in_full(finding: &Finding) -> String {
    let known = finding
        .suppressed
        .as_ref()
        .map(|why| format!("\nsuppressed: {why}"));
    format!(
        "{}\nmend: {}{}",
        one_line(finding),
        finding.remedy,
        known.unwrap_or_default()
    )
}

/// As text or the value of an attribute; what XML 1.0 cannot hold becomes a replacement character.
fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => xml += "&amp;",
            '<' => xml += "&lt;",
            '>' => xml += "&gt;",
            '"' => xml += "&quot;",
            '\n' | '\t' | '\r' => {
                let _ = write!(xml, "&#{};", u32::from(letter));
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => xml.push('\u{fffd}'),
            other => xml.push(other),
        }
    }
    xml
}
