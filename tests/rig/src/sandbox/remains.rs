//! Clearing up: after a sandbox that ended, and after a launcher that could not do it itself.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::error::SandboxError;
use super::processes::MARK;
use super::{folders, node};

/// Ends what is left and removes the folder.
pub(crate) fn clear(folder: &Path) -> Result<(), SandboxError> {
    end(folder)?;
    folders::remove(folder)
}

/// Ends every process that carries the folder's mark, then removes the control groups. Namespaces, mounts and network
/// devices go with the processes.
pub(crate) fn end(folder: &Path) -> Result<(), SandboxError> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let left = marked(folder);
        for &pid in &left {
            if let Some(pid) = Pid::from_raw(pid) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        if left.is_empty() && node::remove_cgroups(folder) {
            return Ok(());
        }
        if Instant::now() > deadline {
            let source = std::io::ErrorKind::TimedOut.into();
            let doing = format!(
                "ending the processes {left:?} and the control groups of {}",
                folder.display()
            );
            return Err(SandboxError::Io { doing, source });
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The processes whose environment names this sandbox's folder. A zombie has no environment, so it counts as gone.
fn marked(folder: &Path) -> Vec<i32> {
    let mark = [MARK.as_bytes(), b"=", folder.as_os_str().as_bytes()].concat();
    let carries = |pid: &i32| {
        fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|entry| entry == mark))
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(carries)
        .collect()
}

/// The first process inside the sandbox's namespaces: the one that carries the mark and is number 1 in there.
pub(crate) fn init(folder: &Path) -> Option<i32> {
    marked(folder).into_iter().find(|pid| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let numbers = status
            .lines()
            .find_map(|line| line.strip_prefix("NSpid:"))
            .unwrap_or_default();
        let numbers: Vec<&str> = numbers.split_whitespace().collect();
        numbers.len() > 1 && numbers.last() == Some(&"1")
    })
}
