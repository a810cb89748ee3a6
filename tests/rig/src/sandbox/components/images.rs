//! The images of a component, made of its programs.

use std::path::PathBuf;

use super::super::error::SandboxError;
use super::super::images::Image;
use super::super::prerequisites;
use super::super::programs::{Program, Programs};
use super::references::{self, SHELL_IMAGE};
use super::{Component, manifests};

/// Where a release of Tekton has its programs; Pods of TaskRuns rely on it.
const KO_FOLDER: &str = "/ko-app";
const PATH: &str = "PATH=/usr/local/bin:/usr/bin:/bin";
/// What Argo CD's programs are called; each is the same file.
const ARGO_CD_NAMES: &[&str] = &[
    "application-controller",
    "applicationset-controller",
    "cmp-server",
    "commit-server",
    "dex",
    "k8s-auth",
    "notifications",
    "repo-server",
    "server",
];
/// Scripts of its sources that its programs call. Without the first, every manifest is refused, for another reason.
const ARGO_CD_SCRIPTS: &[&str] = &[
    "hack/git-verify-wrapper.sh",
    "hack/gpg-wrapper.sh",
    "entrypoint.sh",
];

impl Component {
    /// The programs that its images hold.
    #[must_use]
    pub const fn programs(self) -> &'static [Program] {
        match self {
            Self::Tekton => &[
                Program::TektonController,
                Program::TektonEntrypoint,
                Program::TektonEvents,
                Program::TektonNop,
                Program::TektonResolvers,
                Program::TektonSidecarLogResults,
                Program::TektonWebhook,
                Program::TektonWorkingDirInit,
            ],
            Self::Triggers => &[
                Program::TriggersController,
                Program::TriggersEventListenerSink,
                Program::TriggersInterceptors,
                Program::TriggersWebhook,
            ],
            Self::ArgoCd => &[Program::ArgoCd, Program::Dex],
            Self::CertManager | Self::ExternalSecrets => &[],
        }
    }

    /// The images that its manifests name. Compiles what is not compiled yet.
    ///
    /// # Errors
    /// When packages are missing, or a program does not compile.
    pub fn images(self) -> Result<Vec<Image>, SandboxError> {
        prerequisites::check_images()?;
        let programs = Programs::ensure(self.programs())?;
        match self {
            Self::ArgoCd => argo_cd(&programs),
            Self::CertManager | Self::ExternalSecrets => Ok(Vec::new()),
            Self::Tekton | Self::Triggers => {
                let mut images = vec![Image::new(SHELL_IMAGE).environment(PATH).shell()?];
                for program in self.programs() {
                    images.push(tekton(*program, &programs)?);
                }
                Ok(images)
            }
        }
    }
}

/// As `ko` makes it. The resolvers call git.
fn tekton(program: Program, programs: &Programs) -> Result<Image, SandboxError> {
    let package = program.package();
    let (_, command) = package.rsplit_once('/').unwrap_or(("", package));
    let inside = format!("{KO_FOLDER}/{command}");
    let image = Image::new(&references::image_of_package(package))
        .environment(PATH)
        .user("65532:65532")
        .file(&inside, 0o755, programs.path(program)?)
        .entrypoint(&inside);
    if program == Program::TektonResolvers {
        image.shell()?.git()
    } else {
        Ok(image)
    }
}

/// Argo CD's own, Dex's and Redis', under the names that the manifest gives them.
fn argo_cd(programs: &Programs) -> Result<Vec<Image>, SandboxError> {
    let texts = manifests(Component::ArgoCd)?;
    let names: Vec<_> = texts
        .iter()
        .flat_map(|(_, text)| references::images(text))
        .collect();
    let name = |wanted: &str| {
        let wanted = format!("/{wanted}:");
        names
            .iter()
            .find(|name| name.contains(&wanted))
            .map_or("", String::as_str)
    };
    let dex = "/usr/local/bin/dex";
    let dex_image = Image::new(name("dex"))
        .environment(PATH)
        .user("1001:1001")
        .file(dex, 0o755, programs.path(Program::Dex)?)
        .entrypoint(dex);
    Ok(vec![
        argo_cd_itself(name("argocd"), programs)?,
        dex_image,
        redis(name("redis"))?,
    ])
}

fn argo_cd_itself(name: &str, programs: &Programs) -> Result<Image, SandboxError> {
    // Each container names its program in its arguments, so the entry point runs its arguments.
    let mut image = Image::new(name)
        .entrypoint("/bin/env")
        .environment(PATH)
        .environment("USER=argocd")
        .environment("HOME=/home/argocd")
        .user("999:999")
        .working_folder("/home/argocd")
        .text(
            "/etc/passwd",
            0o644,
            "root:x:0:0::/root:/bin/sh\nargocd:x:999:999::/home/argocd:/bin/sh\n",
        )
        .folder("/home/argocd", 0o777)
        .file("/usr/local/bin/argocd", 0o755, programs.path(Program::ArgoCd)?)
        .shell()?
        .git()?
        .gpg()?;
    for name in ARGO_CD_NAMES {
        image = image.link(&format!("/usr/local/bin/argocd-{name}"), "argocd");
    }
    let (sources, _) = Component::ArgoCd.sources()?;
    for script in ARGO_CD_SCRIPTS {
        let path = sources.join(script);
        let name = script.rsplit('/').next().unwrap_or(script);
        image = image.file(&format!("/usr/local/bin/{name}"), 0o755, &path);
    }
    Ok(image)
}

/// Debian ships the server apart from its tools, with a service that would start on this machine; but one program is
/// both, and does what it is called.
fn redis(name: &str) -> Result<Image, SandboxError> {
    let program: PathBuf = prerequisites::find(prerequisites::REDIS).unwrap_or_default();
    let inside = "/usr/local/bin/redis-server";
    Image::new(name)
        .environment(PATH)
        .user("999:999")
        .folder("/data", 0o777)
        .working_folder("/data")
        .entrypoint(inside)
        .linked(inside, &program)
}
