//! The platform's own components as manifests.

use super::{
    Installed,
    choice::{PlatformArgs, Via},
};
use crate::{
    apply::{
        Problem,
        manifest::{self, Manifest},
    },
    converge::Context,
    mirror::Mirror,
    model::{
        components::{Component, Components, Source},
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
        object::ObjectRef,
    },
    render::components::{self as render, RenderError},
};
use serde_json::Value;

/// The component that is applied directly, whichever way the others come.
const ARGO_CD: &str = "argocd";

/// What reading takes besides the arguments.
struct Reader<'a> {
    cx: &'a Context,
    mirror: Mirror,
    installed: Installed,
}

/// All manifests of the chosen components, each in the wave of its component.
///
/// # Errors
/// All at once: what is chosen and does not exist, what is not configured, what cannot be applied that way, and what of
/// upstream's files is missing, unknown, or not what is pinned.
pub(super) async fn read(
    args: &PlatformArgs,
    installed: Installed,
    cx: &Context,
) -> Result<Vec<Manifest>, Vec<Failure>> {
    let (components, reader) = open(args, installed, cx).map_err(|failure| vec![failure])?;
    let selection = args.choice.selection();
    let chosen = components.select(&selection, cx.config.profile);
    let chosen = chosen.map_err(|error| vec![error.into()])?;
    reader.all(&chosen, args.via(&cx.config)).await
}

/// All objects that the platform may have made in the cluster, whichever way and whatever is chosen: what of its set is
/// none of these is no longer wanted.
///
/// # Errors
/// As those of [`read`].
pub(super) async fn wanted(
    args: &PlatformArgs,
    installed: Installed,
    cx: &Context,
) -> Result<Vec<Manifest>, Vec<Failure>> {
    let (components, reader) = open(args, installed, cx).map_err(|failure| vec![failure])?;
    let there = components.all().iter();
    let there: Vec<&Component> = there
        .filter(|component| component.is_in(cx.config.profile))
        .collect();
    let is_direct = |component: &&Component| !matches!(component.source, Source::Chart(_));
    let direct: Vec<&Component> = there.iter().copied().filter(is_direct).collect();
    let chosen = components.select(&args.choice.selection(), cx.config.profile);
    let chosen = chosen.map_err(|error| vec![error.into()])?;
    let unseen = direct
        .iter()
        .filter(|component| !chosen.iter().any(|chosen| chosen.name == component.name));
    let unseen: Vec<Failure> = unseen.map(|component| left_out(component)).collect();
    if !unseen.is_empty() {
        return Err(unseen);
    }
    let mut found = Collected::default();
    found.add(reader.all(&direct, Via::Apply).await);
    found.add(applications(&there, &cx.config));
    found.manifests()
}

fn open<'a>(
    args: &PlatformArgs,
    installed: Installed,
    cx: &'a Context,
) -> Result<(Components, Reader<'a>), Failure> {
    let components = Components::built_in()?;
    let mirror = Mirror::open(args.mirror.as_deref())?;
    Ok((
        components,
        Reader {
            cx,
            mirror,
            installed,
        },
    ))
}

impl Reader<'_> {
    async fn all(&self, chosen: &[&Component], via: Via) -> Result<Vec<Manifest>, Vec<Failure>> {
        let config = &self.cx.config;
        let mut found = Collected::default();
        for component in chosen {
            found.add(namespaces(component, config));
            if via == Via::Apply || component.name == ARGO_CD {
                found.add(self.direct(component).await);
            }
        }
        if via == Via::Argocd {
            found.add(repository(config).map_err(|failure| vec![failure]));
            found.add(applications(chosen, config));
        }
        found.manifests()
    }

    /// A component's objects, as this program applies them.
    async fn direct(&self, component: &Component) -> Result<Vec<Manifest>, Vec<Failure>> {
        let config = &self.cx.config;
        let objects = match &component.source {
            Source::Chart(_) => return Err(vec![chart(component)]),
            Source::Install => (self.installed.0)(config)
                .into_iter()
                .filter(|object| object["kind"] != "Namespace")
                .collect(),
            Source::Files { .. } => {
                let releases = self.mirror.objects(&self.cx.http, component).await?;
                render::with_releases(component, config, releases)
                    .map_err(|error| vec![broken(component, error)])?
            }
        };
        placed(component, objects, render::home(component, config))
    }
}

