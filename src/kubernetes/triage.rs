//! From an error of the API server to a [`Failure`]: what it means and what mends it.
//!
//! Decisions rest on status, reason and causes, never on message text, with two exceptions that the API has no structure
//! for: which manager owns a field in a conflict, and that it is a webhook which does not answer.

use super::transport::TransportError;
use crate::model::{
    exit::Exit,
    failure::{Failure, Reason},
    object::ObjectRef,
};
use crate::planted::{self, Bug};
use kube::core::{Status, response::StatusCause};
use std::error::Error;

/// Classifies an error about `object`.
pub(super) fn failure(error: kube::Error, object: &ObjectRef) -> Failure {
    let failure = match error {
        kube::Error::Api(status) => answered(&status, object),
        other => unanswered(other),
    };
    failure.on(object.clone())
}

fn answered(status: &Status, object: &ObjectRef) -> Failure {
    let is = |exit, reason, message: &str| Failure::new(exit, reason, message);
    let text = safe_text(status, object);
    match (status.code, status.reason.as_str()) {
        (401, _) => is(
            Exit::Forbidden,
            Reason::Unauthenticated,
            "the API server does not accept the credential",
        )
        .hint("check the kubeconfig's user, or the Pod's ServiceAccount token"),
        (403 | 409, _) if has_cause(status, "NamespaceTerminating") => is(
            Exit::Transient,
            Reason::Terminating,
            "its namespace is being deleted",
        )
        .hint("wait until the namespace is gone, then run this again"),
        (403, _) => is(
            Exit::Forbidden,
            Reason::Forbidden,
            &format!("permission is missing: {text}"),
        )
        .hint("grant what the message names; `aphex-ops render rbac` prints what a command needs"),
        (404, _) => is(
            Exit::Transient,
            Reason::NotFound,
            &format!("the API server does not find it: {text}"),
        ),
        (409, _) if has_cause(status, "FieldManagerConflict") => field_conflict(status),
        (409, _) => is(
            Exit::Transient,
            Reason::Conflict,
            "it was changed by somebody else at the same time",
        ),
        // The uid that we send is a precondition, which validation only knows as a field that must not change.
        (422, _) if causes(status).iter().any(|cause| cause.field == "metadata.uid") => is(
            Exit::Transient,
            Reason::Conflict,
            "it was deleted and made anew by somebody else at the same time",
        ),
        (422, _) => is(
            Exit::Human,
            Reason::InvalidValue,
            &format!("the API server refuses it: {text}"),
        ),
        (429, _) => is(Exit::Transient, Reason::Throttled, "the API server is too busy"),
        (400..=499, _) => is(
            Exit::Bug,
            Reason::Unexpected,
            &format!("the API server refuses the request: {text}"),
        ),
        // The wording of the API server's admission plugins for webhooks, since Kubernetes 1.9.
        (500, _) if status.message.contains("failed calling webhook") => is(
            Exit::Transient,
            Reason::Starting,
            &format!("a webhook that has to agree does not answer: {text}"),
        )
        .hint("look at the Pods behind that webhook's Service, then run this again"),
        (code, _) => is(
            Exit::Transient,
            Reason::Unavailable,
            &format!("the API server has trouble ({code}): {text}"),
        ),
    }
}

fn unanswered(error: kube::Error) -> Failure {
    let transport = find::<TransportError>(&error);
    let stopping = matches!(transport, Some(TransportError::Stopping));
    let connect = matches!(transport, Some(TransportError::Connect(_)));
    match error {
        _ if stopping => Failure::new(
            Exit::Interrupted,
            Reason::Interrupted,
            "not sent, because the run is stopping",
        ),
        kube::Error::Service(source) if connect => Failure::new(
            Exit::Transient,
            Reason::Unavailable,
            "cannot reach the API server",
        )
        .caused_by(source)
        .hint("check that the cluster runs and that --context names the right one"),
        kube::Error::Service(source) => Failure::new(
            Exit::Transient,
            Reason::Unavailable,
            "no usable answer from the API server",
        )
        .caused_by(source),
        kube::Error::Auth(source) => Failure::new(
            Exit::Forbidden,
            Reason::Unauthenticated,
            "cannot get a credential for the API server",
        )
        .caused_by(source)
        .hint("check the kubeconfig's user, or the Pod's ServiceAccount token"),
        kube::Error::SerdeError(error) if planted::is_planted(Bug::Panics) => panic!("{error}"),
        // The text of a decoding error can quote what it could not decode, so it is not passed on.
        kube::Error::SerdeError(_)
        | kube::Error::FromUtf8(_)
        | kube::Error::LinesCodecMaxLineLengthExceeded => Failure::new(
            Exit::Transient,
            Reason::InvalidAnswer,
            "the API server's answer cannot be decoded",
        ),
        other => {
            Failure::new(Exit::Bug, Reason::Unexpected, "the request could not be made").caused_by(other)
        }
    }
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        current = error.source();
    }
    None
}

fn causes(status: &Status) -> &[StatusCause] {
    status
        .details
        .as_ref()
        .map(|details| details.causes.as_slice())
        .unwrap_or_default()
}

