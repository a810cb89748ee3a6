//! `playbook list | show | run`, and `bootstrap`, which is the playbook of that name.

use super::{
    arguments::Cli,
    consent,
    session::{Session, Turn},
    steps::StepCommand,
    texts,
};
use crate::{
    converge::{Event, Report},
    model::{
        config::Profile,
        exit::Exit,
        failure::{Failure, Reason},
        playbook::{Entry, Playbook, Selection},
    },
};
use clap::{Args, Parser, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum PlaybookCommand {
    /// List the playbooks that are built in
    #[command(after_help = texts::PLAYBOOK_LIST)]
    List,
    /// Show the steps of a playbook, and why each is there
    #[command(after_help = texts::PLAYBOOK_SHOW)]
    Show {
        /// Name of a built-in playbook, or path of a file
        name: String,
    },
    /// Run a playbook; it stops at the first step that fails
    #[command(after_help = texts::PLAYBOOK_RUN)]
    Run {
        /// Name of a built-in playbook, or path of a file
        name: String,
        #[command(flatten)]
        args: RunArgs,
    },
}

/// Which steps to run.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct RunArgs {
    /// Leave this step out; may be repeated
    #[arg(long, value_name = "STEP")]
    skip: Vec<String>,
    /// Start with this step
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
    /// Run only this step; may be repeated
    #[arg(long, value_name = "STEP", conflicts_with_all = ["skip", "from"])]
    only: Vec<String>,
    /// Run without asking a playbook that asks for confirmation, or has a step that does
    #[arg(long, short)]
    yes: bool,
    /// Pass this to `oidc verify`: check Dex inside the cluster only
    #[arg(long)]
    skip_external: bool,
}

impl RunArgs {
    /// Whether all steps are meant.
    pub(super) fn selects_all(&self) -> bool {
        self.skip.is_empty() && self.from.is_none() && self.only.is_empty()
    }
}

impl From<&RunArgs> for Selection {
    fn from(args: &RunArgs) -> Self {
        Self {
            skip: args.skip.clone(),
            from: args.from.clone(),
            only: args.only.clone(),
        }
    }
}

/// The playbooks that are built in, by name.
pub(super) const BUILT_IN: [(&str, &str); 3] = [
    ("bootstrap", include_str!("../../playbooks/bootstrap.yaml")),
    ("platform", include_str!("../../playbooks/platform.yaml")),
    ("rotate-login", include_str!("../../playbooks/rotate-login.yaml")),
];

/// A built-in playbook, or one from a file if the name is a path.
pub(super) fn load(name: &str) -> Result<Playbook, Failure> {
    let invalid = |message: String| Failure::new(Exit::Usage, Reason::InvalidConfig, message);
    let text = match BUILT_IN.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => (*text).to_owned(),
        None if name.contains(['/', '.']) => std::fs::read_to_string(name)
            .map_err(|error| invalid(format!("cannot read the playbook {name}")).caused_by(error))?,
        None => {
            return Err(invalid(format!("there is no playbook {name:?}"))
                .hint("`aphex-ops playbook list` lists them; a path to a file works too"));
        }
    };
    Playbook::parse(&text)
        .map_err(|error| invalid(format!("the playbook {name} is invalid")).caused_by(error))
}

/// The steps to run, each parsed before the first one starts.
pub(super) fn select(
    playbook: &Playbook,
    args: &RunArgs,
    profile: Profile,
) -> Result<Vec<(String, StepCommand)>, Failure> {
    let invalid = |message: String| Failure::new(Exit::Usage, Reason::InvalidConfig, message);
    let entries = playbook
        .select(&Selection::from(args), profile)
        .map_err(|error| invalid(error.to_string()))?;
    if entries.is_empty() {
        return Err(invalid("the selection leaves no step to run".to_owned()));
    }
    entries
        .into_iter()
        .map(|entry| Ok((entry.name.clone(), parse(entry, args)?)))
        .collect()
}

fn parse(entry: &Entry, args: &RunArgs) -> Result<StepCommand, Failure> {
    let invalid = |problem: String| {
        let message = format!("step {:?} of the playbook cannot be run: {problem}", entry.name);
        Failure::new(Exit::Usage, Reason::InvalidConfig, message)
    };
    let line = std::iter::once("aphex-ops").chain(entry.run.iter().map(String::as_str));
    let verify = entry.run.first().is_some_and(|word| word == "oidc");
    let line = line.chain((verify && args.skip_external).then_some("--skip-external"));
    let cli = Cli::try_parse_from(line).map_err(|error| invalid(error.kind().to_string()))?;
    if cli.command.only_plans() {
        return Err(invalid(
            "it only looks; name `waves install`, and pass --dry-run to the whole playbook".to_owned(),
        ));
    }
    cli.command
        .into_step()
        .map_err(|_| invalid(format!("`{}` is not a step", entry.run.join(" "))))
}

/// A playbook that is marked so is run only when somebody agrees, and so is each of its steps that asks.
pub(super) fn confirm(
    playbook: &Playbook,
    args: &RunArgs,
    steps: &[(String, StepCommand)],
) -> Result<(), Failure> {
    if args.yes {
        return Ok(());
    }
    if playbook.spec.confirm {
        let name = &playbook.metadata.name;
        consent::ask(
            &format!("the playbook {name}"),
            &format!("Run the playbook {name}?"),
        )?;
    }
    steps.iter().try_for_each(|(_, step)| consent::to(step))
}

/// Runs the steps in order, under one lock; stops at the first that fails.
pub(super) async fn run(
    session: &mut Session<'_>,
    steps: &[(String, StepCommand)],
) -> Result<Vec<Report>, Failure> {
    let read_only = steps.iter().all(|(_, step)| step.meta().read_only);
    let lock = match session.turn(read_only).await? {
        Turn::Ours(lock) => lock,
        Turn::Skipped(report) => return Ok(vec![report]),
    };
    let mode = session.mode();
    let mut reports = Vec::new();
    for (position, (name, step)) in steps.iter().enumerate() {
        session
            .cx
            .events
            .tell(&Event::Info(format!("[{}/{}] {name}", position + 1, steps.len())));
        let report = session.run(step, mode).await;
        let failed = report.exit_code != 0;
        reports.push(report);
        if failed {
            break;
        }
    }
    if let Some(lock) = lock {
        lock.release().await;
    }
    Ok(reports)
}
