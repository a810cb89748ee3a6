//! `core/users/` (recorded; the fields per version from the schemas).

use http::Method;
use serde_json::{Value, json};

use super::Version;
use super::answers::{self, Reply};
use super::call::Call;
use super::database::{Fields, Group, User, flag, text};
use super::fields::{self, ANY_TEXT, Field, Kind, SHORT_TEXT, Table, invalid, optional, required};
use super::groups;
use super::listing::{Listing, PAGE_SIZE, choice, exact, flag as flag_filter};
use super::rights::USER;
use super::tokens;
use super::world::World;

const TYPES: [&str; 4] = [
    "internal",
    "external",
    "service_account",
    "internal_service_account",
];

/// The account's attribute that says whether tokens it makes for itself expire.
const TOKENS_EXPIRE: &str = "goauthentik.io/user/token-expires";

const LISTING: Listing = Listing {
    filters: &[
        exact("username", "/username"),
        exact("name", "/name"),
        exact("email", "/email"),
        exact("uuid", "/uuid"),
        exact("path", "/path"),
        exact("groups_by_pk", "/groups"),
        choice("type", "/type", &TYPES),
        flag_filter("is_active", "/is_active"),
        flag_filter("is_superuser", "/is_superuser"),
    ],
    search: &["username", "name", "email", "uuid"],
    order: "username",
    page_size: PAGE_SIZE,
    others: &["include_groups", "include_roles"],
};

fn writable(version: Version) -> Vec<Field> {
    let mut fields = vec![
        required(
            "username",
            Kind::Text {
                max: 150,
                blank: false,
            },
        ),
        required("name", ANY_TEXT),
        optional("is_active", Kind::Flag, true),
        optional("last_login", Kind::Ignored, Value::Null),
        optional("groups", Kind::Many(Table::Groups), json!([])),
        optional("email", ANY_TEXT, ""),
        optional("attributes", Kind::Object, json!({})),
        optional("path", SHORT_TEXT, "users"),
        optional("type", Kind::Choice(&TYPES), "internal"),
    ];
    if version >= Version::V2025_12 {
        fields.push(optional("roles", Kind::Many(Table::Roles), json!([])));
    }
    fields
}

pub(super) fn collection(call: &mut Call<'_>) -> Reply {
    match call.request.method {
        Method::GET | Method::HEAD => {
            let keys = keys(call.world);
            let visible = call.visible(USER, keys)?;
            let users = call
                .world
                .database
                .users
                .values()
                .filter(|user| visible.contains(&user.pk.to_string()));
            let rows = users.map(|user| brief(call, render(call.world, user))).collect();
            LISTING.answer(call, rows)
        }
        Method::POST => create(call),
        ref other => Ok(answers::method_not_allowed(other, "GET, POST, HEAD, OPTIONS")),
    }
}

