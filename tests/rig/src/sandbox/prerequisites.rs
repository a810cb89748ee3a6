//! What must be on the machine before a sandbox can start.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Size;

/// Everything that is missing, with the command that installs it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Missing {
    /// What cannot be had without them.
    wanted: String,
    programs: Vec<Need>,
    root: bool,
}

/// A program, and the Debian package that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Need {
    program: &'static str,
    package: &'static str,
}

const fn need(program: &'static str, package: &'static str) -> Need {
    Need { program, package }
}

/// Not a package: Debian's Go is older than what the modules ask for.
const GO: &str = "Go 1.26 or newer, from https://go.dev/dl";
const ALWAYS: &[Need] = &[need("go", GO), need("setpriv", "util-linux")];
const NODE: &[Need] = &[
    need("unshare", "util-linux"),
    need("nsenter", "util-linux"),
    need("mount", "mount"),
    need("ip", "iproute2"),
    need("iptables", "iptables"),
    need("conntrack", "conntrack"),
    need("containerd", "containerd"),
    need("ctr", "containerd"),
    need("runc", "runc"),
    need("/usr/lib/cni/bridge", "containernetworking-plugins"),
    need("/usr/lib/cni/portmap", "containernetworking-plugins"),
];

/// Redis, under the name that Debian's tools have for it.
pub(crate) const REDIS: &str = "redis-check-rdb";
/// What goes into the images of Tekton and Argo CD.
const IMAGES: &[Need] = &[
    need("ldd", "libc-bin"),
    need("busybox", "busybox-static"),
    need("git", "git"),
    need("/usr/lib/git-core/git-http-backend", "git"),
    need("gpg", "gpg"),
    need("gpg-agent", "gpg-agent"),
    need(REDIS, "redis-tools"),
];

/// There once the kernel can filter what crosses a bridge.
pub(crate) const BRIDGE_FILTER: &str = "/proc/sys/net/bridge";
const MODPROBE: &[Need] = &[need("modprobe", "kmod")];

/// Checks all of it at once, so that nobody installs one package after the other.
pub(crate) fn check(size: Size) -> Result<(), Missing> {
    let node: &[Need] = if size == Size::Node { NODE } else { &[] };
    let filters_bridges = size != Size::Node || Path::new(BRIDGE_FILTER).exists();
    let modprobe: &[Need] = if filters_bridges { &[] } else { MODPROBE };
    let programs = ALWAYS
        .iter()
        .chain(node)
        .chain(modprobe)
        .filter(|need| find(need.program).is_none())
        .copied()
        .collect();
    Missing {
        wanted: format!("a sandbox of size {size}"),
        programs,
        root: size == Size::Node && !rustix::process::geteuid().is_root(),
    }
    .unless_empty()
}

/// The same for the images of what runs on the platform.
pub(crate) fn check_images() -> Result<(), Missing> {
    let absent = IMAGES.iter().filter(|need| find(need.program).is_none());
    Missing {
        wanted: "making images".to_owned(),
        programs: absent.copied().collect(),
        root: false,
    }
    .unless_empty()
}

impl Missing {
    fn unless_empty(self) -> Result<(), Self> {
        if self.programs.is_empty() && !self.root {
            Ok(())
        } else {
            Err(self)
        }
    }
}

/// Looks for a program where a shell would, and where Debian keeps the system's own.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(Path::new(program)))
        .find(|path| path.is_file())
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} needs what is not here:", self.wanted)?;
        for need in &self.programs {
            let package = if need.package == GO { "" } else { "package " };
            write!(f, "\n  {} ({package}{})", need.program, need.package)?;
        }
        if self.root {
            write!(
                f,
                "\n  root: network namespaces and mounts are root's; run it as root"
            )?;
        }
        let mut packages: Vec<_> = self.programs.iter().map(|need| need.package).collect();
        packages.sort_unstable();
        packages.dedup();
        packages.retain(|package| *package != GO);
        if !packages.is_empty() {
            write!(
                f,
                "\ninstall the packages with:\n  apt-get install -y --no-install-recommends {}",
                packages.join(" ")
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_missing_is_told_at_once() {
        let programs = vec![
            need("ctr", "containerd"),
            need("containerd", "containerd"),
            need("runc", "runc"),
        ];
        let text = Missing {
            wanted: "a sandbox".to_owned(),
            programs,
            root: true,
        }
        .to_string();
        assert!(text.contains("root:"), "{text}");
        assert!(
            text.ends_with("apt-get install -y --no-install-recommends containerd runc"),
            "{text}"
        );
    }

    #[test]
    fn a_program_is_found_by_its_name_or_its_path() {
        assert!(find("sh").is_some());
        assert!(find("/bin/sh").is_some());
        assert!(find("no-such-program").is_none());
    }
}
