//! Logging in as akadmin, as a person with a browser does, and asking the API server who that is.

use crate::{
    authentik::{self, LoginError},
    check::{LoginFact, Trouble},
    converge::Context,
    entropy,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        names::{self, AUTHENTIK_ADMIN},
        object::ObjectRef,
    },
    oidc::{
        checks::{Expected, Plain},
        journey::{self, Client, Once, Way},
        provider::{KeysFrom, look as look_at},
        token::{Token, Wanted},
    },
};
use secrecy::{ExposeSecret, SecretString};

/// The client that kubectl's login helper is, and one of its redirect URIs (`manifests/components/auth/dex-config.yaml`).
const CLIENT: &str = "kubernetes";
const REDIRECT_URI: &str = "http://localhost:8000/callback";
/// Its secret in Secret dex-secrets.
const CLIENT_KEY: &str = "kubernetes-client-secret";

/// # Errors
/// Only what ends the run: everything else that keeps somebody from logging in is a fact.
pub(super) async fn look(cx: &Context) -> Result<LoginFact, Failure> {
    let (token, may_change_email) = match id_token(cx).await {
        Ok(found) => found,
        Err(failure) => return absent(failure),
    };
    let broken = match judge(cx, &token).await {
        Ok(broken) => broken,
        Err(failure) => return absent(failure),
    };
    let accepted = match cx.cluster.known_as(&token).await {
        Err(failure) if failure.reason == Reason::Interrupted => return Err(failure),
        other => Some(other.map_err(Trouble::from)),
    };
    Ok(LoginFact {
        token: Ok(broken),
        accepted,
        may_change_email,
    })
}

fn absent(failure: Failure) -> Result<LoginFact, Failure> {
    match failure.reason {
        Reason::Interrupted => Err(failure),
        _ => Ok(LoginFact {
            token: Err(failure.into()),
            accepted: None,
            may_change_email: None,
        }),
    }
}

/// The token, and whether people may change their address.
async fn id_token(cx: &Context) -> Result<(SecretString, Option<bool>), Failure> {
    let auth = cx.config.namespaces.auth.as_str();
    let (password, secret) = tokio::try_join!(
        stored(cx, auth, names::AUTHENTIK_SECRET, names::ADMIN_PASSWORD_KEY),
        stored(cx, auth, names::DEX_SECRET, CLIENT_KEY),
    )?;
    let (dex, upstream, issuer) = (
        cx.config.dex_url(),
        cx.config.authentik_url(),
        cx.config.dex_issuer(),
    );
    let callback = cx.config.authentik_redirect_uri();
    for url in [&dex, &upstream] {
        if let Some(wait) = cx.reach(url).await? {
            return Err(Failure::new(Exit::CheckFailed, wait.reason, wait.message).on(wait.object));
        }
    }
    let admin = authentik::log_in(&cx.http, &upstream, AUTHENTIK_ADMIN, &password).await;
    let admin = admin.map_err(|error| not_in(error, &upstream))?;
    let once = Once {
        state: entropy::secret(16)?,
        nonce: entropy::secret(16)?,
        verifier: entropy::secret(32)?,
    };
    let way = Way {
        issuer: &issuer,
        provider: &dex,
        callback: &callback,
        upstream: &upstream,
    };
    let client = Client {
        id: CLIENT,
        secret: &secret,
        redirect_uri: REDIRECT_URI,
    };
    let token = journey::id_token(admin.http(), way, client, &once).await?;
    fits(&token, &once)?;
    // A login is none the worse where an administrator's own settings cannot be read.
    let may_change_email = admin.may_change_email().await.ok();
    Ok((token, may_change_email))
}

async fn stored(cx: &Context, namespace: &str, name: &str, key: &str) -> Result<SecretString, Failure> {
    let secret = cx.cluster.secret(namespace, name).await?;
    let value = secret.and_then(|secret| secret.text(key));
    value
        .filter(|value| !value.expose_secret().is_empty())
        .ok_or_else(|| {
            Failure::new(
                Exit::CheckFailed,
                Reason::NotFound,
                format!("there is no key {key}"),
            )
            .on(ObjectRef::secret(namespace, name))
            .hint("run `aphex-ops secrets generate`")
        })
}

fn not_in(error: LoginError, url: &str) -> Failure {
    let object = ObjectRef::global("Authentik", url);
    match error {
        LoginError::Api(error) => error.failure(object),
        other => Failure::new(Exit::CheckFailed, Reason::Unauthenticated, format!("akadmin: {other}"))
            .on(object)
            .hint("set akadmin's password in Authentik to key admin-password of Secret authentik-secrets, or that key to the password"),
    }
}

/// A token of another login is no proof of this one (OpenID Connect Core §3.1.3.7, rule 11).
fn fits(token: &SecretString, once: &Once) -> Result<(), Failure> {
    let parsed = Token::parse(token.expose_secret());
    let parsed = parsed.map_err(|finding| invalid(format!("Dex gives no ID token: {}", finding.message)))?;
    match parsed.claims().get("nonce").and_then(|nonce| nonce.as_str()) {
        Some(nonce) if nonce == once.nonce.expose_secret() => Ok(()),
        _ => Err(invalid(
            "Dex gives an ID token of another login: its nonce is another one".to_owned(),
        )),
    }
}

fn invalid(message: String) -> Failure {
    Failure::new(Exit::CheckFailed, Reason::InvalidAnswer, message)
}

/// The rules that it breaks.
async fn judge(cx: &Context, token: &SecretString) -> Result<Vec<String>, Failure> {
    let (base, issuer) = (cx.config.dex_url(), cx.config.dex_issuer());
    let expected = Expected {
        issuer: &issuer,
        plain: Plain::InCluster,
    };
    let keys = look_at(&cx.http, &base, expected, KeysFrom::SameServer)
        .await?
        .keys();
    let token = Token::parse(token.expose_secret()).map_err(|finding| invalid(finding.message))?;
    let rules = token.judge(Wanted {
        issuer: &issuer,
        audiences: &[CLIENT.to_owned()],
        keys: keys.as_ref().map_err(String::as_str),
        now: jiff::Timestamp::now(),
    });
    let broken = rules.into_iter().filter(|rule| !rule.holds);
    Ok(broken
        .map(|rule| format!("{}: {}", rule.rule, rule.message))
        .collect())
}
