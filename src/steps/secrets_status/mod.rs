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
        schedule: Schedule::Cron("41 5 * * *"),
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
                    .push(match secrets_generate::data_loss(seen, secret) {
                        Some(refusal) => Refusal {
                            exit: Exit::CheckFailed,
                            ..refusal
                        },
                        None => finding(&object, Reason::NotFound, "it does not exist".to_owned()),
                    });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::secrets::{Quality, catalog},
        steps::secrets_generate::SecretSeen,
    };

    /// Nothing exists, except for these claims.
    fn mk_seen(claims: &[&str]) -> Seen {
        let see = |spec: crate::model::secrets::SecretSpec| SecretSeen {
            uid: None,
            immutable: false,
            rotating: Vec::new(),
            keys: Vec::new(),
            spec,
        };
        Seen {
            secrets: catalog(&Config::default()).into_iter().map(see).collect(),
            claims: claims.iter().map(|claim| (*claim).to_owned()).collect(),
        }
    }

    #[test]
    fn a_secret_that_must_not_be_made_anew_has_another_remedy() {
        let hints = |claims: &[&str]| {
            let plan = SecretsStatus::default().plan(&mk_seen(claims));
            assert!(
                plan.refused
                    .iter()
                    .all(|refusal| refusal.exit == Exit::CheckFailed)
            );
            let restored = plan
                .refused
                .iter()
                .filter(|refusal| refusal.hint.contains("from a backup"));
            (plan.refused.len(), restored.count())
        };
        assert_eq!(hints(&[]), (5, 0));
        assert_eq!(hints(&["postgresql-data"]), (5, 2));
    }

    #[test]
    fn each_key_is_judged() {
        let object = ObjectRef::secret("auth-system", "dex-secrets");
        let spec = catalog(&Config::default()).remove(2).keys.remove(1);
        for (quality, pair, reason) in [
            (Quality::Good, Pair::Same, None),
            (Quality::Good, Pair::Different, Some(Reason::Mismatch)),
            (Quality::NotText, Pair::Same, Some(Reason::InvalidValue)),
            (Quality::Missing, Pair::Incomplete, Some(Reason::NotFound)),
        ] {
            let key = KeySeen {
                spec: spec.clone(),
                quality,
                pair,
            };
            assert_eq!(judge(&object, &key).map(|refusal| refusal.reason), reason);
        }
    }
}
