//! `backup restore`: what a backup has and the cluster has not is in the cluster again.

mod apply;
mod compare;
mod plan;

use crate::{
    age,
    converge::{Context, Meta, Outcome, Plan, Schedule, Step},
    model::{
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
        rule::Rule,
        tenants::kinds,
    },
    steps::{
        backup_create::{
            contents::{Contents, place_of},
            gather,
        },
        new_file,
    },
};
use plan::{Found, Restore};
use secrecy::zeroize::Zeroizing;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

/// Restore what a backup has and the cluster has not.
#[derive(Debug, Default, clap::Args)]
pub struct BackupRestore {
    /// Backup that `backup create` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Private keys, as `age-keygen` writes them: the first that fits is taken
    #[arg(long, value_name = "FILE", required = true)]
    identity_file: PathBuf,
    /// Put what the backup has in the place of what is different in the cluster
    #[arg(long)]
    overwrite: bool,
    /// Do not ask before anything is overwritten
    #[arg(long)]
    yes: bool,
    #[arg(skip)]
    contents: OnceLock<Arc<Contents>>,
}

impl BackupRestore {
    /// Whether it may overwrite what is different.
    #[must_use]
    pub fn overwriting(self, overwrite: bool) -> Self {
        Self { overwrite, ..self }
    }

    /// What somebody has to agree to, unless the command line does.
    #[must_use]
    pub fn question(&self) -> Option<String> {
        let question = || {
            let file = self.file.display();
            format!("Overwrite whatever is different in {file}, and lose what it is now?")
        };
        (self.overwrite && !self.yes).then(question)
    }

    /// The file is read once.
    fn contents(&self, config: &Config) -> Result<Arc<Contents>, Failure> {
        if let Some(contents) = self.contents.get() {
            return Ok(Arc::clone(contents));
        }
        let contents = Arc::new(self.read(config)?);
        Ok(Arc::clone(self.contents.get_or_init(|| contents)))
    }

    fn read(&self, config: &Config) -> Result<Contents, Failure> {
        let wrong = |file: &Path, message: String| {
            Failure::new(Exit::Usage, Reason::InvalidConfig, message).on(new_file::object(file))
        };
        let unread = |file: &Path, error| wrong(file, "it cannot be read".to_owned()).caused_by(error);
        let keys = fs::read_to_string(&self.identity_file).map(Zeroizing::new);
        let keys = keys.map_err(|error| unread(&self.identity_file, error))?;
        let keys =
            age::identities(&keys).map_err(|trouble| wrong(&self.identity_file, trouble.to_string()))?;
        let file = fs::read(&self.file).map_err(|error| unread(&self.file, error))?;
        let text = age::decrypt(&keys, &file).map_err(|trouble| wrong(&self.file, trouble.to_string()))?;
        Contents::from_json(&text, config).map_err(|trouble| wrong(&self.file, trouble))
    }
}

impl Step for BackupRestore {
    const META: Meta = Meta {
        command: "backup restore",
        summary: "what the backup has is in the cluster",
        schedule: Schedule::Once,
        read_only: false,
    };
    type Observed = Vec<Found>;
    type Action = Restore;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        // An Event about an object takes its uid.
        let mut rules = gather::rules(config, &["get", "create", "patch"]);
        // Who may say how tenants do is let to make their namespaces.
        let group = kinds::ORGANIZATION.group;
        let all = [] as [String; 0];
        rules.push(Rule::cluster(group, "organizations/status", all, &["patch"]));
        if self.overwrite {
            rules.extend(kinds::ALL.iter().map(|kind| Rule::everywhere(kind, &["update"])));
        }
        rules
    }

    async fn observe(&self, cx: &Context) -> Result<Vec<Found>, Failure> {
        let contents = self.contents(&cx.config)?;
        let live = gather::look(cx).await?;
        let found = contents.0.iter().map(|(place, wanted)| {
            let (stage, at) = place;
            Found {
                at: at.clone(),
                rank: *stage as u8,
                state: compare::state(at, wanted, live.get(place)),
            }
        });
        Ok(found.collect())
    }

    fn plan(&self, seen: &Vec<Found>) -> Plan<Restore> {
        plan::plan(seen, self.overwrite)
    }

    async fn apply(&self, cx: &Context, action: Restore) -> Result<Outcome, Failure> {
        let contents = self.contents(&cx.config)?;
        let place = place_of(action.at.clone());
        match place.and_then(|place| contents.0.get(&place)) {
            Some(body) => apply::apply(cx, &action, body).await,
            None => {
                let message = "it is to be restored and is not in the backup";
                Err(Failure::new(Exit::Bug, Reason::Unexpected, message).on(action.at.object()))
            }
        }
    }
}
