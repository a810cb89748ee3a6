//! One run of a command as a process of its own, and everything that it lets out.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::process::{self, Peak};
use crate::proxy::Recorder;

/// A command that is to be run. Its environment holds nothing but what is given here.
#[derive(Clone)]
pub struct Run {
    program: PathBuf,
    args: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
    stdin: Vec<u8>,
    timeout: Duration,
    termination_message: Option<PathBuf>,
    recorder: Option<Recorder>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Not within its time; it was killed.
    TimedOut,
}

/// A run that has ended.
#[derive(Debug, Clone)]
pub struct Ran {
    /// How it ended.
    pub exit: Exit,
    /// What it wrote to its standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to its standard error.
    pub stderr: Vec<u8>,
    /// Content of the termination message file; empty if none was asked for.
    pub termination_message: Vec<u8>,
    /// `/proc/PID/cmdline`: what every user of the machine can read. Empty if the process ended at once.
    pub cmdline: Vec<u8>,
    /// `/proc/PID/environ`. Empty if the process ended at once.
    pub environ: Vec<u8>,
    /// Wall time.
    pub duration: Duration,
    /// Peak resident memory in KiB, sampled every few milliseconds; none if the process ended before the first.
    pub peak_rss_kib: Option<u64>,
}

impl Run {
    /// A command without arguments, with an empty environment, at most 60 s long.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            stdin: Vec::new(),
            timeout: Duration::from_secs(60),
            termination_message: None,
            recorder: None,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Sets what the command reads from its standard input; nothing by default.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// After this time the command hangs: it is killed.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// A file that is made empty before the run and read after it. That the command writes to it is for its
    /// arguments or environment to say.
    #[must_use]
    pub fn termination_message(mut self, path: impl Into<PathBuf>) -> Self {
        self.termination_message = Some(path.into());
        self
    }

    /// Names the process to this recorder, whose faults may kill it.
    #[must_use]
    pub fn victim_of(mut self, recorder: &Recorder) -> Self {
        self.recorder = Some(recorder.clone());
        self
    }

    /// Runs the command to its end.
    pub async fn finish(&self) -> io::Result<Ran> {
        if let Some(path) = &self.termination_message {
            std::fs::write(path, "")?;
        }
        let started = Instant::now();
        let mut child = self.spawn()?;
        let pid = child
            .id()
            .ok_or_else(|| io::Error::other("a process without an id"))?;
        if let Some(recorder) = &self.recorder {
            recorder.victim(pid);
        }
        let cmdline = process::filled(pid, "cmdline").await;
        let environ = if self.env.is_empty() {
            Vec::new()
        } else {
            process::filled(pid, "environ").await
        };
        let peak = Peak::watch(pid);
        let feed = feed(child.stdin.take(), &self.stdin);
        let (stdout, stderr) = (drain(child.stdout.take()), drain(child.stderr.take()));
        let ended = async { tokio::join!(feed, stdout, stderr, end(&mut child, self.timeout)) };
        let ((), stdout, stderr, exit) = ended.await;
        Ok(Ran {
            exit: exit?,
            stdout: stdout?,
            stderr: stderr?,
            termination_message: read(self.termination_message.as_deref())?,
            cmdline,
            environ,
            duration: started.elapsed(),
            peak_rss_kib: peak.kib(),
        })
    }

    fn spawn(&self) -> io::Result<Child> {
        let child = Command::new(&self.program)
            .args(&self.args)
            .env_clear()
            .envs(&self.env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        child.map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("cannot run {}: {error}", self.program.display()),
            )
        })
    }
}

impl Ran {
    /// Whether it ended by itself with exit code 0.
    pub fn succeeded(&self) -> bool {
        self.exit == Exit::Code(0)
    }

    /// All that it let out, by name.
    pub fn outputs(&self) -> [(&'static str, &[u8]); 5] {
        [
            ("stdout", &self.stdout),
            ("stderr", &self.stderr),
            ("termination message", &self.termination_message),
            ("cmdline", &self.cmdline),
            ("environ", &self.environ),
        ]
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::TimedOut => f.write_str("no end within its time"),
        }
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        // wait(2): a status that is no code is a signal.
        status
            .code()
            .map_or_else(|| Self::Signal(status.signal().unwrap_or_default()), Self::Code)
    }
}

async fn end(child: &mut Child, time: Duration) -> io::Result<Exit> {
    if let Ok(status) = timeout(time, child.wait()).await {
        return status.map(Exit::from);
    }
    child.kill().await?;
    Ok(Exit::TimedOut)
}

async fn feed(stdin: Option<ChildStdin>, bytes: &[u8]) {
    if let Some(mut stdin) = stdin {
        // A command may end without reading its input.
        let _ = stdin.write_all(bytes).await;
    }
}

async fn drain(stream: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        stream.read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

fn read(path: Option<&Path>) -> io::Result<Vec<u8>> {
    path.map_or_else(|| Ok(Vec::new()), std::fs::read)
}
