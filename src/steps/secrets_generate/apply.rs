//! Making values and writing them: the only place where they exist.

use super::{Action, Change, Fill, Source};
use crate::{
    converge::{Context, Outcome},
    entropy,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        names,
        object::ObjectRef,
        secrets::KeyRef,
    },
    planted::{self, Bug},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use k8s_openapi::api::core::v1::Secret;
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use subtle::ConstantTimeEq;

pub(super) async fn apply(cx: &Context, action: Action) -> Result<Outcome, Failure> {
    let Action {
        namespace,
        secret,
        uid,
        change,
    } = action;
    match change {
        Change::Add(fills) => add(cx, &namespace, secret, uid.as_deref(), &fills).await,
        Change::FillEmpty(fill) => {
            let value = make(cx, &fill.from).await?;
            replace(cx, &namespace, secret, fill.key, "", &value).await
        }
        Change::Align { key, source } => align(cx, &namespace, secret, key, &source).await,
    }
}

/// One server-side apply under a field manager that was never used before: keys that are missing are
/// added all together, and if any exists by now, with whatever value, the request is a conflict and
/// changes nothing (measured: of 20 racers exactly one wins, with all its keys). The uid keeps a Secret
/// that was deleted meanwhile from coming back with these keys alone.
async fn add(
    cx: &Context,
    namespace: &str,
    secret: &str,
    uid: Option<&str>,
    fills: &[Fill],
) -> Result<Outcome, Failure> {
    let mut values: BTreeMap<&str, SecretSlice<u8>> = BTreeMap::new();
    for fill in fills {
        let value = match &fill.from {
            Source::SameAs(_) if planted::is_planted(Bug::SplitsPairs) => {
                make(cx, &Source::Random(32)).await?
            }
            Source::SameAs(key) => values
                .get(key)
                .cloned()
                .ok_or_else(|| source_gone(namespace, secret))?,
            from => make(cx, from).await?,
        };
        values.insert(fill.key, value);
    }
    let data: Map<String, Value> = values
        .iter()
        .map(|(key, value)| ((*key).to_owned(), encoded(value).into()))
        .collect();
    let mut metadata = json!({"name": secret, "namespace": namespace});
    match uid {
        Some(uid) => metadata["uid"] = uid.into(),
        None => metadata["labels"] = json!({names::MANAGED_BY_LABEL: names::PRODUCT}),
    }
    let body = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data});
    let manager = format!("{}-gen-{}", names::PRODUCT, entropy::name()?);
    if planted::is_planted(Bug::TrustsExistence) {
        let hollow = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata});
        cx.cluster
            .apply_as::<Secret>(&manager, namespace, secret, &hollow)
            .await?;
    }
    match cx
        .cluster
        .apply_as::<Secret>(&manager, namespace, secret, &body)
        .await
    {
        Ok(_) => Ok(if uid.is_some() {
            Outcome::Configured
        } else {
            Outcome::Created
        }),
        Err(failure) if failure.reason == Reason::FieldConflict => Err(Failure::new(
            Exit::Transient,
            Reason::Conflict,
            "somebody else was faster; their values are kept",
        )),
        Err(failure) if failure.reason == Reason::NotFound => {
            Err(failure.hint("the namespace is missing: run `aphex-ops namespaces ensure`"))
        }
        Err(failure) => Err(failure),
    }
}

async fn make(cx: &Context, from: &Source) -> Result<SecretSlice<u8>, Failure> {
    match from {
        Source::Random(bytes) => {
            let text = entropy::secret(*bytes)?;
            Ok(text.expose_secret().as_bytes().to_vec().into())
        }
        Source::Copy(at) => read(cx, at).await,
        Source::SameAs(key) => {
            let message = format!("{key} is to be copied outside the request that makes it");
            Err(Failure::new(Exit::Bug, Reason::Unexpected, message))
        }
    }
}

async fn read(cx: &Context, at: &KeyRef) -> Result<SecretSlice<u8>, Failure> {
    cx.cluster
        .secret_value(at)
        .await?
        .ok_or_else(|| source_gone(&at.namespace, at.secret))
}

fn source_gone(namespace: &str, secret: &str) -> Failure {
    Failure::new(
        Exit::Transient,
        Reason::Conflict,
        "a value to copy is gone since it was seen",
    )
    .on(ObjectRef::secret(namespace, secret))
}

/// Gives a copy the value that its source has now, unless somebody else changed the copy meanwhile.
pub(in crate::steps) async fn align(
    cx: &Context,
    namespace: &str,
    secret: &'static str,
    key: &'static str,
    source: &KeyRef,
) -> Result<Outcome, Failure> {
    let wanted = read(cx, source).await?;
    let live = read(
        cx,
        &KeyRef {
            namespace: namespace.to_owned(),
            secret,
            key,
        },
    )
    .await?;
    if bool::from(live.expose_secret().ct_eq(wanted.expose_secret())) {
        return Ok(Outcome::Unchanged);
    }
    replace(cx, namespace, secret, key, &encoded(&live), &wanted).await
}

/// JSON patch that replaces a value only if it still is the one that was read (RFC 6902 `test`).
async fn replace(
    cx: &Context,
    namespace: &str,
    secret: &str,
    key: &str,
    before: &str,
    after: &SecretSlice<u8>,
) -> Result<Outcome, Failure> {
    let path = format!("/data/{key}");
    let operations = json!([
        {"op": "test", "path": path, "value": before},
        {"op": "replace", "path": path, "value": encoded(after)},
    ]);
    match cx
        .cluster
        .json_patch::<Secret>(namespace, secret, &operations)
        .await
    {
        Ok(_) => Ok(Outcome::Configured),
        // 422 is how the API server says that a `test` does not hold.
        Err(failure) if failure.reason == Reason::InvalidValue => Err(Failure::new(
            Exit::Transient,
            Reason::Conflict,
            "the value was changed since it was seen",
        )),
        Err(failure) => Err(failure),
    }
}

fn encoded(value: &SecretSlice<u8>) -> String {
    STANDARD.encode(value.expose_secret())
}
