//! The end of a process, made certain.

use std::io;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Sends SIGKILL and returns when no thread of the process can run any more. A process that is gone already is
/// no error.
pub(super) async fn kill_and_wait(pid: u32) -> io::Result<()> {
    let raw = i32::try_from(pid).map_err(|_| io::Error::other(format!("{pid} is no process id")))?;
    match kill(Pid::from_raw(raw), Signal::SIGKILL) {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(errno) => return Err(errno.into()),
    }
    while can_run(pid) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// Whether any thread of the process may still run. The main thread alone does not tell: it is a zombie as soon
/// as it has ended itself, whatever the others do, so the threads are counted as well (proc_pid_task(5)).
pub(crate) fn can_run(pid: u32) -> bool {
    let process = Path::new("/proc").join(pid.to_string());
    let Ok(stat) = std::fs::read_to_string(process.join("stat")) else {
        return false;
    };
    // The command name stands in parentheses and may hold anything, so the state is what follows the last one.
    let state = stat.rsplit_once(')').map_or("", |(_, rest)| rest.trim_start());
    let ended = state.starts_with(['Z', 'X']);
    let threads = std::fs::read_dir(process.join("task")).map_or(0, Iterator::count);
    !ended || threads > 1
}
