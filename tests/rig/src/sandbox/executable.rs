//! Finding the `rig` program itself, which the size *node* runs inside its namespaces and packs into images.

use std::path::PathBuf;

use super::error::SandboxError;

/// This program, or the `rig` that Cargo built beside the test that runs (`target/…/deps/<test>`).
pub(crate) fn executable() -> Result<PathBuf, SandboxError> {
    let doing = || SandboxError::io("looking for the `rig` program (build it with `cargo build -p rig`)");
    let current = std::env::current_exe().map_err(doing())?;
    let candidates = current
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("rig"));
    std::iter::once(current.clone())
        .filter(|path| path.file_name().is_some_and(|name| name == "rig"))
        .chain(candidates)
        .find(|path| path.is_file())
        .ok_or_else(|| doing()(std::io::ErrorKind::NotFound.into()))
}
