//! The credentials of a tunnel's connector: cloudflared's file, and the token by which Cloudflare shows the same.

use crate::{
    entropy,
    model::{failure::Failure, tunnel},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// What Cloudflare asks for at least, and what its own clients generate.
const SECRET_BYTES: usize = 32;

/// Who may connect to which tunnel. Cannot be printed with its secret.
#[derive(Debug, Clone)]
pub struct Credentials {
    account: String,
    tunnel: Option<String>,
    secret: SecretString,
}

/// `credentials.json`, as cloudflared reads it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    account_tag: String,
    #[serde(rename = "TunnelID", default)]
    tunnel_id: Option<String>,
    tunnel_secret: SecretString,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Written<'a> {
    account_tag: &'a str,
    #[serde(rename = "TunnelID", skip_serializing_if = "Option::is_none")]
    tunnel_id: Option<&'a str>,
    tunnel_secret: &'a str,
}

/// What is in a tunnel's token, in base64.
#[derive(Deserialize)]
struct Token {
    a: String,
    t: String,
    s: SecretString,
}

impl Credentials {
    /// New ones with a secret from the operating system, for a tunnel that is still to be made.
    ///
    /// # Errors
    /// If the operating system has no randomness to give.
    pub fn generate(account: &str) -> Result<Self, Failure> {
        Ok(Self {
            account: account.to_owned(),
            tunnel: None,
            secret: entropy::padded_secret(SECRET_BYTES)?,
        })
    }

    /// Reads the file; `None` if it holds no account or no secret that a tunnel could have.
    #[must_use]
    pub fn parse(text: &SecretString) -> Option<Self> {
        let file: File = serde_json::from_str(text.expose_secret()).ok()?;
        Self::checked(file.account_tag, file.tunnel_id, file.tunnel_secret)
    }

    pub(super) fn from_token(token: &SecretString) -> Option<Self> {
        let text = Zeroizing::new(STANDARD.decode(token.expose_secret().trim()).ok()?);
        let Token { a, t, s } = serde_json::from_slice(&text).ok()?;
        Self::checked(a, Some(t), s)
    }

    fn checked(account: String, tunnel: Option<String>, secret: SecretString) -> Option<Self> {
        let bytes = Zeroizing::new(STANDARD.decode(secret.expose_secret()).ok()?);
        let is_usable = !account.is_empty() && bytes.len() >= SECRET_BYTES;
        is_usable.then_some(Self {
            account,
            tunnel: tunnel.filter(|id| !id.is_empty()),
            secret,
        })
    }

    /// The same for a tunnel that has this secret.
    #[must_use]
    pub fn with_tunnel(self, tunnel: &str) -> Self {
        Self {
            tunnel: Some(tunnel.to_owned()),
            ..self
        }
    }

    /// The text of the file. As long as no tunnel is named, cloudflared does not take it.
    #[must_use]
    pub fn to_file(&self) -> SecretString {
        let written = Written {
            account_tag: &self.account,
            tunnel_id: self.tunnel.as_deref(),
            tunnel_secret: self.secret.expose_secret(),
        };
        // Three texts always serialize.
        serde_json::to_string(&written).unwrap_or_default().into()
    }

    /// The tunnel's secret in base64, as the API takes it.
    #[must_use]
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// What decisions need of them.
    #[must_use]
    pub fn facts(&self) -> tunnel::Credentials {
        tunnel::Credentials::Held {
            account: self.account.clone(),
            tunnel: self.tunnel.clone(),
        }
    }

    /// How the secret of these compares with a tunnel's own ([`super::Cloudflare::tunnel_credentials`]).
    #[must_use]
    pub fn proof(held: Option<&Self>, tunnels_own: Option<&Self>) -> tunnel::Proof {
        let Some(own) = tunnels_own else {
            return tunnel::Proof::Unreadable;
        };
        let is_same = |held: &Self| bool::from(held.bytes().ct_eq(&own.bytes()));
        match held {
            Some(held) if is_same(held) => tunnel::Proof::Same,
            _ => tunnel::Proof::Different,
        }
    }

    /// Compared are the bytes, of which the same can be written in two ways.
    fn bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(STANDARD.decode(self.secret.expose_secret()).unwrap_or_default())
    }

    pub(super) fn is_of(&self, account: &str, tunnel: &str) -> bool {
        self.account == account && self.tunnel.as_deref() == Some(tunnel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tunnel::{Credentials as Facts, Proof};
    use serde_json::{Value, json};

    fn parsed(file: &Value) -> Option<Credentials> {
        Credentials::parse(&file.to_string().into())
    }

    #[test]
    fn what_is_generated_is_what_cloudflared_reads() {
        let generated = Credentials::generate("account").unwrap();
        let facts = |tunnel: Option<&str>| Facts::Held {
            account: "account".to_owned(),
            tunnel: tunnel.map(str::to_owned),
        };
        let stored = Credentials::parse(&generated.to_file()).unwrap();
        assert_eq!(stored.facts(), facts(None));
        let complete = Credentials::parse(&stored.with_tunnel("id").to_file()).unwrap();
        assert_eq!(complete.facts(), facts(Some("id")));
        assert_eq!(Credentials::proof(Some(&generated), Some(&complete)), Proof::Same);
        let file: Value = serde_json::from_str(complete.to_file().expose_secret()).unwrap();
        assert_eq!(
            (&file["AccountTag"], &file["TunnelID"]),
            (&json!("account"), &json!("id"))
        );
        let secret = STANDARD.decode(file["TunnelSecret"].as_str().unwrap()).unwrap();
        assert_eq!(secret.len(), SECRET_BYTES);
        assert!(!format!("{complete:?}").contains(file["TunnelSecret"].as_str().unwrap()));
    }

    #[test]
    fn what_no_tunnel_can_have_is_unusable() {
        let secret = STANDARD.encode([7; 32]);
        assert!(parsed(&json!({ "AccountTag": "a", "TunnelSecret": secret })).is_some());
        for file in [
            json!({ "AccountTag": "", "TunnelSecret": secret }),
            json!({ "AccountTag": "a", "TunnelID": "t", "TunnelSecret": "" }),
            json!({ "AccountTag": "a", "TunnelID": "t", "TunnelSecret": STANDARD.encode([7; 31]) }),
            json!({ "AccountTag": "a", "TunnelID": "t", "TunnelSecret": "no base64 !" }),
            json!({ "AccountTag": "a", "TunnelID": "t" }),
            json!("text"),
        ] {
            assert!(parsed(&file).is_none(), "{file}");
        }
    }

    #[test]
    fn a_tunnels_token_holds_its_credentials() {
        let secret = STANDARD.encode([7; 32]);
        let token = STANDARD.encode(json!({ "a": "a", "t": "t", "s": secret }).to_string());
        let own = Credentials::from_token(&token.into()).unwrap();
        assert!(own.is_of("a", "t") && !own.is_of("a", "other") && !own.is_of("b", "t"));
        let held = parsed(&json!({ "AccountTag": "a", "TunnelSecret": secret })).unwrap();
        let other = Credentials::generate("a").unwrap();
        let cases = [
            (Some(&held), Some(&own), Proof::Same),
            (Some(&other), Some(&own), Proof::Different),
            (None, Some(&own), Proof::Different),
            (Some(&held), None, Proof::Unreadable),
        ];
        for (held, own, expected) in cases {
            assert_eq!(Credentials::proof(held, own), expected);
        }
        assert!(Credentials::from_token(&"no token".into()).is_none());
    }
}
