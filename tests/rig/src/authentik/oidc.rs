//! OpenID Connect: URLs that follow the request's host, discovery, keys, the authorization endpoint (recorded).

use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::Version;
use super::answers::{self, Answer};
use super::database::{Provider, text};
use super::oidc_token;
use super::redirect_uris;
use super::request::Request;
use super::session::{self, SESSION_COOKIE};
use super::signing_key;
use super::world::World;

/// Scheme and host that a request was made to, as Authentik sees it behind its proxies.
pub(super) struct Base {
    scheme: &'static str,
    host: String,
}

impl Base {
    /// `X-Forwarded-Host` replaces `Host` if the peer is trusted; `X-Forwarded-Proto` counts from any peer before 2026.8.
    /// `Forwarded`, `X-Forwarded-Port` and `X-Forwarded-Scheme` are ignored. None: not a host name.
    pub(super) fn of(world: &World, request: &Request) -> Option<Self> {
        let trusted = world.options.trusted_proxy;
        let forwarded = request.header("x-forwarded-host").filter(|_| trusted);
        let host = forwarded.unwrap_or_else(|| session::host(request));
        let proto_counts = trusted || world.options.version < Version::V2026_8;
        let proto = request.header("x-forwarded-proto").filter(|_| proto_counts);
        let scheme = if proto == Some("https") { "https" } else { "http" };
        is_host(host).then(|| Self {
            scheme,
            host: host.to_owned(),
        })
    }

    pub(super) fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    pub(super) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }

    pub(super) fn url(&self, path: &str) -> String {
        self.origin() + path
    }

    /// With a trailing slash in both modes.
    pub(super) fn issuer(&self, provider: &Provider, slug: &str) -> String {
        if text(&provider.fields, "issuer_mode") == "global" {
            self.url("/")
        } else {
            self.url(&format!("/application/o/{slug}/"))
        }
    }
}

/// Django's rule: letters, digits, dots and hyphens, or an address in brackets, and perhaps a port.
fn is_host(host: &str) -> bool {
    let port_at = host.rfind(':').filter(|at| !host[*at..].contains(']'));
    let (name, port) = port_at.map_or((host, "0"), |at| (&host[..at], &host[at + 1..]));
    let is_name = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
    };
    let is_address = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_hexdigit() || c == ':' || c == '.')
    };
    let bracketed = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    !name.is_empty()
        && bracketed.map_or_else(|| is_name(name), is_address)
        && !port.is_empty()
        && port.chars().all(|c| c.is_ascii_digit())
}

/// The provider behind an application's slug.
fn provider_at<'a>(world: &'a World, slug: &str) -> Option<&'a Provider> {
    let application = world.database.applications.get(slug)?;
    world.database.providers.get(&application.provider()?)
}

fn only_reads(request: &Request) -> Option<Answer> {
    (!request.reads()).then(|| answers::html(StatusCode::FORBIDDEN))
}

pub(super) fn discovery(world: &mut World, request: &Request, slug: &str) -> Answer {
    if let Some(refused) = only_reads(request) {
        return refused;
    }
    let (Some(provider), Some(base)) = (provider_at(world, slug), Base::of(world, request)) else {
        return answers::html(StatusCode::NOT_FOUND);
    };
    let scopes = scopes(world, provider);
    let algorithm = if provider.has_signing_key() {
        "RS256"
    } else {
        "HS256"
    };
    let document = json!({
        "issuer": base.issuer(provider, slug),
        "authorization_endpoint": base.url("/application/o/authorize/"),
        "token_endpoint": base.url("/application/o/token/"),
        "userinfo_endpoint": base.url("/application/o/userinfo/"),
        "end_session_endpoint": base.url(&format!("/application/o/{slug}/end-session/")),
        "introspection_endpoint": base.url("/application/o/introspect/"),
        "revocation_endpoint": base.url("/application/o/revoke/"),
        "device_authorization_endpoint": base.url("/application/o/device/"),
        "jwks_uri": base.url(&format!("/application/o/{slug}/jwks/")),
        "response_types_supported": [
            "code", "id_token", "id_token token", "code token", "code id_token", "code id_token token",
        ],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": [
            "authorization_code", "refresh_token", "implicit", "client_credentials", "password",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [algorithm],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "scopes_supported": scopes,
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "email", "name", "groups"],
        "claims_parameter_supported": false,
        "code_challenge_methods_supported": ["plain", "S256"],
    });
    let indented = serde_json::to_string_pretty(&document).unwrap_or_default();
    answers::typed(StatusCode::OK, "application/json", indented)
}

