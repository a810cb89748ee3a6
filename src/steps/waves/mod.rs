//! `waves install`: manifests, wave by wave; the next wave begins when the one before it is healthy. Also what `waves prune`
//! and `waves status` share with it.

mod choice;
mod find;
mod input;
mod memory;
mod observe;
mod plan;
mod platform;
mod prepared;
mod progress;
mod prune;
mod rules;
mod status;

pub use choice::Choice;
pub use prune::WavesPrune;
pub use status::WavesStatus;

use crate::{
    apply::applyset::Parent,
    converge::{Context, Effect, Meta, Outcome, Plan, Schedule, Step, Verb, contract::Refusal},
    kubernetes::State,
    model::{
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
        kind::Address,
        object::ObjectRef,
        rule::Rule,
    },
    render::install,
};
use choice::PlatformArgs;
use memory::Known;
use prepared::{Body, Prepared};
use progress::{Progress, start};
use rules::Does;
use serde_json::Value;
use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// Apply manifests wave by wave, and wait for each wave to be healthy.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct WavesInstall {
    #[command(flatten)]
    args: Args,
    #[arg(skip)]
    run: Run,
}

/// What to apply.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {
    /// Manifests instead of the platform's: a file, a folder with all below it, or - for standard input; may be repeated
    #[arg(
        short = 'f',
        long = "file",
        value_name = "PATH",
        conflicts_with_all = ["waves", "only", "skip", "via"]
    )]
    files: Vec<PathBuf>,
    #[command(flatten)]
    platform: PlatformArgs,
    /// Name of the set that the objects form; what leaves a set can be pruned [default: components; with --file, manifests]
    #[arg(long, value_name = "NAME")]
    set: Option<String>,
    /// Namespace of objects that name none
    #[arg(long, short = 'n', value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Take what this field manager owns of the objects, such as kubectl-client-side-apply or helm; may be repeated
    #[arg(long, value_name = "MANAGER")]
    adopt: Vec<String>,
    /// Accept Jobs with ttlSecondsAfterFinished, which every run starts again
    #[arg(long)]
    rerun_jobs: bool,
}

impl Args {
    /// Whether it is about the platform.
    fn is_platform(&self) -> bool {
        self.files.is_empty()
    }

    fn set(&self) -> &str {
        let usual = if self.is_platform() {
            "components"
        } else {
            "manifests"
        };
        self.set.as_deref().unwrap_or(usual)
    }
}

/// What `install` puts into a cluster; see [`crate::render::install::objects`].
#[derive(Debug, Clone, Copy)]
struct Installed(fn(&Config) -> Vec<Value>);

impl Default for Installed {
    fn default() -> Self {
        Self(|config| install::objects(config, Vec::new()))
    }
}

/// What one run knows.
#[derive(Debug, Clone, Default)]
struct Run {
    progress: Arc<Mutex<Option<Progress>>>,
    installed: Installed,
}

/// What was seen.
#[derive(Debug, Clone)]
pub enum Seen {
    /// The manifests are not good: nothing may be done.
    Invalid(Vec<Refusal>),
    /// All of the plan.
    Whole(Whole),
}

/// All of a plan, as it is.
#[derive(Debug, Clone)]
pub struct Whole {
    prepared: Arc<Prepared>,
    known: Vec<Known>,
    parent: Option<Parent>,
}

/// One effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// The set's parent learns of new kinds and namespaces.
    Remember(Arc<Value>),
    /// Server-side apply.
    Apply {
        /// Its place in the plan.
        at: usize,
        /// Which object.
        address: Address,
        /// What is applied.
        body: Body,
        /// The object that was seen; `None` if there was none.
        uid: Option<String>,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Remember(_) => "keep in mind which kinds and namespaces the set has",
            Self::Apply { uid: None, .. } => "create",
            Self::Apply { uid: Some(_), .. } => "apply what differs",
        })
    }
}

impl Effect for Action {
    fn object(&self) -> ObjectRef {
        match self {
            Self::Remember(parent) => observe::parent_address(parent).object(),
            Self::Apply { address, .. } => address.object(),
        }
    }

    fn verb(&self) -> Verb {
        match self {
            Self::Apply { uid: None, .. } => Verb::Create,
            Self::Remember(_) | Self::Apply { .. } => Verb::Update,
        }
    }
}

impl WavesInstall {
    /// The platform's component `controllers` is these objects.
    #[must_use]
    pub fn with(mut self, installed: fn(&Config) -> Vec<Value>) -> Self {
        self.run.installed = Installed(installed);
        self
    }

