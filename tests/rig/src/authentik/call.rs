//! One request to the REST API: content negotiation, who is asking, and the body.

use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use super::answers::{self, Answer};
use super::database::Fields;
use super::request::Request;
use super::session::{self, SESSION_COOKIE};
use super::world::World;

pub(super) struct Call<'a> {
    pub(super) world: &'a mut World,
    pub(super) request: &'a Request,
    /// None: anonymous, which some views allow.
    pub(super) caller: Option<i64>,
}

impl<'a> Call<'a> {
    /// Negotiates the content type (406) and authenticates (403), in this order.
    pub(super) fn open(world: &'a mut World, request: &'a Request) -> Result<Self, Answer> {
        if request.header(header::ACCEPT).is_none() {
            world.violation(
                request,
                "no Accept header: while Authentik starts, the answer depends on it",
            );
        }
        let accept = request.accept();
        if !["application/json", "application/*", "*/*"]
            .iter()
            .any(|media_type| accept.contains(media_type))
        {
            return Err(answers::detail(
                StatusCode::NOT_ACCEPTABLE,
                "Could not satisfy the request Accept header.",
            ));
        }
        let caller = authenticate(world, request)?;
        let name = caller
            .and_then(|user| world.database.users.get(&user))
            .map(|user| user.username().to_owned());
        world.current_user = name;
        Ok(Self {
            world,
            request,
            caller,
        })
    }

    /// The caller of a view that needs a user.
    pub(super) fn user(&self) -> Result<i64, Answer> {
        self.caller.ok_or_else(answers::not_authenticated)
    }

    /// The JSON object in the body; an empty body is an empty object.
    pub(super) fn body(&mut self) -> Result<Fields, Answer> {
        if self.request.body.is_empty() {
            return Ok(Map::new());
        }
        let media_type = self.request.media_type();
        if media_type != "application/json" {
            self.world
                .violation(self.request, "the body is not declared as application/json");
            let text = format!("Unsupported media type \"{media_type}\" in request.");
            return Err(answers::detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, &text));
        }
        match serde_json::from_slice(&self.request.body) {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(other) => {
                let text = format!(
                    "Invalid data. Expected a dictionary, but got {}.",
                    python_type(&other)
                );
                Err(answers::bad_request(&json!({ "non_field_errors": [text] })))
            }
            Err(error) => Err(answers::detail(
                StatusCode::BAD_REQUEST,
                &parse_error(self.request, &error),
            )),
        }
    }

    /// Writes down every query parameter that this view does not know. The answer ignores them, as the real one does.
    pub(super) fn expect_query(&mut self, known: &[&str]) {
        for (name, value) in self.request.query() {
            if !known.contains(&name.as_str()) {
                self.world.violation(
                    self.request,
                    &format!("{name:?} is not a query parameter here and is ignored"),
                );
            } else if value.is_empty() {
                self.world
                    .violation(self.request, &format!("an empty {name:?} is ignored"));
            }
        }
    }
}

/// The Bearer key wins over the session; a session's writes must pass the CSRF checks.
fn authenticate(world: &mut World, request: &Request) -> Result<Option<i64>, Answer> {
    let authorization = request.header(header::AUTHORIZATION).unwrap_or_default();
    if let Some((scheme, key)) = authorization
        .split_once(' ')
        .filter(|(_, key)| !key.trim().is_empty())
    {
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(answers::forbidden("Unsupported authentication type"));
        }
        return bearer(world, key.trim()).map(Some);
    }
    if !authorization.is_empty() {
        world.violation(
            request,
            "an Authorization header without scheme and key counts as none",
        );
    }
    let Some(session) = request
        .cookie(SESSION_COOKIE)
        .and_then(|id| world.sessions.get(id))
    else {
        return Ok(None);
    };
    let user = session.user.filter(|user| {
        world
            .database
            .users
            .get(user)
            .is_some_and(|user| user.is_active())
    });
    if user.is_some() && !request.reads() {
        session::check_csrf(world, request, session)?;
    }
    Ok(user)
}

/// An expired key is refused, and its token deleted by this very request (recorded).
fn bearer(world: &mut World, key: &str) -> Result<i64, Answer> {
    let now = world.now();
    let tokens = &mut world.database.tokens;
    tokens.retain(|_, token| !(token.key == key && token.expiring && token.expires < now));
    let user = tokens
        .values()
        .find(|token| token.key == key && token.intent == "api")
        .and_then(|token| world.database.users.get(&token.user))
        .filter(|user| user.is_active());
    user.map(|user| user.pk)
        .ok_or_else(|| answers::forbidden("Token invalid/expired"))
}

/// What Python calls the type of a JSON value.
pub(super) fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// In the manner of orjson, whose text a client may show but must not parse.
fn parse_error(request: &Request, error: &serde_json::Error) -> String {
    let cause = if error.is_eof() {
        "unexpected end of data"
    } else {
        "unexpected character"
    };
    let (line, column) = (error.line(), error.column());
    let before: usize = request
        .body
        .split(|byte| *byte == b'\n')
        .take(line - 1)
        .map(|text| text.len() + 1)
        .sum();
    format!(
        "JSON parse error - {cause}: line {line} column {column} (char {})",
        before + column.max(1) - 1
    )
}
