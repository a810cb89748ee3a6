//! Doing what was decided.

use super::{
    action::{Action, Change},
    desired::{WEBHOOK_KEY, WEBHOOK_SECRET},
    memory::Memory,
    resources, tunnels,
};
use crate::{
    converge::{Context, Outcome},
    entropy,
    kubernetes::Part,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        kind::Address,
        tenants,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// Random bytes of a webhook's secret.
pub(super) const SECRET_BYTES: usize = 32;

/// Does it, and remembers what the next looks need not ask for.
pub(super) async fn apply(cx: &Context, memory: &Memory, action: Action) -> Result<Outcome, Failure> {
    let owner = action.owner.clone();
    let object = action.at.object();
    let result = act(cx, memory, action).await;
    if let Err(failure) = &result
        && !failure.exit.is_transient()
    {
        memory.fail(&owner, format!("{object}: {}", failure.message));
    }
    result
}

async fn act(cx: &Context, memory: &Memory, action: Action) -> Result<Outcome, Failure> {
    let at = &action.at;
    match action.change {
        Change::Apply { body, uid: None } => {
            cx.cluster.apply(at, &body, None).await?;
            memory.made(at);
            Ok(Outcome::Created)
        }
        Change::Apply { body, uid } => {
            cx.cluster.apply_forced(at, &body, uid.as_deref()).await?;
            Ok(Outcome::Configured)
        }
        Change::Replace { body, fields, uid } => replace(cx, at, &body, fields, &uid).await,
        Change::WebhookSecret {
            body,
            uid,
            is_given,
            resource,
        } => webhook_secret(cx, at, body, uid, is_given.then_some(&resource)).await,
        Change::Tunnel { action, .. } => tunnels::apply(cx, memory, &at.name, action).await,
        Change::Delete { uid, .. } => {
            cx.cluster.delete(at, &uid, None).await?;
            memory.deleting();
            Ok(Outcome::Deleted)
        }
        Change::Hold {
            finalizer,
            version,
            mut finalizers,
        } => {
            finalizers.push(finalizer.to_owned());
            finalize(cx, at, &version, &finalizers).await
        }
        Change::Release { version, finalizers } => {
            let kept = finalize(cx, at, &version, &finalizers).await?;
            // With its last finalizer it is gone.
            let is_gone = finalizers.is_empty();
            Ok(if is_gone { Outcome::Deleted } else { kept })
        }
        Change::Status { status, version, .. } => report(cx, at, status, &version).await,
    }
}

/// Of the object as it is then, with all that is not ours left in it.
async fn replace(
    cx: &Context,
    at: &Address,
    body: &Value,
    fields: &[&str],
    uid: &str,
) -> Result<Outcome, Failure> {
    let Some(mut live) = cx.cluster.find(at).await? else {
        return Err(changed(at));
    };
    if live["metadata"]["uid"] != uid {
        return Err(changed(at));
    }
    for field in fields {
        live[field] = body[field].clone();
    }
    if let Some(metadata) = live["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    cx.cluster.replace(at, live).await?;
    Ok(Outcome::Configured)
}

pub(super) fn changed(at: &Address) -> Failure {
    let message = "it was changed by somebody else at the same time";
    Failure::new(Exit::Transient, Reason::Conflict, message).on(at.object())
}

/// The value is read and made here, and goes nowhere but into the Secret.
async fn webhook_secret(
    cx: &Context,
    at: &Address,
    mut body: Value,
    uid: Option<String>,
    given_by: Option<&Address>,
) -> Result<Outcome, Failure> {
    let value = match given_by {
        Some(organization) => given(cx, organization).await?,
        None => match existing(cx, at).await? {
            Some(value) => value,
            None => entropy::secret(SECRET_BYTES)?,
        },
    };
    body["type"] = "Opaque".into();
    body["data"] = json!({WEBHOOK_KEY: STANDARD.encode(value.expose_secret())});
    cx.cluster.apply_forced(at, &body, uid.as_deref()).await?;
    Ok(if uid.is_some() {
        Outcome::Configured
    } else {
        Outcome::Created
    })
}

async fn given(cx: &Context, organization: &Address) -> Result<SecretString, Failure> {
    let live = cx.cluster.find(organization).await?;
    let read = live.and_then(|live| serde_json::from_value::<tenants::Organization>(live).ok());
    read.and_then(|organization| organization.spec.webhook_secret)
        .ok_or_else(|| changed(organization))
}

async fn existing(cx: &Context, at: &Address) -> Result<Option<SecretString>, Failure> {
    let namespace = at.namespace.as_deref().unwrap_or_default();
    let secret = cx.cluster.secret(namespace, WEBHOOK_SECRET).await?;
    let value = secret.and_then(|secret| secret.text(WEBHOOK_KEY));
    Ok(value.filter(|value| !value.expose_secret().is_empty()))
}

async fn finalize(
    cx: &Context,
    at: &Address,
    version: &str,
    finalizers: &[String],
) -> Result<Outcome, Failure> {
    let body = json!({"metadata": {"resourceVersion": version, "finalizers": finalizers}});
    match cx.cluster.merge_into(at, Part::Whole, &body).await {
        Ok(_) => Ok(Outcome::Configured),
        // With its last finalizer it is gone, and there is nothing left to answer with.
        Err(failure) if failure.reason == Reason::NotFound && finalizers.is_empty() => {
            Ok(Outcome::Configured)
        }
        Err(failure) => Err(failure),
    }
}

/// What began to be so with this has no time yet.
async fn report(cx: &Context, at: &Address, mut status: Value, version: &str) -> Result<Outcome, Failure> {
    let now = resources::now();
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        if condition["lastTransitionTime"] == "" {
            condition["lastTransitionTime"] = now.as_str().into();
        }
    }
    if *at.kind.name == *"KnowledgeBase" {
        status["lastReconcileTime"] = now.into();
    }
    let body = json!({
        "metadata": {"resourceVersion": version},
        "status": status,
    });
    cx.cluster.merge_into(at, Part::Status, &body).await?;
    Ok(Outcome::Configured)
}