pub(super) fn object(call: &mut Call<'_>, key: &str) -> Reply {
    call.expect_query(&["include_groups", "include_roles"]);
    let pk: i64 = key.parse().map_err(|_| answers::not_found())?;
    call.require_on(USER, keys(call.world), key, &USER.permission(call.verb()))?;
    match call.request.method {
        Method::GET | Method::HEAD => {}
        Method::PATCH | Method::PUT => update(call, pk)?,
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
    Ok(answers::ok(&brief(call, shown(call.world, pk))))
}

/// Leaves out what the query asks to leave out.
fn brief(call: &Call<'_>, mut shown: Value) -> Value {
    for (parameter, field) in [("include_groups", "groups_obj"), ("include_roles", "roles_obj")] {
        if call.request.param(parameter) == Some("false") && shown.get(field).is_some() {
            shown[field] = Value::Null;
        }
    }
    shown
}

pub(super) fn set_password(call: &mut Call<'_>, key: &str) -> Reply {
    if call.request.method != Method::POST {
        return Ok(answers::method_not_allowed(&call.request.method, "POST, OPTIONS"));
    }
    call.expect_query(&[]);
    let pk: i64 = key.parse().map_err(|_| answers::not_found())?;
    call.require_on(USER, keys(call.world), key, "authentik_core.reset_user_password")?;
    let cleaned = fields::clean(call, &[required("password", ANY_TEXT)])?;
    if let Some(user) = call.world.database.users.get_mut(&pk) {
        user.password = Some(text(&cleaned, "password").into());
    }
    Ok(answers::no_content())
}

/// Makes a user, perhaps a group, and an **app password**, whose key the API refuses. 200, and not to be called twice.
pub(super) fn service_account(call: &mut Call<'_>) -> Reply {
    if call.request.method != Method::POST {
        return Ok(answers::method_not_allowed(&call.request.method, "POST, OPTIONS"));
    }
    call.expect_query(&[]);
    call.require(&USER.permission("add"))?;
    let cleaned = fields::clean(
        call,
        &[
            required("name", SHORT_TEXT),
            optional("create_group", Kind::Flag, false),
            optional("expiring", Kind::Flag, true),
            optional("expires", Kind::Ignored, Value::Null),
        ],
    )?;
    let name = text(&cleaned, "name");
    let world = &mut *call.world;
    if world.database.user_named(name).is_some()
        || world.database.groups.values().any(|group| group.name() == name)
    {
        let text = "duplicate key value violates unique constraint \"authentik_core_user_username_key\"";
        return Err(answers::bad_request(&json!({ "non_field_errors": [text] })));
    }
    let expiring = flag(&cleaned, "expiring");
    let mut attributes = Fields::new();
    attributes.insert(TOKENS_EXPIRE.into(), expiring.into());
    let user = insert(
        world,
        account(
            name,
            "service_account",
            "goauthentik.io/service-accounts",
            attributes,
        ),
    );
    let mut body = json!({ "username": name, "user_uid": world.database.users[&user].uid, "user_pk": user });
    if flag(&cleaned, "create_group") {
        let group = groups::insert(world, name, false);
        if let Some(group) = world.database.groups.get_mut(&group) {
            group.users.insert(user);
        }
        body["group_pk"] = json!(group);
    }
    let identifier = format!("service-account-{name}-password");
    let token = tokens::new(world, &identifier, user);
    body["token"] = json!(token.key);
    let token = super::database::Token {
        intent: "app_password".into(),
        expiring,
        ..token
    };
    world.database.tokens.insert(identifier, token);
    Ok(answers::ok(&body))
}

pub(super) fn me(call: &mut Call<'_>) -> Reply {
    if !call.request.reads() {
        return Ok(answers::method_not_allowed(
            &call.request.method,
            "GET, HEAD, OPTIONS",
        ));
    }
    call.expect_query(&[]);
    let pk = call.user()?;
    let world = &*call.world;
    let Some(user) = world.database.users.get(&pk) else {
        return Err(answers::not_authenticated());
    };
    let superuser = world.is_superuser(pk);
    let groups = world
        .database
        .groups_of(pk)
        .map(|group| json!({ "name": group.name(), "pk": group.pk }));
    let mut shown = json!({
        "pk": pk,
        "username": user.username(),
        "name": user.fields["name"],
        "is_active": user.is_active(),
        "is_superuser": superuser,
        "groups": groups.collect::<Vec<_>>(),
        "email": user.fields["email"],
        "avatar": AVATAR,
        "uid": user.uid,
        "settings": {},
        "type": user.fields["type"],
        "system_permissions": if superuser { vec!["view_system_info", "change_role"] } else { Vec::new() },
    });
    if world.options.version >= Version::V2025_12 {
        shown["roles"] = roles_of(world, user);
    }
    let mut body = json!({ "user": shown });
    if world.options.version >= Version::V2026_8 {
        body["user"]["is_current"] = json!(true);
        body["users"] = json!([body["user"]]);
    }
    Ok(answers::ok(&body))
}

fn create(call: &mut Call<'_>) -> Reply {
    call.expect_query(&[]);
    call.require(&USER.permission("add"))?;
    let cleaned = fields::clean(call, &writable(call.world.options.version))?;
    check_unique(call.world, text(&cleaned, "username"), None)?;
    if text(&cleaned, "type") == "internal_service_account" {
        return Err(invalid(
            "type",
            "Setting a user to internal service account is not allowed.",
        ));
    }
    let pk = insert(call.world, cleaned);
    Ok(answers::created(&shown(call.world, pk)))
}

fn update(call: &mut Call<'_>, pk: i64) -> Result<(), answers::Answer> {
    let cleaned = fields::clean(call, &writable(call.world.options.version))?;
    check_unique(call.world, text(&cleaned, "username"), Some(pk))?;
    store(call.world, pk, cleaned);
    Ok(())
}

fn check_unique(world: &World, username: &str, but: Option<i64>) -> Result<(), answers::Answer> {
    match world.database.user_named(username) {
        Some(user) if Some(user.pk) != but => Err(invalid("username", "This field must be unique.")),
        _ => Ok(()),
    }
}

/// The fields of a new account.
pub(super) fn account(name: &str, kind: &str, path: &str, attributes: Fields) -> Fields {
    let fields = json!({
        "username": name, "name": name, "is_active": true, "last_login": null, "email": "", "attributes": attributes,
        "path": path, "type": kind,
    });
    fields.as_object().cloned().unwrap_or_default()
}

/// Stores a new user, whose fields may name groups and roles.
pub(super) fn insert(world: &mut World, fields: Fields) -> i64 {
    let pk = world.database.next_pk();
    let user = User {
        pk,
        uuid: world.entropy.uuid("user"),
        uid: world.entropy.hex("uid", 64),
        password: None,
        roles: Default::default(),
        fields: Fields::new(),
    };
    world.database.users.insert(pk, user);
    store(world, pk, fields);
    pk
}

/// Merges validated fields into a user; `groups` and `roles` replace his memberships.
fn store(world: &mut World, pk: i64, mut fields: Fields) {
    if let Some(Value::Array(groups)) = fields.remove("groups") {
        for group in world.database.groups.values_mut() {
            if groups.iter().any(|wanted| *wanted == group.pk) {
                group.users.insert(pk);
            } else {
                group.users.remove(&pk);
            }
        }
    }
    let roles = fields.remove("roles");
    if let Some(user) = world.database.users.get_mut(&pk) {
        if let Some(Value::Array(roles)) = roles {
            user.roles = roles
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
        }
        user.fields.extend(fields);
    }
}

fn delete(world: &mut World, pk: i64) {
    world.database.users.remove(&pk);
    world.database.tokens.retain(|_, token| token.user != pk);
    for group in world.database.groups.values_mut() {
        group.users.remove(&pk);
    }
}

pub(super) fn tokens_expire(world: &World, user: i64) -> bool {
    let attributes = world
        .database
        .users
        .get(&user)
        .and_then(|user| user.fields["attributes"].as_object());
    attributes
        .and_then(|attributes| attributes.get(TOKENS_EXPIRE))
        .and_then(Value::as_bool)
        .unwrap_or(true)
}

fn keys(world: &World) -> Vec<String> {
    world.database.users.keys().map(ToString::to_string).collect()
}

const AVATAR: &str = "data:image/svg+xml;base64,PHN2Zy8+";

fn shown(world: &World, pk: i64) -> Value {
    world
        .database
        .users
        .get(&pk)
        .map_or(Value::Null, |user| render(world, user))
}

fn roles_of(world: &World, user: &User) -> Value {
    let roles = user.roles.iter().filter_map(|pk| world.database.roles.get(pk));
    roles
        .map(|role| json!({ "name": role.name, "pk": role.pk }))
        .collect()
}

pub(super) fn render(world: &World, user: &User) -> Value {
    let version = world.options.version;
    let mut shown = Value::Object(user.fields.clone());
    let groups: Vec<&Group> = world.database.groups_of(user.pk).collect();
    shown["pk"] = json!(user.pk);
    shown["uuid"] = json!(user.uuid);
    shown["uid"] = json!(user.uid);
    shown["avatar"] = json!(AVATAR);
    shown["is_superuser"] = json!(world.is_superuser(user.pk));
    shown["groups"] = groups.iter().map(|group| group.pk.as_str()).collect();
    shown["groups_obj"] = groups
        .iter()
        .map(|group| groups::render_briefly(world, group))
        .collect();
    if version >= Version::V2025_10 {
        shown["date_joined"] = json!("2026-11-24T09:00:00Z");
        shown["last_updated"] = json!("2026-11-24T09:00:00Z");
        shown["password_change_date"] = json!("2026-11-24T09:00:00Z");
    }
    if version >= Version::V2025_12 {
        shown["roles"] = user.roles.iter().map(String::as_str).collect();
        shown["roles_obj"] = roles_of(world, user);
    }
    shown
}
