//! What an answer means, decided from status, media type and the shape of the body together.
//!
//! Authentik has no machine-readable error codes: the four meanings of 403 differ in the text of
//! `detail` alone. Everything that depends on such a text is here.

use super::error::ApiError;
use serde_json::Value;

/// The body of a success (`Null` if there is none), or what is wrong.
pub(super) fn read(status: u16, media_type: &str, body: &[u8]) -> Result<Value, ApiError> {
    let json = json(media_type, body);
    match status {
        200..=299 => success(status, media_type, body, json),
        400 => match json {
            Some(problems) => Err(ApiError::Invalid(complaints(&problems))),
            None => Err(foreign(status, media_type)),
        },
        401 => Err(ApiError::TokenRefused),
        403 => Err(match json.as_ref().and_then(detail) {
            Some(detail) => forbidden(detail),
            None => foreign(status, media_type),
        }),
        404 if json.is_some() => Err(ApiError::NotFound),
        404 => Err(ApiError::NoSuchPage),
        // A genuine 405 is JSON; an exception during a write ends in an error page that knows only GET.
        405 if json.is_none() => Err(ApiError::Crashed(status)),
        429 => Err(ApiError::Busy),
        502..=504 => Err(ApiError::Starting),
        500..=599 => Err(ApiError::Crashed(status)),
        405 | 406 | 415 => Err(ApiError::Malformed(status)),
        _ => Err(foreign(status, media_type)),
    }
}

fn success(status: u16, media_type: &str, body: &[u8], json: Option<Value>) -> Result<Value, ApiError> {
    match json {
        // The router answers for the server behind it, with 200, while that is not up (recorded).
        Some(value) if value.get("error").is_some_and(Value::is_string) => Err(ApiError::Starting),
        Some(value) => Ok(value),
        None if status == 204 && body.is_empty() => Ok(Value::Null),
        None => Err(foreign(status, media_type)),
    }
}

fn json(media_type: &str, body: &[u8]) -> Option<Value> {
    (media_type == "application/json")
        .then(|| serde_json::from_slice(body).ok())
        .flatten()
}

fn foreign(status: u16, media_type: &str) -> ApiError {
    ApiError::Foreign {
        status,
        media_type: media_type.to_owned(),
    }
}

fn detail(body: &Value) -> Option<&str> {
    body.get("detail")?.as_str()
}

fn forbidden(detail: &str) -> ApiError {
    match detail {
        "Token invalid/expired" => ApiError::TokenRefused,
        "Authentication credentials were not provided." => ApiError::Anonymous,
        "Unsupported authentication type" => ApiError::Malformed(403),
        csrf if csrf.starts_with("CSRF Failed") => ApiError::Csrf,
        _ => ApiError::PermissionMissing,
    }
}

/// Field by field what validation complains of. Messages quote the offending value, so what stands in
/// quotes is left out.
fn complaints(problems: &Value) -> String {
    let mut found = Vec::new();
    collect(&mut Vec::new(), problems, &mut found);
    found.truncate(8);
    found.join("; ")
}

fn collect<'a>(path: &mut Vec<&'a str>, problems: &'a Value, found: &mut Vec<String>) {
    match problems {
        Value::String(message) => {
            let field = path.join(".");
            let separator = if field.is_empty() { "" } else { ": " };
            found.push(format!("{field}{separator}{}", without_quoted(message)));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| collect(path, entry, found)),
        Value::Object(fields) => {
            for (name, problem) in fields {
                path.push(name);
                collect(path, problem, found);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn without_quoted(message: &str) -> String {
    let mut parts = message.split(['"', '“', '”']);
    let mut text = parts.next().unwrap_or_default().to_owned();
    while parts.next().is_some() {
        text.push('…');
        text.push_str(parts.next().unwrap_or_default());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = "application/json";
    const HTML: &str = "text/html";

    fn meaning(status: u16, media_type: &str, body: &str) -> String {
        match read(status, media_type, body.as_bytes()) {
            Ok(value) => value.to_string(),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn every_recorded_answer_has_its_meaning() {
        let cases = [
            (200, JSON, r#"{"pk":2}"#, r#"{"pk":2}"#),
            (201, JSON, r#"{"pk":2}"#, r#"{"pk":2}"#),
            (204, "", "", "null"),
            (200, JSON, r#"{"error":"authentik starting"}"#, "Starting"),
            (503, "text/plain", "authentik starting", "Starting"),
            (503, HTML, "<html>", "Starting"),
            (
                502,
                JSON,
                r#"{"error":"failed to connect to authentik backend"}"#,
                "Starting",
            ),
            (500, HTML, "", "Crashed(500)"),
            (405, HTML, "", "Crashed(405)"),
            (
                405,
                JSON,
                r#"{"detail":"Method \"POST\" not allowed."}"#,
                "Malformed(405)",
            ),
            (403, JSON, r#"{"detail":"Token invalid/expired"}"#, "TokenRefused"),
            (
                403,
                JSON,
                r#"{"detail":"Authentication credentials were not provided."}"#,
                "Anonymous",
            ),
            (
                403,
                JSON,
                r#"{"detail":"CSRF Failed: CSRF token missing."}"#,
                "Csrf",
            ),
            (
                403,
                JSON,
                r#"{"detail":"You do not have permission to perform this action."}"#,
                "PermissionMissing",
            ),
            (
                403,
                JSON,
                r#"{"detail":"Unsupported authentication type"}"#,
                "Malformed(403)",
            ),
            (
                403,
                HTML,
                "<html>",
                r#"Foreign { status: 403, media_type: "text/html" }"#,
            ),
            (
                404,
                JSON,
                r#"{"detail":"No OAuth2Provider matches the given query."}"#,
                "NotFound",
            ),
            (404, HTML, "<html>", "NoSuchPage"),
            (404, "", "", "NoSuchPage"),
            (
                415,
                JSON,
                r#"{"detail":"Unsupported media type"}"#,
                "Malformed(415)",
            ),
            (429, JSON, r#"{"detail":"Request was throttled."}"#, "Busy"),
            (
                200,
                HTML,
                "<html>",
                r#"Foreign { status: 200, media_type: "text/html" }"#,
            ),
            (
                200,
                JSON,
                "{",
                r#"Foreign { status: 200, media_type: "application/json" }"#,
            ),
            (
                302,
                HTML,
                "",
                r#"Foreign { status: 302, media_type: "text/html" }"#,
            ),
        ];
        for (status, media_type, body, expected) in cases {
            assert_eq!(
                meaning(status, media_type, body),
                expected,
                "{status} {media_type} {body}"
            );
        }
    }

    #[test]
    fn validation_is_told_by_field_and_without_values() {
        let cases = [
            (
                r#"{"client_secret":["Ensure this field has no more than 255 characters."]}"#,
                "client_secret: Ensure this field has no more than 255 characters.",
            ),
            (
                r#"{"redirect_uris":[{"matching_mode":["\"glob\" is not a valid choice."]},{}]}"#,
                "redirect_uris.matching_mode: … is not a valid choice.",
            ),
            (r#"{"for_user":"User not found"}"#, "for_user: User not found"),
            (
                r#"{"user":["Invalid pk \"99999\" - object does not exist."],"a":["“x” is not a valid UUID."]}"#,
                "a: … is not a valid UUID.; user: Invalid pk … - object does not exist.",
            ),
        ];
        for (body, expected) in cases {
            assert_eq!(meaning(400, JSON, body), format!("Invalid({expected:?})"));
        }
    }
}
