//! `rbac/roles/` (recorded: creating and listing; schema: the rest).

use http::Method;
use serde_json::{Value, json};

use super::Version;
use super::answers::{self, Answer, Reply};
use super::call::Call;
use super::database::{Role, text};
use super::entropy::is_uuid;
use super::fields::{self, SHORT_TEXT, invalid, required};
use super::listing::{Listing, PAGE_SIZE, exact};
use super::rights::ROLE;
use super::world::World;

/// `?name=` filters nothing (recorded); the schemas name it from 2025.12 on.
const ROLES: Listing = Listing {
    filters: &[],
    search: &["name"],
    order: "name",
    page_size: PAGE_SIZE,
    others: &[],
};
const ROLES_BY_NAME: Listing = Listing {
    filters: &[exact("name", "/name")],
    ..ROLES
};

pub(super) fn collection(call: &mut Call<'_>) -> Reply {
    match call.request.method {
        Method::GET | Method::HEAD => {
            let visible = call.visible(ROLE, keys(call.world))?;
            let roles = visible.iter().filter_map(|pk| call.world.database.roles.get(pk));
            let rows = roles.map(render).collect();
            let named = call.world.options.version >= Version::V2025_12;
            if named {
                ROLES_BY_NAME.answer(call, rows)
            } else {
                ROLES.answer(call, rows)
            }
        }
        Method::POST => {
            call.expect_query(&[]);
            call.require(&ROLE.permission("add"))?;
            let cleaned = fields::clean(call, &[required("name", SHORT_TEXT)])?;
            let name = text(&cleaned, "name");
            check_unique(call.world, name, None)?;
            let pk = insert(call.world, name);
            Ok(answers::created(&render(&call.world.database.roles[&pk])))
        }
        ref other => Ok(answers::method_not_allowed(other, "GET, POST, HEAD, OPTIONS")),
    }
}

pub(super) fn object(call: &mut Call<'_>, pk: &str) -> Reply {
    call.expect_query(&[]);
    require(call, pk, &ROLE.permission(call.verb()))?;
    match call.request.method {
        Method::GET | Method::HEAD => {}
        Method::PATCH | Method::PUT => {
            let cleaned = fields::clean(call, &[required("name", SHORT_TEXT)])?;
            check_unique(call.world, text(&cleaned, "name"), Some(pk))?;
            if let (Some(role), Some(Value::String(name))) =
                (call.world.database.roles.get_mut(pk), cleaned.get("name"))
            {
                role.name.clone_from(name);
            }
        }
        Method::DELETE => {
            delete(call.world, pk);
            return Ok(answers::no_content());
        }
        ref other => {
            return Ok(answers::method_not_allowed(
                other,
                "GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
            ));
        }
    }
    Ok(answers::ok(&render(&call.world.database.roles[pk])))
}

/// `add_user/` and `remove_user/` (schema, from 2025.12 on).
pub(super) fn membership(call: &mut Call<'_>, pk: &str, member: bool) -> Reply {
    if call.request.method != Method::POST {
        return Ok(answers::method_not_allowed(&call.request.method, "POST, OPTIONS"));
    }
    call.expect_query(&[]);
    require(call, pk, &ROLE.permission("change"))?;
    let body = call.body()?;
    let user = body.get("pk").and_then(Value::as_i64);
    let user = user.and_then(|user| call.world.database.users.get_mut(&user));
    let Some(user) = user else {
        return Err(answers::not_found());
    };
    if member {
        user.roles.insert(pk.to_owned())
    } else {
        user.roles.remove(pk)
    };
    Ok(answers::no_content())
}

/// The caller, if he holds a permission on a role.
pub(super) fn require(call: &Call<'_>, pk: &str, permission: &str) -> Result<i64, Answer> {
    if !is_uuid(pk) {
        return Err(answers::not_found());
    }
    call.require_on(ROLE, keys(call.world), pk, permission)
}

fn check_unique(world: &World, name: &str, but: Option<&str>) -> Result<(), Answer> {
    match world.database.roles.values().find(|role| role.name == name) {
        Some(role) if Some(role.pk.as_str()) != but => {
            Err(invalid("name", "Role with this name already exists."))
        }
        _ => Ok(()),
    }
}

pub(super) fn insert(world: &mut World, name: &str) -> String {
    let pk = world.entropy.uuid("role");
    let role = Role {
        pk: pk.clone(),
        name: name.to_owned(),
        grants: Vec::new(),
    };
    world.database.roles.insert(pk.clone(), role);
    pk
}

fn delete(world: &mut World, pk: &str) {
    world.database.roles.remove(pk);
    world
        .database
        .groups
        .values_mut()
        .for_each(|group| _ = group.roles.remove(pk));
    world
        .database
        .users
        .values_mut()
        .for_each(|user| _ = user.roles.remove(pk));
}

pub(super) fn keys(world: &World) -> Vec<String> {
    world.database.roles.keys().cloned().collect()
}

fn render(role: &Role) -> Value {
    json!({ "pk": role.pk, "name": role.name })
}
