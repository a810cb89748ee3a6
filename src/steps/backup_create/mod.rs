//! `backup create`: what nobody could make again, encrypted in one file.

pub(in crate::steps) mod contents;
pub(in crate::steps) mod gather;

use crate::{
    age::{self, Recipient},
    converge::{Context, Effect, Meta, Outcome, Plan, Schedule, Step, Verb, contract::Note},
    model::{
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
        object::ObjectRef,
        rule::Rule,
        secrets::catalog,
    },
    steps::new_file,
};
use contents::{Contents, is_leaving};
use secrecy::zeroize::Zeroizing;
use std::{
    fmt,
    io::Write as _,
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// Write the platform's Secrets and all tenants into one encrypted file.
#[derive(Debug, Default, clap::Args)]
pub struct BackupCreate {
    /// Backup to write; it must not exist yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Public key that can read it, as `age-keygen` prints it (age1…); may be repeated, and each alone suffices
    // Not parsed by clap, whose errors repeat what they refuse: that may be a private key.
    #[arg(long = "recipient", value_name = "RECIPIENT", required = true)]
    recipients: Vec<String>,
    #[arg(skip)]
    gathered: OnceLock<Arc<Gathered>>,
    #[arg(skip)]
    is_written: AtomicBool,
}

#[derive(Debug, Default)]
struct Gathered {
    contents: Contents,
    /// What is left out.
    lacking: Vec<(ObjectRef, Reason, &'static str)>,
}

/// What was collected, and how it is with the file.
#[derive(Debug)]
pub struct Seen {
    file: PathBuf,
    gathered: Arc<Gathered>,
    recipients: usize,
    is_there: bool,
    is_written: bool,
}

/// The file is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    file: PathBuf,
    objects: usize,
    recipients: usize,
}

impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = if self.recipients == 1 { "" } else { "s" };
        let Self {
            objects, recipients, ..
        } = self;
        write!(
            f,
            "write {objects} objects into it, for {recipients} recipient{ending}"
        )
    }
}

impl Effect for Write {
    fn object(&self) -> ObjectRef {
        new_file::object(&self.file)
    }

    fn verb(&self) -> Verb {
        Verb::Create
    }
}

impl BackupCreate {
    /// # Errors
    /// [`Exit::Usage`] about the first one that is none.
    fn recipients(&self) -> Result<Vec<Recipient>, Failure> {
        let parse = |(number, text): (usize, &String)| {
            text.parse().map_err(|trouble: age::Trouble| {
                let message = format!("--recipient number {number}: {trouble}");
                let failure = Failure::new(Exit::Usage, Reason::InvalidConfig, message);
                failure.hint("`age-keygen -o key.txt` makes a key and prints its recipient")
            })
        };
        (1..).zip(&self.recipients).map(parse).collect()
    }

    async fn gather(&self, cx: &Context) -> Result<Arc<Gathered>, Failure> {
        if let Some(gathered) = self.gathered.get() {
            return Ok(Arc::clone(gathered));
        }
        let found = gather::look(cx).await?;
        let is_missing = |object: &ObjectRef| found.keys().all(|(_, at)| at.object() != *object);
        let secrets = catalog(&cx.config).into_iter().map(|secret| secret.object());
        let missing = secrets
            .filter(is_missing)
            .map(|object| (object, Reason::NotFound, "it does not exist"));
        let leaving = found
            .iter()
            .filter(|(_, live)| is_leaving(live))
            .map(|((_, at), _)| (at.object(), Reason::Terminating, "it is being deleted"));
        let gathered = Arc::new(Gathered {
            lacking: missing.chain(leaving).collect(),
            contents: Contents::of(&found, &cx.config),
        });
        Ok(Arc::clone(self.gathered.get_or_init(|| gathered)))
    }
}

impl Step for BackupCreate {
    const META: Meta = Meta {
        command: "backup create",
        summary: "what nobody could make again is in one encrypted file",
        schedule: Schedule::Once,
        // Of the cluster, it only looks.
        read_only: true,
    };
    type Observed = Seen;
    type Action = Write;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        gather::rules(config, &[])
    }

    async fn observe(&self, cx: &Context) -> Result<Seen, Failure> {
        let recipients = self.recipients()?.len();
        Ok(Seen {
            file: self.file.clone(),
            gathered: self.gather(cx).await?,
            recipients,
            is_there: self.file.exists(),
            is_written: self.is_written.load(Ordering::Relaxed),
        })
    }

    fn plan(&self, seen: &Seen) -> Plan<Write> {
        let mut plan = Plan::default();
        let lacking = seen.gathered.lacking.iter();
        let note = |(object, reason, why): &(ObjectRef, Reason, &str)| {
            Note::warning(object.clone(), *reason, format!("not in the backup: {why}"))
        };
        plan.notes = lacking.map(note).collect();
        match (seen.is_written, seen.is_there) {
            (true, _) => {}
            (false, true) => plan.refused.push(new_file::exists(&seen.file)),
            (false, false) => plan.act.push(Write {
                file: seen.file.clone(),
                objects: seen.gathered.contents.0.len(),
                recipients: seen.recipients,
            }),
        }
        plan
    }

    async fn apply(&self, cx: &Context, action: Write) -> Result<Outcome, Failure> {
        let gathered = self.gather(cx).await?;
        let text = gathered.contents.to_json().map(Zeroizing::new).map_err(|error| {
            let failure = Failure::new(Exit::Bug, Reason::Unexpected, "an object is no JSON");
            failure.caused_by(error)
        })?;
        let encrypted = age::encrypt(&self.recipients()?, &text)?;
        new_file::create(&action.file, |mut file| {
            file.write_all(&encrypted)?;
            file.sync_all()
        })?;
        self.is_written.store(true, Ordering::Relaxed);
        Ok(Outcome::Created)
    }
}