/// What was read, and what is wrong, until everything was looked at.
#[derive(Default)]
struct Collected {
    manifests: Vec<Manifest>,
    failures: Vec<Failure>,
}

impl Collected {
    /// A namespace that two components need is there once, in the earlier wave; they agree on what runs in it.
    fn add(&mut self, found: Result<Vec<Manifest>, Vec<Failure>>) {
        match found {
            Ok(manifests) => {
                for manifest in manifests {
                    let is_namespace = manifest.is(("", "Namespace"));
                    let is_same = |other: &Manifest| other.key() == manifest.key();
                    if !(is_namespace && self.manifests.iter().any(is_same)) {
                        self.manifests.push(manifest);
                    }
                }
            }
            Err(failures) => self.failures.extend(failures),
        }
    }

    fn manifests(self) -> Result<Vec<Manifest>, Vec<Failure>> {
        if self.failures.is_empty() {
            Ok(self.manifests)
        } else {
            Err(self.failures)
        }
    }
}

fn namespaces(component: &Component, config: &Config) -> Result<Vec<Manifest>, Vec<Failure>> {
    placed(component, render::namespaces(component, config), None)
}

fn applications(chosen: &[&Component], config: &Config) -> Result<Vec<Manifest>, Vec<Failure>> {
    let mut found = Collected::default();
    for component in chosen {
        found.add(match render::application(component, config) {
            Ok(application) => placed(component, application.into_iter().collect(), None),
            Err(error) => Err(vec![broken(component, error)]),
        });
    }
    found.manifests()
}

/// Manifests in the wave of their component, whatever wave they ask for themselves.
fn placed(
    component: &Component,
    objects: Vec<Value>,
    home: Option<String>,
) -> Result<Vec<Manifest>, Vec<Failure>> {
    let name = format!("component {}", component.name);
    let manifests = manifest::of_objects(&name, objects);
    let mut manifests = manifests
        .map_err(|problems: Vec<Problem>| problems.into_iter().map(Failure::from).collect::<Vec<_>>())?;
    for manifest in &mut manifests {
        // The list's waves are from -1 to 99.
        manifest.wave = i32::try_from(component.wave).unwrap_or_default();
        manifest.home.clone_from(&home);
    }
    Ok(manifests)
}

/// Argo CD has to be told where the manifests are.
fn repository(config: &Config) -> Result<Vec<Manifest>, Failure> {
    if config.gitops.repo_url.is_some() {
        return Ok(Vec::new());
    }
    Err(usage("Argo CD reads the components from a Git repository, and gitops.repoURL is not configured").hint(
        "set it in the file of --config, and put there what `aphex-ops render platform manifests` writes; or install with \
         --via apply",
    ))
}

/// Nothing goes before everything that takes its place is there and healthy, and that is seen of what is chosen only.
fn left_out(component: &Component) -> Failure {
    let message = "it is left out, so nobody sees whether it is healthy";
    on(component, usage(message))
        .hint("prune without --wave, --only and --skip; Helm charts alone may be skipped")
}

fn chart(component: &Component) -> Failure {
    let message = "it is a Helm chart, which only Argo CD installs";
    on(component, usage(message)).hint(format!(
        "leave it out with --skip {}, or install with --via argocd",
        component.name
    ))
}

fn broken(component: &Component, error: RenderError) -> Failure {
    let failure = Failure::new(Exit::Human, Reason::InvalidValue, "its objects cannot be read");
    on(component, failure.caused_by(error))
}

fn on(component: &Component, failure: Failure) -> Failure {
    failure.on(ObjectRef::global("Component", &component.name))
}

fn usage(message: impl Into<String>) -> Failure {
    Failure::new(Exit::Usage, Reason::InvalidConfig, message)
}
