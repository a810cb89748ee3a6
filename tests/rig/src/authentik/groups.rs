//! `core/groups/` (recorded; the fields per version from the schemas).

use http::Method;
use serde_json::{Value, json};

use super::Version;
use super::answers::{self, Answer, Reply};
use super::call::Call;
use super::database::{Fields, Group, text};
use super::entropy::is_uuid;
use super::fields::{self, Field, Kind, SHORT_TEXT, Table, invalid, optional, required};
use super::listing::{Listing, PAGE_SIZE, exact, flag as flag_filter};
use super::rights::{GROUP, USER};
use super::world::World;

const LISTING: Listing = Listing {
    filters: &[
        exact("name", "/name"),
        exact("members_by_pk", "/users"),
        flag_filter("is_superuser", "/is_superuser"),
    ],
    search: &["name"],
    order: "name",
    page_size: PAGE_SIZE,
    others: &[
        "include_users",
        "include_children",
        "include_parents",
        "include_inherited_roles",
    ],
};

fn writable(version: Version) -> Vec<Field> {
    let parents = if version >= Version::V2025_12 {
        optional("parents", Kind::Many(Table::Groups), json!([]))
    } else {
        optional("parent", Kind::One(Table::Groups), Value::Null)
    };
    vec![
        required("name", SHORT_TEXT),
        optional("is_superuser", Kind::Flag, false),
        parents,
        optional("users", Kind::Many(Table::Users), json!([])),
        optional("attributes", Kind::Object, json!({})),
        optional("roles", Kind::Many(Table::Roles), json!([])),
    ]
}

pub(super) fn collection(call: &mut Call<'_>) -> Reply {
    match call.request.method {
        Method::GET | Method::HEAD => {
            let visible = call.visible(GROUP, keys(call.world))?;
            let groups = visible
                .iter()
                .filter_map(|key| call.world.database.groups.get(key));
            let rows = groups.map(|group| render(call, group)).collect();
            LISTING.answer(call, rows)
        }
        Method::POST => create(call),
        ref other => Ok(answers::method_not_allowed(other, "GET, POST, HEAD, OPTIONS")),
    }
}

pub(super) fn object(call: &mut Call<'_>, pk: &str) -> Reply {
    call.expect_query(LISTING.others);
    require(call, pk, &GROUP.permission(call.verb()))?;
    match call.request.method {
        Method::GET | Method::HEAD => {}
        Method::PATCH | Method::PUT => {
            let cleaned = fields::clean(call, &writable(call.world.options.version))?;
            check_unique(call.world, text(&cleaned, "name"), Some(pk))?;
            store(call.world, pk, cleaned);
        }
        Method::DELETE => {
            call.world.database.groups.remove(pk);
            return Ok(answers::no_content());
        }
        ref other => {
            return Ok(answers::method_not_allowed(
                other,
                "GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
            ));
        }
    }
    Ok(answers::ok(&shown(call, pk)))
}

/// `add_user/` and `remove_user/`: 204, also when nothing changes.
pub(super) fn membership(call: &mut Call<'_>, pk: &str, member: bool) -> Reply {
    if call.request.method != Method::POST {
        return Ok(answers::method_not_allowed(&call.request.method, "POST, OPTIONS"));
    }
    call.expect_query(&[]);
    let permission = if member {
        "authentik_core.add_user_to_group"
    } else {
        "authentik_core.remove_user_from_group"
    };
    let caller = require(call, pk, permission)?;
    let body = call.body()?;
    let Some(user) = body.get("pk").and_then(Value::as_i64) else {
        return Err(answers::not_found());
    };
    let world = &mut *call.world;
    let may_view = world.holds(caller, &USER.permission("view"), Some(&user.to_string()));
    if !may_view || !world.database.users.contains_key(&user) {
        return Err(answers::not_found());
    }
    if let Some(group) = world.database.groups.get_mut(pk) {
        if member {
            group.users.insert(user)
        } else {
            group.users.remove(&user)
        };
    }
    Ok(answers::no_content())
}

fn require(call: &Call<'_>, pk: &str, permission: &str) -> Result<i64, Answer> {
    if !is_uuid(pk) {
        return Err(answers::not_found());
    }
    call.require_on(GROUP, keys(call.world), pk, permission)
}