fn scopes(world: &World, provider: &Provider) -> Vec<String> {
    let chosen = provider.fields.get("property_mappings").and_then(Value::as_array);
    let is_chosen = |pk: &str| chosen.is_some_and(|chosen| chosen.iter().any(|wanted| wanted == pk));
    let mappings = world
        .database
        .mappings
        .iter()
        .filter(|mapping| is_chosen(text(mapping, "pk")));
    mappings
        .map(|mapping| text(mapping, "scope_name").to_owned())
        .collect()
}

/// `{}` without a signing key, not an empty `keys`.
pub(super) fn jwks(world: &mut World, request: &Request, slug: &str) -> Answer {
    if let Some(refused) = only_reads(request) {
        return refused;
    }
    match provider_at(world, slug) {
        None => answers::html(StatusCode::NOT_FOUND),
        Some(provider) if provider.has_signing_key() => answers::ok(&json!({ "keys": [signing_key::jwk()] })),
        Some(_) => answers::ok(&json!({})),
    }
}

/// With a session and implicit consent the code comes at once; an unknown client or redirect URI is never redirected to.
pub(super) fn authorize(world: &mut World, request: &Request) -> Answer {
    if request.method != Method::GET {
        return answers::html(StatusCode::FORBIDDEN);
    }
    let redirect_uri = request.param("redirect_uri").unwrap_or_default();
    let provider = request
        .param("client_id")
        .and_then(|id| world.database.provider_of_client(id));
    let allowed =
        provider.filter(|provider| redirect_uris::allows(&provider.fields["redirect_uris"], redirect_uri));
    let Some(provider) = allowed.map(|provider| provider.pk) else {
        return answers::html(StatusCode::BAD_REQUEST);
    };
    let session = request
        .cookie(SESSION_COOKIE)
        .and_then(|id| world.sessions.get(id));
    let Some(user) = session.and_then(|session| session.user) else {
        let next: String = form_urlencoded::byte_serialize(request.path_and_query().as_bytes()).collect();
        return redirect(&format!("/flows/-/default/authentication/?next={next}"));
    };
    let nonce = request.param("nonce").map(str::to_owned);
    let code = oidc_token::issue_code(world, provider, user, redirect_uri, nonce);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("code", &code);
    if let Some(state) = request.param("state") {
        query.append_pair("state", state);
    }
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    redirect(&format!("{redirect_uri}{separator}{}", query.finish()))
}

fn redirect(to: &str) -> Answer {
    let mut answer = answers::empty(StatusCode::FOUND);
    if let Ok(location) = HeaderValue::from_str(to) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    answer
}

/// The claims about a user that an ID token of this provider carries.
pub(super) fn claims(
    world: &World,
    base: &Base,
    provider: &Provider,
    user: i64,
    nonce: Option<&str>,
) -> Value {
    let slug = world
        .database
        .application_of(provider.pk)
        .map_or("", |application| application.slug());
    let now = world.now().as_second();
    let mut claims = json!({
        "iss": base.issuer(provider, slug),
        "aud": provider.client_id(),
        "exp": now + 3600,
        "iat": now,
        "auth_time": now,
        "acr": "goauthentik.io/providers/oauth2/default",
    });
    if let Some(user) = world.database.users.get(&user) {
        let by_name = text(&provider.fields, "sub_mode") == "user_username";
        claims["sub"] = json!(if by_name {
            user.username()
        } else {
            user.uid.as_str()
        });
        claims["email"] = user.fields["email"].clone();
        claims["email_verified"] = json!(true);
        claims["name"] = user.fields["name"].clone();
        claims["preferred_username"] = json!(user.username());
        claims["groups"] = world
            .database
            .groups_of(user.pk)
            .map(|group| group.name())
            .collect();
    }
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    claims
}
