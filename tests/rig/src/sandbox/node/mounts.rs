//! Folders of this machine that the node's programs write to by habit, covered in the mount namespace.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::super::error::SandboxError;
use super::super::programs::run;

/// Sockets, network namespaces, shims and the iptables lock; the CNI plugins' results; device plugins, which kubelet
/// keeps there whatever its root is. A folder that is not there is made, and stays, empty.
const EMPTY: &[&str] = &["/run", "/var/lib/cni", "/var/lib/kubelet"];

/// Covers them. Containers' logs go to the sandbox's folder.
pub(crate) fn cover(folder: &Path) -> Result<(), SandboxError> {
    for target in EMPTY {
        create(Path::new(target))?;
        run(Command::new("mount").args(["-t", "tmpfs", "-o", "mode=0755", "tmpfs", target]))?;
    }
    let logs = folder.join("var-log");
    create(&logs)?;
    run(Command::new("mount").arg("--bind").arg(&logs).arg("/var/log")).map(|_| ())
}

fn create(path: &Path) -> Result<(), SandboxError> {
    fs::create_dir_all(path).map_err(SandboxError::io(format!("creating {}", path.display())))
}
