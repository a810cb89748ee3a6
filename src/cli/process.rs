//! From the arguments to the exit code: the only place that prints errors and ends the process.

use super::{
    arguments::{Cli, Command, Oidc, Reconcile, Tenants, Waves},
    check, consent, fetch, inspect,
    options::{self, Format, Options},
    output::{self, Printed},
    own_job,
    playbooks::{self, PlaybookCommand, RunArgs},
    render::render,
    run::Run,
    session::Session,
    status,
    steps::StepCommand,
    watch,
};
use crate::{
    converge::{Report, report::FailureReport},
    entropy,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
    },
    report::progress::{Errors, Progress, Style},
    telemetry,
};
use std::{ffi::OsString, process::ExitCode};

/// Parses, runs, prints, and says with which code to exit.
#[must_use]
pub fn main() -> ExitCode {
    let (cli, line) = match Cli::read() {
        Ok(read) => read,
        Err(error) => return usage(&error),
    };
    telemetry::forbid_core_dumps();
    let id = entropy::name();
    let output = &cli.options.output;
    let run = Run::new(id.as_deref().unwrap_or_default(), line, output);
    telemetry::start_logging(output.verbose, output.log_format_is_json(), &run.id);
    let ended = id.and_then(|_| on_runtime(&cli.options, cli.command, &run));
    finish(&cli.options, &run, ended)
}

fn on_runtime(options: &Options, command: Command, of: &Run) -> Result<Ended, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Bug, Reason::Unexpected, "no async runtime").caused_by(error))?;
    let ended = runtime.block_on(async {
        let ended = run(options, command, of).await;
        own_job::tell(options, &ended, &of.id).await;
        ended
    });
    // A blocking DNS look-up must not hold the process up.
    runtime.shutdown_background();
    ended
}

/// What a command leaves: the printed result, the exit code, and what happened for the termination message.
pub(super) struct Ended {
    pub(super) printed: Printed,
    pub(super) exit: Exit,
    pub(super) reports: Vec<Report>,
    /// What to do next, for people.
    pub(super) next: Option<String>,
}

impl Ended {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::only(Printed::Text(text.into()))
    }

    /// Nothing was done; something is printed.
    pub(super) fn only(printed: Printed) -> Self {
        Self {
            printed,
            exit: Exit::Done,
            reports: Vec::new(),
            next: None,
        }
    }
}

async fn run(options: &Options, command: Command, run: &Run) -> Result<Ended, Failure> {
    let is_of_checks = matches!(options.output.output, Format::Junit | Format::Github);
    if is_of_checks && !matches!(command, Command::Check(_)) {
        let message = "only `aphex-ops check` prints its report as junit or github";
        return Err(Failure::new(Exit::Usage, Reason::InvalidConfig, message));
    }
    let command = match command {
        Command::Check(args) => return check::check(options, &args, run).await,
        other => other,
    };
    match command.into_step() {
        Ok(step) => one_step(options, step, run).await,
        Err(Command::Bootstrap(args)) => playbook(options, "bootstrap", &args, run).await,
        Err(Command::Playbook(PlaybookCommand::Run { name, args })) => {
            playbook(options, &name, &args, run).await
        }
        Err(Command::Playbook(PlaybookCommand::List)) => output::playbook_list(),
        Err(Command::Playbook(PlaybookCommand::Show { name })) => {
            Ok(Ended::only(Printed::Playbook(playbooks::load(&name)?)))
        }
        Err(Command::Status(args)) => status::status(options, &args, run).await,
        Err(Command::Waves(waves)) => match *waves {
            Waves::Fetch(args) => fetch::fetch(options, &args, run).await,
            _ => Err(not_dispatched()),
        },
        Err(Command::Tenants(tenants)) => match *tenants {
            Tenants::Reconcile(Reconcile { step, stay }) => watch::watch(options, step, stay, run).await,
            _ => Err(not_dispatched()),
        },
        Err(Command::Render(what)) => render(options, what, run).await,
        Err(Command::Completion { shell }) => Ok(Ended::text(output::completion(shell))),
        Err(Command::Oidc(Oidc::Inspect(args))) => inspect::inspect(options, &args).await,
        Err(Command::Explain(args)) => check::explain(&args),
        Err(Command::Man) => output::man(),
        Err(Command::Version) => Ok(Ended::only(Printed::Version)),
        Err(_) => Err(not_dispatched()),
    }
}

