//! The flow executor: logging in with user name and password, and logging out (recorded).
//!
//! Every POST that succeeds is answered by a redirect to GET the same URL; one more redirect precedes the end, where the
//! second factor is skipped. Failures are 200 with `response_errors`. Logged in is only who got `xak-flow-redirect`.

use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json};

use super::answers::{self, Answer};
use super::challenges;
use super::database::text;
use super::oidc::Base;
use super::options::LoginPages;
use super::request::Request;
use super::session::{self, CSRF_COOKIE, Plan, SESSION_COOKIE, Session, Stage};
use super::world::World;

const AUTHENTICATION: &str = "default-authentication-flow";
const INVALIDATION: &str = "default-invalidation-flow";

/// The denial comes with this wrong password.
const LAST_TRY: u8 = 5;

pub(super) fn answer(world: &mut World, request: &Request, slug: &str) -> Answer {
    expect_careful_client(world, request);
    if !world.database.flows.iter().any(|flow| text(flow, "slug") == slug) {
        return answers::unknown_url(&Method::GET);
    }
    match (slug, &request.method) {
        (INVALIDATION, &Method::GET) => log_out(world, request),
        (AUTHENTICATION, &Method::GET | &Method::HEAD | &Method::POST) => authenticate(world, request),
        (AUTHENTICATION | INVALIDATION, other) => {
            answers::method_not_allowed(other, "GET, POST, HEAD, OPTIONS")
        }
        _ => {
            world.violation(request, "only the default login and logout flows can be run here");
            challenges::stage(world, "ak-stage-flow-error", json!({ "request_id": "0" }))
        }
    }
}

fn expect_careful_client(world: &mut World, request: &Request) {
    for (name, _) in request.query() {
        if name != "query" {
            world.violation(
                request,
                &format!("{name:?} is no query parameter of the flow executor"),
            );
        }
    }
    if request.header(header::ACCEPT).is_none() {
        world.violation(
            request,
            "no Accept header: while Authentik starts, the answer depends on it",
        );
    }
}

fn authenticate(world: &mut World, request: &Request) -> Answer {
    let known = request
        .cookie(SESSION_COOKIE)
        .filter(|id| world.sessions.contains_key(*id))
        .map(str::to_owned);
    let is_new = known.is_none();
    let id = known.unwrap_or_else(|| session::open(world, Session::default()));
    let mut answer = if request.method == Method::POST {
        post(world, request, &id)
    } else {
        get(world, request, &id)
    };
    if is_new {
        set_cookie(world, request, &mut answer, SESSION_COOKIE, &id, "HttpOnly; ");
    }
    answer
}

/// The session's plan; a session without one starts at the first page.
fn plan(world: &World, id: &str) -> Plan {
    let plan = world.sessions.get(id).and_then(|session| session.plan.clone());
    plan.unwrap_or(Plan {
        stage: Stage::Identification,
        pending: String::new(),
        wrong_passwords: 0,
    })
}

fn keep(world: &mut World, id: &str, plan: Option<Plan>) {
    if let Some(session) = world.sessions.get_mut(id) {
        session.plan = plan;
    }
}

fn get(world: &mut World, request: &Request, id: &str) -> Answer {
    let plan = plan(world, id);
    match plan.stage {
        Stage::Identification => {
            keep(world, id, Some(plan));
            challenges::identification(world, None)
        }
        Stage::Password => challenges::password(world, &plan, None),
        Stage::SecondFactor if world.options.login == LoginPages::SecondFactor => {
            let fields = json!({
                "pending_user": plan.pending, "pending_user_avatar": "", "device_challenges": [{"device_class": "totp"}],
                "configuration_stages": [],
            });
            challenges::stage(world, "ak-stage-authenticator-validate", fields)
        }
        Stage::SecondFactor => {
            keep(
                world,
                id,
                Some(Plan {
                    stage: Stage::Login,
                    ..plan
                }),
            );
            again(request)
        }
        Stage::Login => log_in(world, request, id, &plan.pending),
    }
}

fn post(world: &mut World, request: &Request, id: &str) -> Answer {
    let session = world.sessions.get(id);
    let logged_in = session.is_some_and(|session| session.user.is_some());
    let forged = session.is_some_and(|session| session::check_csrf(world, request, session).is_err());
    let body = parse(request);
    let (Some(body), false) = (body, logged_in && forged) else {
        world.violation(
            request,
            "a body that is no JSON object, or no CSRF header though logged in",
        );
        let fields = json!({ "request_id": world.entropy.hex("request", 32) });
        return challenges::stage(world, "ak-stage-flow-error", fields);
    };
    for name in body
        .keys()
        .filter(|name| !["component", "uid_field", "password"].contains(&name.as_str()))
    {
        world.violation(
            request,
            &format!("the field {name:?} is no part of any challenge"),
        );
    }
    let plan = plan(world, id);
    match plan.stage {
        Stage::Identification => identify(world, request, id, &body),
        Stage::Password => try_password(world, request, id, plan, text(&body, "password")),
        Stage::SecondFactor | Stage::Login => get(world, request, id),
    }
}

