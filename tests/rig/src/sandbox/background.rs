//! Sandboxes that outlive the command that starts them: each has a name, a folder and a launcher process.
//!
//! The folder is `${XDG_STATE_HOME:-~/.local/state}/aphex-ops/sandbox/<name>`. No unix socket lives in it, so its path
//! may have any length. The launcher holds a lock in it for as long as it lives; when it dies, the kernel kills the rest.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};

use super::error::{SandboxError, last_lines};
use super::folders::{self, Folder};
use super::processes::log_path;
use super::{Options, Sandbox, Size, ensure, executable, prerequisites, remains};

const RECORD: &str = "launcher.json";
const LAUNCHER: &str = "launcher";

/// What a launcher writes down about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// How much of a cluster.
    pub size: Size,
    /// The launcher's process id.
    pub pid: i32,
    /// When that process began, in clock ticks since boot: with the id, this names a process for good (proc(5)).
    pub began: u64,
    /// The launcher's program.
    pub executable: PathBuf,
    /// Where the API server is, once it is ready.
    pub server_url: Option<String>,
    /// Milliseconds from the start to each stage.
    pub timings: Vec<(String, u64)>,
}

/// What is there under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Absent,
    /// A launcher that is not ready yet.
    Starting,
    /// A cluster.
    Ready(Record),
    /// What a launcher left that failed or was killed: logs, for `down` to remove.
    Dead,
}

/// A sandbox's name, and what can be done with it.
#[derive(Debug, Clone)]
pub struct Named {
    name: String,
    folder: PathBuf,
}

impl Named {
    /// # Errors
    /// When it is no name: lower-case letters, digits and dashes, at most 32.
    pub fn new(name: &str) -> Result<Self, SandboxError> {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > 32 || !name.bytes().all(legal) {
            let reason = "a name has 1 to 32 lower-case letters, digits and dashes".to_owned();
            return Err(SandboxError::Name {
                name: name.to_owned(),
                reason,
            });
        }
        Ok(Self {
            name: name.to_owned(),
            folder: root()?.join(name),
        })
    }

