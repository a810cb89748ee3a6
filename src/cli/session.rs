//! One session with a cluster: connection, lock, signals; every run of steps happens in one.

use super::{
    options::{Options, RunOptions},
    output::Printed,
    process::Ended,
    run::Run,
    steps::StepCommand,
};
use crate::{
    converge::{Context, Event, Mode, Outcome, Report, Stop, Verb, report::ActionReport, stop::Cause},
    http::Http,
    kubernetes::{Cluster, Connection, lease::Lock},
    model::{exit::Exit, failure::Failure},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::Instant,
};

pub(super) struct Session<'a> {
    options: &'a RunOptions,
    pub(super) cx: Context,
}

/// Whether this run may work.
pub(super) enum Turn {
    /// Yes, under this lock if it needs one.
    Ours(Option<Lock>),
    /// No: another one works, and this one was told to leave it at that.
    Skipped(Report),
}

impl<'a> Session<'a> {
    /// Connects; prints the target cluster before anything is done to it.
    pub(super) async fn open(options: &'a Options, command: &str, run: &Run) -> Result<Self, Failure> {
        let events = run.progress.events();
        let config = options.run.load_config()?;
        let stop = Stop::default();
        listen(&stop);
        let connection = Connection::from(&options.connection);
        let cluster = Cluster::connect(&connection, &stop).await?;
        events.tell(&Event::Target(cluster.info()));
        let http = Http::new(&config, &stop)?;
        run.count(&cluster, &http);
        let cx = Context {
            config,
            cluster,
            http,
            events,
            stop,
            deadline: Instant::now(),
            run_id: run.id.clone(),
            command: command.to_owned(),
        };
        Ok(Self {
            options: &options.run,
            cx,
        })
    }

    pub(super) fn mode(&self) -> Mode {
        if self.options.dry_run {
            Mode::DryRun
        } else {
            Mode::Apply
        }
    }

    /// Runs one step with a deadline of its own.
    pub(super) async fn run(&mut self, step: &StepCommand, mode: Mode) -> Report {
        self.cx.deadline = Instant::now() + self.options.step_timeout(&self.cx.config);
        let report = step.converge(&self.cx, mode).await;
        let is_worth_telling = report.changed() > 0 || !report.failures.is_empty();
        if mode == Mode::Apply && !step.meta().read_only && is_worth_telling {
            let rules = step.rules(&self.cx.config);
            self.cx.cluster.tell_changes(&report, &rules, &hostname()).await;
        }
        report
    }

    /// Runs one step under the lock.
    ///
    /// # Errors
    /// As those of [`Session::turn`].
    pub(super) async fn locked(&mut self, step: &StepCommand) -> Result<Report, Failure> {
        match self.turn(step.meta().read_only).await? {
            Turn::Skipped(report) => Ok(report),
            Turn::Ours(lock) => {
                let report = self.run(step, self.mode()).await;
                if let Some(lock) = lock {
                    lock.release().await;
                }
                Ok(report)
            }
        }
    }

    /// What a run of one step leaves.
    pub(super) fn ended(&self, report: Report) -> Ended {
        Ended {
            printed: Printed::Report(Box::new(report.clone())),
            exit: self.exit(std::slice::from_ref(&report)),
            reports: vec![report],
            next: None,
        }
    }

    /// Takes the lock, unless the run only looks or the lock is switched off.
    pub(super) async fn turn(&self, read_only: bool) -> Result<Turn, Failure> {
        if read_only || self.options.no_lock || self.options.dry_run {
            return Ok(Turn::Ours(None));
        }
        let namespace = &self.cx.config.namespaces.platform;
        let holder = format!("{}/{}", hostname(), self.cx.run_id);
        let (cluster, patience) = (&self.cx.cluster, self.options.lock_timeout);
        match Lock::acquire(cluster, namespace, &holder, patience, &self.cx.stop).await {
            Ok(lock) => Ok(Turn::Ours(Some(lock))),
            Err(failure) if failure.exit == Exit::Locked && self.options.skip_if_locked => {
                let skipped = Event::Info(format!("skipped: {}", failure.message));
                self.cx.events.tell(&skipped);
                Ok(Turn::Skipped(self.skipped(failure)))
            }
            Err(failure) => Err(failure),
        }
    }

    /// The report of a run that did nothing but look at the lock.
    fn skipped(&self, held: Failure) -> Report {
        let mut report = Report::start(&self.cx.run_id, &self.cx.command, "lock", false);
        report.cluster = Some(self.cx.cluster.info());
        report.requests = self.cx.requests();
        report.actions.extend(held.object.map(|object| ActionReport {
            object,
            part_of: None,
            verb: Verb::Check,
            outcome: Some(Outcome::Skipped),
            reason: Some(held.reason),
            message: held.message,
        }));
        report
    }

    /// The exit code of a run: its own, or 3 for pending changes where that was asked for.
    pub(super) fn exit(&self, reports: &[Report]) -> Exit {
        let exit = reports
            .iter()
            .map(Report::exit)
            .find(|exit| *exit != Exit::Done)
            .unwrap_or(Exit::Done);
        let pending = reports
            .iter()
            .any(|report| report.dry_run && report.pending() + report.waiting.len() > 0);
        if exit == Exit::Done && pending && self.options.exit_code {
            Exit::Pending
        } else {
            exit
        }
    }
}

/// The name of the Pod, or of the machine.
pub(super) fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// Turns SIGTERM and SIGINT into a stop; a second SIGINT ends the process at once.
fn listen(stop: &Stop) {
    let watch = |kind: SignalKind, cause: Cause| {
        let stop = stop.clone();
        if let Ok(mut signals) = signal(kind) {
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    if stop.cause().is_some() && cause == Cause::Interrupt {
                        std::process::exit(i32::from(Exit::Interrupted.code()));
                    }
                    stop.request(cause);
                }
            });
        }
    };
    watch(SignalKind::terminate(), Cause::Terminate);
    watch(SignalKind::interrupt(), Cause::Interrupt);
}