fn not_dispatched() -> Failure {
    Failure::new(Exit::Bug, Reason::Unexpected, "a step was not dispatched")
}

async fn one_step(options: &Options, step: StepCommand, run: &Run) -> Result<Ended, Failure> {
    let meta = step.meta();
    if !options.run.dry_run {
        consent::to(&step)?;
    }
    let mut session = Session::open(options, meta.command, run).await?;
    let report = session.locked(&step).await?;
    let ended = session.ended(report);
    let next = did_its_work(&ended.reports, ended.exit)
        .then(|| output::next_command(meta.command))
        .flatten();
    Ok(Ended { next, ..ended })
}

async fn playbook(options: &Options, name: &str, args: &RunArgs, run: &Run) -> Result<Ended, Failure> {
    let playbook = playbooks::load(name)?;
    let config = options.run.load_config()?;
    let steps = playbooks::select(&playbook, args, config.profile)?;
    if !options.run.dry_run {
        playbooks::confirm(&playbook, args, &steps)?;
    }
    let command = format!("playbook run {}", playbook.metadata.name);
    let mut session = Session::open(options, &command, run).await?;
    let reports = playbooks::run(&mut session, &steps).await?;
    let exit = session.exit(&reports);
    let ends_with_a_login = ["bootstrap", "platform"].contains(&name);
    let next =
        (did_its_work(&reports, exit) && ends_with_a_login).then(|| output::first_login(&config, &reports));
    Ok(Ended {
        printed: Printed::Reports(reports.clone()),
        exit,
        reports,
        next,
    })
}

/// Whether there is something to go on from. A run that left it to another one looked at nothing.
fn did_its_work(reports: &[Report], exit: Exit) -> bool {
    let worked = |report: &Report| report.rounds > 0 && !report.dry_run;
    exit == Exit::Done && reports.iter().all(worked)
}

fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Help and version go to stdout and are no errors. A closed stdout is not worth a message.
        let _ = error.print();
        return ExitCode::from(Exit::Done.code());
    }
    let words: Vec<OsString> = std::env::args_os().collect();
    if options::asks_for_json_lines(&words) {
        let text = error.to_string();
        let message = text.trim().trim_start_matches("error: ");
        let failure = Failure::new(Exit::Usage, Reason::InvalidConfig, message);
        let id = entropy::name().unwrap_or_default();
        Progress::new(&id, Style::None, Errors::Json).error(&FailureReport::from(&failure));
    } else {
        let _ = error.print();
    }
    ExitCode::from(Exit::Usage.code())
}

fn finish(options: &Options, run: &Run, ended: Result<Ended, Failure>) -> ExitCode {
    let progress = &run.progress;
    progress.finish();
    if let Some(path) = &options.output.metrics_file {
        run.write_metrics(path, &ended);
    }
    let has_told = matches!(&ended, Ok(ended) if matches!(ended.printed, Printed::Checks(_)));
    let (exit, reports, failure) = match ended {
        Ok(ended) => {
            let format = options.output.output;
            output::print(&ended.printed, &options.output);
            if let Some(next) = ended
                .next
                .filter(|_| matches!(format, Format::Table | Format::Wide))
            {
                progress.say(&next);
            }
            (ended.exit, ended.reports, None)
        }
        Err(failure) => (failure.exit, Vec::new(), Some(failure)),
    };
    if !has_told {
        output::print_failures(progress, &reports, failure.as_ref());
    }
    telemetry::termination_message(&options.run.termination_log, exit, &reports, failure.as_ref());
    ExitCode::from(exit.code())
}
