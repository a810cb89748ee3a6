//! A login without a browser: the authorization code flow with PKCE (RFC 6749 §4.1, RFC 7636) through a provider that sends
//! people on to another one, where somebody is logged in already.

use crate::{
    http::{Answer, Http, Request, Url},
    model::{
        exit::Exit,
        failure::{Failure, Reason},
    },
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// More than any login takes: Dex alone sends a browser on three times.
const MOST_HOPS: usize = 12;

/// Where the journey leads. Addresses that a browser uses are replaced by those that reach the same server from here.
#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    /// The provider's issuer: its public name.
    pub issuer: &'a str,
    /// Where the provider is reached.
    pub provider: &'a str,
    /// Where the one behind it sends people back to the provider.
    pub callback: &'a str,
    /// Where the one behind it is reached, whatever its public name.
    pub upstream: &'a str,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its secret.
    pub secret: &'a SecretString,
    /// One of its redirect URIs; nothing is sent there.
    pub redirect_uri: &'a str,
}

/// What makes one login unlike any other: three random texts.
#[derive(Debug)]
pub struct Once {
    /// Comes back with the code.
    pub state: SecretString,
    /// Comes back in the token.
    pub nonce: SecretString,
    /// Proves that whoever brings the code asked for it.
    pub verifier: SecretString,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: SecretString,
}

/// Goes all the way, with the cookies of `session`, to an ID token. Nobody has judged yet what it says.
///
/// # Errors
/// What was in the way, and at which server; no code and no token is in it.
pub async fn id_token(
    session: &Http,
    way: Way<'_>,
    client: Client<'_>,
    once: &Once,
) -> Result<SecretString, Failure> {
    let code = code(session, way, client, once).await?;
    let request = Request::post(format!("{}/token", base(way)))
        .form(&[
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", client.redirect_uri),
            ("client_id", client.id),
            ("client_secret", client.secret.expose_secret()),
            ("code_verifier", once.verifier.expose_secret()),
        ])
        .accept_json()
        .once();
    let answer = session.send(request).await?;
    if !answer.is_success() {
        let message = format!("{answer}, and gives no token for the code that it has given");
        return Err(wrong(message));
    }
    Ok(answer.json::<Tokens>()?.id_token)
}

async fn code(
    session: &Http,
    way: Way<'_>,
    client: Client<'_>,
    once: &Once,
) -> Result<SecretString, Failure> {
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(once.verifier.expose_secret().as_bytes()));
    let mut request = Request::get(format!("{}/auth", base(way))).query(&[
        ("response_type", "code"),
        ("client_id", client.id),
        ("redirect_uri", client.redirect_uri),
        ("scope", "openid profile email groups"),
        ("state", once.state.expose_secret()),
        ("nonce", once.nonce.expose_secret()),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    for _ in 0..MOST_HOPS {
        let answer = session.send(request.once()).await?;
        let next = next(&answer)?;
        if next.as_str().starts_with(client.redirect_uri) {
            return arrived(&next, once);
        }
        request = Request::get(here(way, next));
    }
    Err(wrong(
        "the login is sent from one place to the next without an end".to_owned(),
    ))
}

/// The provider's base, below the path of its issuer.
fn base(way: Way<'_>) -> String {
    let provider = way.provider.trim_end_matches('/');
    let path = |url: &str| Url::parse(url).map(|url| url.path().trim_end_matches('/').to_owned());
    match (path(way.issuer), path(provider)) {
        (Ok(issuer), Ok(provider_path)) if provider_path.is_empty() => format!("{provider}{issuer}"),
        _ => provider.to_owned(),
    }
}

/// Where an answer sends the browser.
fn next(answer: &Answer) -> Result<Url, Failure> {
    let location = answer
        .header("location")
        .filter(|_| (300..400).contains(&answer.status));
    let Some(location) = location else {
        let message = match answer.status {
            200 => format!("{answer}: it shows a page where it should send the browser on"),
            _ => answer.to_string(),
        };
        return Err(wrong(message));
    };
    let next = Url::parse(answer.url()).and_then(|from| from.join(location));
    next.map_err(|_| wrong(format!("{answer}, with a location that is no URL")))
}

/// The same place, at an address that reaches it from here. Whoever is not the provider is the one behind it.
fn here(way: Way<'_>, mut url: Url) -> String {
    let is_at = |other: &str| Url::parse(other).is_ok_and(|other| other.origin() == url.origin());
    let server = if [way.issuer, way.provider, way.callback].into_iter().any(is_at) {
        way.provider
    } else {
        way.upstream
    };
    if let Ok(server) = Url::parse(server) {
        // Fails for schemes without a host only.
        let _ = url.set_scheme(server.scheme());
        let _ = url.set_host(server.host_str());
        let _ = url.set_port(server.port());
    }
    url.into()
}

/// The code that came back, if it is for this login.
fn arrived(url: &Url, once: &Once) -> Result<SecretString, Failure> {
    let find = |name: &str| {
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    };
    if let Some(error) = find("error") {
        let description = find("error_description").unwrap_or_default();
        let short: String = description.chars().take(120).collect();
        return Err(wrong(format!("the login was refused: {error:?} {short:?}")));
    }
    if find("state").as_deref() != Some(once.state.expose_secret()) {
        return Err(wrong(
            "the answer belongs to another login: its state is another one".to_owned(),
        ));
    }
    let code = find("code").ok_or_else(|| wrong("the login came back without a code".to_owned()))?;
    Ok(SecretString::from(code.into_owned()))
}

fn wrong(message: String) -> Failure {
    Failure::new(Exit::CheckFailed, Reason::InvalidAnswer, message)
}

#[cfg(test)]
mod tests;
