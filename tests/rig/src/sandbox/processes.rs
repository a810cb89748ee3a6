//! Child processes that never outlive their launcher.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use super::error::{SandboxError, last_lines};

/// Every process of a sandbox carries the sandbox's folder in this variable: that is how its remains are told from
/// other people's processes.
pub(crate) const MARK: &str = "APHEX_OPS_SANDBOX";

/// A process to start.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub(crate) name: &'a str,
    pub(crate) program: &'a Path,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// What it reads; nothing if absent.
    pub(crate) input: Option<Stdio>,
    /// The sandbox's folder: the process starts in it, logs into `log/` of it and carries its mark.
    pub(crate) folder: &'a Path,
}

impl<'a> Start<'a> {
    pub(crate) fn new<A: Into<OsString>>(
        name: &'a str,
        program: &'a Path,
        folder: &'a Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Self {
            name,
            program,
            arguments,
            environment: Vec::new(),
            input: None,
            folder,
        }
    }

    /// Starts it. The kernel kills it when the launcher dies, however the launcher dies.
    pub(crate) fn start(self) -> Result<Process, SandboxError> {
        let doing = || format!("starting {}", self.program.display());
        let log = log_path(self.folder, self.name);
        let output = open_log(&log).map_err(SandboxError::io(format!("opening {}", log.display())))?;
        let errors = output.try_clone().map_err(SandboxError::io(doing()))?;
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(self.program)
            .args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.env(MARK, self.folder).current_dir(self.folder);
        command
            .stdin(self.input.unwrap_or_else(Stdio::null))
            .stdout(output)
            .stderr(errors);
        let child =
            spawn(command).map_err(SandboxError::io(format!("starting {}", self.program.display())))?;
        Ok(Process {
            name: self.name.to_owned(),
            child,
            log,
        })
    }
}

/// Where the process of that name logs.
pub(crate) fn log_path(folder: &Path, name: &str) -> PathBuf {
    folder.join("log").join(format!("{name}.log"))
}

fn open_log(path: &Path) -> io::Result<File> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    File::options().create(true).append(true).open(path)
}

/// A running process; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// An error if it has ended by itself.
    pub(crate) fn check(&mut self) -> Result<(), SandboxError> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => {
                let log = fs::read(&self.log).unwrap_or_default();
                let output = last_lines(&String::from_utf8_lossy(&log), 15);
                Err(SandboxError::Ended {
                    process: self.name.clone(),
                    status,
                    output,
                })
            }
            Err(source) => Err(SandboxError::io(format!("waiting for {}", self.name))(source)),
        }
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// The time that it has spent on processors, in user mode and in the kernel: `/proc/PID/stat`, in clock ticks of
    /// 10 ms on every Linux (proc(5), sysconf(3)).
    pub(crate) fn cpu_time(&self) -> Result<Duration, SandboxError> {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = fs::read_to_string(&path).map_err(SandboxError::io(format!("reading {path}")))?;
        // The second field, the program's name in parentheses, may hold anything.
        let fields = text.rsplit(')').next().unwrap_or_default();
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Kills it and waits for its end. Nothing is asked to end by itself: all that it would save is thrown away.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

type Order = (Command, SyncSender<io::Result<Child>>);

/// The kernel sends the parent-death signal when the *thread* that started the child ends (prctl(2),
/// `PR_SET_PDEATHSIG`), and a test's thread ends before the sandbox that it shares. So one thread starts all children,
/// and lives as long as the process.
static LAUNCHER: LazyLock<Sender<Order>> = LazyLock::new(|| {
    let (orders, received) = channel::<Order>();
    std::thread::spawn(move || {
        for (mut command, answer) in received {
            let _ = answer.send(command.spawn());
        }
    });
    orders
});

fn spawn(command: Command) -> io::Result<Child> {
    let (answer, answered) = sync_channel(1);
    LAUNCHER.send((command, answer)).map_err(io::Error::other)?;
    answered.recv().map_err(io::Error::other)?
}
