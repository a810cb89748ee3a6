//! Browser sessions: the cookies, and Django's protection against forged requests.

use http::header::{HOST, ORIGIN, REFERER};

use super::answers::{Answer, forbidden};
use super::oidc::Base;
use super::request::Request;
use super::world::World;

pub(super) const SESSION_COOKIE: &str = "authentik_session";
pub(super) const CSRF_COOKIE: &str = "authentik_csrf";
const CSRF_HEADER: &str = "x-authentik-csrf";

#[derive(Default)]
pub(super) struct Session {
    pub(super) user: Option<i64>,
    pub(super) csrf: Option<String>,
    pub(super) plan: Option<Plan>,
}

/// Where a session stands in the login flow.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) stage: Stage,
    /// What was typed as user name, known or not.
    pub(super) pending: String,
    pub(super) wrong_passwords: u8,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Identification,
    Password,
    /// Skipped for users without a second factor, which costs a redirect.
    SecondFactor,
    Login,
}

/// A new session under an unguessable name, which is a JWT on the real server.
pub(super) fn open(world: &mut World, session: Session) -> String {
    let id = format!(
        "eyJhbGciOiJIUzI1NiJ9.{}",
        world.entropy.alphanumeric("session", 64)
    );
    world.sessions.insert(id.clone(), session);
    id
}

/// A `Set-Cookie` value with the recorded attributes; behind HTTPS cookies are `Secure`, which a jar on plain http drops.
pub(super) fn cookie(base: &Base, name: &str, value: &str, attributes: &str) -> String {
    let site = if base.is_https() {
        "SameSite=None; Secure"
    } else {
        "SameSite=Lax"
    };
    format!("{name}={value}; Path=/; {attributes}{site}")
}

/// Django's CSRF checks, in its order: origin, referer (https only), token.
pub(super) fn check_csrf(world: &World, request: &Request, session: &Session) -> Result<(), Answer> {
    let refuse = |text: &str| Err(forbidden(&format!("CSRF Failed: {text}")));
    let Some(base) = Base::of(world, request) else {
        return refuse("Origin checking failed - null does not match any trusted origins.");
    };
    if let Some(origin) = request.header(ORIGIN) {
        if origin != base.origin() {
            return refuse(&format!(
                "Origin checking failed - {origin} does not match any trusted origins."
            ));
        }
    } else if base.is_https() {
        match request.header(REFERER) {
            None => return refuse("Referer checking failed - no Referer."),
            Some(referer) if !referer.starts_with(&format!("{}/", base.origin())) => {
                return refuse(&format!(
                    "Referer checking failed - {referer} does not match any trusted origins."
                ));
            }
            Some(_) => {}
        }
    }
    let Some(expected) = &session.csrf else {
        return refuse("CSRF cookie not set.");
    };
    if request.cookie(CSRF_COOKIE) != Some(expected) {
        return refuse("CSRF cookie not set.");
    }
    match request.header(CSRF_HEADER) {
        None => refuse("CSRF token missing."),
        Some(token) if token.len() != expected.len() => {
            refuse("CSRF token from the 'X-Authentik-Csrf' HTTP header has incorrect length.")
        }
        Some(token) if token != expected => {
            refuse("CSRF token from the 'X-Authentik-Csrf' HTTP header incorrect.")
        }
        Some(_) => Ok(()),
    }
}

/// The host as the client wrote it, for messages and URLs.
pub(super) fn host(request: &Request) -> &str {
    request
        .header(HOST)
        .or_else(|| request.uri.authority().map(|authority| authority.as_str()))
        .unwrap_or_default()
}
