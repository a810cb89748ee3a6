//! The clap tree.

use super::{
    check::{CheckArgs, ExplainArgs},
    fetch::FetchArgs,
    inspect::InspectArgs,
    options::Options,
    playbooks::{PlaybookCommand, RunArgs},
    render::Render,
    steps::{self, StepCommand},
    texts,
    watch::Stay,
};
use crate::steps::{
    authentik_token::AuthentikToken,
    backup_create::BackupCreate,
    backup_restore::BackupRestore,
    dex_scale::DexScale,
    dex_sync::DexSync,
    install::Install,
    jobs_status::JobsStatus,
    namespaces_ensure::NamespacesEnsure,
    oidc_verify::OidcVerify,
    secrets_generate::SecretsGenerate,
    secrets_rotate::SecretsRotate,
    secrets_status::SecretsStatus,
    support_bundle::SupportBundle,
    tenants::{
        TenantsDelete, TenantsDescribe, TenantsReconcile, TenantsResume, TenantsRotateSecret, TenantsStatus,
        TenantsSuspend, TenantsVerify,
    },
    uninstall::Uninstall,
    waves::{WavesInstall, WavesPrune, WavesStatus},
};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

/// Bootstrap and day-2 operations for Kubernetes platforms
///
/// Every command is idempotent: it looks, plans, does what is missing and looks again. Run the same
/// command again after any interruption.
#[derive(Debug, Parser)]
#[command(name = "aphex-ops", version, propagate_version = true, after_long_help = texts::exit_codes())]
#[command(
    disable_help_subcommand = true,
    max_term_width = 100,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(flatten)]
    pub(super) options: Options,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take an empty cluster to a verified login: the playbook `bootstrap`
    #[command(after_help = texts::BOOTSTRAP)]
    Bootstrap(RunArgs),
    /// Show on one screen what stands
    #[command(after_help = texts::STATUS)]
    Status(RunArgs),
    /// Check the platform, and say for all that is wrong what mends it
    ///
    /// Looks once, in few requests, and changes nothing. What could not be looked at, or is not installed, is skipped and not
    /// failed. Exit code 4 says that a check failed.
    #[command(after_help = texts::CHECK)]
    Check(CheckArgs),
    /// Say what a check's code means and how it is mended, or list all checks
    #[command(after_help = texts::EXPLAIN)]
    Explain(ExplainArgs),
    /// Collect the platform's state, events and logs in one file for whoever helps, without secrets
    ///
    /// The archive (tar, gzip) holds what there is in the platform's namespaces, the tenants, the nodes, and the end of each
    /// container's log. Of Secrets it has the names of their keys; their values are taken out of everything else, as are tokens
    /// and private keys. What cannot be collected is said, and keeps nothing else from being collected.
    #[command(after_help = texts::SUPPORT_BUNDLE)]
    SupportBundle(SupportBundle),
    /// What nobody could make again, in one encrypted file
    #[command(subcommand)]
    Backup(Backup),
    /// Put the configuration and the scheduled jobs into the cluster
    ///
    /// It applies what `aphex-ops render install` prints, and removes what an earlier version installed and this one does
    /// not. Namespaces and Secrets are never removed.
    #[command(after_help = texts::INSTALL)]
    Install(Install),
    /// Delete what `install` made
    ///
    /// Last made, first deleted. Namespaces stay, since they hold the platform; generated Secrets stay unless --secrets is
    /// given. `--plan` is the same as `--dry-run`.
    #[command(after_help = texts::UNINSTALL)]
    Uninstall(Uninstall),
    /// Manifests, in waves that wait for each other
    #[command(subcommand)]
    Waves(Box<Waves>),
    /// Organizations, their repositories and their documentation
    #[command(subcommand)]
    Tenants(Box<Tenants>),
    /// The jobs that run on a schedule
    #[command(subcommand)]
    Jobs(Jobs),
    /// The platform's namespaces
    #[command(subcommand)]
    Namespaces(Namespaces),
    /// The platform's generated secrets
    #[command(subcommand)]
    Secrets(Secrets),
    /// Authentik, the identity provider
    #[command(subcommand)]
    Authentik(Authentik),
    /// Dex, the OIDC gateway
    #[command(subcommand)]
    Dex(Dex),
    /// OIDC discovery and keys
    #[command(subcommand)]
    Oidc(Oidc),
    /// Named, ordered lists of these commands
    #[command(subcommand)]
    Playbook(PlaybookCommand),
    /// Print what is declared once as files
    #[command(subcommand)]
    Render(Render),
    /// Print a completion script for a shell
    #[command(after_help = texts::COMPLETION)]
    Completion {
        /// Which shell
        shell: Shell,
    },
    /// Print the man page
    #[command(after_help = texts::MAN)]
    Man,
    /// Print the version
    #[command(after_help = texts::VERSION)]
    Version,
}

