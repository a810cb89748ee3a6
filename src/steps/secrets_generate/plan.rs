//! What to do about the secrets that were seen.

use super::{
    Action, Change, Fill, Source,
    observe::{KeySeen, Pair, SecretSeen, Seen},
};
use crate::{
    converge::{
        Plan,
        contract::{Note, Refusal, Wait},
    },
    model::{
        exit::Exit,
        failure::Reason,
        secrets::{KeyRef, Origin, Quality},
    },
    planted::{self, Bug},
};

/// Missing keys are added, empty ones filled, copies made equal to their sources; nothing else changes.
///
/// If the database was initialised with a Secret that is gone, nothing at all is done: a new password
/// would lock everybody out of the data.
pub(super) fn plan(seen: &Seen) -> Plan<Action> {
    let lost = seen.secrets.iter().filter_map(|secret| data_loss(seen, secret));
    let mut plan = Plan {
        refused: lost.collect(),
        ..Plan::default()
    };
    if !plan.refused.is_empty() {
        return plan;
    }
    for secret in &seen.secrets {
        plan_secret(seen, secret, &mut plan);
    }
    plan
}

/// Why a Secret must not be made: it is missing, and the database that was initialised with it is not.
pub(super) fn data_loss(seen: &Seen, secret: &SecretSeen) -> Option<Refusal> {
    let (spec, claims) = (&secret.spec, &seen.claims);
    let is_lost = spec.guards_database && secret.uid.is_none() && !claims.is_empty();
    is_lost.then(|| Refusal {
        exit: Exit::Human,
        reason: Reason::DataLossGuard,
        object: spec.object(),
        message: format!(
            "it is missing, but the database volume {} exists and was initialised with it",
            claims.join(", ")
        ),
        hint: format!(
            "restore Secret {} from a backup, as `aphex-ops backup restore FILE --identity-file FILE` does, or if the data may be lost \
             run `kubectl -n {} delete pvc {}`",
            spec.name,
            spec.namespace,
            claims.join(" ")
        ),
    })
}

fn plan_secret(seen: &Seen, secret: &SecretSeen, plan: &mut Plan<Action>) {
    if planted::is_planted(Bug::TrustsExistence) && secret.uid.is_some() {
        return;
    }
    let mut own = Plan::default();
    let mut add = Vec::new();
    let action = |change| Action {
        namespace: secret.spec.namespace.clone(),
        secret: secret.spec.name,
        uid: secret.uid.clone(),
        change,
    };
    for key in &secret.keys {
        let name = key.spec.at.key;
        match decide(seen, secret, key) {
            Decision::Keep => {}
            Decision::Fill(from) if key.quality == Quality::Empty => {
                own.act.push(action(Change::FillEmpty(Fill { key: name, from })));
            }
            Decision::Fill(from) => add.push(Fill { key: name, from }),
            Decision::Align(source) => own.act.push(action(Change::Align { key: name, source })),
            Decision::Later(source) => {
                let message = format!(
                    "key {name} follows when {}/{} is there",
                    source.secret, source.key
                );
                own.wait
                    .push(Wait::new(secret.spec.object(), Reason::NotFound, message));
            }
        }
    }
    if !add.is_empty() {
        own.act.push(action(Change::Add(add)));
    }
    if own.is_converged() {
        plan.notes.push(Note::unchanged(
            secret.spec.object(),
            format!("{} keys", secret.keys.len()),
        ));
    } else if secret.immutable {
        plan.refused.push(immutable(secret));
    } else {
        plan.act.extend(own.act);
        plan.wait.extend(own.wait);
    }
    plan.notes
        .extend(secret.keys.iter().filter_map(|key| warning(secret, key)));
}

enum Decision {
    Keep,
    Fill(Source),
    Align(KeyRef),
    /// Its source is made in this round; it follows in the next.
    Later(KeyRef),
}

fn decide(seen: &Seen, secret: &SecretSeen, key: &KeySeen) -> Decision {
    match &key.spec.origin {
        Origin::Random(_) if key.quality.has_value() && !begins_anew(seen, secret) => Decision::Keep,
        // A copy that outlived its source is what programs know: it becomes the source.
        Origin::Random(bytes) => {
            Decision::Fill(copy_of(seen, &key.spec.at).map_or(Source::Random(*bytes), Source::Copy))
        }
        Origin::CopyOf(source) => match key.pair {
            Pair::None | Pair::Same => Decision::Keep,
            Pair::Different => Decision::Align(source.clone()),
            Pair::Incomplete if key.quality.has_value() => Decision::Keep,
            Pair::Incomplete => fill_copy(seen, secret, key, source),
        },
    }
}

fn begins_anew(seen: &Seen, secret: &SecretSeen) -> bool {
    let lacks_key = |secret: &SecretSeen| secret.keys.iter().any(|key| !key.quality.has_value());
    planted::is_planted(Bug::OverwritesSecrets) && lacks_key(secret)
        || planted::is_planted(Bug::RestartsGeneration) && seen.secrets.iter().any(lacks_key)
}

fn fill_copy(seen: &Seen, secret: &SecretSeen, key: &KeySeen, source: &KeyRef) -> Decision {
    let quality = find(seen, source).map_or(Quality::Missing, |source| source.quality);
    let same_secret = source.namespace == secret.spec.namespace && source.secret == secret.spec.name;
    match quality {
        Quality::Missing if same_secret && key.quality == Quality::Missing => {
            Decision::Fill(Source::SameAs(source.key))
        }
        Quality::Missing | Quality::Empty => Decision::Later(source.clone()),
        _ => Decision::Fill(Source::Copy(source.clone())),
    }
}

fn find<'a>(seen: &'a Seen, at: &KeyRef) -> Option<&'a KeySeen> {
    seen.secrets
        .iter()
        .flat_map(|secret| &secret.keys)
        .find(|key| &key.spec.at == at)
}

/// A copy of `source` that has a value.
fn copy_of(seen: &Seen, source: &KeyRef) -> Option<KeyRef> {
    let keys = seen.secrets.iter().flat_map(|secret| &secret.keys);
    let mut copies = keys.filter(|key| matches!(&key.spec.origin, Origin::CopyOf(other) if other == source));
    copies
        .find(|key| key.quality.has_value())
        .map(|key| key.spec.at.clone())
}

/// A value that exists is kept, whatever it looks like.
fn warning(secret: &SecretSeen, key: &KeySeen) -> Option<Note> {
    let complaint = key.quality.complaint().filter(|_| key.quality.has_value())?;
    let message = format!("key {} {complaint}; it is kept", key.spec.at.key);
    Some(Note::warning(secret.spec.object(), Reason::InvalidValue, message))
}

fn immutable(secret: &SecretSeen) -> Refusal {
    Refusal {
        exit: Exit::Human,
        reason: Reason::InvalidValue,
        object: secret.spec.object(),
        message: "keys are missing or differ, but the Secret is immutable".to_owned(),
        hint: format!(
            "save it (`kubectl -n {} get secret {} -o yaml`), delete it, create it again without `immutable: \
             true`, then run this again",
            secret.spec.namespace, secret.spec.name
        ),
    }
}

#[cfg(test)]
mod tests;