fn has_cause(status: &Status, reason: &str) -> bool {
    causes(status).iter().any(|cause| cause.reason == reason)
}

/// What may be said of an answer: for a Secret only the fields it complains of, since validation
/// messages quote the offending value.
fn safe_text(status: &Status, object: &ObjectRef) -> String {
    if object.kind != "Secret" || status.code == 403 || status.code == 404 {
        return status.message.clone();
    }
    let fields: Vec<&str> = causes(status).iter().map(|cause| cause.field.as_str()).collect();
    format!("{} {}", status.reason, fields.join(", "))
        .trim_end()
        .to_owned()
}

/// Whether an apply was refused because of fields that these field managers own, and nobody else.
pub(super) fn is_conflict_with(error: &kube::Error, managers: &[String]) -> bool {
    let kube::Error::Api(status) = error else {
        return false;
    };
    let owners = owners(status);
    !owners.is_empty()
        && owners
            .iter()
            .all(|(_, owner)| managers.iter().any(|manager| manager == owner))
}

/// The fields of other managers, each with its manager.
fn owners(status: &Status) -> Vec<(&str, &str)> {
    let conflicts = causes(status)
        .iter()
        .filter(|cause| cause.reason == "FieldManagerConflict");
    conflicts
        .map(|cause| (cause.field.as_str(), manager(&cause.message)))
        .collect()
}

fn field_conflict(status: &Status) -> Failure {
    let owners: Vec<String> = owners(status)
        .iter()
        .map(|(field, owner)| format!("{field} ({owner})"))
        .collect();
    Failure::new(
        Exit::Human,
        Reason::FieldConflict,
        format!("owned by somebody else: {}", owners.join("; ")),
    )
    .hint("remove the field from the other manager's configuration, then run this again")
}

/// `conflict with "kubectl" using v1` and the like: what stands between the quotes.
fn manager(message: &str) -> &str {
    message.split('"').nth(1).unwrap_or("another field manager")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn triage(kind: &str, status: serde_json::Value) -> Failure {
        let status: Status = serde_json::from_value(status).unwrap();
        failure(
            kube::Error::Api(Box::new(status)),
            &ObjectRef::namespaced(kind, "ns", "name"),
        )
    }

    #[test]
    fn every_answer_has_its_exit_code_and_reason() {
        let cases = [
            (json!({"code": 401}), Exit::Forbidden, Reason::Unauthenticated),
            (
                json!({"code": 403, "reason": "Forbidden"}),
                Exit::Forbidden,
                Reason::Forbidden,
            ),
            (
                json!({"code": 403, "details": {"causes": [{"reason": "NamespaceTerminating"}]}}),
                Exit::Transient,
                Reason::Terminating,
            ),
            (
                json!({"code": 404, "reason": "NotFound"}),
                Exit::Transient,
                Reason::NotFound,
            ),
            (
                json!({"code": 500, "reason": "InternalError", "message": "Internal error occurred: failed calling webhook \"a.b\": refused"}),
                Exit::Transient,
                Reason::Starting,
            ),
            (
                json!({"code": 409, "reason": "Conflict"}),
                Exit::Transient,
                Reason::Conflict,
            ),
            (
                json!({"code": 409, "reason": "AlreadyExists"}),
                Exit::Transient,
                Reason::Conflict,
            ),
            (
                json!({"code": 422, "reason": "Invalid"}),
                Exit::Human,
                Reason::InvalidValue,
            ),
            (
                json!({"code": 422, "reason": "Invalid", "details": {"causes": [{"field": "metadata.uid"}]}}),
                Exit::Transient,
                Reason::Conflict,
            ),
            (json!({"code": 429}), Exit::Transient, Reason::Throttled),
            (json!({"code": 400}), Exit::Bug, Reason::Unexpected),
            (json!({"code": 500}), Exit::Transient, Reason::Unavailable),
            (json!({"code": 504}), Exit::Transient, Reason::Unavailable),
        ];
        for (status, exit, reason) in cases {
            let failure = triage("ConfigMap", status.clone());
            assert_eq!((failure.exit, failure.reason), (exit, reason), "{status}");
        }
    }

    #[test]
    fn a_field_conflict_names_field_and_manager() {
        let failure = triage(
            "Deployment",
            json!({"code": 409, "reason": "Conflict", "details": {"causes": [
                {"reason": "FieldManagerConflict", "field": ".spec.replicas", "message": "conflict with \"hpa\" using v1"}
            ]}}),
        );
        assert_eq!(
            (failure.exit, failure.reason),
            (Exit::Human, Reason::FieldConflict)
        );
        assert_eq!(failure.message, "owned by somebody else: .spec.replicas (hpa)");
    }

    #[test]
    fn what_is_said_of_a_secret_has_no_values() {
        let failure = triage(
            "Secret",
            json!({"code": 422, "reason": "Invalid", "message": "Invalid value: \"hunter2\"",
                   "details": {"causes": [{"reason": "FieldValueInvalid", "field": "data[k]", "message": "hunter2"}]}}),
        );
        assert_eq!(
            failure.to_string(),
            "Secret ns/name: the API server refuses it: Invalid data[k]"
        );
    }
}