#[derive(Debug, Subcommand)]
pub(super) enum Backup {
    /// Write the platform's Secrets and all tenants into one encrypted file
    ///
    /// Organizations, RepoBindings and KnowledgeBases with the namespaces that they are in, the secrets of their webhooks, and
    /// the Secrets that `secrets generate` and `authentik token` made. The file has the format of age (age-encryption.org/v1):
    /// `age --decrypt` reads it too, and what is in it is a list for `kubectl apply`. The databases are not in it.
    #[command(after_help = texts::BACKUP_CREATE)]
    Create(BackupCreate),
    /// Restore what a backup has and the cluster has not
    ///
    /// Nothing that is there is changed: what differs is told (exit code 7) and kept, unless --overwrite is given. Status is
    /// never restored, since controllers make it again.
    #[command(after_help = texts::BACKUP_RESTORE)]
    Restore(BackupRestore),
}

#[derive(Debug, Subcommand)]
pub(super) enum Waves {
    /// Print what `waves install` would do, and change nothing
    #[command(after_help = texts::WAVES_PLAN)]
    Plan(WavesInstall),
    /// Apply the platform, or manifests, wave by wave; the next wave begins when the one before it is healthy
    #[command(after_help = texts::WAVES_INSTALL)]
    Install(WavesInstall),
    /// Report for each object of the platform, or of manifests, whether it is as wanted and healthy
    #[command(after_help = texts::WAVES_STATUS)]
    Status(WavesStatus),
    /// Delete what is in the set and not wanted any more, once everything else is healthy
    #[command(after_help = texts::WAVES_PRUNE)]
    Prune(WavesPrune),
    /// Fetch the files of upstream's releases into a folder, and check them against the pinned sums
    #[command(after_help = texts::WAVES_FETCH)]
    Fetch(FetchArgs),
}

#[derive(Debug, Args)]
pub(super) struct Reconcile {
    #[command(flatten)]
    pub(super) step: TenantsReconcile,
    #[command(flatten)]
    pub(super) stay: Stay,
}

