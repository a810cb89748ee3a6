//! `check`: what is wrong with the platform, and what mends it.

mod account;
mod gather;
mod login;
mod rules;

use crate::{
    check::{
        self, Check as Declared, Facts, Finding, Outcome, Row, Selection, Selector, Severity, Skip, Suite,
    },
    converge::{
        Context, Meta, Outcome as Done, Plan, Schedule, Step,
        contract::{Note, Nothing, Refusal},
        report::FailureReport,
    },
    model::{
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
        object::ObjectRef,
        rule::Rule,
    },
};
use clap::ValueEnum;

/// Check the platform, and say what is wrong and what mends it.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Check {
    /// Run only these: a code or a category, and after `=` only what is about one object
    #[arg(long, value_name = "CODE|CATEGORY[=OBJECT]")]
    only: Vec<Selector>,
    /// Leave these out
    #[arg(long, value_name = "CODE|CATEGORY[=OBJECT]")]
    skip: Vec<Selector>,
    /// Which checks: those that only look, or also those that log in
    #[arg(long, value_enum, value_name = "SUITE", default_value = "looking")]
    suite: Suite,
    /// From which findings on the checks have failed
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "error")]
    failure_threshold: Threshold,
    /// Check again until all is well, or the time is over
    #[arg(long)]
    pub wait: bool,
}

/// From which findings on the checks have failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Threshold {
    /// Something does not work
    #[default]
    Error,
    /// Somebody should look at it
    Warning,
}

impl Check {
    /// Which checks are wanted.
    fn selection(&self) -> Selection {
        Selection {
            only: self.only.clone(),
            skip: self.skip.clone(),
            suite: self.suite,
        }
    }

    /// The checks that are run.
    fn wanted(&self) -> Vec<&'static Declared> {
        let selection = self.selection();
        check::catalogue()
            .filter(|check| selection.wants(check))
            .collect()
    }

    /// What the checks come to where nothing was seen, and why.
    #[must_use]
    pub fn unseen(&self, why: &Failure) -> Vec<Row> {
        let skip = || Outcome::Skipped(Skip::Unseen(why.to_string()));
        self.wanted()
            .into_iter()
            .map(|check| Row {
                check,
                outcome: skip(),
            })
            .collect()
    }

    /// The exit code that these rows lead to.
    #[must_use]
    pub fn exit(&self, rows: &[Row]) -> Exit {
        match self.failures(rows).is_empty() {
            true => Exit::Done,
            false => Exit::CheckFailed,
        }
    }

    /// The failures for the report of a run.
    #[must_use]
    pub fn reported(&self, rows: &[Row]) -> Vec<FailureReport> {
        let failures = self.failures(rows).into_iter();
        let failures = failures.map(|(check, finding)| Failure::from(refusal(check, finding.clone())));
        failures.map(|failure| FailureReport::from(&failure)).collect()
    }

    /// Whether a finding of this severity is a failure.
    #[must_use]
    pub fn is_failure(&self, severity: Severity) -> bool {
        match self.failure_threshold {
            Threshold::Warning => true,
            Threshold::Error => severity == Severity::Error,
        }
    }

    /// Judges what was seen: every wanted check, with the findings that count and those that the configuration lets pass.
    #[must_use]
    pub fn judge(&self, facts: &Facts) -> Vec<Row> {
        let selection = self.selection();
        let mut rows = check::run(facts, |check| selection.wants(check));
        for row in &mut rows {
            let Outcome::Failed(findings) = &mut row.outcome else {
                continue;
            };
            findings.retain(|finding| selection.keeps(row.check, finding));
            for finding in findings.iter_mut() {
                let suppress = &facts.config.suppress;
                finding.suppressed = check::suppressed_by(suppress, row.check, finding, facts.now);
            }
            if findings.is_empty() {
                row.outcome = Outcome::Passed;
            }
        }
        rows
    }

    /// The findings for which the checks have failed.
    pub fn failures<'a>(&self, rows: &'a [Row]) -> Vec<(&'static Declared, &'a Finding)> {
        let failed = rows.iter().filter(|row| self.is_failure(row.check.severity));
        let findings = failed.flat_map(|row| match &row.outcome {
            Outcome::Failed(findings) => findings.iter().map(|finding| (row.check, finding)).collect(),
            _ => Vec::new(),
        });
        findings
            .filter(|(_, finding)| finding.suppressed.is_none())
            .collect()
    }

    /// Whether the configuration names checks that do not exist.
    ///
    /// # Errors
    /// [`Exit::Usage`] with the nearest names.
    pub fn validate(config: &Config) -> Result<(), Failure> {
        for entry in &config.suppress {
            entry.check.parse::<Selector>().map_err(|unknown| {
                Failure::new(Exit::Usage, Reason::InvalidConfig, format!("suppress: {unknown}"))
            })?;
        }
        Ok(())
    }
}

impl Step for Check {
    const META: Meta = Meta {
        command: "check",
        summary: "every check of the platform passes",
        schedule: Schedule::Once,
        read_only: true,
    };
    type Observed = Facts;
    type Action = Nothing;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        rules::of(&self.wanted(), config)
    }

    async fn observe(&self, cx: &Context) -> Result<Facts, Failure> {
        Self::validate(&cx.config)?;
        gather::gather(cx, &self.wanted()).await
    }

    fn plan(&self, seen: &Facts) -> Plan<Nothing> {
        let mut plan = Plan::default();
        for row in self.judge(seen) {
            let check = row.check;
            let as_a_whole = ObjectRef::global("Check", check.code);
            match row.outcome {
                Outcome::Passed => plan.notes.push(Note::unchanged(as_a_whole, check.title)),
                Outcome::Skipped(why) => plan.notes.push(Note::skipped(as_a_whole, why.to_string())),
                Outcome::Failed(findings) => findings
                    .into_iter()
                    .for_each(|finding| self.tell(check, finding, &mut plan)),
            }
        }
        plan
    }

    async fn apply(&self, _: &Context, action: Nothing) -> Result<Done, Failure> {
        match action {}
    }
}

impl Check {
    fn tell(&self, check: &Declared, finding: Finding, plan: &mut Plan<Nothing>) {
        let message = format!("{}: {}", check.code, finding.message);
        if let Some(why) = &finding.suppressed {
            let message = format!("{message} (suppressed: {why})");
            plan.notes.push(Note::skipped(finding.object, message));
        } else if self.is_failure(check.severity) {
            plan.refused.push(refusal(check, finding));
        } else {
            plan.notes
                .push(Note::warning(finding.object, Reason::NotReady, message));
        }
    }
}

fn refusal(check: &Declared, finding: Finding) -> Refusal {
    Refusal {
        exit: Exit::CheckFailed,
        reason: Reason::NotReady,
        object: finding.object,
        message: format!("{}: {} ({})", check.code, finding.message, finding.reason),
        hint: finding.remedy,
    }
}
