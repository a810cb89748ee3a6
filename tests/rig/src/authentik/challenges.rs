//! The bodies that the flow executor answers with, in each version.

use serde_json::{Map, Value, json};

use super::Version;
use super::answers::{self, Answer};
use super::options::LoginPages;
use super::session::Plan;
use super::world::World;

/// The end of a flow.
pub(super) fn redirect(world: &World) -> Answer {
    let mut fields = json!({ "to": "/" });
    if world.options.version >= Version::V2026_8 {
        fields["final_redirect"] = json!(true);
    }
    of_type(world, "redirect", "xak-flow-redirect", fields)
}

pub(super) fn identification(world: &World, errors: Option<Value>) -> Answer {
    let mut fields = json!({
        "user_fields": ["email", "username"],
        "password_fields": world.options.login == LoginPages::One,
        "flow_designation": "authentication",
        "primary_action": "Log in",
        "sources": [],
        "show_source_labels": false,
    });
    if world.options.version >= Version::V2024_12 {
        fields["allow_show_password"] = json!(false);
        fields["captcha_stage"] = Value::Null;
    }
    if world.options.version >= Version::V2025_10 {
        fields["enable_remember_me"] = json!(false);
    }
    if let Some(errors) = errors {
        fields["response_errors"] = errors;
    }
    stage(world, "ak-stage-identification", fields)
}

pub(super) fn password(world: &World, plan: &Plan, errors: Option<Value>) -> Answer {
    let mut fields = json!({ "pending_user": plan.pending, "pending_user_avatar": "" });
    if world.options.version >= Version::V2024_12 {
        fields["allow_show_password"] = json!(false);
    }
    if let Some(errors) = errors {
        fields["response_errors"] = errors;
    }
    stage(world, "ak-stage-password", fields)
}

/// A challenge that asks for something.
pub(super) fn stage(world: &World, component: &str, fields: Value) -> Answer {
    of_type(world, "native", component, fields)
}

/// `type` is in the 2024.2 schema only.
fn of_type(world: &World, kind: &str, component: &str, mut fields: Value) -> Answer {
    fields["component"] = json!(component);
    if component.starts_with("ak-stage") && component != "ak-stage-flow-error" {
        fields["flow_info"] = json!({
            "title": "Welcome to authentik!",
            "background": "/static/dist/assets/images/flow_background.jpg",
            "cancel_url": "/flows/-/cancel/",
            "layout": "stacked",
        });
    }
    if world.options.version < Version::V2024_12 {
        fields["type"] = json!(kind);
    }
    answers::ok(&fields)
}

pub(super) fn missing(field: &str) -> Value {
    response_errors(field, "This field is required.", "required")
}

pub(super) fn wrong_password() -> Value {
    response_errors("password", "Invalid password", "invalid")
}

fn response_errors(field: &str, text: &str, code: &str) -> Value {
    let mut errors = Map::new();
    errors.insert(field.into(), json!([{ "string": text, "code": code }]));
    Value::Object(errors)
}
