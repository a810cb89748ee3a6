//! `waves status`: whether everything of the manifests is there and healthy.

use super::{Args, Installed, Run, Seen, State, rules::Does};
use crate::{
    converge::{
        Context, Meta, Outcome, Plan, Schedule, Step,
        contract::{Note, Nothing, Refusal},
    },
    model::{
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
        rule::Rule,
    },
};
use serde_json::Value;

/// Report for each object of the manifests whether it is as wanted and healthy.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct WavesStatus {
    #[command(flatten)]
    args: Args,
    #[arg(skip)]
    run: Run,
}

impl WavesStatus {
    /// The platform's component `controllers` is these objects.
    #[must_use]
    pub fn with(mut self, installed: fn(&Config) -> Vec<Value>) -> Self {
        self.run.installed = Installed(installed);
        self
    }
}

impl Step for WavesStatus {
    const META: Meta = Meta {
        command: "waves status",
        summary: "everything of the manifests is as wanted and healthy",
        schedule: Schedule::Once,
        read_only: true,
    };
    type Observed = Seen;
    type Action = Nothing;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        self.run.rules(&self.args, config, Does::Look)
    }

    async fn observe(&self, cx: &Context) -> Result<Seen, Failure> {
        self.run.look(&self.args, cx).await
    }

    fn plan(&self, seen: &Seen) -> Plan<Nothing> {
        let mut plan = Plan::default();
        let whole = match seen {
            Seen::Invalid(refused) => {
                plan.refused.clone_from(refused);
                return plan;
            }
            Seen::Whole(whole) => whole,
        };
        for (address, known) in whole.prepared.addresses.iter().zip(&whole.known) {
            let object = address.object();
            let verdict = known.verdict.as_ref();
            let message = match (&known.state, verdict) {
                (State::Same, Some(verdict)) if known.is_done => {
                    plan.notes.push(Note::unchanged(object, &verdict.message));
                    continue;
                }
                (State::Same, Some(verdict)) => format!("{:?}: {}", verdict.health, verdict.message),
                (State::Missing, _) => "it does not exist".to_owned(),
                (State::Terminating { .. }, _) => "it is being deleted".to_owned(),
                (State::Refused(refusal), _) => refusal.message.clone(),
                (State::Same | State::Different { .. }, _) => "it differs from its manifest".to_owned(),
            };
            plan.refused.push(Refusal {
                exit: Exit::CheckFailed,
                reason: Reason::NotReady,
                object,
                message,
                hint: "`waves install` with the same manifests mends what differs".to_owned(),
            });
        }
        plan
    }

    async fn apply(&self, _: &Context, action: Nothing) -> Result<Outcome, Failure> {
        match action {}
    }
}
