//! The endpoints that a client's secret opens: token, revoke, introspect; and userinfo (recorded).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderValue, Method, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answers::{self, Answer};
use super::database::{Fields, Provider};
use super::oidc::{self, Base};
use super::request::Request;
use super::signing_key;
use super::users;
use super::world::World;

/// Codes and access tokens that were given out.
#[derive(Default)]
pub(super) struct Issued {
    codes: BTreeMap<String, Code>,
    access: BTreeMap<String, Access>,
}

struct Code {
    provider: i64,
    user: i64,
    redirect_uri: String,
    nonce: Option<String>,
    expires: Timestamp,
}

struct Access {
    provider: i64,
    user: i64,
}

/// A code that lives one minute.
pub(super) fn issue_code(
    world: &mut World,
    provider: i64,
    user: i64,
    redirect_uri: &str,
    nonce: Option<String>,
) -> String {
    let code = world.entropy.hex("authorization code", 32);
    let now = world.now();
    let expires = now.checked_add(SignedDuration::from_mins(1)).unwrap_or(now);
    world.issued.codes.insert(
        code.clone(),
        Code {
            provider,
            user,
            redirect_uri: redirect_uri.into(),
            nonce,
            expires,
        },
    );
    code
}

/// A client id and secret, from the form or else from Basic, which is split at the first colon and **not** percent-decoded.
fn credentials(request: &Request) -> Option<(String, String)> {
    if let Some(id) = request.form_field("client_id") {
        return Some((id, request.form_field("client_secret").unwrap_or_default()));
    }
    let (scheme, encoded) = request.header(header::AUTHORIZATION)?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    decoded
        .split_once(':')
        .map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

/// The client that a request names, and whether its secret is right. A public client's secret does not count.
fn client<'a>(world: &'a World, request: &Request) -> Option<(&'a Provider, bool)> {
    let (id, secret) = credentials(request)?;
    let provider = world.database.provider_of_client(&id)?;
    Some((
        provider,
        provider.is_public() || provider.client_secret() == secret,
    ))
}

fn error(world: &mut World, status: StatusCode, code: &str) -> Answer {
    let description = match code {
        "invalid_client" => "Client authentication failed",
        "invalid_grant" => "The provided authorization grant or refresh token is invalid, expired or revoked",
        _ => "The authorization grant type is not supported by the authorization server",
    };
    let request_id = world.entropy.hex("request", 32);
    answers::json_with(
        status,
        &json!({ "error": code, "error_description": description, "request_id": request_id }),
    )
}

fn no_store(mut answer: Answer) -> Answer {
    answer
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

pub(super) fn token(world: &mut World, request: &Request) -> Answer {
    if request.method != Method::POST {
        return post_only();
    }
    no_store(grant(world, request))
}

fn post_only() -> Answer {
    let mut answer = answers::empty(StatusCode::METHOD_NOT_ALLOWED);
    answer
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("POST, OPTIONS"));
    answer
}

fn grant(world: &mut World, request: &Request) -> Answer {
    let refused = |world: &mut World, code| error(world, StatusCode::BAD_REQUEST, code);
    let Some((provider, right)) = client(world, request).map(|(provider, right)| (provider.pk, right)) else {
        return refused(world, "invalid_client");
    };
    match (request.form_field("grant_type").as_deref(), right) {
        (Some("client_credentials"), true) => client_credentials(world, request, provider),
        // A wrong secret is tried as a user's name and password.
        (Some("client_credentials"), false) => refused(world, "invalid_grant"),
        (Some("authorization_code" | "refresh_token"), false) => refused(world, "invalid_client"),
        (Some("authorization_code"), true) => redeem(world, request, provider),
        (Some("refresh_token"), true) => refused(world, "invalid_grant"),
        _ => refused(world, "unsupported_grant_type"),
    }
}

/// Side effect: a user of its own for the client.
fn client_credentials(world: &mut World, request: &Request, provider: i64) -> Answer {
    let name = world
        .database
        .providers
        .get(&provider)
        .map(Provider::name)
        .unwrap_or_default();
    let username = format!("ak-{name}-client_credentials");
    let user = match world.database.user_named(&username) {
        Some(user) => user.pk,
        None => {
            let path = "goauthentik.io/service-accounts";
            users::insert(
                world,
                users::account(&username, "service_account", path, Fields::new()),
            )
        }
    };
    tokens(world, request, provider, user, None)
}

