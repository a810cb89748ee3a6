//! What an answer means, decided from status, media type and envelope together.

use super::error::{ApiError, Permission};
use serde::Deserialize;
use serde_json::Value;

/// What every answer is wrapped in.
#[derive(Debug, Deserialize)]
struct Envelope {
    success: bool,
    #[serde(default)]
    errors: Option<Vec<Problem>>,
    #[serde(default)]
    result: Value,
    #[serde(default)]
    result_info: Option<PageInfo>,
}

#[derive(Debug, Deserialize)]
struct Problem {
    code: u64,
    #[serde(default)]
    message: String,
    /// What is behind an error that says too little.
    #[serde(default)]
    error_chain: Vec<Problem>,
}

/// Where a page stands in its list; not every list says all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct PageInfo {
    pub(super) page: u32,
    pub(super) per_page: u32,
    #[serde(default)]
    pub(super) total_count: Option<u64>,
}

impl PageInfo {
    /// Whether there is a page after this one with so many entries.
    pub(super) fn goes_on(self, entries: usize) -> bool {
        match self.total_count {
            _ if entries == 0 => false,
            Some(total) => u64::from(self.page) * u64::from(self.per_page) < total,
            None => entries >= self.per_page as usize,
        }
    }
}

/// What a success holds.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) result: Value,
    pub(super) page: Option<PageInfo>,
}

/// The content of a success, or what is wrong. `permission` is what the request needs.
pub(super) fn read(
    status: u16,
    media_type: &str,
    body: &[u8],
    permission: Permission,
) -> Result<Content, ApiError> {
    match status {
        429 => return Err(ApiError::Busy),
        // What stands before the API answers for it, with pages for people.
        500..=599 => return Err(ApiError::Crashed(status)),
        _ => {}
    }
    let envelope = (media_type == "application/json")
        .then(|| serde_json::from_slice::<Envelope>(body).ok())
        .flatten();
    let Some(envelope) = envelope else {
        let media_type = media_type.to_owned();
        return Err(ApiError::Foreign { status, media_type });
    };
    if envelope.success && (200..300).contains(&status) {
        return Ok(Content {
            result: envelope.result,
            page: envelope.result_info,
        });
    }
    Err(meaning(status, &envelope.errors.unwrap_or_default(), permission))
}

/// The codes as clients of the API report them. Some mean two things, which only the status or the text tells apart.
fn meaning(status: u16, problems: &[Problem], permission: Permission) -> ApiError {
    let codes: Vec<u64> = problems.iter().flat_map(codes).collect();
    let has = |wanted: &[u64]| codes.iter().any(|code| wanted.contains(code));
    match status {
        _ if has(&[1013, 81053, 81054, 81057, 81058]) => ApiError::Exists,
        _ if has(&[1022]) => ApiError::Connected,
        _ if has(&[81044]) => ApiError::NotFound,
        // 1000: no such token; 6003 with what follows: a header that cannot hold one; 9106: no header.
        401 | 403 if has(&[1000, 9106]) || problems.iter().any(names_the_token) => ApiError::TokenRefused,
        400 if has(&[6103, 6111, 9106]) => ApiError::TokenRefused,
        // 10000 is also what a token gets that nobody knows: Cloudflare does not tell them apart.
        401 | 403 => ApiError::PermissionMissing(permission),
        _ if has(&[7000, 7003]) => ApiError::NoSuchPath,
        404 => ApiError::NotFound,
        _ => ApiError::Refused { status, codes },
    }
}

/// 9109 is both an unknown token and a known one that may not do this.
fn names_the_token(problem: &Problem) -> bool {
    problem.code == 9109 && problem.message.to_ascii_lowercase().contains("token")
}

