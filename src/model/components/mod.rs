//! What the platform consists of: components, in waves, each from a source of its own.

mod embedded;
mod parse;
mod select;
#[cfg(test)]
mod tests;

pub use embedded::FILES;
pub use parse::ComponentsError;
pub use select::{Selection, SelectionError, by_wave};

use crate::model::config::Profile;

/// File of the list below `manifests/`.
pub const LIST: &str = "components.yaml";

/// The waves that there may be; Argo CD itself comes before wave 0.
pub const WAVES: std::ops::RangeInclusive<i64> = -1..=99;

/// All components, in the order of their waves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Components(Vec<Component>);

/// A part of the platform that is installed as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Why it is there, in one sentence.
    pub why: String,
    /// All of a wave is ready before the next one starts.
    pub wave: i64,
    /// Profiles that have it; empty: all.
    pub profiles: Vec<Profile>,
    /// Namespaces that have to be there for it.
    pub namespaces: Vec<Namespace>,
    /// Where its objects come from.
    pub source: Source,
}

/// A namespace, by its default name, and what may run in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// Its name in the default configuration.
    pub name: String,
    /// The level of Pod Security that holds in it.
    pub pod_security: PodSecurity,
}

/// Levels of Kubernetes' Pod Security Standards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PodSecurity {
    /// What hardened Pods do.
    Restricted,
    /// What is no known way out of a Pod.
    Baseline,
    /// Everything.
    Privileged,
}

impl PodSecurity {
    const ALL: [Self; 3] = [Self::Restricted, Self::Baseline, Self::Privileged];

    /// As the label `pod-security.kubernetes.io/enforce` writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Restricted => "restricted",
            Self::Baseline => "baseline",
            Self::Privileged => "privileged",
        }
    }
}

/// Where the objects of a component come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Files: ours, of upstream's releases, or both; then ours take the place of the release's of the same name.
    Files {
        /// The folder that we ship.
        ours: Option<Ours>,
        /// What is fetched.
        releases: Vec<Release>,
    },
    /// A Helm chart, which only Argo CD installs.
    Chart(Chart),
    /// What `render install` prints.
    Install,
}

/// Which of the files below `components/<name>/` count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ours {
    /// All of them.
    Common,
    /// Those in the folder of the profile.
    PerProfile,
}

/// A YAML file of upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its name among the component's.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it is.
    pub url: String,
    /// What it must be, in lower-case hexadecimal; `None` until somebody has vouched for it, and then it is not installed.
    pub sha256: Option<String>,
}

/// A Helm chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// Where it is.
    pub repository: String,
    /// Its name there.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Components {
    /// The ones that this program brings.
    ///
    /// # Errors
    /// None in a program whose tests pass.
    pub fn built_in() -> Result<Self, ComponentsError> {
        let list = FILES.iter().find(|(path, _)| *path == LIST);
        Self::parse(list.map_or("", |(_, text)| text))
    }

    /// Reads a list.
    ///
    /// # Errors
    /// [`ComponentsError`], with everything that is wrong at once.
    pub fn parse(text: &str) -> Result<Self, ComponentsError> {
        parse::parse(text).map(Self)
    }

    /// All of them, in the order of their waves.
    #[must_use]
    pub fn all(&self) -> &[Component] {
        &self.0
    }

    /// The one of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Component> {
        self.0.iter().find(|component| component.name == name)
    }
}

impl Component {
    /// Upstream's files; none if it comes from elsewhere.
    #[must_use]
    pub fn releases(&self) -> &[Release] {
        match &self.source {
            Source::Files { releases, .. } => releases,
            Source::Chart(_) | Source::Install => &[],
        }
    }

    /// Whether a profile has it.
    #[must_use]
    pub fn is_in(&self, profile: Profile) -> bool {
        self.profiles.is_empty() || self.profiles.contains(&profile)
    }

    /// The folder of our own objects below `manifests/`; `None` if there are none.
    #[must_use]
    pub fn own_folder(&self, profile: Profile) -> Option<String> {
        let Source::Files { ours, .. } = &self.source else {
            return None;
        };
        let name = &self.name;
        ours.map(|ours| match ours {
            Ours::Common => format!("components/{name}"),
            Ours::PerProfile => format!("components/{name}/{}", profile.word()),
        })
    }

    /// The folder that Argo CD reads: ours, or the one in which what was fetched or rendered is left. `None` for a chart.
    #[must_use]
    pub fn git_folder(&self, profile: Profile) -> Option<String> {
        match &self.source {
            Source::Chart(_) => None,
            Source::Files { releases, .. } if releases.is_empty() => self.own_folder(profile),
            Source::Files { .. } | Source::Install => Some(format!("vendor/{}", self.name)),
        }
    }

    /// Our own files that are built in, by path below `manifests/`.
    pub fn own_files(&self, profile: Profile) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let folder = self.own_folder(profile).map(|folder| folder + "/");
        let is_own = move |path: &str| folder.as_deref().is_some_and(|folder| path.starts_with(folder));
        FILES.iter().copied().filter(move |(path, _)| is_own(path))
    }
}

/// The text of the component's Argo CD Application; Argo CD itself has none.
#[must_use]
pub fn application_text(component: &Component) -> Option<&'static str> {
    let path = format!("applications/{}.yaml", component.name);
    text(&path)
}

/// The text of a built-in file, by its path below `manifests/`.
#[must_use]
pub fn text(path: &str) -> Option<&'static str> {
    let found = FILES.iter().find(|(other, _)| *other == path);
    found.map(|(_, text)| *text)
}