impl Tenants {
    /// The step that is run again and again, of a command that stays.
    pub(super) fn into_staying(self) -> Option<StepCommand> {
        match self {
            Self::Reconcile(Reconcile { step, stay }) if stay.is_wanted() => {
                Some(StepCommand::TenantsReconcile(step.staying()))
            }
            _ => None,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Tenants {
    /// Print what `tenants reconcile` would do, and change nothing
    #[command(after_help = texts::TENANTS_PLAN)]
    Plan(TenantsReconcile),
    /// Give every tenant what belongs to it, and leave nothing of those that are deleted
    #[command(after_help = texts::TENANTS_RECONCILE)]
    Reconcile(Reconcile),
    /// Report how far each tenant is, by its own status
    #[command(after_help = texts::TENANTS_STATUS)]
    Status(TenantsStatus),
    /// Show everything that belongs to each tenant, as a tree, and whether it is as wanted
    ///
    /// Of what differs, the fields are named and never their values. It changes nothing; `tenants reconcile` mends it.
    #[command(after_help = texts::TENANTS_DESCRIBE)]
    Describe(TenantsDescribe),
    /// Leave tenants, and what belongs to them, as they are, until `tenants resume`
    ///
    /// The bindings of an Organization are tenants of their own: they go on unless they are named too.
    #[command(after_help = texts::TENANTS_SUSPEND)]
    Suspend(TenantsSuspend),
    /// Work again on tenants that were suspended
    #[command(after_help = texts::TENANTS_RESUME)]
    Resume(TenantsResume),
    /// Give the secret that signs an Organization's webhooks a new value
    ///
    /// The webhooks of the repositories have to be told, with what Secret github-webhook-secret in namespace
    /// org-ORGANIZATION holds then: what GitHub sends with the old value is refused, and can be sent again. Where the Organization's spec.webhookSecret gives the value, change it there.
    #[command(after_help = texts::TENANTS_ROTATE_SECRET)]
    RotateSecret(TenantsRotateSecret),
    /// Delete tenants with everything that belongs to them, and wait until it is gone
    ///
    /// An Organization is refused as long as it has bindings that are not named too. It asks for confirmation unless --yes is
    /// given; `tenants describe` shows what goes.
    #[command(after_help = texts::TENANTS_DELETE)]
    Delete(TenantsDelete),
    /// See on this cluster that a signed push starts a pipeline, and no other push does
    ///
    /// It makes a tenant of its own, aphex-canary, sends pushes to its listener as GitHub would, waits for the run of the one that
    /// is signed, and deletes the tenant again. Nothing is signed for a repository that somebody has. What does not work is
    /// left to be looked at; running it again goes on from there.
    #[command(after_help = texts::TENANTS_VERIFY)]
    Verify(TenantsVerify),
}

#[derive(Debug, Subcommand)]
pub(super) enum Jobs {
    /// Report when each scheduled job ran well last, and when it runs next
    #[command(after_help = texts::JOBS_STATUS)]
    Status(JobsStatus),
}

#[derive(Debug, Subcommand)]
pub(super) enum Namespaces {
    /// Create the namespaces that are missing
    #[command(after_help = texts::NAMESPACES_ENSURE)]
    Ensure(NamespacesEnsure),
}

#[derive(Debug, Subcommand)]
pub(super) enum Secrets {
    /// Create the secrets that are missing, key by key; existing values are kept
    #[command(after_help = texts::SECRETS_GENERATE)]
    Generate(SecretsGenerate),
    /// Give a secret a new value, on every side, and keep the old one until the new one is proved
    #[command(after_help = texts::SECRETS_ROTATE)]
    Rotate(Box<SecretsRotate>),
    /// Report missing, empty, short, placeholder and differing secrets, never their values
    #[command(after_help = texts::SECRETS_STATUS)]
    Status(SecretsStatus),
}

#[derive(Debug, Subcommand)]
pub(super) enum Authentik {
    /// Create and store the API token that may change Dex's provider and nothing else
    #[command(after_help = texts::AUTHENTIK_TOKEN)]
    Token(AuthentikToken),
}

#[derive(Debug, Subcommand)]
pub(super) enum Dex {
    /// Make Authentik's provider know Dex's client secret
    #[command(after_help = texts::DEX_SYNC)]
    Sync(DexSync),
    /// Start Dex, roll it when its secrets changed, and wait until it is ready
    #[command(after_help = texts::DEX_SCALE)]
    Scale(DexScale),
}

#[derive(Debug, Subcommand)]
pub(super) enum Oidc {
    /// Check Dex's discovery document and keys, inside and outside the cluster
    #[command(after_help = texts::OIDC_VERIFY)]
    Verify(OidcVerify),
    /// Print what an ID token says, and whether it holds by every rule
    ///
    /// The token is read from stdin or a file, never from the command line. Its signature is verified with the keys of the
    /// configured Dex, and never printed. Exit code 4 says that a rule is broken.
    #[command(after_help = texts::OIDC_INSPECT)]
    Inspect(InspectArgs),
}

impl Cli {
    /// Parses the command line of the process. Besides, its words without options, such as `secrets generate` or
    /// `playbook run bootstrap`.
    pub(super) fn read() -> Result<(Self, String), clap::Error> {
        let matches = command().try_get_matches()?;
        let mut cli = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command()))?;
        cli.options.run.dry_run |= cli.command.only_plans();
        let mut words = Vec::new();
        let mut rest = &matches;
        while let Some((word, more)) = rest.subcommand() {
            words.push(word);
            rest = more;
        }
        // Commands that take no name have no such argument, which is not worth an error here.
        let name = rest.try_get_one::<String>("name").ok().flatten();
        words.extend(name.map(String::as_str));
        Ok((cli, words.join(" ")))
    }
}

impl Command {
    /// Whether it is a dry run by its name.
    pub(super) fn only_plans(&self) -> bool {
        match self {
            Self::Waves(waves) => matches!(**waves, Waves::Plan(_)),
            Self::Tenants(tenants) => matches!(**tenants, Tenants::Plan(_)),
            _ => false,
        }
    }

