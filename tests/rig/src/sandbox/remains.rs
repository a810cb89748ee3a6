//! Clearing up after a launcher that could not do it itself.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::error::SandboxError;
use super::processes::MARK;

/// Ends every process that carries the folder's mark, then removes the folder.
pub(crate) fn clear(folder: &Path) -> Result<(), SandboxError> {
    end_processes(folder);
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(SandboxError::io(format!("removing {}", folder.display()))(error))
        }
        _ => Ok(()),
    }
}

fn end_processes(folder: &Path) {
    for pid in marked(folder) {
        if let Some(pid) = rustix::process::Pid::from_raw(pid) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

/// The processes whose environment names this sandbox's folder. A zombie has no environment, so it counts as gone.
pub(crate) fn marked(folder: &Path) -> Vec<i32> {
    let mark = [MARK.as_bytes(), b"=", folder.as_os_str().as_bytes()].concat();
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| {
            fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|entry| entry == mark))
        })
        .collect()
}
