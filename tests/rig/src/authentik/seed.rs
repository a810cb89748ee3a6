//! What a fresh database holds, and what the blueprints add to it.

use serde_json::{Value, json};

use super::Version;
use super::applications;
use super::database::{Fields, Token, text};
use super::groups;
use super::options::{Appear, ProviderSeed};
use super::providers;
use super::roles;
use super::tokens;
use super::users;
use super::world::World;

/// Which blueprints were applied.
#[derive(Clone, Copy, Default)]
pub(super) struct Progress {
    flow: bool,
    token: bool,
    mappings: bool,
    provider: bool,
}

impl Progress {
    /// What is there after so many requests.
    pub(super) fn due(appear: &Appear, requests: usize) -> Self {
        Self {
            flow: requests >= appear.flow,
            token: requests >= appear.token,
            mappings: requests >= appear.mappings,
            provider: requests >= appear.provider,
        }
    }
}

/// The administrator, his group, one read-only group and role, the certificate.
pub(super) fn migrate(world: &mut World) {
    let password = world.options.admin_password.clone();
    let mut fields = users::account("akadmin", "internal", "users", Fields::new());
    fields.insert("name".into(), json!("authentik Default Admin"));
    fields.insert("email".into(), json!("akadmin@example.com"));
    let admin = users::insert(world, fields);
    if let Some(user) = world.database.users.get_mut(&admin) {
        user.password = Some(password);
    }
    let admins = groups::insert(world, "authentik Admins", true);
    if let Some(group) = world.database.groups.get_mut(&admins) {
        group.users.insert(admin);
    }
    let role = roles::insert(world, "authentik Read-only");
    let readers = groups::insert(world, "authentik Read-only", false);
    if let Some(group) = world.database.groups.get_mut(&readers) {
        group.roles.insert(role);
    }
    let certificate = object(json!({
        "pk": world.entropy.uuid("certificate"),
        "name": "authentik Self-signed Certificate",
        "private_key_available": true,
        "managed": null,
    }));
    world.database.certificates.push(certificate);
}

/// Adds what is due now and was not before.
pub(super) fn apply_blueprints(world: &mut World, before: Progress, due: Progress) {
    if due.flow && !before.flow {
        add_flows(world);
        add_blueprints(world);
    }
    if due.token && !before.token {
        add_bootstrap_token(world);
    }
    if due.mappings && !before.mappings {
        add_mappings(world);
    }
    if due.provider && !before.provider {
        for number in 1..=world.options.crowd {
            let name = format!("App {number:04}");
            let uri = format!("https://app-{number:04}.example.com/callback");
            add_provider(
                world,
                &ProviderSeed::other(&name, &format!("app-{number:04}"), &uri),
            );
        }
        for provider in world.options.providers.clone() {
            add_provider(world, &provider);
        }
    }
}

fn add_flows(world: &mut World) {
    let flows = [
        (
            "default-authentication-flow",
            "authentication",
            "Welcome to authentik!",
        ),
        (
            "default-invalidation-flow",
            "invalidation",
            "Default Invalidation Flow",
        ),
        (
            "default-provider-authorization-implicit-consent",
            "authorization",
            "Redirecting to %(app)s",
        ),
        (
            "default-provider-authorization-explicit-consent",
            "authorization",
            "Redirecting to %(app)s",
        ),
        (
            "default-provider-invalidation-flow",
            "invalidation",
            "You've logged out of %(app)s.",
        ),
    ];
    for (slug, designation, title) in flows {
        if slug == "default-provider-invalidation-flow" && world.options.version < Version::V2024_12 {
            continue;
        }
        let pk = world.entropy.uuid("flow");
        world.database.flows.push(object(json!({
            "pk": pk, "name": title, "slug": slug, "title": title, "designation": designation,
            "policy_engine_mode": "any", "compatibility_mode": false, "layout": "stacked",
            "denied_action": "message_continue", "authentication": "none",
        })));
    }
}

