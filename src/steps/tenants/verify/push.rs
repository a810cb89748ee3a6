//! Pushes as GitHub sends them, of which exactly one is good, and what the listener calls each.
//!
//! A push is signed in `X-Hub-Signature-256` with HMAC-SHA-256 of the body (GitHub, "Validating webhook deliveries"). The
//! listener answers 202 with an `eventID` before it decides, and a run that it makes carries that in a label.

use super::canary;
use crate::{
    converge::Context,
    entropy,
    http::Request,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
    },
    steps::tenants::desired::{WEBHOOK_KEY, WEBHOOK_SECRET},
};
use ring::hmac::{self, HMAC_SHA256};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::fmt::Write;

/// Random bytes of a key that is not the right one.
const KEY_BYTES: usize = 32;

/// The pushes that were sent, by the ids that the listener gave them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::steps::tenants) struct Sent {
    /// The one that has to start a run.
    pub(in crate::steps::tenants) good: String,
    /// What is wrong with each of the others, and its id.
    pub(in crate::steps::tenants) bad: Vec<(&'static str, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signed {
    Well,
    WithAnotherKey,
    NotAtAll,
}

/// What GitHub says of a push.
fn event() -> Value {
    json!({
        "ref": "refs/heads/main",
        "before": "0".repeat(40),
        "after": "1".repeat(40),
        "deleted": false,
        "repository": {
            "full_name": canary::REPOSITORY,
            "clone_url": format!("https://github.com/{}.git", canary::REPOSITORY),
        },
    })
}

/// The pushes that must start nothing.
fn bad() -> [(&'static str, Value, Signed); 5] {
    let with = |pointer: &str, value: Value| {
        let mut event = event();
        if let Some(field) = event.pointer_mut(pointer) {
            *field = value;
        }
        event
    };
    let other = format!("{}-2", canary::REPOSITORY);
    [
        ("it is not signed", event(), Signed::NotAtAll),
        ("it is signed with another key", event(), Signed::WithAnotherKey),
        (
            "it is of another repository",
            with("/repository/full_name", other.into()),
            Signed::Well,
        ),
        (
            "it is to another branch",
            with("/ref", "refs/heads/main-2".into()),
            Signed::Well,
        ),
        (
            "it deletes the branch",
            with("/deleted", true.into()),
            Signed::Well,
        ),
    ]
}

/// Sends them all, the good one last: when its run is over, the others have been decided on.
pub(super) async fn send(cx: &Context) -> Result<Sent, Failure> {
    let namespace = canary::listener().namespace.unwrap_or_default();
    let secret = cx.cluster.secret(&namespace, WEBHOOK_SECRET).await?;
    let Some(key) = secret.and_then(|secret| secret.text(WEBHOOK_KEY)) else {
        let message = format!("Secret {namespace}/{WEBHOOK_SECRET} has no {WEBHOOK_KEY}");
        return Err(Failure::new(Exit::Transient, Reason::NotFound, message));
    };
    let another = entropy::secret(KEY_BYTES)?;
    let mut sent = Sent {
        good: String::new(),
        bad: Vec::new(),
    };
    for (what, event, signed) in bad() {
        let key = match signed {
            Signed::Well => Some(&key),
            Signed::WithAnotherKey => Some(&another),
            Signed::NotAtAll => None,
        };
        sent.bad.push((what, post(cx, &event, key).await?));
    }
    sent.good = post(cx, &event(), Some(&key)).await?;
    Ok(sent)
}

/// The id that the listener gives to an event.
async fn post(cx: &Context, event: &Value, key: Option<&SecretString>) -> Result<String, Failure> {
    let mut request = Request::post(canary::url())
        .json(event)
        .header("x-github-event", "push");
    if let Some(key) = key {
        request = request.header(
            "x-hub-signature-256",
            &signature(event.to_string().as_bytes(), key),
        );
    }
    let answer = cx.http.send(request).await?;
    if !answer.is_success() {
        let message = format!("{answer}: the listener takes no events");
        let failure = Failure::new(Exit::Transient, Reason::NotReady, message);
        return Err(failure.on(canary::listener().object()));
    }
    let answer: Value = answer.json()?;
    match answer["eventID"].as_str() {
        Some(id) if !id.is_empty() => Ok(id.to_owned()),
        _ => {
            let message = "the listener's answer has no eventID: is it Tekton Triggers that answers?";
            Err(Failure::new(Exit::Human, Reason::InvalidAnswer, message).on(canary::listener().object()))
        }
    }
}

/// Of the very bytes that are sent: a value is written in one way only.
fn signature(body: &[u8], key: &SecretString) -> String {
    let key = hmac::Key::new(HMAC_SHA256, key.expose_secret().as_bytes());
    let sum = hmac::sign(&key, body);
    let mut text = "sha256=".to_owned();
    for byte in sum.as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bad_push_differs_from_the_good_one_in_one_thing() {
        for (what, event, signed) in bad() {
            let differs = usize::from(event != super::event()) + usize::from(signed != Signed::Well);
            assert_eq!(differs, 1, "{what}");
        }
    }

    #[test]
    fn a_push_is_signed_as_github_signs_it() {
        // The values of GitHub's documentation.
        let key = SecretString::from("It's a Secret to Everybody");
        let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(signature(b"Hello, World!", &key), expected);
    }
}
