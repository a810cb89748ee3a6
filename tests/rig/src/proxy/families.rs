//! The faults that real API servers, etcd, webhooks and load balancers show, ready to use: each row of the
//! response triage has one. Texts are those of Kubernetes 1.34 (`apimachinery/pkg/api/errors`, apiserver).

use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::{Answer, Fault, Moment};

fn instead(answer: Answer) -> Fault {
    Fault::Answer(Moment::BeforeSend, answer)
}

fn committed(answer: Answer) -> Fault {
    Fault::Answer(Moment::AfterCommit, answer)
}

/// What a load balancer answers when it cannot reach, or cannot wait for, the server behind it.
fn gateway(name: &str, status: StatusCode) -> Answer {
    let body = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n");
    Answer::new(name, status, "text/html", body)
}

fn etcd(message: &str) -> Answer {
    Answer::status(
        message,
        StatusCode::INTERNAL_SERVER_ERROR,
        "",
        &format!("etcdserver: {message}"),
        Value::Null,
    )
}

impl Fault {
    /// 401: the token is not (or no longer) accepted.
    pub fn unauthorized() -> Self {
        instead(Answer::status(
            "Unauthorized",
            StatusCode::UNAUTHORIZED,
            "Unauthorized",
            "Unauthorized",
            Value::Null,
        ))
    }

    /// 403: a right is missing.
    pub fn forbidden() -> Self {
        let message = r#"secrets "dex-secrets" is forbidden: User "system:serviceaccount:platform-system:aphex-ops" cannot get resource "secrets" in API group "" in the namespace "auth-system""#;
        let details = json!({"name": "dex-secrets", "kind": "secrets"});
        instead(Answer::status(
            "Forbidden",
            StatusCode::FORBIDDEN,
            "Forbidden",
            message,
            details,
        ))
    }

    /// 403 of the escalation check: the authorizer's cache has not yet seen the role that grants the right.
    pub fn forbidden_rbac_lag() -> Self {
        let message = "roles.rbac.authorization.k8s.io \"lag\" is forbidden: user \"system:serviceaccount:platform-system:aphex-ops\" (groups=[\"system:serviceaccounts\" \"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}";
        let details = json!({"name": "lag", "group": "rbac.authorization.k8s.io", "kind": "roles"});
        instead(Answer::status(
            "Forbidden (RBAC lag)",
            StatusCode::FORBIDDEN,
            "Forbidden",
            message,
            details,
        ))
    }

    /// 403 because the namespace is being deleted.
    pub fn namespace_terminating() -> Self {
        let message = r#"configmaps "x" is forbidden: unable to create new content in namespace gone because it is being terminated"#;
        let cause = json!({"reason": "NamespaceTerminating", "message": "namespace gone is being terminated", "field": "metadata.namespace"});
        let details = json!({"name": "x", "kind": "configmaps", "causes": [cause]});
        instead(Answer::status(
            "Forbidden (terminating)",
            StatusCode::FORBIDDEN,
            "Forbidden",
            message,
            details,
        ))
    }

    /// 404 in plain text: the path is not served yet (discovery or CRD lag).
    pub fn not_served_yet() -> Self {
        instead(Answer::new(
            "not served yet",
            StatusCode::NOT_FOUND,
            "text/plain; charset=utf-8",
            "404 page not found\n",
        ))
    }

    /// 404: the namespace does not exist.
    pub fn namespace_not_found() -> Self {
        let details = json!({"name": "missing", "kind": "namespaces"});
        let message = r#"namespaces "missing" not found"#;
        instead(Answer::status(
            "NotFound (namespace)",
            StatusCode::NOT_FOUND,
            "NotFound",
            message,
            details,
        ))
    }

    /// 409: the resourceVersion that was sent is no longer the current one.
    pub fn conflict() -> Self {
        let message = r#"Operation cannot be fulfilled on configmaps "x": the object has been modified; please apply your changes to the latest version and try again"#;
        let details = json!({"name": "x", "kind": "configmaps"});
        instead(Answer::status(
            "Conflict",
            StatusCode::CONFLICT,
            "Conflict",
            message,
            details,
        ))
    }

    /// 409 of the quota admission plugin, which fails when several writers meet on one ResourceQuota.
    pub fn quota_conflict() -> Self {
        let message = r#"Operation cannot be fulfilled on resourcequotas "tenant": the object has been modified; please apply your changes to the latest version and try again"#;
        let details = json!({"name": "tenant", "kind": "resourcequotas"});
        instead(Answer::status(
            "Conflict (quota)",
            StatusCode::CONFLICT,
            "Conflict",
            message,
            details,
        ))
    }

    /// 409 of server-side apply: another field manager owns `field`.
    pub fn field_manager_conflict(manager: &str, field: &str) -> Self {
        let cause = json!({"reason": "FieldManagerConflict", "message": format!("conflict with \"{manager}\""), "field": field});
        let message = format!("Apply failed with 1 conflict: conflict with \"{manager}\": {field}");
        let details = json!({"causes": [cause]});
        instead(Answer::status(
            "Conflict (field manager)",
            StatusCode::CONFLICT,
            "Conflict",
            &message,
            details,
        ))
    }

