//! `providers/oauth2/` (recorded).

use http::Method;
use serde_json::{Map, Value, json};

use super::Version;
use super::answers::{self, Answer, Reply};
use super::call::Call;
use super::database::{Database, Fields, Provider, text};
use super::fields;
use super::listing::{Listing, PAGE_SIZE, choice, exact, flag};
use super::oidc::{self, Base};
use super::options::SecretWrite;
use super::provider_fields;
use super::rights::OAUTH2_PROVIDER;
use super::world::World;

const LISTING: Listing = Listing {
    filters: &[
        exact("client_id", "/client_id"),
        exact("name", "/name"),
        exact("authorization_flow", "/authorization_flow"),
        exact("signing_key", "/signing_key"),
        choice("client_type", "/client_type", &["confidential", "public"]),
        choice("issuer_mode", "/issuer_mode", &["global", "per_provider"]),
        flag("include_claims_in_id_token", "/include_claims_in_id_token"),
    ],
    search: &["name"],
    order: "name",
    page_size: PAGE_SIZE,
    others: &[],
};

pub(super) fn collection(call: &mut Call<'_>) -> Reply {
    match call.request.method {
        Method::GET | Method::HEAD => list(call),
        Method::POST => create(call),
        ref other => Ok(answers::method_not_allowed(other, "GET, POST, HEAD, OPTIONS")),
    }
}

pub(super) fn object(call: &mut Call<'_>, key: &str) -> Reply {
    call.expect_query(&[]);
    let pk: i64 = key.parse().map_err(|_| answers::not_found())?;
    call.require_on(
        OAUTH2_PROVIDER,
        keys(&call.world.database),
        key,
        &OAUTH2_PROVIDER.permission(call.verb()),
    )?;
    match call.request.method {
        Method::GET | Method::HEAD => show(call, pk, answers::ok),
        Method::PATCH | Method::PUT => update(call, pk),
        Method::DELETE => {
            call.world.database.providers.remove(&pk);
            for application in call.world.database.applications.values_mut() {
                if application.provider() == Some(pk) {
                    application.fields.insert("provider".into(), Value::Null);
                }
            }
            Ok(answers::no_content())
        }
        ref other => Ok(answers::method_not_allowed(
            other,
            "GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
        )),
    }
}

/// One poisoned provider makes every list that holds it 500.
fn list(call: &mut Call<'_>) -> Reply {
    let visible = call.visible(OAUTH2_PROVIDER, keys(&call.world.database))?;
    let world = &*call.world;
    let providers = visible
        .iter()
        .filter_map(|key| world.database.providers.get(&key.parse().ok()?));
    let rows: Vec<_> = providers.map(|provider| render(world, provider)).collect();
    let page = LISTING.page(call, rows)?;
    let poisoned = |row: &Value| {
        let provider = row["pk"]
            .as_i64()
            .and_then(|pk| call.world.database.providers.get(&pk));
        provider.is_some_and(Provider::is_poisoned)
    };
    if page.results.iter().any(poisoned) {
        return Ok(answers::crash(&call.request.method));
    }
    Ok(page.answer())
}

fn create(call: &mut Call<'_>) -> Reply {
    call.expect_query(&[]);
    call.require(&OAUTH2_PROVIDER.permission("add"))?;
    let cleaned = fields::clean(call, &provider_fields::writable(call.world.options.version))?;
    check_unique(call.world, &cleaned, None)?;
    let pk = insert(call.world, cleaned, SecretWrite::Stored);
    show(call, pk, answers::created)
}

fn update(call: &mut Call<'_>, pk: i64) -> Reply {
    let cleaned = fields::clean(call, &provider_fields::writable(call.world.options.version))?;
    check_unique(call.world, &cleaned, Some(pk))?;
    let Some(provider) = call.world.database.providers.get_mut(&pk) else {
        return Err(answers::not_found());
    };
    let sent = cleaned.get("client_secret").cloned();
    let kept = provider.fields["client_secret"].clone();
    provider.fields.extend(cleaned);
    let secret_write = provider.secret_write;
    if secret_write != SecretWrite::Stored {
        provider.fields.insert("client_secret".into(), kept);
    }
    if provider.is_poisoned() {
        call.world.violation(
            call.request,
            "a redirect URI without matching_mode or url poisons the provider",
        );
    }
    show(call, pk, |shown| match (secret_write, sent) {
        (SecretWrite::Echoed, Some(sent)) => {
            let mut shown = shown.clone();
            shown["client_secret"] = sent;
            answers::ok(&shown)
        }
        _ => answers::ok(shown),
    })
}

/// The whole provider, or a crash if it is poisoned.
fn show(call: &Call<'_>, pk: i64, answer: impl FnOnce(&Value) -> Answer) -> Reply {
    match call.world.database.providers.get(&pk) {
        Some(provider) if provider.is_poisoned() => Ok(answers::crash(&call.request.method)),
        Some(provider) => Ok(answer(&render(call.world, provider))),
        None => Err(answers::not_found()),
    }
}

