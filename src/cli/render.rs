//! `render`: what is declared once, as files.

use super::{
    arguments::{self, Cli},
    options::Options,
    platform::{self, PlatformArgs},
    playbooks::{self, PlaybookCommand},
    process::Ended,
    run::Run,
    session::Session,
    steps::{self, StepCommand},
    texts,
};
use crate::{
    converge::Schedule,
    model::{
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
        names,
        rule::Rule,
    },
    render::{self, job, rbac, schema},
    steps::waves::WavesInstall,
};
use clap::{Parser, Subcommand, error::ErrorKind};
use serde_json::Value;
use std::{ffi::OsString, path::PathBuf, time::Duration};
use tokio::time::Instant;

#[derive(Debug, Subcommand)]
pub(super) enum Render {
    /// The Roles that a command needs, as YAML to apply
    #[command(after_help = texts::RENDER_RBAC)]
    Rbac {
        /// Namespace of the ServiceAccount that gets them
        #[arg(long, default_value = "platform-system")]
        account_namespace: String,
        /// The ServiceAccount that gets them
        #[arg(long, default_value = "aphex-ops")]
        account: String,
        /// The rules of `waves install` for the manifests of this file or folder; asks the cluster which kinds it has
        #[arg(long, value_name = "PATH", conflicts_with = "of")]
        from: Option<PathBuf>,
        /// The command line, such as `secrets generate`
        #[arg(
            required_unless_present = "from",
            trailing_var_arg = true,
            value_name = "COMMAND"
        )]
        of: Vec<String>,
    },
    /// What `install` applies, as YAML to apply with kubectl
    #[command(after_help = texts::RENDER_INSTALL)]
    Install,
    /// The folder that Argo CD reads, for `gitops.path` of the repository that `gitops.repoURL` names
    ///
    /// Every component with the configured hosts, namespaces and images in place, the files of upstream's releases checked
    /// against their sums, and an Application for each. Files of components that are no longer chosen are left alone.
    #[command(after_help = texts::RENDER_PLATFORM)]
    Platform(PlatformArgs),
    /// The JSON Schema of the PlatformConfig file
    #[command(after_help = texts::RENDER_CONFIG_SCHEMA)]
    ConfigSchema,
    /// The JSON Schema of what `-o json` and `-o yaml` print
    #[command(after_help = texts::RENDER_REPORT_SCHEMA)]
    ReportSchema,
    /// A command as a Job or CronJob, with a ServiceAccount and its Roles, as YAML to apply
    ///
    /// It needs the namespaces and the ConfigMap `aphex-ops-config`.
    #[command(after_help = texts::RENDER_JOB)]
    Job {
        /// The image [default: this version, loaded into the nodes]
        #[arg(long, value_name = "IMAGE")]
        image: Option<String>,
        /// When it runs, in the five fields of cron; without it, the command's own schedule or none
        #[arg(long, value_name = "CRON", conflicts_with = "once")]
        schedule: Option<String>,
        /// A Job, also of a command that has a schedule
        #[arg(long)]
        once: bool,
        /// The command line, such as `secrets generate`
        #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
        of: Vec<String>,
    },
}

pub(super) async fn render(options: &Options, what: Render, run: &Run) -> Result<Ended, Failure> {
    match what {
        Render::Platform(args) => platform::write(options, &args, run).await,
        Render::Install => {
            let objects = steps::installed(&options.run.load_config()?);
            Ok(Ended::text(render::documents(&objects)))
        }
        Render::ConfigSchema => Ok(Ended::text(schema::CONFIG.to_owned())),
        Render::ReportSchema => Ok(Ended::text(schema::REPORT.to_owned())),
        Render::Rbac {
            account_namespace,
            account,
            from,
            of,
        } => {
            let (of, rules) = match from {
                Some(from) => ("waves-install".to_owned(), rules_of(options, from, run).await?),
                None => {
                    let target = Target::parse(options, &of)?;
                    (target.name.clone(), target.rules())
                }
            };
            let account = rbac::Account {
                namespace: &account_namespace,
                name: &account,
            };
            let name = format!("{}-{of}", names::PRODUCT);
            Ok(Ended::text(rbac::grant_to(&rules, &name, account)))
        }
        Render::Job {
            image,
            schedule,
            once,
            of,
        } => {
            let target = Target::parse(options, &of)?;
            if target.stays {
                return Err(does_not_end(&of));
            }
            let own = target.schedule.filter(|_| !once).map(str::to_owned);
            let command = job::Command {
                schedule: schedule.or(own),
                image: image.unwrap_or_else(|| job::image(&target.config)),
                ..target.in_cluster(of)
            };
            let objects = job::objects(&command, &target.config);
            Ok(Ended::text(render::documents(&objects)))
        }
    }
}

/// What `waves install` takes for these manifests.
async fn rules_of(options: &Options, from: PathBuf, run: &Run) -> Result<Vec<Rule>, Failure> {
    let mut session = Session::open(options, "render rbac", run).await?;
    session.cx.deadline = Instant::now() + options.run.step_timeout(&session.cx.config);
    let install = WavesInstall::of(vec![from]);
    let rules = install.rules_of_manifests(&session.cx).await?;
    Ok(steps::with_what_every_run_takes(rules, &session.cx.config))
}

fn follows_from_manifests(of: &[String]) -> Failure {
    let message = format!(
        "what `{}` may do follows from the manifests that it reads",
        of.join(" ")
    );
    Failure::new(Exit::Usage, Reason::InvalidConfig, message).hint(
        "`aphex-ops render rbac --from manifests` prints the rules of `waves install --file manifests`; before its first \
         write, it prints every rule that its account lacks",
    )
}