    /// The step that the command is, if it is one.
    pub(super) fn into_step(self) -> Result<StepCommand, Self> {
        Ok(match self {
            Self::Check(args) => StepCommand::Check(args.step),
            Self::SupportBundle(step) => StepCommand::SupportBundle(step),
            Self::Backup(Backup::Create(step)) => StepCommand::BackupCreate(step),
            Self::Backup(Backup::Restore(step)) => StepCommand::BackupRestore(step),
            Self::Install(_) => StepCommand::install(),
            Self::Uninstall(step) => StepCommand::Uninstall(step),
            Self::Waves(waves) => match *waves {
                Waves::Plan(step) | Waves::Install(step) => {
                    StepCommand::WavesInstall(step.with(steps::installed))
                }
                Waves::Status(step) => StepCommand::WavesStatus(step.with(steps::installed)),
                Waves::Prune(step) => StepCommand::WavesPrune(step.with(steps::installed)),
                fetch @ Waves::Fetch(_) => return Err(Self::Waves(Box::new(fetch))),
            },
            Self::Tenants(tenants) => match *tenants {
                stays @ Tenants::Reconcile(Reconcile { stay, .. }) if stay.is_wanted() => {
                    return Err(Self::Tenants(Box::new(stays)));
                }
                Tenants::Plan(step) | Tenants::Reconcile(Reconcile { step, .. }) => {
                    StepCommand::TenantsReconcile(step)
                }
                Tenants::Status(step) => StepCommand::TenantsStatus(step),
                Tenants::Describe(step) => StepCommand::TenantsDescribe(step),
                Tenants::Suspend(step) => StepCommand::TenantsSuspend(step),
                Tenants::Resume(step) => StepCommand::TenantsResume(step),
                Tenants::RotateSecret(step) => StepCommand::TenantsRotateSecret(step),
                Tenants::Delete(step) => StepCommand::TenantsDelete(step),
                Tenants::Verify(step) => StepCommand::TenantsVerify(step),
            },
            Self::Jobs(Jobs::Status(step)) => StepCommand::JobsStatus(step),
            Self::Namespaces(Namespaces::Ensure(step)) => StepCommand::NamespacesEnsure(step),
            Self::Secrets(Secrets::Generate(step)) => StepCommand::SecretsGenerate(step),
            Self::Secrets(Secrets::Rotate(step)) => StepCommand::SecretsRotate(*step),
            Self::Secrets(Secrets::Status(step)) => StepCommand::SecretsStatus(step),
            Self::Authentik(Authentik::Token(step)) => StepCommand::AuthentikToken(step),
            Self::Dex(Dex::Sync(step)) => StepCommand::DexSync(step),
            Self::Dex(Dex::Scale(step)) => StepCommand::DexScale(step),
            Self::Oidc(Oidc::Verify(step)) => StepCommand::OidcVerify(step),
            other => return Err(other),
        })
    }
}

/// The clap tree, for completions, the man page, the reference and tests.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}
