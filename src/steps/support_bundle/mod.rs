//! `support-bundle`: the platform's state, events and logs in one file for whoever helps, without any secret.

mod archive;
mod gather;
mod redact;

use crate::{
    converge::{Context, Effect, Meta, Outcome, Plan, Schedule, Step, Verb, contract::Note},
    model::{config::Config, failure::Failure, object::ObjectRef, rule::Rule},
    steps::new_file,
};
use gather::Gathered;
use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// Collect the platform's state, events and logs in one file, without secrets.
#[derive(Debug, Default, clap::Args)]
pub struct SupportBundle {
    /// Archive to write; it must not exist yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Lines of each container's log, from its end
    #[arg(long, value_name = "LINES", default_value_t = 1000)]
    lines: u32,
    #[arg(skip)]
    gathered: OnceLock<Arc<Gathered>>,
    #[arg(skip)]
    is_written: AtomicBool,
}

/// What was collected, and how it is with the file.
#[derive(Debug)]
pub struct Seen {
    file: PathBuf,
    gathered: Arc<Gathered>,
    is_there: bool,
    is_written: bool,
}

/// The archive is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    file: PathBuf,
    files: usize,
}

impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "write {} files into it", self.files)
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

impl Step for SupportBundle {
    const META: Meta = Meta {
        command: "support-bundle",
        summary: "what there is to know of the platform is in one file, without secrets",
        schedule: Schedule::Once,
        // Of the cluster, it only looks.
        read_only: true,
    };
    type Observed = Seen;
    type Action = Write;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        gather::rules(config.namespaces.all())
    }

    async fn observe(&self, cx: &Context) -> Result<Seen, Failure> {
        let gathered = match self.gathered.get() {
            Some(gathered) => Arc::clone(gathered),
            None => {
                let gathered = Arc::new(gather::gather(cx, self.lines).await?);
                Arc::clone(self.gathered.get_or_init(|| gathered))
            }
        };
        Ok(Seen {
            file: self.file.clone(),
            gathered,
            is_there: self.file.exists(),
            is_written: self.is_written.load(Ordering::Relaxed),
        })
    }

    fn plan(&self, seen: &Seen) -> Plan<Write> {
        let mut plan = Plan::default();
        let lacking = seen.gathered.lacking.iter().map(|failure| {
            let nothing = || ObjectRef::global("cluster", "");
            let object = failure.object.clone().unwrap_or_else(nothing);
            Note::warning(
                object,
                failure.reason,
                format!("not collected: {}", failure.message),
            )
        });
        plan.notes = lacking.collect();
        match (seen.is_written, seen.is_there) {
            (true, _) => {}
            (false, true) => plan.refused.push(new_file::exists(&seen.file)),
            (false, false) => plan.act.push(Write {
                file: seen.file.clone(),
                files: seen.gathered.files.len(),
            }),
        }
        plan
    }

    async fn apply(&self, _: &Context, action: Write) -> Result<Outcome, Failure> {
        let gathered = self.gathered.get().map(Arc::clone).unwrap_or_default();
        new_file::create(&action.file, |file| archive::fill(file, &gathered))?;
        self.is_written.store(true, Ordering::Relaxed);
        Ok(Outcome::Created)
    }
}
