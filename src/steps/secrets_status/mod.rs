//! `secrets status`: what is wrong with the platform's secrets, without their values.

use crate::{
    converge::{
        Context, Meta, Outcome, Plan, Schedule, Step,
        contract::{Note, Nothing, Refusal},
    },
    model::{
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
        object::ObjectRef,
        rule::Rule,
    },
    steps::secrets_generate::{self, KeySeen, Pair, Seen},
};

/// Report missing, empty, short, placeholder or differing secrets.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct SecretsStatus {}

impl Step for SecretsStatus {
    const META: Meta = Meta {
        command: "secrets status",
        summary: "every secret of the platform is as it should be",
        schedule: Schedule::Once,
        read_only: true,
    };
    type Observed = Seen;
    type Action = Nothing;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        secrets_generate::rules(config, &["get"])
    }

    async fn observe(&self, cx: &Context) -> Result<Seen, Failure> {
        secrets_generate::look(cx).await
    }

    fn plan(&self, seen: &Seen) -> Plan<Nothing> {
        let mut plan = Plan::default();
        for secret in &seen.secrets {
            let object = secret.spec.object();
            if secret.uid.is_none() {
                plan.refused
                    .push(finding(&object, Reason::NotFound, "it does not exist".to_owned()));
                continue;
            }
            let findings: Vec<Refusal> = secret.keys.iter().filter_map(|key| judge(&object, key)).collect();
            if findings.is_empty() {
                plan.notes.push(Note::unchanged(
                    object,
                    format!("{} keys are good", secret.keys.len()),
                ));
            }
            plan.refused.extend(findings);
        }
        plan
    }

    async fn apply(&self, _: &Context, action: Nothing) -> Result<Outcome, Failure> {
        match action {}
    }
}

fn judge(object: &ObjectRef, key: &KeySeen) -> Option<Refusal> {
    let name = key.spec.at.key;
    if key.pair == Pair::Different {
        return Some(finding(
            object,
            Reason::Mismatch,
            format!("key {name} differs from its source"),
        ));
    }
    let complaint = key.quality.complaint()?;
    let reason = if key.quality.has_value() {
        Reason::InvalidValue
    } else {
        Reason::NotFound
    };
    Some(finding(object, reason, format!("key {name} {complaint}")))
}

fn finding(object: &ObjectRef, reason: Reason, message: String) -> Refusal {
    let hint = match reason {
        Reason::InvalidValue => {
            "replace the value by one of your own; nothing overwrites a value that exists"
        }
        _ => "run `aphex-ops secrets generate`",
    };
    Refusal {
        exit: Exit::CheckFailed,
        reason,
        object: object.clone(),
        message,
        hint: hint.to_owned(),
    }
}