fn create(call: &mut Call<'_>) -> Reply {
    call.expect_query(&[]);
    call.require(&GROUP.permission("add"))?;
    let cleaned = fields::clean(call, &writable(call.world.options.version))?;
    check_unique(call.world, text(&cleaned, "name"), None)?;
    let pk = insert(call.world, text(&cleaned, "name"), false);
    store(call.world, &pk, cleaned);
    Ok(answers::created(&shown(call, &pk)))
}

fn check_unique(world: &World, name: &str, but: Option<&str>) -> Result<(), Answer> {
    match world.database.groups.values().find(|group| group.name() == name) {
        Some(group) if Some(group.pk.as_str()) != but => Err(invalid("name", "This field must be unique.")),
        _ => Ok(()),
    }
}

/// Stores a new, empty group.
pub(super) fn insert(world: &mut World, name: &str, superuser: bool) -> String {
    let pk = world.entropy.uuid("group");
    let mut fields = json!({ "name": name, "is_superuser": superuser, "attributes": {} });
    if world.options.version >= Version::V2025_12 {
        fields["parents"] = json!([]);
    } else {
        fields["parent"] = Value::Null;
    }
    let group = Group {
        pk: pk.clone(),
        num_pk: world.database.next_pk(),
        users: Default::default(),
        roles: Default::default(),
        fields: fields.as_object().cloned().unwrap_or_default(),
    };
    world.database.groups.insert(pk.clone(), group);
    pk
}

fn store(world: &mut World, pk: &str, mut fields: Fields) {
    let Some(group) = world.database.groups.get_mut(pk) else {
        return;
    };
    if let Some(Value::Array(users)) = fields.remove("users") {
        group.users = users.iter().filter_map(Value::as_i64).collect();
    }
    if let Some(Value::Array(roles)) = fields.remove("roles") {
        group.roles = roles
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
    }
    group.fields.extend(fields);
}

fn keys(world: &World) -> Vec<String> {
    world.database.groups.keys().cloned().collect()
}

fn shown(call: &Call<'_>, pk: &str) -> Value {
    call.world
        .database
        .groups
        .get(pk)
        .map_or(Value::Null, |group| render(call, group))
}

fn render(call: &Call<'_>, group: &Group) -> Value {
    let world = &*call.world;
    let mut shown = render_briefly(world, group);
    shown["users"] = group.users.iter().copied().collect();
    shown["users_obj"] = match call.request.param("include_users") {
        Some("false") => Value::Null,
        _ => group
            .users
            .iter()
            .filter_map(|user| render_member(world, *user))
            .collect(),
    };
    shown["roles"] = group.roles.iter().map(String::as_str).collect();
    let roles = group.roles.iter().filter_map(|pk| world.database.roles.get(pk));
    shown["roles_obj"] = roles
        .map(|role| json!({ "pk": role.pk, "name": role.name }))
        .collect();
    if world.options.version >= Version::V2025_10 {
        shown["children"] = json!([]);
        shown["children_obj"] = Value::Null;
    }
    if world.options.version >= Version::V2025_12 {
        shown["parents_obj"] = Value::Null;
        shown["inherited_roles_obj"] = json!([]);
    }
    shown
}

fn render_member(world: &World, pk: i64) -> Option<Value> {
    let user = world.database.users.get(&pk)?;
    let mut shown = json!({ "pk": pk, "uid": user.uid });
    for name in [
        "username",
        "name",
        "is_active",
        "last_login",
        "email",
        "attributes",
    ] {
        shown[name] = user.fields[name].clone();
    }
    Some(shown)
}

/// The form that a user's `groups_obj` has.
pub(super) fn render_briefly(world: &World, group: &Group) -> Value {
    let mut shown = Value::Object(group.fields.clone());
    shown["pk"] = json!(group.pk);
    shown["num_pk"] = json!(group.num_pk);
    if world.options.version < Version::V2025_12 {
        let parent = group.fields.get("parent").and_then(Value::as_str);
        shown["parent_name"] = json!(
            parent
                .and_then(|pk| world.database.groups.get(pk))
                .map(Group::name)
        );
    }
    shown
}