fn parse(request: &Request) -> Option<Map<String, Value>> {
    if request.media_type() != "application/json" {
        return None;
    }
    if request.body.is_empty() {
        Some(Map::new())
    } else {
        serde_json::from_slice(&request.body).ok()
    }
}

fn identify(world: &mut World, request: &Request, id: &str, body: &Map<String, Value>) -> Answer {
    let uid = text(body, "uid_field").trim();
    let start = Plan {
        stage: Stage::Identification,
        pending: String::new(),
        wrong_passwords: 0,
    };
    if uid.is_empty() {
        keep(world, id, Some(start));
        return challenges::identification(world, Some(challenges::missing("uid_field")));
    }
    let by_mail = world
        .database
        .users
        .values()
        .find(|user| text(&user.fields, "email") == uid);
    let pending = by_mail.map_or(uid, |user| user.username()).to_owned();
    let plan = Plan {
        stage: Stage::Password,
        pending,
        wrong_passwords: 0,
    };
    if world.options.login != LoginPages::One {
        keep(world, id, Some(plan));
        return again(request);
    }
    let given = text(body, "password");
    if given.is_empty() {
        keep(world, id, Some(start));
        return challenges::identification(world, Some(challenges::missing("password")));
    }
    if !is_password(world, &plan.pending, given) {
        keep(world, id, Some(start));
        return challenges::identification(world, Some(challenges::wrong_password()));
    }
    keep(
        world,
        id,
        Some(Plan {
            stage: Stage::SecondFactor,
            ..plan
        }),
    );
    again(request)
}

/// Unknown users fail exactly like wrong passwords.
fn try_password(world: &mut World, request: &Request, id: &str, mut plan: Plan, given: &str) -> Answer {
    if given.is_empty() {
        return challenges::password(world, &plan, Some(challenges::missing("password")));
    }
    if is_password(world, &plan.pending, given) {
        keep(
            world,
            id,
            Some(Plan {
                stage: Stage::SecondFactor,
                ..plan
            }),
        );
        return again(request);
    }
    plan.wrong_passwords += 1;
    if plan.wrong_passwords < LAST_TRY {
        let answer = challenges::password(world, &plan, Some(challenges::wrong_password()));
        keep(world, id, Some(plan));
        return answer;
    }
    keep(world, id, None);
    let fields = json!({ "pending_user": plan.pending, "pending_user_avatar": "", "error_message": "Invalid password" });
    challenges::stage(world, "ak-stage-access-denied", fields)
}

fn is_password(world: &World, username: &str, given: &str) -> bool {
    let user = world
        .database
        .user_named(username)
        .filter(|user| user.is_active());
    user.and_then(|user| user.password.as_deref()) == Some(given)
}

/// The end: a new session under a new name, and only now the CSRF cookie.
fn log_in(world: &mut World, request: &Request, id: &str, username: &str) -> Answer {
    world.sessions.remove(id);
    let user = world.database.user_named(username).map(|user| user.pk);
    let csrf = world.entropy.alphanumeric("csrf", 32);
    let device = world.entropy.alphanumeric("device", 64);
    world.current_user = Some(username.to_owned());
    let id = session::open(
        world,
        Session {
            user,
            csrf: Some(csrf.clone()),
            plan: None,
        },
    );
    let mut answer = challenges::redirect(world);
    set_cookie(world, request, &mut answer, SESSION_COOKIE, &id, "HttpOnly; ");
    set_cookie(
        world,
        request,
        &mut answer,
        CSRF_COOKIE,
        &csrf,
        "Max-Age=31449600; ",
    );
    set_cookie(
        world,
        request,
        &mut answer,
        "authentik_device",
        &device,
        "Max-Age=2592000; ",
    );
    answer
}

fn log_out(world: &mut World, request: &Request) -> Answer {
    if let Some(id) = request.cookie(SESSION_COOKIE) {
        world.sessions.remove(id);
    }
    let mut answer = challenges::redirect(world);
    set_cookie(world, request, &mut answer, SESSION_COOKIE, "\"\"", "Max-Age=0; ");
    answer
}

fn set_cookie(
    world: &World,
    request: &Request,
    answer: &mut Answer,
    name: &str,
    value: &str,
    attributes: &str,
) {
    let Some(base) = Base::of(world, request) else {
        return;
    };
    if let Ok(value) = HeaderValue::from_str(&session::cookie(&base, name, value, attributes)) {
        answer.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// 302 to GET the same URL.
fn again(request: &Request) -> Answer {
    let mut answer = answers::empty(StatusCode::FOUND);
    if let Ok(location) = HeaderValue::from_str(&request.path_and_query()) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    answer
}