    /// 409: an object of that name is there already.
    pub fn already_exists() -> Self {
        let details = json!({"name": "x", "kind": "configmaps"});
        let message = r#"configmaps "x" already exists"#;
        instead(Answer::status(
            "AlreadyExists",
            StatusCode::CONFLICT,
            "AlreadyExists",
            message,
            details,
        ))
    }

    /// 410: the continue token of a LIST, or the resourceVersion of a watch, is too old.
    pub fn expired() -> Self {
        let message = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.";
        instead(Answer::status(
            "Expired",
            StatusCode::GONE,
            "Expired",
            message,
            Value::Null,
        ))
    }

    /// 422: `field` cannot be changed.
    pub fn immutable(field: &str) -> Self {
        let why = "Invalid value: field is immutable";
        let message = format!(r#"Job.batch "x" is invalid: {field}: {why}"#);
        let cause = json!({"reason": "FieldValueInvalid", "message": why, "field": field});
        let details = json!({"name": "x", "group": "batch", "kind": "Job", "causes": [cause]});
        instead(Answer::status(
            "Invalid (immutable)",
            StatusCode::UNPROCESSABLE_ENTITY,
            "Invalid",
            &message,
            details,
        ))
    }

    /// 429 of API Priority and Fairness, with `Retry-After` in seconds.
    pub fn too_many_requests(seconds: u32) -> Self {
        let text = "Too many requests, please try again later.\n";
        let answer = Answer::new(
            "Too Many Requests",
            StatusCode::TOO_MANY_REQUESTS,
            "text/plain; charset=utf-8",
            text,
        );
        instead(answer.with_header(header::RETRY_AFTER, HeaderValue::from(seconds)))
    }

    /// 500 without a known cause; nothing was done.
    pub fn internal_error() -> Self {
        let message = "Internal error occurred: something went wrong";
        instead(Answer::status(
            "InternalError",
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            message,
            Value::Null,
        ))
    }

    /// 500 of etcd while it changes its leader: the write is done all the same.
    pub fn etcd_leader_changed_after_commit() -> Self {
        committed(etcd("leader changed"))
    }

    /// 500 of etcd that took too long: the write is done all the same.
    pub fn etcd_timed_out_after_commit() -> Self {
        committed(etcd("request timed out"))
    }

    /// 500 because an admission webhook cannot be reached (its Pod is not ready yet).
    pub fn webhook_unreachable() -> Self {
        let why = r#"failed calling webhook "webhook.example.com": failed to call webhook: Post "https://webhook.example.svc:443/validate?timeout=10s": dial tcp 10.96.0.99:443: connect: connection refused"#;
        let message = format!("Internal error occurred: {why}");
        let details = json!({"causes": [{"message": why}]});
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        instead(Answer::status(
            "InternalError (webhook)",
            status,
            "InternalError",
            &message,
            details,
        ))
    }

    /// 502 of a load balancer; the server did not see the request.
    pub fn bad_gateway() -> Self {
        instead(gateway("Bad Gateway", StatusCode::BAD_GATEWAY))
    }

    /// 503 of a load balancer; the server did not see the request.
    pub fn service_unavailable() -> Self {
        instead(gateway("Service Unavailable", StatusCode::SERVICE_UNAVAILABLE))
    }

    /// 504 of a load balancer; the server did not see the request.
    pub fn gateway_timeout() -> Self {
        instead(gateway("Gateway Timeout", StatusCode::GATEWAY_TIMEOUT))
    }

    /// 504 of the API server, whose own deadline passed while the write went on and was done.
    pub fn timeout_after_commit() -> Self {
        let message =
            "Timeout: request did not complete within requested timeout - context deadline exceeded";
        committed(Answer::status(
            "Timeout",
            StatusCode::GATEWAY_TIMEOUT,
            "Timeout",
            message,
            json!({}),
        ))
    }

    /// 200 whose body is no JSON.
    pub fn garbage() -> Self {
        instead(Answer::new(
            "garbage",
            StatusCode::OK,
            "application/json",
            "<!doctype html><title>Sign in</title>\n",
        ))
    }

    /// 200 whose body is JSON of a kind that nobody asked for.
    pub fn wrong_kind() -> Self {
        let body = json!({"kind": "Unexpected", "apiVersion": "example.com/v1", "metadata": {}});
        instead(Answer::json("wrong kind", StatusCode::OK, &body))
    }

    /// Every fault that a server shows by its status: what a command meets while a cluster is being built.
    pub fn by_status() -> Vec<Self> {
        vec![
            Self::unauthorized(),
            Self::forbidden_rbac_lag(),
            Self::not_served_yet(),
            Self::conflict(),
            Self::field_manager_conflict("somebody", ".data.key"),
            Self::quota_conflict(),
            Self::too_many_requests(1),
            Self::internal_error(),
            Self::etcd_leader_changed_after_commit(),
            Self::webhook_unreachable(),
            Self::bad_gateway(),
            Self::service_unavailable(),
            Self::gateway_timeout(),
            Self::timeout_after_commit(),
        ]
    }

    /// Every fault of the transport.
    pub fn by_transport() -> Vec<Self> {
        vec![
            Self::Reset(Moment::BeforeSend),
            Self::Reset(Moment::AfterCommit),
            Self::Stall(Moment::BeforeSend),
            Self::Stall(Moment::AfterCommit),
            Self::Truncate,
            Self::garbage(),
            Self::wrong_kind(),
            Self::Refuse(Duration::from_millis(50)),
        ]
    }
}