fn does_not_end(of: &[String]) -> Failure {
    let message = format!("`{}` does not end, so it is no Job", of.join(" "));
    Failure::new(Exit::Usage, Reason::InvalidConfig, message).hint(
        "run it in a Deployment, as an account that has what `aphex-ops render rbac tenants reconcile --watch` prints",
    )
}

fn only_plans(of: &[String]) -> Failure {
    let message = format!(
        "`{}` only plans: what it may do is what the command may do that does it",
        of.join(" ")
    );
    Failure::new(Exit::Usage, Reason::InvalidConfig, message)
        .hint("name that command, with --dry-run if it shall only plan")
}

/// What every command that has a schedule needs in a cluster: its account, roles, bindings and CronJob.
pub(super) fn scheduled(config: &Config) -> Vec<Value> {
    let jobs = leaves(&arguments::command()).into_iter().filter_map(|words| {
        let line = std::iter::once(names::PRODUCT).chain(words.iter().map(String::as_str));
        // Those that lack an argument are no steps with a schedule.
        let command = Cli::try_parse_from(line).ok()?.command;
        let step = Some(command)
            .filter(|command| !command.only_plans())?
            .into_step()
            .ok()?;
        let target = Target::of(step, config.clone(), config.timeouts.step());
        target.schedule?;
        Some(job::objects(&target.in_cluster(words), config))
    });
    jobs.flatten().collect()
}

/// The words of every command that is no group.
fn leaves(command: &clap::Command) -> Vec<Vec<String>> {
    let of_sub = |sub: &clap::Command| {
        let below = if sub.has_subcommands() {
            leaves(sub)
        } else {
            vec![Vec::new()]
        };
        let name = sub.get_name().to_owned();
        let lines = below.into_iter();
        lines
            .map(|line| [vec![name.clone()], line].concat())
            .collect::<Vec<_>>()
    };
    command.get_subcommands().flat_map(of_sub).collect()
}

/// A command that works on a cluster: one step, or all steps of a playbook.
struct Target {
    /// `secrets-generate`, or the playbook's name.
    name: String,
    steps: Vec<StepCommand>,
    config: Config,
    timeout: Duration,
    /// A step's own; a playbook runs when somebody asks for it.
    schedule: Option<&'static str>,
    /// Whether it runs until it is ended.
    stays: bool,
}

impl Target {
    fn of(step: StepCommand, config: Config, timeout: Duration) -> Self {
        let meta = step.meta();
        Self {
            name: meta.command.replace(' ', "-"),
            steps: vec![step],
            config,
            timeout,
            schedule: match meta.schedule {
                Schedule::Cron(fields) => Some(fields),
                Schedule::Once => None,
            },
            stays: false,
        }
    }

    fn parse(options: &Options, of: &[String]) -> Result<Self, Failure> {
        // What follows the command belongs to it, a configuration of its own too.
        let mut line = vec![names::PRODUCT.into()];
        line.extend(options.run.configuration());
        line.extend(of.iter().map(OsString::from));
        let not_a_step = || {
            let message = format!("`{}` is not a command that works on a cluster", of.join(" "));
            Failure::new(Exit::Usage, Reason::InvalidConfig, message)
        };
        let unparsed = |error: clap::Error| match error.kind() {
            ErrorKind::MissingRequiredArgument => {
                let message = format!(
                    "`{}` lacks an argument: give the whole command line",
                    of.join(" ")
                );
                Failure::new(Exit::Usage, Reason::InvalidConfig, message)
            }
            _ => not_a_step(),
        };
        let Cli { command, options } = Cli::try_parse_from(line).map_err(unparsed)?;
        let config = options.run.load_config()?;
        let timeout = options.run.step_timeout(&config);
        if command.only_plans() {
            return Err(only_plans(of));
        }
        let (name, args) = match command.into_step() {
            Ok(step) if step.has_rules_of_manifests() => return Err(follows_from_manifests(of)),
            Ok(step) => return Ok(Self::of(step, config, timeout)),
            Err(arguments::Command::Tenants(tenants)) => {
                let step = tenants.into_staying().ok_or_else(not_a_step)?;
                let stays = true;
                return Ok(Self {
                    stays,
                    ..Self::of(step, config, timeout)
                });
            }
            Err(arguments::Command::Bootstrap(args)) => ("bootstrap".to_owned(), args),
            Err(arguments::Command::Playbook(PlaybookCommand::Run { name, args })) => (name, args),
            Err(_) => return Err(not_a_step()),
        };
        let steps = playbooks::select(&playbooks::load(&name)?, &args, config.profile)?;
        if steps.iter().any(|(_, step)| step.has_rules_of_manifests()) {
            return Err(follows_from_manifests(of));
        }
        Ok(Self {
            name,
            steps: steps.into_iter().map(|(_, step)| step).collect(),
            config,
            timeout,
            schedule: None,
            stays: false,
        })
    }

    fn rules(&self) -> Vec<Rule> {
        let rules = self.steps.iter().flat_map(|step| step.rules(&self.config));
        rules.collect()
    }

    /// As it runs by default; `words` are its command line.
    fn in_cluster(&self, words: Vec<String>) -> job::Command {
        job::Command {
            name: self.name.clone(),
            words,
            steps: u32::try_from(self.steps.len()).unwrap_or(u32::MAX),
            timeout: self.timeout,
            schedule: self.schedule.map(str::to_owned),
            read_only: self.steps.iter().all(|step| step.meta().read_only),
            rules: self.rules(),
            image: job::image(&self.config),
        }
    }
}
