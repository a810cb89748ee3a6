//! `core/applications/`, addressed by slug (recorded).

use http::Method;
use serde_json::{Value, json};

use super::answers::{self, Answer, Reply};
use super::call::Call;
use super::database::{Application, Fields, text};
use super::fields::{self, ANY_TEXT, Field, Kind, SHORT_TEXT, Table, invalid, optional, required};
use super::listing::{Listing, PAGE_SIZE, exact};
use super::providers;
use super::rights::APPLICATION;
use super::world::World;

const LISTING: Listing = Listing {
    filters: &[
        exact("name", "/name"),
        exact("slug", "/slug"),
        exact("group", "/group"),
    ],
    search: &["name", "slug", "group"],
    order: "name",
    page_size: PAGE_SIZE,
    others: &["superuser_full_list"],
};

fn writable() -> [Field; 10] {
    [
        required("name", SHORT_TEXT),
        required("slug", Kind::Slug),
        optional("provider", Kind::One(Table::Providers), Value::Null),
        optional("backchannel_providers", Kind::Many(Table::Providers), json!([])),
        optional("open_in_new_tab", Kind::Flag, false),
        optional("meta_launch_url", ANY_TEXT, ""),
        optional("meta_description", ANY_TEXT, ""),
        optional("meta_publisher", ANY_TEXT, ""),
        optional("policy_engine_mode", Kind::Choice(&["all", "any"]), "any"),
        optional("group", ANY_TEXT, ""),
    ]
}

pub(super) fn collection(call: &mut Call<'_>) -> Reply {
    match call.request.method {
        // Without policies everybody may launch everything, so that the full list is the same.
        Method::GET | Method::HEAD => {
            call.user()?;
            let applications = call.world.database.applications.values();
            let rows = applications
                .map(|application| render(call.world, application))
                .collect();
            LISTING.answer(call, rows)
        }
        Method::POST => create(call),
        ref other => Ok(answers::method_not_allowed(other, "GET, POST, HEAD, OPTIONS")),
    }
}

pub(super) fn object(call: &mut Call<'_>, slug: &str) -> Reply {
    call.expect_query(&[]);
    let keys: Vec<_> = call.world.database.applications.keys().cloned().collect();
    call.require_on(APPLICATION, keys, slug, &APPLICATION.permission(call.verb()))?;
    match call.request.method {
        Method::GET | Method::HEAD => Ok(answers::ok(&shown(call.world, slug))),
        Method::PATCH | Method::PUT => update(call, slug),
        Method::DELETE => {
            call.world.database.applications.remove(slug);
            Ok(answers::no_content())
        }
        ref other => Ok(answers::method_not_allowed(
            other,
            "GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
        )),
    }
}

fn create(call: &mut Call<'_>) -> Reply {
    call.expect_query(&[]);
    call.require(&APPLICATION.permission("add"))?;
    let cleaned = fields::clean(call, &writable())?;
    check_unique(call.world, &cleaned, None)?;
    let slug = insert(call.world, cleaned);
    Ok(answers::created(&shown(call.world, &slug)))
}

fn update(call: &mut Call<'_>, slug: &str) -> Reply {
    let cleaned = fields::clean(call, &writable())?;
    check_unique(call.world, &cleaned, Some(slug))?;
    let mut now_at = slug.to_owned();
    if let Some(mut application) = call.world.database.applications.remove(slug) {
        application.fields.extend(cleaned);
        now_at = application.slug().to_owned();
        call.world
            .database
            .applications
            .insert(now_at.clone(), application);
    }
    Ok(answers::ok(&shown(call.world, &now_at)))
}

fn check_unique(world: &World, cleaned: &Fields, but: Option<&str>) -> Result<(), Answer> {
    let mut others = world
        .database
        .applications
        .values()
        .filter(|application| Some(application.slug()) != but);
    let provider = cleaned.get("provider").and_then(Value::as_i64);
    let clash = others.find_map(|other| {
        if other.slug() == text(cleaned, "slug") {
            return Some("slug");
        }
        (provider.is_some() && other.provider() == provider).then_some("provider")
    });
    match clash {
        Some(field) => Err(invalid(
            field,
            &format!("Application with this {field} already exists."),
        )),
        None => Ok(()),
    }
}

/// Stores a new application under its slug.
pub(super) fn insert(world: &mut World, fields: Fields) -> String {
    let application = Application {
        pk: world.entropy.uuid("application"),
        fields,
    };
    let slug = application.slug().to_owned();
    world.database.applications.insert(slug.clone(), application);
    slug
}

/// The fields of an application that has nothing but its name, slug and provider.
pub(super) fn plain(name: &str, slug: &str, provider: i64) -> Fields {
    let fields = json!({
        "name": name, "slug": slug, "provider": provider, "backchannel_providers": [], "open_in_new_tab": false,
        "meta_launch_url": "", "meta_description": "", "meta_publisher": "", "policy_engine_mode": "any", "group": "",
    });
    fields.as_object().cloned().unwrap_or_default()
}

fn shown(world: &World, slug: &str) -> Value {
    world
        .database
        .applications
        .get(slug)
        .map_or(Value::Null, |application| render(world, application))
}

fn render(world: &World, application: &Application) -> Value {
    let mut shown = Value::Object(application.fields.clone());
    let provider = application
        .provider()
        .and_then(|pk| world.database.providers.get(&pk));
    shown["pk"] = json!(application.pk);
    shown["provider_obj"] =
        provider.map_or(Value::Null, |provider| providers::render_briefly(world, provider));
    shown["backchannel_providers_obj"] = json!([]);
    shown["launch_url"] = Value::Null;
    shown["meta_icon"] = Value::Null;
    shown
}
