//! What images take over from this machine: Debian's programs with their libraries.

use std::path::Path;
use std::process::Command;

use super::super::error::SandboxError;
use super::super::prerequisites::find;
use super::super::programs::run;
use super::Image;

/// Where Debian keeps the programs that `git` runs.
const GIT_PROGRAMS: &str = "/usr/lib/git-core";

impl Image {
    /// A program of this machine, under that path, with its loader and the libraries that it is linked with.
    ///
    /// # Errors
    /// When it is not there, or `ldd` cannot tell its libraries.
    pub fn linked(self, path: &str, program: &Path) -> Result<Self, SandboxError> {
        let libraries = run(Command::new("ldd").arg(program))?;
        let image = self.file(path, 0o755, program);
        let image = libraries
            .lines()
            .filter_map(library)
            .fold(image, |image, library| {
                image.file(library, 0o755, Path::new(library))
            });
        Ok(image)
    }

    /// A shell and the usual small programs, in `/bin`: Debian's static busybox under all its names.
    ///
    /// # Errors
    /// When it is not there.
    pub fn shell(self) -> Result<Self, SandboxError> {
        let busybox = installed("busybox")?;
        let names = run(Command::new(&busybox).arg("--list"))?;
        let image = self.file("/bin/busybox", 0o755, &busybox);
        let names = names.lines().filter(|name| *name != "busybox");
        Ok(names.fold(image, |image, name| {
            image.link(&format!("/bin/{name}"), "busybox")
        }))
    }

    /// git, able to fetch over HTTP and to serve it.
    ///
    /// # Errors
    /// When it is not there.
    pub fn git(self) -> Result<Self, SandboxError> {
        let mut image = self.linked("/usr/bin/git", &installed("git")?)?;
        for name in ["git-remote-http", "git-http-backend"] {
            let path = format!("{GIT_PROGRAMS}/{name}");
            image = image.linked(&path, Path::new(&path))?;
        }
        Ok(image
            .link(&format!("{GIT_PROGRAMS}/git"), "../../bin/git")
            .link(&format!("{GIT_PROGRAMS}/git-remote-https"), "git-remote-http")
            .folder("/usr/share/git-core/templates", 0o755))
    }

    /// gpg with its agent.
    ///
    /// # Errors
    /// When it is not there.
    pub fn gpg(self) -> Result<Self, SandboxError> {
        ["gpg", "gpg-agent"].iter().try_fold(self, |image, name| {
            image.linked(&format!("/usr/bin/{name}"), &installed(name)?)
        })
    }
}

fn installed(program: &str) -> Result<std::path::PathBuf, SandboxError> {
    let missing = || SandboxError::io(format!("looking for {program}"))(std::io::ErrorKind::NotFound.into());
    find(program).ok_or_else(missing)
}

/// The path in a line of `ldd`: `libc.so.6 => /lib/libc.so.6 (0x1)`, or the loader's own, `/lib64/ld.so (0x1)`.
fn library(line: &str) -> Option<&str> {
    let path = line.split_once("=> ").map_or(line, |(_, path)| path).trim();
    path.split_whitespace()
        .next()
        .filter(|path| path.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_ldd_names_a_file_or_none() {
        assert_eq!(
            library("\tlibc.so.6 => /lib/libc.so.6 (0x00007f)"),
            Some("/lib/libc.so.6")
        );
        assert_eq!(
            library("\t/lib64/ld-linux.so.2 (0x00007f)"),
            Some("/lib64/ld-linux.so.2")
        );
        assert_eq!(library("\tlinux-vdso.so.1 (0x00007f)"), None);
        assert_eq!(library("\tlibgone.so.1 => not found"), None);
    }
}
