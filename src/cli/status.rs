//! `status`: what stands, on one screen. Every step of the bootstrap looks and plans, and does nothing; so does the one
//! that looks at the scheduled jobs.

use super::{
    options::Options,
    output::Printed,
    playbooks::{self, RunArgs},
    process::Ended,
    run::Run,
    session::Session,
    steps::StepCommand,
};
use crate::{
    converge::{Events, Mode, Report},
    model::{exit::Exit, failure::Failure},
    steps::jobs_status::JobsStatus,
};

pub(super) async fn status(options: &Options, args: &RunArgs, run: &Run) -> Result<Ended, Failure> {
    let playbook = playbooks::load("bootstrap")?;
    let config = options.run.load_config()?;
    let mut steps = playbooks::select(&playbook, args, config.profile)?;
    if args.selects_all() {
        steps.push(("jobs".to_owned(), StepCommand::JobsStatus(JobsStatus {})));
    }
    let mut session = Session::open(options, "status", run).await?;
    // No progress after the target: the steps only look, and the table says what they saw.
    session.cx.events = Events::nowhere();
    let mut reports: Vec<Report> = Vec::new();
    for (_, step) in &steps {
        let report = session.run(step, Mode::DryRun).await;
        let unreachable = report.exit() == Exit::Transient && reports.is_empty();
        reports.push(report);
        if unreachable {
            // Nothing else can be seen either.
            break;
        }
    }
    let exit = reports.first().map_or(Exit::Done, |first| match first.exit() {
        Exit::Transient | Exit::Forbidden => first.exit(),
        _ => Exit::Done,
    });
    Ok(Ended {
        printed: Printed::Status(reports),
        exit,
        reports: Vec::new(),
        next: None,
    })
}