fn check_unique(world: &World, cleaned: &Fields, but: Option<i64>) -> Result<(), Answer> {
    let taken = |name: &str| {
        let wanted = cleaned.get(name).filter(|value| value.is_string());
        let mut others = world
            .database
            .providers
            .values()
            .filter(|provider| Some(provider.pk) != but);
        wanted.is_some() && others.any(|other| other.fields.get(name) == wanted)
    };
    let mut errors = Map::new();
    if taken("name") {
        errors.insert("name".into(), json!(["provider with this name already exists."]));
    }
    if taken("client_id") {
        let text = "OAuth2/OpenID Provider with this Client ID already exists.";
        errors.insert("client_id".into(), json!([text]));
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(answers::bad_request(&Value::Object(errors)))
    }
}

/// Stores a new provider; client id and secret are generated where they are missing.
pub(super) fn insert(world: &mut World, mut fields: Fields, secret_write: SecretWrite) -> i64 {
    let pk = world.database.next_pk();
    for (name, length) in [("client_id", 40), ("client_secret", 128)] {
        if fields.get(name).is_none_or(Value::is_null) {
            let purpose = format!("{name} of {}", text(&fields, "name"));
            fields.insert(name.into(), world.entropy.alphanumeric(&purpose, length).into());
        }
    }
    world.database.providers.insert(
        pk,
        Provider {
            pk,
            fields,
            secret_write,
        },
    );
    pk
}

/// `setup_urls/` checks no permission (recorded); URLs follow the request's host.
pub(super) fn setup_urls(call: &mut Call<'_>, key: &str) -> Reply {
    if !call.request.reads() {
        return Ok(answers::method_not_allowed(
            &call.request.method,
            "GET, HEAD, OPTIONS",
        ));
    }
    call.expect_query(&[]);
    call.user()?;
    let provider = find(call, key)?;
    let Some(base) = Base::of(call.world, call.request) else {
        return Err(answers::not_found());
    };
    let mut body = json!({
        "issuer": null,
        "authorize": base.url("/application/o/authorize/"),
        "token": base.url("/application/o/token/"),
        "user_info": base.url("/application/o/userinfo/"),
        "provider_info": null,
        "logout": null,
    });
    if let Some(application) = call.world.database.application_of(provider.pk) {
        let slug = application.slug();
        body["issuer"] = json!(base.issuer(provider, slug));
        body["provider_info"] =
            json!(base.url(&format!("/application/o/{slug}/.well-known/openid-configuration")));
        body["logout"] = json!(base.url(&format!("/application/o/{slug}/end-session/")));
        body["jwks"] = json!(base.url(&format!("/application/o/{slug}/jwks/")));
    }
    Ok(answers::ok(&body))
}

/// `preview_user/`: the claims that a user's ID token would carry.
pub(super) fn preview_user(call: &mut Call<'_>, key: &str) -> Reply {
    if !call.request.reads() {
        return Ok(answers::method_not_allowed(
            &call.request.method,
            "GET, HEAD, OPTIONS",
        ));
    }
    call.expect_query(&["for_user"]);
    call.require_on(
        OAUTH2_PROVIDER,
        keys(&call.world.database),
        key,
        &OAUTH2_PROVIDER.permission("view"),
    )?;
    let provider = find(call, key)?;
    let user = match call.request.param("for_user").map(str::parse) {
        None => call.user()?,
        Some(Ok(user)) if call.world.database.users.contains_key(&user) => user,
        Some(Ok(_)) => return Err(answers::bad_request(&json!({ "for_user": "User not found" }))),
        Some(Err(_)) => {
            return Err(answers::bad_request(
                &json!({ "for_user": "input must be numerical" }),
            ));
        }
    };
    let Some(base) = Base::of(call.world, call.request) else {
        return Err(answers::not_found());
    };
    Ok(answers::ok(
        &json!({ "preview": oidc::claims(call.world, &base, provider, user, None) }),
    ))
}

fn find<'a>(call: &'a Call<'_>, key: &str) -> Result<&'a Provider, Answer> {
    let pk: i64 = key.parse().map_err(|_| answers::not_found())?;
    call.world
        .database
        .providers
        .get(&pk)
        .ok_or_else(|| answers::no_such(OAUTH2_PROVIDER.class))
}

fn keys(database: &Database) -> Vec<String> {
    database.providers.keys().map(ToString::to_string).collect()
}

/// The form that an application's `provider_obj` has.
pub(super) fn render_briefly(world: &World, provider: &Provider) -> Value {
    let application = world.database.application_of(provider.pk);
    let mut shown = json!({
        "pk": provider.pk,
        "component": "ak-provider-oauth2-form",
        "assigned_application_slug": application.map(|application| application.slug()),
        "assigned_application_name": application.map(|application| application.name()),
        "verbose_name": "OAuth2/OpenID Provider",
        "verbose_name_plural": "OAuth2/OpenID Providers",
        "meta_model_name": "authentik_providers_oauth2.oauth2provider",
    });
    for name in [
        "name",
        "authentication_flow",
        "authorization_flow",
        "invalidation_flow",
        "property_mappings",
    ] {
        if let Some(value) = provider.fields.get(name) {
            shown[name] = value.clone();
        }
    }
    if world.options.version != Version::V2025_10 {
        shown["assigned_backchannel_application_slug"] = Value::Null;
        shown["assigned_backchannel_application_name"] = Value::Null;
    }
    shown
}

fn render(world: &World, provider: &Provider) -> Value {
    let mut shown = render_briefly(world, provider);
    for (name, value) in &provider.fields {
        shown[name] = value.clone();
    }
    shown
}