/// A code is used up by its exchange, not by a refused one.
fn redeem(world: &mut World, request: &Request, provider: i64) -> Answer {
    let code = request.form_field("code").unwrap_or_default();
    let now = world.now();
    let found = world
        .issued
        .codes
        .get(&code)
        .filter(|found| found.provider == provider && found.expires > now);
    let Some(found) = found else {
        return error(world, StatusCode::BAD_REQUEST, "invalid_grant");
    };
    if request.form_field("redirect_uri").as_deref() != Some(&found.redirect_uri) {
        return error(world, StatusCode::BAD_REQUEST, "invalid_client");
    }
    let (user, nonce) = (found.user, found.nonce.clone());
    world.issued.codes.remove(&code);
    tokens(world, request, provider, user, nonce.as_deref())
}

fn tokens(world: &mut World, request: &Request, provider: i64, user: i64, nonce: Option<&str>) -> Answer {
    let base = Base::of(world, request);
    let found = world.database.providers.get(&provider);
    let (Some(base), Some(found)) = (base, found) else {
        return answers::html(StatusCode::NOT_FOUND);
    };
    let signed = found.has_signing_key();
    let claims = oidc::claims(world, &base, found, user, nonce);
    let id_token = jwt(world, signed, &claims);
    let mut own = claims;
    own["jti"] = world.entropy.hex("token", 32).into();
    let access = jwt(world, signed, &own);
    world
        .issued
        .access
        .insert(access.clone(), Access { provider, user });
    answers::ok(&json!({
        "access_token": access,
        "token_type": "Bearer",
        "scope": request.form_field("scope").unwrap_or_default(),
        "expires_in": 3600,
        "id_token": id_token,
    }))
}

fn jwt(world: &mut World, signed: bool, claims: &Value) -> String {
    let header = if signed {
        json!({"alg": "RS256", "kid": signing_key::KEY_ID})
    } else {
        json!({"alg": "HS256"})
    };
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encode(&header), encode(claims));
    let signature = match signed {
        true => signing_key::sign(&text).unwrap_or_default(),
        // Nobody who knows the client's secret checks it here.
        false => world.entropy.alphanumeric("signature", 43),
    };
    format!("{text}.{signature}")
}

/// The probe without side effect: 200 for the right secret, 401 for a wrong one.
pub(super) fn revoke(world: &mut World, request: &Request) -> Answer {
    if request.method != Method::POST {
        return post_only();
    }
    if !client(world, request).is_some_and(|(_, right)| right) {
        return error(world, StatusCode::UNAUTHORIZED, "invalid_client");
    }
    if let Some(token) = request.form_field("token") {
        world.issued.access.remove(&token);
    }
    answers::ok(&json!({}))
}

/// No probe: a wrong secret and an unknown token look alike.
pub(super) fn introspect(world: &mut World, request: &Request) -> Answer {
    if request.method != Method::POST {
        return post_only();
    }
    let asker = client(world, request)
        .filter(|(_, right)| *right)
        .map(|(provider, _)| provider.pk);
    let token = request.form_field("token").unwrap_or_default();
    let active = world
        .issued
        .access
        .get(&token)
        .is_some_and(|access| Some(access.provider) == asker);
    answers::ok(&json!({ "active": active }))
}

pub(super) fn userinfo(world: &mut World, request: &Request) -> Answer {
    let token = request
        .header(header::AUTHORIZATION)
        .and_then(|value| value.split_once(' '))
        .map(|(_, key)| key);
    let access = token.and_then(|token| world.issued.access.get(token));
    let provider = access.and_then(|access| world.database.providers.get(&access.provider));
    let (Some(access), Some(provider), Some(base)) = (access, provider, Base::of(world, request)) else {
        let mut answer = answers::empty(StatusCode::UNAUTHORIZED);
        let challenge =
            "error=\"invalid_token\", error_description=\"The access token is invalid or expired\"";
        answer
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        return answer;
    };
    let mut claims = oidc::claims(world, &base, provider, access.user, None);
    if let Some(claims) = claims.as_object_mut() {
        for name in ["iss", "aud", "exp", "iat", "auth_time", "acr"] {
            claims.remove(name);
        }
    }
    answers::ok(&claims)
}
