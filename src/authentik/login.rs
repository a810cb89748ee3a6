//! Logging in with user name and password, as the web interface does: through the flow executor.
//!
//! Each answer is a challenge that names its `component`. The login is complete only at
//! `xak-flow-redirect`; failures are challenges too, all of them with status 200 (recorded).

use super::{answer, api::Authentik, error::ApiError};
use crate::http::{Http, Request};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use thiserror::Error;

const EXECUTOR: &str = "/api/v3/flows/executor/default-authentication-flow/?query=";
/// A login asks for a name and a password; twice that is a flow that goes in circles.
const MOST_CHALLENGES: usize = 4;

/// Why there is no session.
#[derive(Debug, Error)]
pub enum LoginError {
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Name or password is wrong, or the account may not log in.
    #[error("Authentik refuses user name and password")]
    Refused,
    /// The account needs more than a password.
    #[error("the account asks for a second factor, which only a person can give")]
    SecondFactor,
    /// The login flow was changed to ask for something else.
    #[error("the login flow asks for something unknown: {0}")]
    Unknown(String),
}

/// Whether the default login flow exists yet; it comes with the blueprints, after the server is ready.
///
/// # Errors
/// An [`ApiError`].
pub async fn has_default_flow(http: &Http, base: &str) -> Result<bool, ApiError> {
    let http = http.session().map_err(ApiError::Unanswered)?;
    match send(&http, Request::get(format!("{base}{EXECUTOR}"))).await {
        Ok(_) => Ok(true),
        Err(ApiError::NoSuchPage | ApiError::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Logs in and returns Authentik as that user sees it.
///
/// # Errors
/// A [`LoginError`].
pub async fn log_in(
    http: &Http,
    base: &str,
    user: &str,
    password: &SecretString,
) -> Result<Authentik, LoginError> {
    let http = http.session().map_err(ApiError::Unanswered)?;
    let url = format!("{base}{EXECUTOR}");
    let mut challenge = send(&http, Request::get(url.as_str())).await?;
    for _ in 0..MOST_CHALLENGES {
        if challenge.get("response_errors").is_some_and(has_entries) {
            return Err(LoginError::Refused);
        }
        let reply = match component(&challenge) {
            "xak-flow-redirect" => return session(http, base),
            "ak-stage-identification" => identification(&challenge, user, password),
            "ak-stage-password" => json!({
                "component": "ak-stage-password", "password": password.expose_secret(),
            }),
            "ak-stage-access-denied" => return Err(LoginError::Refused),
            "ak-stage-authenticator-validate" => return Err(LoginError::SecondFactor),
            other => return Err(LoginError::Unknown(other.to_owned())),
        };
        // The answer to a POST is a redirect to GET the same URL, where the next challenge is.
        challenge = send(&http, Request::post(url.as_str()).json(&reply)).await?;
    }
    Err(LoginError::Unknown("one challenge after the other".to_owned()))
}

fn identification(challenge: &Value, user: &str, password: &SecretString) -> Value {
    let mut reply = json!({ "component": "ak-stage-identification", "uid_field": user });
    if challenge["password_fields"] == true {
        reply["password"] = json!(password.expose_secret());
    }
    reply
}

/// The CSRF cookie exists only once the login is complete.
fn session(http: Http, base: &str) -> Result<Authentik, LoginError> {
    let csrf = http.cookie(&format!("{base}/"), "authentik_csrf");
    let csrf = csrf.ok_or(ApiError::Shape("a login without the cookie authentik_csrf"))?;
    Ok(Authentik::with_session(http, base, csrf))
}

fn component(challenge: &Value) -> &str {
    challenge["component"].as_str().unwrap_or("(none)")
}

fn has_entries(errors: &Value) -> bool {
    errors.as_object().is_some_and(|errors| !errors.is_empty())
}

async fn send(http: &Http, request: Request) -> Result<Value, ApiError> {
    let request = request.accept_json().following().once();
    let answer = http.send(request).await.map_err(ApiError::Unanswered)?;
    answer::read(answer.status, &answer.media_type(), answer.body())
}
