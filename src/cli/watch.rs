//! `tenants reconcile --watch`: one run after the other, as soon as somebody asks for something else.

use super::{
    options::{self, Options},
    output::{self, Printed},
    process::Ended,
    run::Run,
    session::Session,
    steps::StepCommand,
};
use crate::{
    converge::Report,
    kubernetes::{Changes, Heard},
    model::{exit::Exit, failure::Failure},
    steps::tenants::{self, TenantsReconcile},
};
use std::time::Duration;
use tokio::time::sleep;

/// Several objects are often made together, and one run does all of them.
const GATHERING: Duration = Duration::from_millis(500);
/// What failed is tried again after this time, if nothing changes before.
const AFTER_FAILURE: Duration = Duration::from_secs(30);

/// Whether to stay.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Stay {
    /// Stay, and run again as soon as a tenant is made, changed or deleted
    #[arg(long, conflicts_with = "dry_run")]
    watch: bool,
    /// With --watch: the longest time from one run to the next, which also mends what belongs to tenants
    #[arg(long, value_name = "TIME", value_parser = options::duration, default_value = "5m", requires = "watch")]
    every: Duration,
}

impl Stay {
    pub(super) const fn is_wanted(self) -> bool {
        self.watch
    }
}

/// Runs until a signal ends it; between two runs a signal is no failure.
///
/// # Errors
/// What no further run would mend.
pub(super) async fn watch(
    options: &Options,
    step: TenantsReconcile,
    stay: Stay,
    run: &Run,
) -> Result<Ended, Failure> {
    let step = StepCommand::TenantsReconcile(step.staying());
    let mut session = Session::open(options, step.meta().command, run).await?;
    let stop = session.cx.stop.clone();
    let mut heard = Heard::default();
    loop {
        let (changes, pause) = match one(&mut session, &step).await {
            Ok((_, report)) if is_last(report.exit()) => return Ok(session.ended(report)),
            Ok((changes, report)) => {
                // One that left it to another run looked at nothing.
                let is_good = report.exit() == Exit::Done && report.rounds > 0;
                tell(&session, report, options, run);
                (Some(changes), if is_good { stay.every } else { AFTER_FAILURE })
            }
            Err(failure) if is_last(failure.exit) => return Err(failure),
            Err(failure) => {
                output::print_failures(&run.progress, &[], Some(&failure));
                (None, AFTER_FAILURE)
            }
        };
        tokio::select! {
            () = news(changes, &mut heard) => {}
            () = sleep(pause.min(stay.every)) => {}
            _ = stop.requested() => return Ok(Ended::only(Printed::Nothing)),
        }
    }
}

/// One run, and what is to be heard of from its beginning on: so nothing falls between the two.
async fn one(session: &mut Session<'_>, step: &StepCommand) -> Result<(Changes, Report), Failure> {
    let (kinds, annotation) = tenants::watched();
    let changes = session.cx.cluster.changes(kinds, annotation).await?;
    step.begin();
    Ok((changes, session.locked(step).await?))
}

async fn news(changes: Option<Changes>, heard: &mut Heard) {
    match changes {
        Some(mut changes) => {
            let is_news = changes.next(heard).await;
            sleep(if is_news { GATHERING } else { AFTER_FAILURE }).await;
        }
        None => std::future::pending().await,
    }
}

/// Whether another run would end the same way, or was asked not to begin.
const fn is_last(exit: Exit) -> bool {
    matches!(
        exit,
        Exit::Bug | Exit::Usage | Exit::Forbidden | Exit::Interrupted | Exit::Terminated
    )
}

/// What was done or went wrong. That there was nothing to do is not worth a line every few minutes.
fn tell(session: &Session<'_>, report: Report, options: &Options, run: &Run) {
    if report.changed() > 0 || !report.failures.is_empty() {
        let ended = session.ended(report);
        output::print(&ended.printed, &options.output);
        output::print_failures(&run.progress, &ended.reports, None);
    }
}
