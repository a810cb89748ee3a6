//! Options that every command takes.

use crate::{
    kubernetes::Connection,
    model::{
        config::{self, Config, Profile},
        exit::Exit,
        failure::{Failure, Reason},
        names,
    },
};
use clap::{Args, ValueEnum};
use std::{ffi::OsString, path::PathBuf, time::Duration};

#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    #[command(flatten)]
    pub(super) connection: ConnectionOptions,
    #[command(flatten)]
    pub(super) run: RunOptions,
    #[command(flatten)]
    pub(super) output: OutputOptions,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection (as in kubectl)")]
pub(super) struct ConnectionOptions {
    /// Path of the kubeconfig file; default: KUBECONFIG, ~/.kube/config, else the Pod's own account
    #[arg(long, global = true, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Name of the kubeconfig context
    #[arg(long, global = true, value_name = "NAME")]
    context: Option<String>,
    /// Name of the kubeconfig cluster
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    cluster: Option<String>,
    /// Name of the kubeconfig user
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    user: Option<String>,
    /// URL of the API server
    #[arg(long, short = 's', global = true, value_name = "URL", hide_short_help = true)]
    server: Option<String>,
    /// User to impersonate
    #[arg(long = "as", global = true, value_name = "USER", hide_short_help = true)]
    impersonate: Option<String>,
    /// Group to impersonate; may be repeated
    #[arg(
        long = "as-group",
        global = true,
        value_name = "GROUP",
        hide_short_help = true
    )]
    impersonate_groups: Vec<String>,
    /// UID to impersonate
    #[arg(long = "as-uid", global = true, value_name = "UID", hide_short_help = true)]
    impersonate_uid: Option<String>,
    /// Longest time for one request to the API server
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, hide_short_help = true)]
    request_timeout: Option<Duration>,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Run")]
pub(super) struct RunOptions {
    /// Path of the PlatformConfig file
    #[arg(long, global = true, value_name = "FILE", env = "APHEX_OPS_CONFIG")]
    config: Option<PathBuf>,
    /// The platform's profile; wins over the configuration
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<ProfileName>,
    /// Print what would be done, and change nothing
    #[arg(long, global = true, alias = "plan")]
    pub(super) dry_run: bool,
    /// With --dry-run: exit 3 if something is to be done
    #[arg(long, global = true, hide_short_help = true)]
    pub(super) exit_code: bool,
    /// Longest time for a step, such as 90s or 10m [default: 10m]
    #[arg(long, global = true, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// Longest time to wait for another run to release the lock
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, default_value = "45s", hide_short_help = true)]
    pub(super) lock_timeout: Duration,
    /// End well, and do nothing, if another run still holds the lock after that time
    #[arg(long, global = true, hide_short_help = true)]
    pub(super) skip_if_locked: bool,
    /// Take no lock
    #[arg(long, global = true, hide_short_help = true)]
    pub(super) no_lock: bool,
    /// Where Kubernetes reads why a container ended; written only if the file exists
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = "/dev/termination-log",
        hide = true
    )]
    pub(super) termination_log: PathBuf,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputOptions {
    /// Format of the result on stdout
    #[arg(long, short, global = true, value_enum, default_value = "table")]
    pub(super) output: Format,
    /// How progress is shown on stderr
    #[arg(long, global = true, value_enum, default_value = "auto")]
    pub(super) progress: ProgressStyle,
    /// When to use colour
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        hide_short_help = true
    )]
    pub(super) color: Color,
    /// Format of all lines on stderr: log, progress and errors
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "text",
        hide_short_help = true
    )]
    pub(super) log_format: LogFormat,
    /// Log more; twice: every request
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Where to write how long the run took, what it did and asked for, as OpenMetrics text
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub(super) metrics_file: Option<PathBuf>,
    /// Show no progress
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// For people, with everything
    Wide,
    /// The report as JSON
    Json,
    /// The report as YAML
    Yaml,
    /// Names of changed objects
    Name,
    /// Of `check`: JUnit XML
    Junit,
    /// Of `check`: annotations for GitHub Actions
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressStyle {
    /// json with --log-format json, else tty on a terminal, else plain
    Auto,
    /// One line for each event
    Plain,
    /// A live line
    Tty,
    /// One JSON object for each event
    Json,
    /// Nothing
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ProfileName {
    Kind,
    K3s,
}

impl From<&ConnectionOptions> for Connection {
    fn from(options: &ConnectionOptions) -> Self {
        let options = options.clone();
        Self {
            kubeconfig: options.kubeconfig,
            context: options.context,
            cluster: options.cluster,
            user: options.user,
            server: options.server,
            impersonate: options.impersonate,
            impersonate_groups: options.impersonate_groups,
            impersonate_uid: options.impersonate_uid,
            request_timeout: options.request_timeout,
        }
    }
}

impl RunOptions {
    /// The options that choose the configuration, as words of a command line.
    pub(super) fn configuration(&self) -> Vec<OsString> {
        let profile = self.profile.and_then(|profile| profile.to_possible_value());
        let profile = profile.map(|profile| format!("--profile={}", profile.get_name()).into());
        let config = self.config.iter();
        let config = config.flat_map(|path| [OsString::from("--config"), path.into()]);
        config.chain(profile).collect()
    }

    /// The longest time for a step.
    pub(super) fn step_timeout(&self, config: &Config) -> Duration {
        self.timeout.unwrap_or_else(|| config.timeouts.step())
    }

    /// The configuration: the file's, else the defaults.
    ///
    /// # Errors
    /// [`Exit::Usage`] with file, line and column.
    pub(super) fn load_config(&self) -> Result<Config, Failure> {
        let invalid = |message: String| Failure::new(Exit::Usage, Reason::InvalidConfig, message);
        let mut config = match &self.config {
            None => Config::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    let hint = format!(
                        "in a cluster, ConfigMap {} holds it: `aphex-ops install` makes it",
                        names::CONFIG_MAP
                    );
                    invalid(format!("cannot read the configuration {}", path.display()))
                        .caused_by(error)
                        .hint(hint)
                })?;
                config::parse(&text).map_err(|error| {
                    invalid(format!("the configuration {} is invalid", path.display())).caused_by(error)
                })?
            }
        };
        match self.profile {
            Some(ProfileName::Kind) => config.profile = Profile::Kind,
            Some(ProfileName::K3s) => config.profile = Profile::K3s,
            None => {}
        }
        Ok(config)
    }
}

/// Whether a command line that cannot be parsed asks for JSON lines: the error is one of them then.
pub(super) fn asks_for_json_lines(words: &[OsString]) -> bool {
    let is_pair = |pair: &[OsString]| pair[0] == "--log-format" && pair[1] == "json";
    words.windows(2).any(is_pair) || words.iter().any(|word| word == "--log-format=json")
}

/// A time as people write it: `45s`, `10m`, `1h 30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text
        .parse()
        .map_err(|_| "expected a time such as 45s, 10m or 1h 30m".to_owned())?;
    Duration::try_from(span).map_err(|_| "a time cannot be negative".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_people_write_them() {
        assert_eq!(duration("45s"), Ok(Duration::from_secs(45)));
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_secs(5400)));
        assert!(duration("-5s").is_err() && duration("soon").is_err() && duration("10").is_err());
    }
}
