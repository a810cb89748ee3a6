//! What goes to stdout, and the last words on stderr.

use super::{
    arguments::command,
    options::{Color, Format, LogFormat, OutputOptions, ProgressStyle},
    playbooks::{self, BUILT_IN},
    process::Ended,
};
use crate::{
    converge::{
        Outcome, Report,
        report::{ActionReport, FailureReport},
    },
    model::{
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
        names,
        playbook::Playbook,
    },
    report::{
        checks::{self, CheckReport, Explanation, Status},
        documents::Document,
        progress::{Errors, Progress, Style},
        table,
        token::{self, TokenReport},
    },
};
use clap_complete::Shell;
use std::io::{IsTerminal, Write};

/// A result, before it has a format.
pub(super) enum Printed {
    /// The report of one step.
    Report(Box<Report>),
    /// The reports of a playbook.
    Reports(Vec<Report>),
    /// Dry-run reports of all steps, as a summary.
    Status(Vec<Report>),
    /// What all checks found.
    Checks(Box<CheckReport>),
    /// What is declared of one check.
    Explanation(Explanation),
    /// What is declared of all checks.
    Explanations(Vec<Explanation>),
    /// A token that was looked at.
    Token(Box<TokenReport>),
    /// The steps of a playbook.
    Playbook(Playbook),
    /// The playbooks that are built in.
    Playbooks(Vec<Playbook>),
    /// The version of this program.
    Version,
    /// A text that has one form only.
    Text(String),
    /// Everything was printed before.
    Nothing,
}

impl Printed {
    /// As a document, if it has that form.
    fn document(&self) -> Option<Document<'_>> {
        Some(match self {
            Self::Report(report) => Document::Report(report),
            Self::Reports(reports) | Self::Status(reports) => reports.as_slice().into(),
            Self::Playbook(playbook) => Document::Playbook(playbook),
            Self::Playbooks(playbooks) => playbooks.as_slice().into(),
            Self::Checks(report) => Document::CheckReport(report),
            Self::Token(report) => Document::Token(report),
            Self::Explanation(check) => Document::Check(*check),
            Self::Explanations(checks) => checks.as_slice().into(),
            Self::Version => Document::version(),
            Self::Text(_) | Self::Nothing => return None,
        })
    }

    /// For people.
    fn text(&self, format: Format) -> String {
        let wide = format == Format::Wide;
        match self {
            Self::Reports(_) | Self::Status(_) | Self::Report(_) if format == Format::Name => {
                table::names(self.reports())
            }
            Self::Report(_) | Self::Reports(_) => table::reports(self.reports(), wide),
            Self::Status(reports) => table::status(reports),
            Self::Checks(report) => match format {
                Format::Junit => checks::junit(report),
                Format::Github => checks::annotations(report),
                Format::Name => failed(report),
                _ => checks::table(report, wide),
            },
            Self::Token(report) => token::table(report),
            Self::Explanation(check) => checks::explanation(check),
            Self::Explanations(all) => checks::list(all),
            Self::Playbook(playbook) => steps(playbook),
            Self::Playbooks(playbooks) => list(playbooks),
            Self::Version => format!("{} {}", names::PRODUCT, env!("CARGO_PKG_VERSION")),
            Self::Text(text) => text.clone(),
            Self::Nothing => String::new(),
        }
    }

    /// All reports in it.
    pub(super) fn reports(&self) -> &[Report] {
        match self {
            Self::Report(report) => std::slice::from_ref(report),
            Self::Reports(reports) | Self::Status(reports) => reports,
            _ => &[],
        }
    }
}

pub(super) fn print(printed: &Printed, options: &OutputOptions) {
    let text = match (options.output, printed.document()) {
        (Format::Json, Some(document)) => document.json(options.log_format_is_json()),
        (Format::Yaml, Some(document)) => document.yaml(),
        (format, _) => printed.text(format),
    };
    if text.is_empty() {
        return;
    }
    // A reader that went away (`| head`) is no error of ours.
    let _ = writeln!(std::io::stdout().lock(), "{}", text.trim_end());
}

/// The codes of the checks that failed, one a line.
fn failed(report: &CheckReport) -> String {
    let failed = report.checks.iter().filter(|row| row.status == Status::Failed);
    failed.map(|row| row.code).collect::<Vec<_>>().join("\n")
}