fn codes(problem: &Problem) -> impl Iterator<Item = u64> {
    let behind = problem.error_chain.iter().map(|behind| behind.code);
    std::iter::once(problem.code).chain(behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = "application/json";

    fn refused(status: u16, errors: &str) -> String {
        let body = format!(r#"{{"success":false,"errors":[{errors}],"messages":[],"result":null}}"#);
        let answer = read(status, JSON, body.as_bytes(), Permission::TunnelEdit);
        format!("{:?}", answer.unwrap_err())
    }

    #[test]
    fn every_known_code_has_its_meaning() {
        let denied = "PermissionMissing(TunnelEdit)";
        let cases = [
            (403, r#"{"code":10000,"message":"Authentication error"}"#, denied),
            (
                403,
                r#"{"code":9109,"message":"Unauthorized to access requested resource"}"#,
                denied,
            ),
            (
                403,
                r#"{"code":9109,"message":"Invalid access token"}"#,
                "TokenRefused",
            ),
            (
                401,
                r#"{"code":1000,"message":"Invalid API Token"}"#,
                "TokenRefused",
            ),
            (
                400,
                r#"{"code":6003,"message":"Invalid request headers","error_chain":[{"code":6111,"message":"Invalid format"}]}"#,
                "TokenRefused",
            ),
            (
                409,
                r#"{"code":1013,"message":"You already have a tunnel with this name."}"#,
                "Exists",
            ),
            (
                400,
                r#"{"code":81053,"message":"An A, AAAA, or CNAME record exists."}"#,
                "Exists",
            ),
            (
                400,
                r#"{"code":81057,"message":"Record already exists."}"#,
                "Exists",
            ),
            (400, r#"{"code":81058,"message":"Identical"}"#, "Exists"),
            (
                400,
                r#"{"code":1022,"message":"active connections"}"#,
                "Connected",
            ),
            (
                404,
                r#"{"code":81044,"message":"Record does not exist."}"#,
                "NotFound",
            ),
            (404, r#"{"code":1003,"message":"Tunnel not found"}"#, "NotFound"),
            (
                404,
                r#"{"code":7003,"message":"Could not route to x"}"#,
                "NoSuchPath",
            ),
            (
                400,
                r#"{"code":7003,"message":"Could not route to x"}"#,
                "NoSuchPath",
            ),
            (
                400,
                r#"{"code":9005,"message":"Content for x is invalid"},{"code":9020}"#,
                "Refused { status: 400, codes: [9005, 9020] }",
            ),
            (200, "", "Refused { status: 200, codes: [] }"),
            (
                429,
                r#"{"code":10100,"message":"More than 1200 requests"}"#,
                "Busy",
            ),
            (500, "", "Crashed(500)"),
        ];
        for (status, errors, expected) in cases {
            assert_eq!(refused(status, errors), expected, "{status} {errors}");
        }
    }

    #[test]
    fn what_is_no_envelope_is_not_cloudflares() {
        for (media_type, body) in [
            ("text/html", "<html>"),
            (JSON, "{"),
            (JSON, r#"{"result":1}"#),
            ("", ""),
        ] {
            let answer = read(200, media_type, body.as_bytes(), Permission::ZoneRead).unwrap_err();
            assert!(
                matches!(answer, ApiError::Foreign { status: 200, .. }),
                "{media_type} {body}"
            );
        }
        let page = read(502, "text/html", b"<html>", Permission::ZoneRead).unwrap_err();
        assert!(matches!(page, ApiError::Crashed(502)));
    }

    #[test]
    fn no_text_of_an_answer_gets_into_an_error() {
        let echo = r#"{"code":9005,"message":"Content for hunter2 is invalid"}"#;
        let body = format!(r#"{{"success":false,"errors":[{echo}],"result":null}}"#);
        let error = read(400, JSON, body.as_bytes(), Permission::DnsEdit).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn a_list_ends_where_it_says_or_where_a_page_is_not_full() {
        let page = |page, total_count| PageInfo {
            page,
            per_page: 50,
            total_count,
        };
        let cases = [
            (page(1, Some(51)), 50, true),
            (page(2, Some(51)), 1, false),
            (page(1, Some(50)), 50, false),
            (page(1, Some(1000)), 0, false),
            (page(1, None), 50, true),
            (page(2, None), 49, false),
            (page(2, None), 0, false),
        ];
        for (info, entries, expected) in cases {
            assert_eq!(info.goes_on(entries), expected, "{info:?} {entries}");
        }
    }
}
