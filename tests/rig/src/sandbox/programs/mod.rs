//! The Go programs of the cluster: which there are, where their sources are pinned, and the cache of built ones.

mod module;
mod program;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::error::{SandboxError, last_lines};
use super::folders;

pub use module::Module;
pub use program::Program;

impl Program {
    /// The program in the folder that `KUBEBUILDER_ASSETS` names, if it is there.
    fn installed(self) -> Option<PathBuf> {
        let path = PathBuf::from(std::env::var_os("KUBEBUILDER_ASSETS")?).join(self.name());
        path.is_file().then_some(path)
    }

    /// Compiles into `folder` unless another process has done so meanwhile. The lock makes sure that two processes do
    /// not compile the same thing side by side; the rename, that a half-written program is never found.
    fn build(self, folder: &Path) -> Result<(), SandboxError> {
        let target = folder.join(self.name());
        let _lock = folders::lock(&folder.join(".lock"))?;
        if target.is_file() {
            return Ok(());
        }
        eprintln!(
            "rig: compiling {} (several minutes the first time, seconds when Go's cache is warm)",
            self.name()
        );
        let begun = Instant::now();
        let unfinished = folder.join(format!(".{}.unfinished", self.name()));
        let mut go = self.module().go();
        go.args(["build", "-ldflags", self.module().ldflags(), "-o"])
            .arg(&unfinished)
            .arg(self.package());
        let output = go.output().map_err(SandboxError::io("starting go"))?;
        if !output.status.success() {
            return Err(SandboxError::Build {
                program: self.name(),
                status: output.status,
                output: last_lines(&String::from_utf8_lossy(&output.stderr), 20),
            });
        }
        fs::rename(&unfinished, &target)
            .map_err(SandboxError::io(format!("renaming {}", unfinished.display())))?;
        eprintln!("rig: compiled {} in {} s", self.name(), begun.elapsed().as_secs());
        Ok(())
    }
}

/// Programs that are ready to run.
#[derive(Debug, Clone, Default)]
pub struct Programs(BTreeMap<Program, PathBuf>);

impl Programs {
    /// Finds the programs in the folder that `KUBEBUILDER_ASSETS` names, else in the cache, else compiles them into it:
    /// `${XDG_CACHE_HOME:-~/.cache}/aphex-ops/programs/<module>-<key>/`. Blocks, for minutes on a new machine.
    ///
    /// # Errors
    /// When `go` is missing or a program does not compile.
    pub fn ensure(wanted: &[Program]) -> Result<Self, SandboxError> {
        let mut folders = BTreeMap::new();
        let mut found = BTreeMap::new();
        for &program in wanted {
            let path = match program.installed() {
                Some(path) => path,
                None => {
                    let folder = match folders.get(&program.module()) {
                        Some(folder) => folder,
                        None => folders
                            .entry(program.module())
                            .or_insert(cache(program.module())?),
                    };
                    let path = folder.join(program.name());
                    if !path.is_file() {
                        program.build(folder)?;
                    }
                    path
                }
            };
            found.insert(program, path);
        }
        Ok(Self(found))
    }

    /// Where the program is.
    ///
    /// # Errors
    /// When it was not among the wanted ones.
    pub fn path(&self, program: Program) -> Result<&Path, SandboxError> {
        self.0
            .get(&program)
            .map(PathBuf::as_path)
            .ok_or_else(|| SandboxError::Io {
                doing: format!("looking for {}", program.name()),
                source: std::io::ErrorKind::NotFound.into(),
            })
    }
}

fn cache(module: Module) -> Result<PathBuf, SandboxError> {
    let folder = folders::cache()?
        .join("programs")
        .join(format!("{}-{}", module.name(), module.key()?));
    fs::create_dir_all(&folder).map_err(SandboxError::io(format!("creating {}", folder.display())))?;
    Ok(folder)
}

/// Runs a command to its end and returns what it printed.
pub(crate) fn run(command: &mut Command) -> Result<String, SandboxError> {
    let line = || {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words
            .map(|word| word.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let line = line();
    let output = command
        .output()
        .map_err(SandboxError::io(format!("starting `{line}`")))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(SandboxError::Command {
            command: line,
            status: output.status,
            output: last_lines(&String::from_utf8_lossy(&output.stderr), 20),
        })
    }
}
