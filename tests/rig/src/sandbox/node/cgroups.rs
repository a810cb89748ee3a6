//! The control group that holds the node's pods, so that several nodes live on one machine.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::super::error::SandboxError;

const ROOT: &str = "/sys/fs/cgroup";

/// Name of the group: unique to the sandbox's folder, so that whoever clears up finds it.
pub(crate) fn name(folder: &Path) -> String {
    let hash = Sha256::digest(folder.as_os_str().as_bytes());
    let hash: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("aphex-ops-sandbox-{hash}")
}

/// The folders below which control groups are: the root itself with version 2, else one for each controller.
fn hierarchies() -> Vec<PathBuf> {
    if is_version_2() {
        return vec![ROOT.into()];
    }
    let entries = fs::read_dir(ROOT).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.join("cgroup.procs").is_file())
        .collect()
}

fn is_version_2() -> bool {
    Path::new(ROOT).join("cgroup.controllers").is_file()
}

/// Makes the group; kubelet wants to find it.
pub(crate) fn create(folder: &Path) -> Result<(), SandboxError> {
    if is_version_2() {
        let wanted = "+cpu +cpuset +memory +pids";
        let path = Path::new(ROOT).join("cgroup.subtree_control");
        fs::write(&path, wanted).map_err(SandboxError::io(format!(
            "writing {wanted} to {}",
            path.display()
        )))?;
    }
    for path in groups(folder) {
        fs::create_dir_all(&path).map_err(SandboxError::io(format!("creating {}", path.display())))?;
    }
    Ok(())
}

/// Removes the group and all groups in it. False while there is one that still has processes.
pub(crate) fn remove(folder: &Path) -> bool {
    let groups = groups(folder);
    groups.iter().for_each(|path| remove_tree(path));
    !groups.iter().any(|path| path.exists())
}

fn groups(folder: &Path) -> Vec<PathBuf> {
    hierarchies()
        .into_iter()
        .map(|hierarchy| hierarchy.join(name(folder)))
        .collect()
}

/// The files of a control group cannot be removed and need not be: only folders are.
fn remove_tree(path: &Path) {
    let Ok(entries) = fs::read_dir(path) else { return };
    for entry in entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
    {
        remove_tree(&entry.path());
    }
    let _ = fs::remove_dir(path);
}
