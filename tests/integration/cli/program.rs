//! One run of the program: an empty environment, a home of its own, and what came out.

use crate::schemas;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStderr, Command},
    time::timeout,
};

/// A run that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(180);
const MESSAGE: &str = "termination-log";

/// A command line to run.
pub(crate) struct Program {
    command: Command,
    home: TempDir,
}

/// A run that has not ended yet.
pub(crate) struct Running {
    child: Child,
    lines: Option<Lines<BufReader<ChildStderr>>>,
    stderr: String,
    home: TempDir,
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The termination message; empty unless the run was in a Pod.
    pub(crate) message: String,
}

impl Program {
    /// The words of `line` as arguments.
    pub(crate) fn new(line: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_aphex-ops"));
        command
            .args(line.split_whitespace())
            .env_clear()
            .env("HOME", home.path())
            .kill_on_drop(true);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self { command, home }
    }

    /// More arguments.
    pub(crate) fn words(mut self, line: &str) -> Self {
        self.command.args(line.split_whitespace());
        self
    }

    /// An option whose value is known at run time only.
    pub(crate) fn arg(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.command.arg(name).arg(value.as_ref());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.command.env(name, value.as_ref());
        self
    }

    pub(crate) fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout);
        self
    }

    /// Makes a file in the home of the run.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// An option whose value is a file with this text.
    pub(crate) fn arg_file(self, name: &str, text: &str) -> Self {
        let path = self.file(name.trim_start_matches('-'), text);
        self.arg(name, path)
    }

    /// As in a Pod, where the file of the termination message exists.
    pub(crate) fn in_a_pod(self) -> Self {
        self.arg_file(&format!("--{MESSAGE}"), "")
    }

    pub(crate) async fn run(self) -> Left {
        self.start().end().await
    }

    pub(crate) fn start(mut self) -> Running {
        let mut child = self.command.spawn().unwrap();
        let lines = child.stderr.take().map(|stderr| BufReader::new(stderr).lines());
        Running {
            child,
            lines,
            stderr: String::new(),
            home: self.home,
        }
    }
}

impl Running {
    /// Waits until stderr says this.
    pub(crate) async fn says(&mut self, text: &str) {
        while !self.stderr.contains(text) {
            let line = timeout(LONGEST, self.lines.as_mut().unwrap().next_line()).await;
            let line = line
                .unwrap_or_else(|_| panic!("it never said {text:?}: {}", self.stderr))
                .unwrap();
            let line = line.unwrap_or_else(|| panic!("it ended without saying {text:?}: {}", self.stderr));
            self.stderr += &line;
            self.stderr.push('\n');
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = self
            .child
            .id()
            .and_then(|pid| Pid::from_raw(pid.try_into().unwrap()));
        kill_process(pid.unwrap(), signal).unwrap();
    }

    pub(crate) async fn end(mut self) -> Left {
        let mut stdout = String::new();
        let read = async {
            while let Some(lines) = &mut self.lines
                && let Some(line) = lines.next_line().await.unwrap()
            {
                self.stderr += &line;
                self.stderr.push('\n');
            }
        };
        let mut pipe = self.child.stdout.take();
        let write = async {
            if let Some(pipe) = &mut pipe {
                pipe.read_to_string(&mut stdout).await.unwrap();
            }
        };
        let ended = timeout(LONGEST, async { tokio::join!(read, write, self.child.wait()).2 }).await;
        let status = ended
            .unwrap_or_else(|_| panic!("it hangs: {}", self.stderr))
            .unwrap();
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        Left {
            code: status.code(),
            stdout,
            stderr: self.stderr,
            message: fs::read_to_string(self.home.path().join(MESSAGE)).unwrap_or_default(),
        }
    }
}

impl Left {
    /// It ended with this code, and stderr says all of this.
    #[track_caller]
    pub(crate) fn ended(&self, code: i32, says: &[&str]) -> &Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        let missing: Vec<_> = says.iter().filter(|text| !self.stderr.contains(**text)).collect();
        assert!(missing.is_empty(), "stderr does not say {missing:?}: {self:#?}");
        self
    }

    /// What stdout holds, which must be one document of the published schema and nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let document =
            serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"));
        schemas::assert_printed(&document);
        document
    }
}
