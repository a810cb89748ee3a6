//! The permissions of roles.
//!
//! Recorded: `assign` and `unassign`. Schema and source, never run: all reading. A client that wants to know what a role may do
//! on objects asks `rbac/permissions/roles/?uuid=<role>`, and on all objects `rbac/permissions/?role=<role>`.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Version;
use super::answers::{self, Answer, Reply};
use super::call::Call;
use super::database::{Fields, Grant, Role};
use super::entropy::is_uuid;
use super::fields::{self, Kind, SHORT_TEXT, invalid, optional, required};
use super::listing::{Filter, Listing, PAGE_SIZE, exact};
use super::permissions::{self, Permission};
use super::rights::{MODELS, ROLE};
use super::roles;
use super::world::World;

const PERMISSION_FILTERS: &[Filter] = &[
    exact("codename", "/codename"),
    exact("content_type__app_label", "/app_label"),
    exact("content_type__model", "/model"),
];
const PERMISSIONS: Listing = Listing {
    filters: PERMISSION_FILTERS,
    search: &["name", "codename", "model", "app_label"],
    order: "name",
    page_size: PAGE_SIZE,
    others: &["role"],
};

/// This list has the smaller pages (source).
const OBJECT_PERMISSIONS: Listing = Listing {
    filters: &[],
    search: &["object_pk"],
    order: "model",
    page_size: 20,
    others: &["uuid"],
};
const ASSIGNED: Listing = Listing {
    filters: &[],
    search: &["name"],
    order: "name",
    page_size: PAGE_SIZE,
    others: &["model", "object_pk"],
};

pub(super) fn permissions_of(call: &mut Call<'_>) -> Reply {
    call.user()?;
    let held = match call.request.param("role") {
        Some(role) => {
            let role = call.world.database.roles.get(role).ok_or_else(|| {
                invalid(
                    "role",
                    "Select a valid choice. That choice is not one of the available choices.",
                )
            })?;
            let everywhere = role.grants.iter().filter(|grant| grant.object.is_none());
            everywhere.map(|grant| grant.permission.clone()).collect()
        }
        None => permissions::all(),
    };
    let rows = held.iter().map(render_permission).collect();
    PERMISSIONS.answer(call, rows)
}

/// `rbac/permissions/roles/?uuid=`: what a role holds on single objects. `uuid` is required.
pub(super) fn object_permissions(call: &mut Call<'_>) -> Reply {
    call.user()?;
    let uuid = call
        .request
        .param("uuid")
        .ok_or_else(|| invalid("uuid", "This field is required."))?;
    if !is_uuid(uuid) {
        return Err(invalid("uuid", "Enter a valid UUID."));
    }
    call.visible(ROLE, roles::keys(call.world))?;
    let grants = call
        .world
        .database
        .roles
        .get(uuid)
        .into_iter()
        .flat_map(|role| &role.grants);
    let rows = grants.filter(|grant| grant.object.is_some()).map(|grant| {
        let mut shown = render_grant(grant);
        shown["app_label_verbose"] = json!(grant.permission.app);
        shown["model_verbose"] = json!(grant.permission.model);
        shown["object_description"] = Value::Null;
        shown
    });
    let rows = rows.collect();
    OBJECT_PERMISSIONS.answer(call, rows)
}

/// The roles that hold anything on a model, or on one of its objects, each with **all** its permissions on objects. `model` is
/// required.
pub(super) fn assigned(call: &mut Call<'_>) -> Reply {
    let model = call
        .request
        .param("model")
        .ok_or_else(|| invalid("model", "This field is required."))?;
    if !is_model(model) {
        let text = format!("Select a valid choice. {model} is not one of the available choices.");
        return Err(invalid("model", &text));
    }
    let object = call.request.param("object_pk");
    let visible = call.visible(ROLE, roles::keys(call.world))?;
    let concerns = |grant: &Grant| {
        is_about(&grant.permission, model) && (grant.object.is_none() || grant.object.as_deref() == object)
    };
    let roles = visible.iter().filter_map(|pk| call.world.database.roles.get(pk));
    let version = call.world.options.version;
    let rows = roles
        .filter(|role| role.grants.iter().any(concerns))
        .map(|role| render_assigned(version, role));
    let rows = rows.collect();
    ASSIGNED.answer(call, rows)
}

/// Without `model` and `object_pk` a permission is given on all objects. 2024.2 answers 204 (schema).
pub(super) fn assign(call: &mut Call<'_>, role: &str) -> Reply {
    if call.request.method != Method::POST {
        return Ok(answers::method_not_allowed(&call.request.method, "POST, OPTIONS"));
    }
    let (permissions, object) = assignment(call, role, "authentik_rbac.assign_role_permissions")?;
    let mut ids = Vec::new();
    for permission in permissions {
        let id = if object.is_some() {
            call.world.database.next_pk()
        } else {
            permission.id
        };
        let Some(role) = call.world.database.roles.get_mut(role) else {
            continue;
        };
        let held = role
            .grants
            .iter()
            .find(|grant| grant.permission == permission && grant.object == object);
        ids.push(json!({ "id": held.map_or(id, |grant| grant.id).to_string() }));
        if held.is_none() {
            role.grants.push(Grant {
                id,
                permission,
                object: object.clone(),
            });
        }
    }
    if call.world.options.version < Version::V2024_12 {
        return Ok(answers::no_content());
    }
    Ok(answers::json_with(StatusCode::OK, &Value::Array(ids)))
}

