//! `render platform`: the folder that Argo CD reads.

use super::{offline::Work, options::Options, process::Ended, run::Run, steps};
use crate::{
    converge::{Outcome, Verb},
    mirror::{Mirror, whole},
    model::{
        components::application_text,
        exit::Exit,
        failure::{Failure, Reason},
        object::ObjectRef,
    },
    render::platform,
    steps::waves::Choice,
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

#[derive(Debug, clap::Args)]
pub(super) struct PlatformArgs {
    #[command(flatten)]
    choice: Choice,
    /// Folder that `aphex-ops waves fetch` filled; without it, releases are fetched from the network
    #[arg(long, value_name = "FOLDER", env = "APHEX_OPS_MIRROR")]
    mirror: Option<PathBuf>,
    /// Folder that is written to, and made if it does not exist
    #[arg(value_name = "FOLDER")]
    to: PathBuf,
}

/// Reads everything before it writes anything.
pub(super) async fn write(options: &Options, args: &PlatformArgs, run: &Run) -> Result<Ended, Failure> {
    let mut work = Work::start(options, run, "render platform")?;
    let mirror = Mirror::open(args.mirror.as_deref())?;
    let components = work.components.clone();
    let chosen = components.select(&args.choice.selection(), work.config.profile)?;
    let mut releases = BTreeMap::new();
    // Argo CD itself is in no repository: it is applied directly.
    for component in chosen
        .iter()
        .filter(|component| application_text(component).is_some())
    {
        match mirror.objects(&work.http, component).await {
            Ok(objects) => {
                releases.insert(component.name.clone(), objects);
            }
            Err(failures) => failures.into_iter().for_each(|failure| work.failed(failure)),
        }
    }
    if work.has_failed() {
        return Ok(work.end());
    }
    let installed = steps::installed(&work.config);
    let files = platform::files(&components, &chosen, &releases, &installed, &work.config);
    let files = files.map_err(|error| {
        Failure::new(Exit::Human, Reason::InvalidValue, "a file cannot be rendered").caused_by(error)
    })?;
    for (path, text) in files {
        let file = ObjectRef::global("File", &path);
        match put(&args.to.join(&path), &text) {
            Ok(outcome) => work.did(file, Verb::Create, outcome, String::new()),
            Err(failure) => work.failed(failure.on(file)),
        }
    }
    Ok(work.end())
}

/// Leaves a file alone that is as it should be, so that nothing seems new to a build.
fn put(path: &Path, text: &str) -> Result<Outcome, Failure> {
    let is_there = match fs::read(path) {
        Ok(found) if found == text.as_bytes() => return Ok(Outcome::Unchanged),
        Ok(_) => true,
        Err(_) => false,
    };
    whole(path, text.as_bytes())?;
    Ok(if is_there {
        Outcome::Configured
    } else {
        Outcome::Created
    })
}
