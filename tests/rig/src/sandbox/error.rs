//! What can go wrong with a sandbox, said so that it can be mended.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a sandbox could not be started, used or ended.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// A file, folder or process of this machine refused something.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, with the object's name.
        doing: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Programs, packages or rights that this size needs are not there.
    #[error("{0}")]
    Prerequisites(#[from] super::prerequisites::Missing),
    /// A Go program did not compile.
    #[error("building {program} failed: {status}\n{output}")]
    Build {
        /// Name of the program.
        program: &'static str,
        /// How `go` ended.
        status: ExitStatus,
        /// The end of what `go` printed.
        output: String,
    },
    /// A command that was run to its end failed.
    #[error("`{command}` failed: {status}\n{output}")]
    Command {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it printed.
        output: String,
    },
    /// A process of the sandbox ended by itself.
    #[error("{process} ended by itself: {status}; the end of its log:\n{output}")]
    Ended {
        /// Name of the process.
        process: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of its log.
        output: String,
    },
    /// Something did not become ready in time.
    #[error("{what} was not ready after {} s: {last}", waited.as_secs())]
    NotReady {
        /// What was waited for.
        what: String,
        /// For how long.
        waited: Duration,
        /// The last answer.
        last: String,
    },
    /// A certificate could not be made.
    #[error("making the certificate of {subject}: {source}")]
    Certificate {
        /// Common name of the certificate.
        subject: String,
        /// The library's answer.
        source: rcgen::Error,
    },
    /// The API server refused a request.
    #[error("{doing}: {source}")]
    Kubernetes {
        /// What was being asked.
        doing: String,
        /// The answer.
        source: Box<kube::Error>,
    },
    /// A kubeconfig could not be read or written.
    #[error("kubeconfig {}: {reason}", path.display())]
    Kubeconfig {
        /// Its path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The cluster is not one of ours, so the rig cannot look inside.
    #[error(
        "{0} is only available on a sandbox that the rig itself started, not on a cluster given by KUBECONFIG"
    )]
    NotOurs(&'static str),
    /// The name is taken, unknown, or not a name.
    #[error("sandbox {name:?}: {reason}")]
    Name {
        /// The sandbox's name.
        name: String,
        /// What is wrong and what mends it.
        reason: String,
    },
}

impl SandboxError {
    /// Wraps the operating system's answer with what was being done.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// Whether a process ended because somebody else uses its port.
    pub(crate) fn is_taken_port(&self) -> bool {
        matches!(self, Self::Ended { output, .. } if output.contains("address already in use"))
    }

    /// Wraps the API server's answer with what was being asked.
    pub(crate) fn kubernetes(doing: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Kubernetes {
            doing,
            source: Box::new(source),
        }
    }
}

/// As it is displayed: a test that unwraps one shall print what the log said, not how it is stored.
impl fmt::Debug for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The last `count` lines of a text.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
