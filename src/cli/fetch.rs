//! `waves fetch`: the files of upstream's releases, in a folder.

use super::{offline::Work, options::Options, process::Ended, run::Run};
use crate::{
    converge::{Outcome, Verb},
    mirror::{self, Fetched, Mirror},
    model::{components::Release, failure::Failure},
    steps::waves::Choice,
};
use std::path::PathBuf;

/// What to fetch, and where to.
#[derive(Debug, clap::Args)]
pub(super) struct FetchArgs {
    #[command(flatten)]
    choice: Choice,
    /// Folder that is filled, and made if it does not exist
    #[arg(long, value_name = "FOLDER", env = "APHEX_OPS_MIRROR")]
    mirror: PathBuf,
    /// Take files that no sum is pinned of, and record theirs in the folder: from then on they must stay as they are
    #[arg(long)]
    record: bool,
}

/// Goes on after what fails, so that everything that is wrong is said at once. Files that are there are not fetched again.
pub(super) async fn fetch(options: &Options, args: &FetchArgs, run: &Run) -> Result<Ended, Failure> {
    let mut work = Work::start(options, run, "waves fetch")?;
    let mut mirror = Mirror::open(Some(&args.mirror))?;
    let components = work.components.clone();
    for component in components.select(&args.choice.selection(), work.config.profile)? {
        for release in component.releases() {
            match mirror.fetch(&work.http, component, release, args.record).await {
                Ok(fetched) => {
                    let (verb, outcome, message) = told(release, &fetched);
                    work.did(mirror::object(component, release), verb, outcome, message);
                }
                Err(failure) => work.failed(failure),
            }
        }
    }
    if let Err(failure) = mirror.save() {
        work.failed(failure);
    }
    Ok(work.end())
}

fn told(release: &Release, fetched: &Fetched) -> (Verb, Outcome, String) {
    let version = &release.version;
    match fetched {
        Fetched::Present => (Verb::Check, Outcome::Unchanged, format!("{version} is there")),
        Fetched::Written => (
            Verb::Create,
            Outcome::Created,
            format!("{version}, with the pinned sum"),
        ),
        Fetched::Recorded(sum) => (
            Verb::Create,
            Outcome::Created,
            format!("{version}; its SHA-256 is recorded: {sum}"),
        ),
    }
}
