//! Writing what the backup has.

use super::plan::{Change, Restore};
use crate::{
    converge::{Context, Outcome},
    entropy,
    kubernetes::Part,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        kind::{Address, SECRET},
        names,
    },
};
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Map, Value, json};

/// `body` is the object as the backup has it.
pub(super) async fn apply(cx: &Context, action: &Restore, body: &Value) -> Result<Outcome, Failure> {
    match &action.change {
        Change::Create => {
            if action.at.kind == SECRET {
                write(cx, &action.at, body).await?;
            } else {
                cx.cluster.apply(&action.at, body, None).await?;
            }
            Ok(Outcome::Created)
        }
        Change::Add { keys, uid } => {
            let lacking = keys.iter().map(|key| (key.clone(), body["data"][key].clone()));
            let (name, namespace) = (&action.at.name, &action.at.namespace);
            let body = json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": namespace, "uid": uid},
                "data": lacking.collect::<Map<_, _>>(),
            });
            write(cx, &action.at, &body).await?;
            Ok(Outcome::Configured)
        }
        Change::Overwrite { fields, uid } => overwrite(cx, &action.at, uid, fields, body).await,
    }
}

/// As `secrets generate` does it: under a field manager that was never used before, so that whatever somebody else has put there
/// meanwhile is a conflict, and nothing is changed.
async fn write(cx: &Context, at: &Address, body: &Value) -> Result<(), Failure> {
    let manager = format!("{}-restore-{}", names::PRODUCT, entropy::name()?);
    let namespace = at.namespace.as_deref().unwrap_or_default();
    let written = cx.cluster.apply_as::<Secret>(&manager, namespace, &at.name, body);
    match written.await {
        Ok(_) => Ok(()),
        Err(failure) if failure.reason == Reason::FieldConflict => {
            let message = "somebody else has written it meanwhile; their values are kept";
            Err(Failure::new(Exit::Transient, Reason::Conflict, message))
        }
        Err(failure) => Err(failure),
    }
}

async fn overwrite(
    cx: &Context,
    at: &Address,
    uid: &str,
    fields: &[String],
    body: &Value,
) -> Result<Outcome, Failure> {
    let gone = || {
        let message = "it is gone since it was seen, or another one";
        Failure::new(Exit::Transient, Reason::Conflict, message).on(at.object())
    };
    let mut live = cx.cluster.find(at).await?.ok_or_else(gone)?;
    if live["metadata"]["uid"] != uid {
        return Err(gone());
    }
    if at.kind == SECRET {
        let version = &live["metadata"]["resourceVersion"];
        let values = fields.iter().map(|key| (key.clone(), body["data"][key].clone()));
        let data: Map<_, _> = values.collect();
        let patch = json!({"metadata": {"resourceVersion": version}, "data": data});
        cx.cluster.merge_into(at, Part::Whole, &patch).await?;
    } else {
        for field in fields {
            live["spec"][field] = body["spec"][field].clone();
        }
        cx.cluster.replace(at, live).await?;
    }
    Ok(Outcome::Configured)
}
