//! Commands that need no cluster, and tell what they did as those do that need one.

use super::{options::Options, output::Printed, process::Ended, run::Run};
use crate::{
    converge::{
        Outcome, Report, Stop, Verb,
        report::{ActionReport, FailureReport},
    },
    http::Http,
    model::{
        components::Components,
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
        object::ObjectRef,
    },
};
use tokio::time::Instant;

/// A command while it works.
pub(super) struct Work {
    pub(super) config: Config,
    pub(super) components: Components,
    pub(super) http: Http,
    report: Report,
    failures: Vec<Failure>,
    started: Instant,
}

impl Work {
    /// # Errors
    /// A configuration that cannot be used.
    pub(super) fn start(options: &Options, run: &Run, command: &'static str) -> Result<Self, Failure> {
        if options.run.dry_run {
            let message = format!(
                "{command} has no dry run: all that it does is to write to the folder that it is given"
            );
            return Err(Failure::new(Exit::Usage, Reason::InvalidConfig, message));
        }
        let config = options.run.load_config()?;
        let http = Http::new(&config, &Stop::default())?;
        Ok(Self {
            config,
            components: Components::built_in()?,
            http,
            report: Report::start(&run.id, command, command, false),
            failures: Vec::new(),
            started: Instant::now(),
        })
    }

    /// Notes what was done.
    pub(super) fn did(&mut self, object: ObjectRef, verb: Verb, outcome: Outcome, message: String) {
        self.report.actions.push(ActionReport {
            object,
            part_of: None,
            verb,
            outcome: Some(outcome),
            reason: None,
            message,
        });
    }

    /// Notes what failed; the command goes on with the rest.
    pub(super) fn failed(&mut self, failure: Failure) {
        self.failures.push(failure);
    }

    pub(super) fn has_failed(&self) -> bool {
        !self.failures.is_empty()
    }

    pub(super) fn end(self) -> Ended {
        let mut report = self.report;
        let exits: Vec<Exit> = self.failures.iter().map(|failure| failure.exit).collect();
        let exit = Exit::of_failures(&exits, report.changed() > 0);
        report.exit_code = exit.code();
        report.rounds = 1;
        report.failures = self.failures.iter().map(FailureReport::from).collect();
        report.requests = self.http.requests().by_verb();
        report.took(self.started.elapsed());
        Ended {
            printed: Printed::Report(Box::new(report.clone())),
            exit,
            reports: vec![report],
            next: None,
        }
    }
}