pub(super) fn unassign(call: &mut Call<'_>, role: &str) -> Reply {
    if call.request.method != Method::PATCH {
        return Ok(answers::method_not_allowed(
            &call.request.method,
            "PATCH, OPTIONS",
        ));
    }
    let (permissions, object) = assignment(call, role, "authentik_rbac.unassign_role_permissions")?;
    if let Some(role) = call.world.database.roles.get_mut(role) {
        role.grants
            .retain(|grant| !(grant.object == object && permissions.contains(&grant.permission)));
    }
    Ok(answers::no_content())
}

/// The permissions and the object that a body names. An unknown permission crashes the view (recorded); an object that does
/// not exist counts as none, which makes the assignment one **on all objects** (source).
fn assignment(
    call: &mut Call<'_>,
    role: &str,
    permission: &str,
) -> Result<(Vec<Permission>, Option<String>), Answer> {
    call.expect_query(&[]);
    roles::require(call, role, permission)?;
    let fields = [
        required("permissions", Kind::Texts),
        optional("model", SHORT_TEXT, Value::Null),
        optional("object_pk", SHORT_TEXT, Value::Null),
    ];
    let cleaned = fields::clean_whole(call, &fields)?;
    let model = cleaned.get("model").and_then(Value::as_str);
    let object = cleaned.get("object_pk").and_then(Value::as_str);
    if model.is_some() != object.is_some() {
        let text = "Fields must be used together: model, object_pk.";
        return Err(answers::bad_request(&json!({ "non_field_errors": [text] })));
    }
    if let Some(model) = model.filter(|model| !is_model(model)) {
        return Err(invalid("model", &format!("\"{model}\" is not a valid choice.")));
    }
    let names = cleaned["permissions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let crash = |_| answers::crash(&call.request.method);
    let permissions = names
        .map(|name| match model {
            Some(model) => permissions::find(name)
                .filter(|permission| is_about(permission, model))
                .ok_or(()),
            None => permissions::find(name).ok_or(()),
        })
        .collect::<Result<Vec<_>, ()>>()
        .map_err(crash)?;
    let exists = model
        .zip(object)
        .is_some_and(|(model, object)| object_exists(call.world, model, object));
    if object.is_some() && !exists {
        call.world.violation(
            call.request,
            "the object does not exist, so the permission is given on all objects",
        );
    }
    Ok((permissions, object.filter(|_| exists).map(str::to_owned)))
}

fn object_exists(world: &World, model: &str, object: &str) -> bool {
    let number: Option<i64> = object.parse().ok();
    let database = &world.database;
    match model {
        "authentik_providers_oauth2.oauth2provider" => {
            number.is_some_and(|pk| database.providers.contains_key(&pk))
        }
        "authentik_core.user" => number.is_some_and(|pk| database.users.contains_key(&pk)),
        "authentik_core.group" => database.groups.contains_key(object),
        "authentik_rbac.role" => database.roles.contains_key(object),
        "authentik_core.token" => database.tokens.values().any(|token| token.pk == object),
        "authentik_core.application" => database
            .applications
            .values()
            .any(|application| application.pk == object),
        _ => false,
    }
}

fn is_model(name: &str) -> bool {
    MODELS
        .iter()
        .any(|model| format!("{}.{}", model.app, model.name) == name)
}

fn is_about(permission: &Permission, model: &str) -> bool {
    format!("{}.{}", permission.app, permission.model) == model
}

fn render_permission(permission: &Permission) -> Value {
    json!({
        "id": permission.id,
        "name": permission.name,
        "codename": permission.codename,
        "model": permission.model,
        "app_label": permission.app,
        "app_label_verbose": permission.app,
        "model_verbose": permission.model,
    })
}

fn render_grant(grant: &Grant) -> Value {
    let mut shown = Fields::new();
    shown.insert("id".into(), json!(grant.id));
    shown.insert("codename".into(), json!(grant.permission.codename));
    shown.insert("model".into(), json!(grant.permission.model));
    shown.insert("app_label".into(), json!(grant.permission.app));
    shown.insert("name".into(), json!(grant.permission.name));
    if let Some(object) = &grant.object {
        shown.insert("object_pk".into(), json!(object));
    }
    Value::Object(shown)
}

/// One list until 2025.10, two from 2025.12 on (schema).
fn render_assigned(version: Version, role: &Role) -> Value {
    let (on_objects, on_models): (Vec<_>, Vec<_>) =
        role.grants.iter().partition(|grant| grant.object.is_some());
    let on_objects: Value = on_objects.into_iter().map(render_grant).collect();
    let on_models: Value = on_models.into_iter().map(render_grant).collect();
    if version >= Version::V2025_12 {
        json!({
            "role_pk": role.pk, "name": role.name, "object_permissions": on_objects, "model_permissions": on_models,
        })
    } else {
        json!({ "role_pk": role.pk, "name": role.name, "permissions": on_objects })
    }
}
