//! `check` and `explain`: what is wrong with the platform, in the form that whoever asks can read.

mod fix;

use super::{
    options::{Format, Options},
    output::Printed,
    process::Ended,
    run::Run,
    session::Session,
};
use crate::{
    check::{Row, Selector},
    converge::{Context, Event, Report, Step, Wait, report::FailureReport},
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        object::ObjectRef,
    },
    report::{
        checks::{self, CheckReport, Explanation, Fix},
        documents::Document,
    },
    steps::check::Check,
};
use clap::Args;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout_at};

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) step: Check,
    /// Write the report to a file too, however the run ends: JUnit if it ends with .xml, or .json, .yaml, .txt
    #[arg(long, value_name = "FILE")]
    report_file: Vec<PathBuf>,
    /// Run the commands that mend what is wrong, where one of ours does, and check again
    ///
    /// Only what does not work is mended, never what is only worth a look. With --dry-run it is planned.
    #[arg(long)]
    fix: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The code of a check; without it, all are listed
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// Every ending has a report: also where nothing could be checked.
pub(super) async fn check(options: &Options, args: &CheckArgs, run: &Run) -> Result<Ended, Failure> {
    let files = args.report_file.iter().map(|path| Ok((path, form(path)?)));
    let files: Vec<(&PathBuf, Form)> = files.collect::<Result<_, Failure>>()?;
    let started = Instant::now();
    let mut report = CheckReport::start(&run.id);
    let mut session = None;
    let judged = judged(options, args, run, &mut session, &mut report.fixes).await;
    let (rows, failure) = match judged {
        Ok(rows) => (rows, None),
        Err(failure) => (args.step.unseen(&failure), Some(failure)),
    };
    let exit = match &failure {
        Some(failure) => failure.exit,
        None => args.step.exit(&rows),
    };
    let mut own = Report::start(&run.id, "check", Check::META.command, false);
    own.failures = args.step.reported(&rows);
    own.failures.extend(failure.as_ref().map(FailureReport::from));
    own.exit_code = exit.code();
    own.rounds = 1;
    report.fill(rows, |severity| args.step.is_failure(severity));
    report.failure = failure.as_ref().map(FailureReport::from);
    report.exit_code = exit.code();
    if let Some(session) = &session {
        report.cluster = Some(session.cx.cluster.info());
        report.requests = session.cx.requests();
    }
    report.took(started.elapsed());
    for (path, form) in files {
        write(path, &form.of(&report))?;
    }
    if options.output.output == Format::Github {
        summarize(&report)?;
    }
    if let Some(failure) = &failure {
        run.progress.error(&FailureReport::from(failure));
    }
    Ok(Ended {
        printed: Printed::Checks(Box::new(report)),
        exit,
        reports: vec![own],
        next: None,
    })
}

/// What was judged in the end: once, or until all is well or the time is over.
async fn judged<'a>(
    options: &'a Options,
    args: &CheckArgs,
    run: &Run,
    place: &mut Option<Session<'a>>,
    fixes: &mut Vec<Fix>,
) -> Result<Vec<Row>, Failure> {
    let opened = Session::open(options, Check::META.command, run).await?;
    let session = place.insert(opened);
    if args.fix {
        let mut done = Vec::new();
        // What one command mends can show what another one has to.
        loop {
            give_time(options, session);
            let rows = look(&args.step, &session.cx).await?;
            let Some(line) = fix::next(&rows, &done) else {
                break;
            };
            fixes.push(fix::run(session, &line).await?);
            done.push(line);
        }
    }
    give_time(options, session);
    settled(&args.step, &session.cx).await
}

fn give_time(options: &Options, session: &mut Session<'_>) {
    let cx = &mut session.cx;
    cx.deadline = Instant::now() + options.run.step_timeout(&cx.config);
}

async fn look(step: &Check, cx: &Context) -> Result<Vec<Row>, Failure> {
    let seen = timeout_at(cx.deadline, step.observe(cx));
    let facts = seen.await.map_err(|_| {
        Failure::new(
            Exit::Deadline,
            Reason::DeadlineExceeded,
            "looking took longer than the time that was given",
        )
        .hint("`aphex-ops check --timeout 15m` gives more")
    })??;
    Ok(step.judge(&facts))
}

/// What was judged last: once, or when all is well, or when the time is over.
async fn settled(step: &Check, cx: &Context) -> Result<Vec<Row>, Failure> {
    let mut pause = Duration::from_secs(1);
    let mut rows = look(step, cx).await?;
    while step.wait && cx.remaining() > pause {
        let failures = step.failures(&rows);
        let Some((check, finding)) = failures.first() else {
            break;
        };
        let message = format!(
            "{}: {} ({} findings in all)",
            check.code,
            finding.message,
            failures.len()
        );
        let wait = Wait::new(finding.object.clone(), Reason::NotReady, message);
        cx.events.tell(&Event::Waiting(wait));
        tokio::select! {
            () = sleep(pause) => {}
            cause = cx.stop.requested() => return Err(cause.into()),
        }
        pause = (pause * 2).min(Duration::from_secs(10));
        rows = match look(step, cx).await {
            // What was seen before tells more.
            Err(failure) if failure.exit == Exit::Deadline => break,
            looked => looked?,
        };
    }
    Ok(rows)
}

/// The form of a file.
#[derive(Debug, Clone, Copy)]
enum Form {
    Junit,
    Json,
    Yaml,
    Text,
}

fn form(path: &Path) -> Result<Form, Failure> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("xml") => Ok(Form::Junit),
        Some("json") => Ok(Form::Json),
        Some("yaml" | "yml") => Ok(Form::Yaml),
        Some("txt") => Ok(Form::Text),
        _ => {
            let message = format!(
                "--report-file {}: its name must end with .xml, .json, .yaml or .txt",
                path.display()
            );
            Err(Failure::new(Exit::Usage, Reason::InvalidConfig, message))
        }
    }
}

impl Form {
    fn of(self, report: &CheckReport) -> String {
        match self {
            Self::Junit => checks::junit(report),
            Self::Json => Document::CheckReport(report).json(false),
            Self::Yaml => Document::CheckReport(report).yaml(),
            Self::Text => checks::table(report, true) + "\n",
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| unwritten(path, error))
}

fn unwritten(path: &Path, error: std::io::Error) -> Failure {
    let message = format!("cannot write the report to {}", path.display());
    Failure::new(Exit::Usage, Reason::InvalidConfig, message).caused_by(error)
}

/// GitHub Actions shows this file of a job's step on its page; others' text in it stays.
fn summarize(report: &CheckReport) -> Result<(), Failure> {
    use std::io::Write as _;
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let path = PathBuf::from(path);
    let file = std::fs::OpenOptions::new().append(true).create(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(checks::summary(report).as_bytes()));
    written.map_err(|error| unwritten(&path, error))
}

/// What is declared of a check, or of all.
pub(super) fn explain(args: &ExplainArgs) -> Result<Ended, Failure> {
    let Some(code) = &args.code else {
        return Ok(Ended::only(Printed::Explanations(checks::explanations())));
    };
    let check = Selector::code(code).map_err(|unknown| {
        let object = ObjectRef::global("Check", code);
        Failure::new(Exit::Usage, Reason::InvalidConfig, unknown.to_string()).on(object)
    })?;
    Ok(Ended::only(Printed::Explanation(Explanation::from(check))))
}
