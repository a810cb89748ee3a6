//! What is only read: configuration, version, blueprints, flows, certificates, scope mappings.

use http::Method;
use serde_json::{Value, json};

use super::Version;
use super::answers::{self, Reply};
use super::call::Call;
use super::database::{Fields, text};
use super::listing::{Filter, Listing, PAGE_SIZE, choice, exact, flag};
use super::rights::{BLUEPRINT, CERTIFICATE, FLOW, Model, SCOPE_MAPPING};

const fn listing(
    filters: &'static [Filter],
    search: &'static [&'static str],
    order: &'static str,
) -> Listing {
    Listing {
        filters,
        search,
        order,
        page_size: PAGE_SIZE,
        others: &[],
    }
}

const BLUEPRINTS: Listing = listing(
    &[exact("name", "/name"), exact("path", "/path")],
    &["name", "path"],
    "name",
);
const FLOWS: Listing = listing(
    &[
        exact("slug", "/slug"),
        exact("name", "/name"),
        choice(
            "designation",
            "/designation",
            &[
                "authentication",
                "authorization",
                "invalidation",
                "enrollment",
                "unenrollment",
                "recovery",
                "stage_configuration",
            ],
        ),
    ],
    &["name", "slug", "designation", "title"],
    "slug",
);
const CERTIFICATES: Listing = listing(
    &[
        exact("name", "/name"),
        exact("managed", "/managed"),
        flag("has_key", "/private_key_available"),
    ],
    &["name"],
    "name",
);
const MAPPINGS: Listing = listing(
    &[
        exact("name", "/name"),
        exact("managed", "/managed"),
        exact("scope_name", "/scope_name"),
    ],
    &["name", "scope_name"],
    "scope_name",
);

fn reads_only(call: &Call<'_>) -> Result<(), answers::Answer> {
    if call.request.reads() {
        return Ok(());
    }
    Err(answers::method_not_allowed(
        &call.request.method,
        "GET, HEAD, OPTIONS",
    ))
}

/// Needs no authentication, and names no version.
pub(super) fn config(call: &mut Call<'_>) -> Reply {
    reads_only(call)?;
    call.expect_query(&[]);
    Ok(answers::ok(&json!({
        "error_reporting": {
            "enabled": false, "sentry_dsn": "", "environment": "customer", "send_pii": false, "traces_sample_rate": 0.1,
        },
        "capabilities": ["can_impersonate", "is_enterprise"],
        "cache_timeout": 300,
        "cache_timeout_flows": 300,
        "cache_timeout_policies": 300,
        "cache_timeout_reputation": 0,
    })))
}

pub(super) fn version(call: &mut Call<'_>) -> Reply {
    reads_only(call)?;
    call.expect_query(&[]);
    call.user()?;
    let number = call.world.options.version.number();
    let mut body = json!({
        "version_current": number,
        "version_latest": number,
        "version_latest_valid": true,
        "build_hash": "",
        "outdated": false,
    });
    if call.world.options.version >= Version::V2024_12 {
        body["outpost_outdated"] = json!(false);
    }
    Ok(answers::ok(&body))
}

/// What people may change of themselves; only reading it is stood in for (source: `tenants/api/settings.py`).
pub(super) fn settings(call: &mut Call<'_>) -> Reply {
    reads_only(call)?;
    call.expect_query(&[]);
    call.require("authentik_rbac.view_system_settings")?;
    Ok(answers::ok(&json!({
        "avatars": "gravatar,initials",
        "default_user_change_name": true,
        "default_user_change_email": call.world.options.may_change_email,
        "default_user_change_username": false,
        "event_retention": "days=365",
        "footer_links": [],
        "gdpr_compliance": true,
        "impersonation": true,
        "default_token_length": 60,
    })))
}

pub(super) fn blueprints(call: &mut Call<'_>) -> Reply {
    let rows = call.world.database.blueprints.clone();
    list(call, BLUEPRINT, &BLUEPRINTS, rows)
}

/// Answers with the old status; it is `successful` a moment later (recorded), which is the next request here.
pub(super) fn apply_blueprint(call: &mut Call<'_>, pk: &str) -> Reply {
    if call.request.method != Method::POST {
        return Ok(answers::method_not_allowed(&call.request.method, "POST, OPTIONS"));
    }
    call.expect_query(&[]);
    let keys: Vec<_> = call
        .world
        .database
        .blueprints
        .iter()
        .map(|row| text(row, "pk").to_owned())
        .collect();
    call.require_on(BLUEPRINT, keys, pk, &BLUEPRINT.permission("view"))?;
    let found = call
        .world
        .database
        .blueprints
        .iter_mut()
        .find(|row| text(row, "pk") == pk);
    let Some(blueprint) = found else {
        return Err(answers::no_such(BLUEPRINT.class));
    };
    let before = Value::Object(blueprint.clone());
    blueprint.insert("status".into(), json!("successful"));
    Ok(answers::ok(&before))
}

pub(super) fn flows(call: &mut Call<'_>) -> Reply {
    let rows = call.world.database.flows.clone();
    list(call, FLOW, &FLOWS, rows)
}

pub(super) fn certificates(call: &mut Call<'_>) -> Reply {
    let rows = call.world.database.certificates.clone();
    list(call, CERTIFICATE, &CERTIFICATES, rows)
}

pub(super) fn mappings(call: &mut Call<'_>) -> Reply {
    let rows = call.world.database.mappings.clone();
    list(call, SCOPE_MAPPING, &MAPPINGS, rows)
}

fn list(call: &mut Call<'_>, model: Model, listing: &Listing, rows: Vec<Fields>) -> Reply {
    reads_only(call)?;
    let visible = call.visible(model, rows.iter().map(|row| text(row, "pk").to_owned()))?;
    let rows = rows
        .into_iter()
        .filter(|row| visible.iter().any(|pk| pk == text(row, "pk")));
    let rows = rows.map(Value::Object).collect();
    listing.answer(call, rows)
}