/// One of them ended in `error`, as one of four recorded fresh servers had it for good.
fn add_blueprints(world: &mut World) {
    let blueprints = [
        ("System - Bootstrap", "system/bootstrap.yaml", "successful"),
        (
            "System - OAuth2 Provider - Scopes",
            "system/providers-oauth2.yaml",
            "successful",
        ),
        (
            "Default - Authentication flow",
            "default/flow-default-authentication-flow.yaml",
            "successful",
        ),
        (
            "Default - Out-of-box-experience flow",
            "default/flow-oobe.yaml",
            "error",
        ),
    ];
    for (name, path, status) in blueprints {
        let pk = world.entropy.uuid("blueprint");
        world.database.blueprints.push(object(json!({
            "pk": pk, "name": name, "path": path, "context": {}, "last_applied": "2026-11-24T09:00:00Z",
            "last_applied_hash": "", "status": status, "enabled": true, "managed_models": [], "metadata": {},
            "content": "",
        })));
    }
}

/// Made once; a later start with another value changes nothing.
pub(super) fn add_bootstrap_token(world: &mut World) {
    let Some(key) = world.options.bootstrap_token.clone() else {
        return;
    };
    let Some(admin) = world.database.user_named("akadmin").map(|user| user.pk) else {
        return;
    };
    let identifier = "authentik-bootstrap-token";
    let token = Token {
        key,
        ..tokens::new(world, identifier, admin)
    };
    world.database.tokens.entry(identifier.into()).or_insert(token);
}

fn add_mappings(world: &mut World) {
    for scope in [
        "ak_proxy",
        "email",
        "entitlements",
        "goauthentik.io/api",
        "offline_access",
        "openid",
        "profile",
    ] {
        let pk = world.entropy.uuid("mapping");
        let managed = format!(
            "goauthentik.io/providers/oauth2/scope-{}",
            scope.trim_start_matches("goauthentik.io/")
        );
        world.database.mappings.push(object(json!({
            "pk": pk, "managed": managed, "name": format!("authentik default OAuth Mapping: {scope}"),
            "expression": "return {}", "scope_name": scope, "description": "",
            "component": "ak-property-mapping-provider-scope-form",
            "meta_model_name": "authentik_providers_oauth2.scopemapping",
        })));
    }
}

fn add_provider(world: &mut World, seed: &ProviderSeed) {
    let pk = providers::insert(world, provider_fields(world, seed), seed.secret_write);
    if let Some((name, slug)) = &seed.application {
        applications::insert(world, applications::plain(name, slug, pk));
    }
}

fn provider_fields(world: &World, seed: &ProviderSeed) -> Fields {
    let version = world.options.version;
    let flow = |slug: &str| {
        let flow = world
            .database
            .flows
            .iter()
            .find(|flow| text(flow, "slug") == slug);
        flow.map_or(Value::Null, |flow| flow["pk"].clone())
    };
    let usual = |mapping: &&Fields| ["openid", "email", "profile"].contains(&text(mapping, "scope_name"));
    let mappings: Vec<_> = world
        .database
        .mappings
        .iter()
        .filter(usual)
        .map(|mapping| mapping["pk"].clone())
        .collect();
    let certificate = world.database.certificates.first().filter(|_| seed.signing_key);
    let mut fields = super::provider_fields::defaults(version);
    fields.extend(object(json!({
        "name": seed.name,
        "client_id": seed.client_id,
        "client_secret": seed.client_secret,
        "authorization_flow": flow("default-provider-authorization-implicit-consent"),
        "property_mappings": mappings,
        "client_type": if seed.public { "public" } else { "confidential" },
        "signing_key": certificate.map(|certificate| certificate["pk"].clone()),
        "issuer_mode": if seed.global_issuer { "global" } else { "per_provider" },
        "redirect_uris": redirect_uris(version, seed),
    })));
    if version >= Version::V2024_12 {
        fields.insert(
            "invalidation_flow".into(),
            flow("default-provider-invalidation-flow"),
        );
    }
    fields
}

fn redirect_uris(version: Version, seed: &ProviderSeed) -> Value {
    if version < Version::V2024_12 {
        return json!(seed.redirect_uris.join("\n"));
    }
    let entries = seed.redirect_uris.iter().map(|url| {
        let mut entry = json!({ "matching_mode": "strict", "url": url });
        if version >= Version::V2026_8 {
            entry["redirect_uri_type"] = json!("authorization");
        }
        entry
    });
    let broken = seed
        .poisoned
        .then(|| json!({ "url": "https://poison.example.com/callback" }));
    entries.chain(broken).collect()
}

fn object(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}
