//! Mending what is wrong, by the command of ours that a finding names.

use crate::{
    check::{Outcome, Row, Severity},
    cli::{arguments::Cli, session::Session, steps::StepCommand},
    model::failure::Failure,
    report::checks::Fix,
};
use clap::Parser;

/// The next command that mends something and was not run yet: that of the first finding, since what others need comes first.
pub(super) fn next(rows: &[Row], done: &[String]) -> Option<String> {
    let wrong = rows.iter().filter(|row| row.check.severity == Severity::Error);
    let findings = wrong.flat_map(|row| match &row.outcome {
        Outcome::Failed(findings) => findings.as_slice(),
        Outcome::Passed | Outcome::Skipped(_) => &[],
    });
    let findings = findings.filter(|finding| finding.suppressed.is_none());
    let mut lines = findings.filter_map(|finding| command(&finding.remedy));
    lines
        .find(|line| !done.iter().any(|other| other == line) && step(line).is_some())
        .map(str::to_owned)
}

/// The command line of a remedy that is nothing but one. What says more leaves it to somebody to decide.
fn command(remedy: &str) -> Option<&str> {
    let line = remedy.strip_prefix("run `")?.strip_suffix('`')?;
    (line.starts_with("aphex-ops ") && !line.contains('`')).then_some(line)
}

fn step(line: &str) -> Option<StepCommand> {
    let cli = Cli::try_parse_from(line.split_whitespace()).ok()?;
    let step = cli.command.into_step().ok()?;
    (!step.meta().read_only).then_some(step)
}

/// Runs it as it would run by itself, under the lock.
pub(super) async fn run(session: &mut Session<'_>, line: &str) -> Result<Fix, Failure> {
    let ran = |exit: u8, changed: usize, failures| Fix {
        command: line.trim_start_matches("aphex-ops ").to_owned(),
        exit_code: exit,
        changed,
        failures,
    };
    let Some(step) = step(line) else {
        return Ok(ran(0, 0, Vec::new()));
    };
    let report = session.locked(&step).await?;
    let changed = report.changed() + report.pending();
    Ok(ran(report.exit_code, changed, report.failures))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_remedy_that_is_a_command_is_run() {
        assert_eq!(
            command("run `aphex-ops secrets generate`"),
            Some("aphex-ops secrets generate")
        );
        assert!(step("aphex-ops secrets generate").is_some());
        for other in [
            "run `aphex-ops secrets generate`, if it is one of the generated ones",
            "kubectl delete clusterrolebinding x",
            "run `rm -rf /`",
            "aphex-ops check --only x",
        ] {
            assert_eq!(command(other), None, "{other}");
        }
        assert!(step("aphex-ops oidc verify").is_none() && step("aphex-ops nonsense").is_none());
    }
}
