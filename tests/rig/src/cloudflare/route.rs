//! From a request to the resource that answers it.

use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Map, Value};

use super::access;
use super::answers::{self, Answer, Reply};
use super::database::Database;
use super::history::History;
use super::options::{Options, TokenSeed};
use super::request::Request;
use super::{places, records, tunnels};

/// Where the API begins.
pub(super) const BASE: &str = "/client/v4";

/// One request by somebody who is known.
pub(super) struct Call<'a> {
    pub(super) request: &'a Request,
    pub(super) token: &'a TokenSeed,
    pub(super) options: &'a Options,
    pub(super) database: &'a mut Database,
    pub(super) history: &'a mut History,
}

pub(super) fn answer(
    options: &Options,
    database: &mut Database,
    history: &mut History,
    request: &Request,
) -> Answer {
    check_headers(history, request, &request.headers);
    let token = match access::token(&options.tokens, request) {
        Ok(token) => token,
        Err(answer) => return answer,
    };
    let mut call = Call {
        request,
        token,
        options,
        database,
        history,
    };
    call.answer().unwrap_or_else(|answer| answer)
}

/// What a careful client sends with everything.
fn check_headers(history: &mut History, request: &Request, headers: &HeaderMap) {
    for name in [header::AUTHORIZATION, header::ACCEPT, header::USER_AGENT] {
        if !headers.contains_key(&name) {
            history.violation(request, &format!("the header {name} is missing"));
        }
    }
    if matches!(request.method, Method::GET | Method::DELETE) && !request.body.is_empty() {
        history.violation(request, "a body means nothing here");
    }
}

impl Call<'_> {
    fn answer(&mut self) -> Reply {
        let path = self.request.uri.path().to_owned();
        let parts: Vec<&str> = path
            .strip_prefix(BASE)
            .unwrap_or_default()
            .split('/')
            .skip(1)
            .collect();
        match parts.as_slice() {
            ["accounts"] => self.only(&Method::GET).and_then(|()| places::accounts(self)),
            ["zones"] => self.only(&Method::GET).and_then(|()| places::zones(self)),
            ["accounts", account, "cfd_tunnel", rest @ ..] => tunnels::answer(self, account, rest),
            ["zones", zone, "dns_records", rest @ ..] => records::answer(self, zone, rest),
            _ => Err(self.unknown()),
        }
    }

    /// A path that a client of ours has no business with.
    pub(super) fn unknown(&mut self) -> Answer {
        self.history.violation(self.request, "there is no such path");
        answers::no_route(self.request.uri.path())
    }

    pub(super) fn wrong_method(&mut self) -> Answer {
        self.history
            .violation(self.request, "the method is not allowed here");
        answers::refused(
            StatusCode::METHOD_NOT_ALLOWED,
            10405,
            "Method not allowed for this authentication scheme",
        )
    }

    fn only(&mut self, method: &Method) -> Result<(), Answer> {
        if self.request.method == *method {
            Ok(())
        } else {
            Err(self.wrong_method())
        }
    }

    /// Writes down every query parameter that is not known here. The answer ignores them.
    pub(super) fn expect_query(&mut self, known: &[&str]) {
        for (name, value) in self.request.query() {
            if !known.contains(&name.as_str()) {
                self.history
                    .violation(self.request, &format!("{name:?} is no query parameter here"));
            } else if value.is_empty() {
                self.history
                    .violation(self.request, &format!("{name:?} is empty"));
            }
        }
    }

    /// The JSON object in the body. Fields that are not known here are written down and left out.
    pub(super) fn body(&mut self, known: &[&str]) -> Result<Map<String, Value>, Answer> {
        let media_type = self.request.header(header::CONTENT_TYPE).unwrap_or_default();
        if media_type != "application/json" {
            self.history
                .violation(self.request, "the body is not declared as application/json");
        }
        let Ok(Value::Object(mut fields)) = serde_json::from_slice(&self.request.body) else {
            self.history.violation(self.request, "the body is no JSON object");
            return Err(answers::invalid(9207, "Request body is invalid."));
        };
        let unknown: Vec<String> = fields
            .keys()
            .filter(|name| !known.contains(&name.as_str()))
            .cloned()
            .collect();
        for name in unknown {
            fields.remove(&name);
            self.history
                .violation(self.request, &format!("the field {name:?} means nothing here"));
        }
        Ok(fields)
    }
}
