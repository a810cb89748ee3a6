//! One session with a cluster: connection, lock, signals; every run of steps happens in one.

use super::{
    options::{Options, RunOptions},
    steps::StepCommand,
};
use crate::{
    converge::{Context, Events, Mode, Report, Stop, stop::Cause},
    entropy,
    http::Http,
    kubernetes::{Cluster, Connection, lease::Lock},
    model::{exit::Exit, failure::Failure},
};
use std::time::Duration;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::Instant,
};

pub(super) struct Session<'a> {
    options: &'a RunOptions,
    pub(super) cx: Context,
}

impl<'a> Session<'a> {
    /// Connects; prints the target cluster before anything is done to it.
    pub(super) async fn open(options: &'a Options, command: &str, events: Events) -> Result<Self, Failure> {
        let config = options.run.load_config()?;
        let stop = Stop::default();
        listen(&stop);
        let connection = Connection::from(&options.connection);
        let cluster = Cluster::connect(&connection, &stop).await?;
        events.tell(&crate::converge::Event::Target(cluster.info()));
        let http = Http::new(&config, &stop)?;
        let cx = Context {
            config,
            cluster,
            http,
            events,
            stop,
            deadline: Instant::now(),
            run_id: run_id()?,
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

    fn step_timeout(&self) -> Duration {
        self.options
            .timeout
            .unwrap_or_else(|| self.cx.config.timeouts.step())
    }

    /// Runs one step with a deadline of its own.
    pub(super) async fn run(&mut self, step: &StepCommand, mode: Mode) -> Report {
        self.cx.deadline = Instant::now() + self.step_timeout();
        step.converge(&self.cx, mode).await
    }

    /// Takes the lock, unless the run only looks or the lock is switched off.
    pub(super) async fn lock(&self, read_only: bool) -> Result<Option<Lock>, Failure> {
        if read_only || self.options.no_lock || self.options.dry_run {
            return Ok(None);
        }
        let namespace = &self.cx.config.namespaces.platform;
        let holder = holder(&self.cx.run_id);
        let (cluster, patience) = (&self.cx.cluster, self.options.lock_timeout);
        Lock::acquire(cluster, namespace, &holder, patience, &self.cx.stop)
            .await
            .map(Some)
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

/// `<host or Pod>/<run id>`: what another run prints when it has to wait for us.
fn holder(run_id: &str) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}/{run_id}", host.trim())
}

fn run_id() -> Result<String, Failure> {
    entropy::name()
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