    /// Of these files and folders, as `--file` has them.
    #[must_use]
    pub fn of(files: Vec<PathBuf>) -> Self {
        let args = Args {
            files,
            ..Args::default()
        };
        Self {
            args,
            run: Run::default(),
        }
    }

    /// The permissions that installing takes, before anything was looked at: [`Step::rules`], and what it is good to see
    /// besides. Asks the cluster which kinds it has, and nothing else.
    ///
    /// # Errors
    /// A cluster that does not answer, or the first thing that is wrong with the manifests.
    pub async fn rules_of_manifests(&self, cx: &Context) -> Result<Vec<Rule>, Failure> {
        let prepared = progress::prepare(&self.args, self.run.installed, cx).await?;
        let prepared = prepared.map_err(first)?;
        let set = self.args.set();
        let mut rules = rules::rules(Some(&prepared), set, &cx.config, Does::Apply);
        rules.extend(rules::related(&prepared));
        Ok(rules)
    }
}

impl Step for WavesInstall {
    const META: Meta = Meta {
        command: "waves install",
        summary: "all waves of the manifests are applied and healthy",
        schedule: Schedule::Once,
        read_only: false,
    };
    type Observed = Seen;
    type Action = Action;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        self.run.rules(&self.args, config, Does::Apply)
    }

    async fn observe(&self, cx: &Context) -> Result<Seen, Failure> {
        self.run.look(&self.args, cx).await
    }

    fn plan(&self, seen: &Seen) -> Plan<Action> {
        plan::plan(seen)
    }

    async fn apply(&self, cx: &Context, action: Action) -> Result<Outcome, Failure> {
        match action {
            Action::Remember(parent) => {
                let at = observe::parent_address(&parent);
                cx.cluster.apply(&at, &parent, None).await?;
                self.run.with(|progress| progress.parent = None);
                Ok(Outcome::Configured)
            }
            Action::Apply {
                at,
                address,
                body,
                uid,
            } => {
                let managers = &self.args.adopt;
                let applied = cx
                    .cluster
                    .apply_over(managers, &address, &body, uid.as_deref())
                    .await;
                let live = applied.map_err(|failure| self.run.failed(at, failure))?;
                self.run.with(|progress| progress.applied(at, live));
                Ok(if uid.is_some() {
                    Outcome::Configured
                } else {
                    Outcome::Created
                })
            }
        }
    }
}

impl Run {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Progress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at all of the plan for the first time, later at what may have changed.
    async fn look(&self, args: &Args, cx: &Context) -> Result<Seen, Failure> {
        // Taken out while it works: a lock must not be held over requests.
        let taken = self.lock().take();
        let mut progress = match taken {
            Some(progress) => progress,
            None => match start(args, self.installed, cx).await? {
                Ok(progress) => progress,
                Err(refused) => return Ok(Seen::Invalid(refused)),
            },
        };
        let looked = progress.look(cx).await;
        let seen = Whole {
            prepared: progress.prepared.clone(),
            known: progress.known.clone(),
            parent: progress.parent.clone(),
        };
        // Kept also when the look failed: which rights the plan takes is known from now on.
        *self.lock() = Some(progress);
        Ok(match looked? {
            refused if refused.is_empty() => Seen::Whole(seen),
            refused => Seen::Invalid(refused),
        })
    }

    fn rules(&self, args: &Args, config: &Config, does: Does) -> Vec<Rule> {
        let progress = self.lock();
        rules::rules(
            progress.as_ref().map(|progress| &*progress.prepared),
            args.set(),
            config,
            does,
        )
    }

    fn failed(&self, at: usize, mut failure: Failure) -> Failure {
        self.with(|progress| {
            progress.known[at].is_stale = true;
            if progress.may_be_too_early(at, &failure) {
                (failure.exit, failure.reason) = (Exit::Transient, Reason::Starting);
            }
        });
        failure
    }

    fn with(&self, change: impl FnOnce(&mut Progress)) {
        if let Some(progress) = self.lock().as_mut() {
            change(progress);
        }
    }
}

fn first(failures: Vec<Failure>) -> Failure {
    let bug = || {
        Failure::new(
            Exit::Bug,
            Reason::Unexpected,
            "the manifests are refused without a reason",
        )
    };
    failures.into_iter().next().unwrap_or_else(bug)
}

fn refused(failures: Vec<Failure>) -> Vec<Refusal> {
    failures.into_iter().map(invalid).collect()
}

fn invalid(failure: Failure) -> Refusal {
    let message = failure.chain();
    Refusal {
        exit: failure.exit,
        reason: failure.reason,
        object: observe::input_object(&failure),
        message,
        hint: failure
            .hint
            .unwrap_or_else(|| "mend the manifest, then run this again".to_owned()),
    }
}
