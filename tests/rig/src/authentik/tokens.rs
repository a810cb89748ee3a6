//! `core/tokens/` (recorded).

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answers::{self, Answer, Reply};
use super::call::Call;
use super::database::{Token, flag, text};
use super::fields::{self, ANY_TEXT, Field, Kind, Table, invalid, optional, required};
use super::listing::{Listing, PAGE_SIZE, choice, exact, flag as flag_filter};
use super::rights::TOKEN;
use super::users;
use super::world::World;

/// `default_token_duration` of the tenant: how long an API token that expires lives, whatever was asked for.
const LIFETIME: SignedDuration = SignedDuration::from_mins(30);

const INTENTS: [&str; 4] = ["verification", "api", "recovery", "app_password"];

const LISTING: Listing = Listing {
    filters: &[
        exact("identifier", "/identifier"),
        choice("intent", "/intent", &INTENTS),
        exact("user__username", "/user_obj/username"),
        exact("description", "/description"),
        exact("managed", "/managed"),
        flag_filter("expiring", "/expiring"),
    ],
    search: &["identifier", "intent", "description"],
    order: "identifier",
    page_size: PAGE_SIZE,
    others: &[],
};

fn writable() -> [Field; 7] {
    [
        required("identifier", Kind::Slug),
        optional("intent", Kind::Choice(&INTENTS), "api"),
        optional("user", Kind::One(Table::Users), Value::Null),
        optional("description", ANY_TEXT, ""),
        optional("expires", Kind::Ignored, Value::Null),
        optional("expiring", Kind::Flag, true),
        optional("managed", ANY_TEXT, Value::Null),
    ]
}

pub(super) fn collection(call: &mut Call<'_>) -> Reply {
    match call.request.method {
        Method::GET | Method::HEAD => list(call),
        // An anonymous caller crashes the view.
        Method::POST if call.caller.is_none() => Ok(answers::crash(&call.request.method)),
        Method::POST => create(call),
        ref other => Ok(answers::method_not_allowed(other, "GET, POST, HEAD, OPTIONS")),
    }
}

pub(super) fn object(call: &mut Call<'_>, identifier: &str) -> Reply {
    call.expect_query(&[]);
    require_visible(call, identifier)?;
    match call.request.method {
        Method::GET | Method::HEAD => Ok(answers::ok(&shown(call.world, identifier))),
        Method::PATCH | Method::PUT => update(call, identifier),
        Method::DELETE => {
            call.world.database.tokens.remove(identifier);
            Ok(answers::no_content())
        }
        ref other => Ok(answers::method_not_allowed(
            other,
            "GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
        )),
    }
}

pub(super) fn view_key(call: &mut Call<'_>, identifier: &str) -> Reply {
    if !call.request.reads() {
        return Ok(answers::method_not_allowed(
            &call.request.method,
            "GET, HEAD, OPTIONS",
        ));
    }
    call.expect_query(&[]);
    let user = require_visible(call, identifier)?;
    let token = &call.world.database.tokens[identifier];
    let may = token.key_reader == Some(user)
        || call
            .world
            .holds(user, "authentik_core.view_token_key", Some(&token.pk));
    if may {
        Ok(answers::ok(&json!({ "key": token.key })))
    } else {
        Err(answers::not_permitted())
    }
}

/// No check for uniqueness: two tokens may hold one key (recorded).
pub(super) fn set_key(call: &mut Call<'_>, identifier: &str) -> Reply {
    if call.request.method != Method::POST {
        return Ok(answers::method_not_allowed(&call.request.method, "POST, OPTIONS"));
    }
    call.expect_query(&[]);
    let user = require_visible(call, identifier)?;
    let pk = call.world.database.tokens[identifier].pk.clone();
    if !call.world.holds(user, "authentik_core.set_token_key", Some(&pk)) {
        return Err(answers::not_permitted());
    }
    let body = call.body()?;
    let key = text(&body, "key").to_owned();
    if key.is_empty() {
        return Err(answers::empty(StatusCode::BAD_REQUEST));
    }
    if let Some(token) = call.world.database.tokens.get_mut(identifier) {
        token.key = key;
    }
    Ok(answers::no_content())
}

fn list(call: &mut Call<'_>) -> Reply {
    let user = call.user()?;
    let visible = call
        .world
        .database
        .tokens
        .values()
        .filter(|token| may_view(call.world, user, token));
    let rows = visible.map(|token| render(call.world, token)).collect();
    LISTING.answer(call, rows)
}

fn may_view(world: &World, user: i64, token: &Token) -> bool {
    token.user == user || world.holds(user, &TOKEN.permission("view"), Some(&token.pk))
}

/// The caller, if he owns the token or may see it; others' tokens are 404.
fn require_visible(call: &Call<'_>, identifier: &str) -> Result<i64, Answer> {
    let user = call.caller.ok_or_else(answers::not_permitted)?;
    let token = call.world.database.tokens.get(identifier);
    token
        .filter(|token| may_view(call.world, user, token))
        .map(|_| user)
        .ok_or_else(|| answers::no_such(TOKEN.class))
}

