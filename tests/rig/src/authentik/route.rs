//! From the path to the resource.

use http::StatusCode;

use super::Version;
use super::answers::{self, Answer, Reply};
use super::call::Call;
use super::oidc::Base;
use super::request::Request;
use super::world::World;
use super::{applications, catalog, groups, login, oidc, oidc_token, providers, rbac, roles, tokens, users};

/// What the backend answers.
pub(super) fn answer(world: &mut World, request: &Request) -> Answer {
    if Base::of(world, request).is_none() {
        return answers::empty(StatusCode::NOT_FOUND);
    }
    let path = request.path();
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let discovery = matches!(
        segments[..],
        ["application", "o", _, ".well-known", "openid-configuration"]
    );
    match segments[..] {
        // The only path that must not end in a slash.
        _ if path.ends_with('/') == discovery => unknown(world, request),
        ["-", "health", "ready"] => answers::html(StatusCode::FORBIDDEN),
        ["api", "v3", "flows", "executor", slug] => login::answer(world, request, slug),
        ["api", "v3", ref resource @ ..] => match view(world.options.version, resource) {
            Some(view) => Call::open(world, request)
                .and_then(|mut call| view(&mut call))
                .unwrap_or_else(|early| early),
            None => unknown(world, request),
        },
        ["application", "o", "authorize"] => oidc::authorize(world, request),
        ["application", "o", "token"] => oidc_token::token(world, request),
        ["application", "o", "revoke"] => oidc_token::revoke(world, request),
        ["application", "o", "introspect"] => oidc_token::introspect(world, request),
        ["application", "o", "userinfo"] => oidc_token::userinfo(world, request),
        ["application", "o", slug, ".well-known", "openid-configuration"] => {
            oidc::discovery(world, request, slug)
        }
        ["application", "o", slug, "jwks"] => oidc::jwks(world, request, slug),
        _ => unknown(world, request),
    }
}

fn unknown(world: &mut World, request: &Request) -> Answer {
    world.violation(request, "unknown path, or a trailing slash missing or too many");
    answers::unknown_url(&request.method)
}

type View<'s> = Box<dyn FnOnce(&mut Call<'_>) -> Reply + 's>;

/// The view below `api/v3` that a path names in this version.
fn view<'s>(version: Version, resource: &[&'s str]) -> Option<View<'s>> {
    let view: View<'s> = match *resource {
        ["root", "config"] => Box::new(catalog::config),
        ["admin", "version"] => Box::new(catalog::version),
        ["admin", "settings"] => Box::new(catalog::settings),
        ["managed", "blueprints"] => Box::new(catalog::blueprints),
        ["managed", "blueprints", pk, "apply"] => Box::new(move |call| catalog::apply_blueprint(call, pk)),
        ["flows", "instances"] => Box::new(catalog::flows),
        ["crypto", "certificatekeypairs"] => Box::new(catalog::certificates),
        ["propertymappings", "scope"] if version < Version::V2024_12 => Box::new(catalog::mappings),
        ["propertymappings", "provider", "scope"] if version >= Version::V2024_12 => {
            Box::new(catalog::mappings)
        }
        ["core", "tokens", ref rest @ ..] => return token_view(rest),
        ["core", "users", ref rest @ ..] => return user_view(rest),
        ["core", "groups", ref rest @ ..] => return group_view(rest),
        ["core", "applications"] => Box::new(applications::collection),
        ["core", "applications", slug] => Box::new(move |call| applications::object(call, slug)),
        ["rbac", "roles", ref rest @ ..] => return role_view(version, rest),
        ["rbac", "permissions", ref rest @ ..] => return permission_view(rest),
        ["providers", "oauth2"] => Box::new(providers::collection),
        ["providers", "oauth2", pk] => Box::new(move |call| providers::object(call, pk)),
        ["providers", "oauth2", pk, "setup_urls"] => Box::new(move |call| providers::setup_urls(call, pk)),
        ["providers", "oauth2", pk, "preview_user"] => {
            Box::new(move |call| providers::preview_user(call, pk))
        }
        _ => return None,
    };
    Some(view)
}

fn token_view<'s>(rest: &[&'s str]) -> Option<View<'s>> {
    let view: View<'s> = match *rest {
        [] => Box::new(tokens::collection),
        [identifier] => Box::new(move |call| tokens::object(call, identifier)),
        [identifier, "view_key"] => Box::new(move |call| tokens::view_key(call, identifier)),
        [identifier, "set_key"] => Box::new(move |call| tokens::set_key(call, identifier)),
        _ => return None,
    };
    Some(view)
}

fn user_view<'s>(rest: &[&'s str]) -> Option<View<'s>> {
    let view: View<'s> = match *rest {
        [] => Box::new(users::collection),
        ["me"] => Box::new(users::me),
        ["service_account"] => Box::new(users::service_account),
        [pk] => Box::new(move |call| users::object(call, pk)),
        [pk, "set_password"] => Box::new(move |call| users::set_password(call, pk)),
        _ => return None,
    };
    Some(view)
}

fn group_view<'s>(rest: &[&'s str]) -> Option<View<'s>> {
    let view: View<'s> = match *rest {
        [] => Box::new(groups::collection),
        [pk] => Box::new(move |call| groups::object(call, pk)),
        [pk, "add_user"] => Box::new(move |call| groups::membership(call, pk, true)),
        [pk, "remove_user"] => Box::new(move |call| groups::membership(call, pk, false)),
        _ => return None,
    };
    Some(view)
}

fn role_view<'s>(version: Version, rest: &[&'s str]) -> Option<View<'s>> {
    let view: View<'s> = match *rest {
        [] => Box::new(roles::collection),
        [pk] => Box::new(move |call| roles::object(call, pk)),
        [pk, "add_user"] if version >= Version::V2025_12 => {
            Box::new(move |call| roles::membership(call, pk, true))
        }
        [pk, "remove_user"] if version >= Version::V2025_12 => {
            Box::new(move |call| roles::membership(call, pk, false))
        }
        _ => return None,
    };
    Some(view)
}

fn permission_view<'s>(rest: &[&'s str]) -> Option<View<'s>> {
    let view: View<'s> = match *rest {
        [] => Box::new(rbac::permissions_of),
        ["roles"] => Box::new(rbac::object_permissions),
        ["assigned_by_roles"] => Box::new(rbac::assigned),
        ["assigned_by_roles", role, "assign"] => Box::new(move |call| rbac::assign(call, role)),
        ["assigned_by_roles", role, "unassign"] => Box::new(move |call| rbac::unassign(call, role)),
        _ => return None,
    };
    Some(view)
}