fn list(playbooks: &[Playbook]) -> String {
    let rows = playbooks.iter().map(|playbook| {
        let steps = playbook.spec.steps.iter().map(|entry| entry.name.as_str());
        [
            playbook.metadata.name.clone(),
            steps.collect::<Vec<_>>().join(", "),
        ]
    });
    table::plain(["NAME", "STEPS"], rows)
}

fn steps(playbook: &Playbook) -> String {
    let rows = playbook.spec.steps.iter();
    let rows = rows.map(|entry| [entry.name.clone(), entry.run.join(" "), entry.why.clone()]);
    table::plain(["STEP", "COMMAND", "WHY"], rows)
}

/// Every failure with its remedy, on stderr.
pub(super) fn print_failures(progress: &Progress, reports: &[Report], failure: Option<&Failure>) {
    for failed in reports.iter().flat_map(|report| &report.failures) {
        progress.error(failed);
    }
    if let Some(failure) = failure {
        progress.error(&FailureReport::from(failure));
    }
}

/// The command of the bootstrap that comes after this one.
pub(super) fn next_command(done: &str) -> Option<String> {
    let playbook = playbooks::load("bootstrap").ok()?;
    let mut steps = playbook
        .spec
        .steps
        .iter()
        .skip_while(|entry| entry.run.join(" ") != done);
    let next = steps.nth(1)?;
    Some(format!("Next: aphex-ops {}", next.run.join(" ")))
}

/// How to log in for the first time.
pub(super) fn first_login(config: &Config, reports: &[Report]) -> String {
    let is_skipped = |row: &ActionReport| row.outcome == Some(Outcome::Skipped);
    let skipped = reports.iter().flat_map(|report| &report.actions).any(is_skipped);
    let verified = if skipped {
        "is verified inside the cluster; outside it was not checked"
    } else {
        "stands"
    };
    let namespace = &config.namespaces.auth;
    format!(
        "The platform's login {verified}. First login:\n  URL       https://{}\n  user      {}\n  password  \
         kubectl -n {namespace} get secret {} -o jsonpath='{{.data.{}}}' | base64 -d\nNext: aphex-ops status",
        config.hosts.auth,
        names::AUTHENTIK_ADMIN,
        names::AUTHENTIK_SECRET,
        names::ADMIN_PASSWORD_KEY,
    )
}

pub(super) fn playbook_list() -> Result<Ended, Failure> {
    let playbooks: Result<Vec<_>, _> = BUILT_IN.iter().map(|(name, _)| playbooks::load(name)).collect();
    Ok(Ended::only(Printed::Playbooks(playbooks?)))
}

pub(super) fn completion(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), names::PRODUCT, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

pub(super) fn man() -> Result<Ended, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command())
        .render(&mut page)
        .map_err(|error| {
            Failure::new(Exit::Bug, Reason::Unexpected, "the man page cannot be rendered").caused_by(error)
        })?;
    Ok(Ended::text(String::from_utf8_lossy(&page)))
}

impl OutputOptions {
    pub(super) fn log_format_is_json(&self) -> bool {
        self.log_format == LogFormat::Json
    }

    /// How errors are shown: as JSON where anything else on stderr is.
    pub(super) fn errors(&self) -> Errors {
        if self.log_format_is_json() || self.progress == ProgressStyle::Json {
            return Errors::Json;
        }
        Errors::Text {
            colour: self.stderr_colour(),
        }
    }

    fn stderr_colour(&self) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if set("NO_COLOR") => false,
            Color::Auto => std::io::stderr().is_terminal() || set("CLICOLOR_FORCE"),
        }
    }

    pub(super) fn progress_style(&self) -> Style {
        let set = |name: &str| std::env::var_os(name).is_some();
        let is_terminal = std::io::stderr().is_terminal()
            && !set("CI")
            && std::env::var("TERM").is_ok_and(|term| term != "dumb");
        match self.progress {
            _ if self.quiet => Style::None,
            ProgressStyle::None => Style::None,
            ProgressStyle::Json => Style::Json,
            ProgressStyle::Plain => Style::Plain,
            ProgressStyle::Tty => Style::Tty,
            ProgressStyle::Auto if self.log_format_is_json() => Style::Json,
            ProgressStyle::Auto if is_terminal => Style::Tty,
            ProgressStyle::Auto => Style::Plain,
        }
    }
}