fn check_intent(intent: &str) -> Result<(), Answer> {
    if matches!(intent, "verification" | "recovery") {
        return Err(invalid("intent", &format!("Invalid intent {intent}")));
    }
    Ok(())
}

fn check_unique(world: &World, identifier: &str) -> Result<(), Answer> {
    if world.database.tokens.contains_key(identifier) {
        return Err(invalid(
            "identifier",
            "Token with this identifier already exists.",
        ));
    }
    Ok(())
}

fn create(call: &mut Call<'_>) -> Reply {
    call.expect_query(&[]);
    let caller = call.user()?;
    let cleaned = fields::clean(call, &writable())?;
    let identifier = text(&cleaned, "identifier");
    check_unique(call.world, identifier)?;
    check_intent(text(&cleaned, "intent"))?;
    let superuser = call.world.is_superuser(caller);
    let owner = cleaned
        .get("user")
        .and_then(Value::as_i64)
        .filter(|_| superuser)
        .unwrap_or(caller);
    let expiring = if superuser {
        flag(&cleaned, "expiring")
    } else {
        users::tokens_expire(call.world, caller)
    };
    let token = Token {
        intent: text(&cleaned, "intent").into(),
        description: text(&cleaned, "description").into(),
        expiring,
        key_reader: (!superuser).then_some(caller),
        ..new(call.world, identifier, owner)
    };
    call.world.database.tokens.insert(identifier.into(), token);
    Ok(answers::created(&shown(call.world, identifier)))
}

/// An API token that does not expire, with a generated key.
pub(super) fn new(world: &mut World, identifier: &str, user: i64) -> Token {
    Token {
        pk: world.entropy.uuid("token"),
        identifier: identifier.into(),
        key: world.entropy.alphanumeric(&format!("key of {identifier}"), 60),
        intent: "api".into(),
        user,
        description: String::new(),
        expires: expiry(world),
        expiring: false,
        key_reader: None,
    }
}

fn expiry(world: &World) -> Timestamp {
    let now = world.now();
    now.checked_add(LIFETIME).unwrap_or(now)
}

/// Any PATCH of an API token sets `expires` anew.
fn update(call: &mut Call<'_>, identifier: &str) -> Reply {
    let cleaned = fields::clean(call, &writable())?;
    let new_identifier = cleaned
        .get("identifier")
        .and_then(Value::as_str)
        .unwrap_or(identifier)
        .to_owned();
    if new_identifier != identifier {
        check_unique(call.world, &new_identifier)?;
    }
    check_intent(text(&cleaned, "intent"))?;
    let owner = call.world.database.tokens[identifier].user;
    if cleaned
        .get("user")
        .and_then(Value::as_i64)
        .is_some_and(|user| user != owner)
    {
        return Err(invalid("user", "The user of a token cannot be changed."));
    }
    let expires = expiry(call.world);
    if let Some(mut token) = call.world.database.tokens.remove(identifier) {
        if let Some(expiring) = cleaned.get("expiring").and_then(Value::as_bool) {
            token.expiring = expiring;
        }
        if let Some(description) = cleaned.get("description").and_then(Value::as_str) {
            token.description = description.into();
        }
        if let Some(intent) = cleaned.get("intent").and_then(Value::as_str) {
            token.intent = intent.into();
        }
        if token.intent == "api" {
            token.expires = expires;
        }
        token.identifier.clone_from(&new_identifier);
        call.world.database.tokens.insert(new_identifier.clone(), token);
    }
    Ok(answers::ok(&shown(call.world, &new_identifier)))
}

fn shown(world: &World, identifier: &str) -> Value {
    world
        .database
        .tokens
        .get(identifier)
        .map_or(Value::Null, |token| render(world, token))
}

fn render(world: &World, token: &Token) -> Value {
    json!({
        "pk": token.pk,
        "managed": null,
        "identifier": token.identifier,
        "intent": token.intent,
        "user": token.user,
        "user_obj": world.database.users.get(&token.user).map(|user| users::render(world, user)),
        "description": token.description,
        "expires": token.expires.to_string(),
        "expiring": token.expiring,
    })
}

/// The task `clean_expired_models`: expired API tokens get another key and another half hour, app passwords go (recorded).
pub(super) fn clean_expired(world: &mut World) {
    let now = world.now();
    let expires = expiry(world);
    world
        .database
        .tokens
        .retain(|_, token| token.intent == "api" || !token.expiring || token.expires >= now);
    for token in world
        .database
        .tokens
        .values_mut()
        .filter(|token| token.expiring && token.expires < now)
    {
        token.key = world
            .entropy
            .alphanumeric(&format!("key of {}", token.identifier), 60);
        token.expires = expires;
    }
}