    /// All sandboxes that have left a folder.
    ///
    /// # Errors
    /// When the state folder cannot be found.
    pub fn all() -> Result<Vec<Self>, SandboxError> {
        let entries = fs::read_dir(root()?).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort_unstable();
        Ok(names.iter().filter_map(|name| Self::new(name).ok()).collect())
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is there.
    #[must_use]
    pub fn state(&self) -> State {
        match (self.folder.is_dir(), folders::in_use(&self.folder)) {
            (false, _) => State::Absent,
            (true, false) => State::Dead,
            (true, true) => match self.record() {
                Some(record) if record.server_url.is_some() => State::Ready(record),
                _ => State::Starting,
            },
        }
    }

    /// The folder of a sandbox that is ready.
    ///
    /// # Errors
    /// When it is not.
    pub fn ready(&self) -> Result<PathBuf, SandboxError> {
        match self.state() {
            State::Ready(_) => Ok(self.folder.clone()),
            State::Absent => Err(self.failed("is not there; start it with `rig up`")),
            State::Starting => Err(self.failed("is still starting")),
            State::Dead => {
                Err(self.failed("has died; see `rig logs launcher`, then `rig down` and `rig up`"))
            }
        }
    }

    /// Starts a launcher in the background and waits until the cluster is ready. One that is ready already is left as
    /// it is. What a dead one left is removed first.
    ///
    /// # Errors
    /// When it runs in another size, prerequisites are missing, or it does not become ready.
    pub async fn up(&self, size: Size) -> Result<Record, SandboxError> {
        prerequisites::check(size)?;
        ensure(size.programs()).await?;
        let mut child = match self.launch(size)? {
            Launched::Now(child) => Some(child),
            Launched::Before => None,
        };
        loop {
            match self.state() {
                State::Ready(record) if record.size == size => return Ok(record),
                State::Ready(record) => {
                    return Err(self.failed(&format!("runs in size {}; end it with `rig down`", record.size)));
                }
                State::Absent => return Err(self.failed("was taken down while it started")),
                State::Starting => {}
                State::Dead if child.as_mut().is_none_or(has_ended) => {
                    let log = fs::read_to_string(log_path(&self.folder, LAUNCHER)).unwrap_or_default();
                    return Err(self.failed(&format!("did not start:\n{}", last_lines(&log, 25))));
                }
                State::Dead => {}
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Under a lock, so that of two that want to start the same sandbox one waits and finds the other's.
    fn launch(&self, size: Size) -> Result<Launched, SandboxError> {
        let root = root()?;
        fs::create_dir_all(&root).map_err(SandboxError::io(format!("creating {}", root.display())))?;
        let _lock = folders::lock(&root.join(".lock"))?;
        match self.state() {
            State::Ready(_) | State::Starting => return Ok(Launched::Before),
            State::Dead => remains::clear(&self.folder)?,
            State::Absent => {}
        }
        let log = log_path(&self.folder, LAUNCHER);
        let doing = || SandboxError::io(format!("starting the launcher of {}", self.folder.display()));
        fs::create_dir_all(self.folder.join("log")).map_err(doing())?;
        let output = File::create(log).map_err(doing())?;
        let mut command = Command::new(executable()?);
        command.args(["launch", "--name", &self.name, "--size", &size.to_string()]);
        command
            .stdin(std::process::Stdio::null())
            .stdout(output.try_clone().map_err(doing())?)
            .stderr(output);
        let mut child = command.process_group(0).spawn().map_err(doing())?;
        while !folders::in_use(&self.folder) && !has_ended(&mut child) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(Launched::Now(child))
    }

    /// The launcher: starts the cluster, keeps it until it is told to end, and removes it.
    ///
    /// # Errors
    /// When the cluster does not become ready or one of its processes ends; the folder stays then, with its logs.
    pub async fn serve(&self, size: Size) -> Result<(), SandboxError> {
        let receive = |kind| signal(kind).map_err(SandboxError::io("receiving signals"));
        let mut terminate = receive(SignalKind::terminate())?;
        let mut interrupt = receive(SignalKind::interrupt())?;
        // Received, hence not deadly: the sandbox outlives the terminal that it was started from.
        let _hangup = receive(SignalKind::hangup())?;
        let folder = Folder::claim(self.folder.clone())?;
        let mut record = Record::of_this_process(size)?;
        self.write(&record)?;
        let start = async {
            let programs = ensure(size.programs()).await?;
            Sandbox::start_in(folder, &programs, Options { size }).await
        };
        let mut sandbox = tokio::select! {
            started = start => started?,
            _ = terminate.recv() => return remains::clear(&self.folder),
            _ = interrupt.recv() => return remains::clear(&self.folder),
        };
        record.server_url = Some(sandbox.server_url().to_owned());
        let milliseconds = |duration: &Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        record.timings = sandbox
            .timings()
            .iter()
            .map(|(stage, took)| ((*stage).to_owned(), milliseconds(took)))
            .collect();
        self.write(&record)?;
        loop {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(500)) => sandbox.check()?,
                _ = terminate.recv() => return sandbox.stop(),
                _ = interrupt.recv() => return sandbox.stop(),
            }
        }
    }

    /// Ends it and removes everything of it, also when its launcher was killed. False if there was nothing.
    ///
    /// # Errors
    /// When something of it cannot be ended or removed.
    pub fn down(&self) -> Result<bool, SandboxError> {
        if self.state() == State::Absent {
            return Ok(false);
        }
        let begun = Instant::now();
        let mut last_signal = None;
        while folders::in_use(&self.folder) {
            let wanted = if begun.elapsed() < Duration::from_secs(30) {
                Signal::TERM
            } else {
                Signal::KILL
            };
            if last_signal != Some(wanted)
                && let Some(pid) = self.record().and_then(|record| record.process())
            {
                let _ = kill_process(pid, wanted);
                last_signal = Some(wanted);
            }
            if begun.elapsed() > Duration::from_secs(60) {
                return Err(
                    self.failed("does not end: its launcher is not the process that launcher.json names")
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        remains::clear(&self.folder)?;
        Ok(true)
    }

    /// The names of its logs, one for each process.
    #[must_use]
    pub fn logs(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.join("log"))
            .into_iter()
            .flatten()
            .flatten();
        let mut names: Vec<_> = entries
            .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".log")?.to_owned()))
            .collect();
        names.sort_unstable();
        names
    }

    /// Where a process of it logs.
    ///
    /// # Errors
    /// When there is no such log.
    pub fn log(&self, process: &str) -> Result<PathBuf, SandboxError> {
        if self.logs().iter().any(|name| name == process) {
            return Ok(log_path(&self.folder, process));
        }
        Err(self.failed(&format!(
            "has no log of {process:?}; there are: {}",
            self.logs().join(", ")
        )))
    }

    fn record(&self) -> Option<Record> {
        serde_json::from_slice(&fs::read(self.folder.join(RECORD)).ok()?).ok()
    }

    fn write(&self, record: &Record) -> Result<(), SandboxError> {
        let path = self.folder.join(RECORD);
        let unfinished = self.folder.join(".launcher.json.unfinished");
        let doing = || SandboxError::io(format!("writing {}", path.display()));
        let text = serde_json::to_vec_pretty(record).map_err(|error| doing()(error.into()))?;
        fs::write(&unfinished, text).map_err(doing())?;
        fs::rename(&unfinished, &path).map_err(doing())
    }

    fn failed(&self, reason: &str) -> SandboxError {
        SandboxError::Name {
            name: self.name.clone(),
            reason: reason.to_owned(),
        }
    }
}

enum Launched {
    Now(Child),
    Before,
}

fn has_ended(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

impl Record {
    fn of_this_process(size: Size) -> Result<Self, SandboxError> {
        let executable = std::env::current_exe().map_err(SandboxError::io("looking for this program"))?;
        let pid = i32::try_from(std::process::id()).unwrap_or_default();
        let began = began(pid).unwrap_or_default();
        Ok(Self {
            size,
            pid,
            began,
            executable,
            server_url: None,
            timings: Vec::new(),
        })
    }

    /// The process, if it is still the one that wrote the record, and not another that was given its number.
    fn process(&self) -> Option<Pid> {
        let program = fs::read_link(format!("/proc/{}/exe", self.pid)).ok()?;
        // A program that was compiled anew meanwhile reads `<path> (deleted)`.
        let same =
            program.to_string_lossy().trim_end_matches(" (deleted)") == self.executable.to_string_lossy();
        (same && began(self.pid) == Some(self.began))
            .then(|| Pid::from_raw(self.pid))
            .flatten()
    }
}

/// Field 22 of /proc/<pid>/stat. Field 2, the program's name, may hold anything, so counting starts behind it.
fn began(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

fn root() -> Result<PathBuf, SandboxError> {
    folders::state().map(|state| Path::new(&state).join("sandbox"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_label() {
        for name in ["", "Upper", "a/b", "..", "a.b", &"x".repeat(33)] {
            assert!(Named::new(name).is_err(), "{name}");
        }
        assert!(Named::new("demo-1").is_ok());
    }

    #[test]
    fn a_record_names_its_process_and_no_other() {
        let record = Record::of_this_process(Size::Node).unwrap();
        assert_eq!(record.process(), Some(rustix::process::getpid()));
        assert_eq!(
            Record {
                began: record.began + 1,
                ..record.clone()
            }
            .process(),
            None
        );
        assert_eq!(
            Record {
                executable: "/bin/other".into(),
                ..record
            }
            .process(),
            None
        );
    }
}
