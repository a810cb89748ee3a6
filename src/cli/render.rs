//! `render`: what is declared once, as files.

use super::{
    arguments::Cli,
    options::Options,
    playbooks::{self, PlaybookCommand, RunArgs},
    process::Ended,
    steps::StepCommand,
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
    report::documents::Document,
};
use clap::{Parser, Subcommand};
use std::{ffi::OsString, time::Duration};

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
        /// The command line, such as `secrets generate`
        #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
        of: Vec<String>,
    },
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

pub(super) fn render(options: &Options, what: Render) -> Result<Ended, Failure> {
    match what {
        Render::ConfigSchema => Ok(Ended::text(schema::of_input::<Config>())),
        Render::ReportSchema => Ok(Ended::text(schema::of_output::<Document<'_>>())),
        Render::Rbac {
            account_namespace,
            account,
            of,
        } => {
            let target = Target::parse(options, &of)?;
            let account = rbac::Account {
                namespace: &account_namespace,
                name: &account,
            };
            let name = format!("{}-{}", names::PRODUCT, target.name);
            Ok(Ended::text(rbac::grant_to(&target.rules(), &name, account)))
        }
        Render::Job {
            image,
            schedule,
            once,
            of,
        } => {
            let target = Target::parse(options, &of)?;
            let own = target.schedule().filter(|_| !once);
            let command = job::Command {
                steps: u32::try_from(target.steps.len()).unwrap_or(u32::MAX),
                timeout: target.timeout,
                schedule: schedule.or(own),
                read_only: target.steps.iter().all(|step| step.meta().read_only),
                rules: target.rules(),
                image: image.unwrap_or_else(|| job::image(&target.config)),
                words: of,
                name: target.name,
            };
            let objects = job::objects(&command, &target.config);
            Ok(Ended::text(render::documents(&objects)))
        }
    }
}

/// A command that works on a cluster: one step, or all steps of a playbook.
struct Target {
    /// `secrets-generate`, or the playbook's name.
    name: String,
    steps: Vec<StepCommand>,
    config: Config,
    timeout: Duration,
    is_playbook: bool,
}

impl Target {
    fn parse(options: &Options, of: &[String]) -> Result<Self, Failure> {
        // What follows the command belongs to it, a configuration of its own too.
        let mut line = vec![names::PRODUCT.into()];
        line.extend(options.run.configuration());
        line.extend(of.iter().map(OsString::from));
        let not_a_step = || {
            let message = format!("`{}` is not a command that works on a cluster", of.join(" "));
            Failure::new(Exit::Usage, Reason::InvalidConfig, message)
        };
        let Cli { command, options } = Cli::try_parse_from(line).map_err(|_| not_a_step())?;
        let config = options.run.load_config()?;
        let steps_of = |playbook: &str, args: &RunArgs| {
            let steps = playbooks::select(&playbooks::load(playbook)?, args, config.profile)?;
            Ok::<_, Failure>(steps.into_iter().map(|(_, step)| step).collect::<Vec<_>>())
        };
        let (name, steps, is_playbook) = match command.into_step() {
            Ok(step) => (step.meta().command.replace(' ', "-"), vec![step], false),
            Err(super::arguments::Command::Bootstrap(args)) => {
                ("bootstrap".to_owned(), steps_of("bootstrap", &args)?, true)
            }
            Err(super::arguments::Command::Playbook(PlaybookCommand::Run { name, args })) => {
                let steps = steps_of(&name, &args)?;
                (name, steps, true)
            }
            Err(_) => return Err(not_a_step()),
        };
        Ok(Self {
            timeout: options.run.step_timeout(&config),
            name,
            steps,
            config,
            is_playbook,
        })
    }

    fn rules(&self) -> Vec<Rule> {
        let rules = self.steps.iter().flat_map(|step| step.rules(&self.config));
        rules.collect()
    }

    /// A playbook runs when somebody asks for it.
    fn schedule(&self) -> Option<String> {
        match self.steps.as_slice() {
            [step] if !self.is_playbook => match step.meta().schedule {
                Schedule::Cron(fields) => Some(fields.to_owned()),
                Schedule::Once => None,
            },
            _ => None,
        }
    }
}
