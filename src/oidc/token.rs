//! Judging an ID token (RFC 7519, RFC 7515, OpenID Connect Core §3.1.3.7) by the rules of RFC 8725, each by itself.

use super::{
    Document, Finding,
    keys::{ALGORITHMS, KeySet},
    quoted,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// Longer than any token that fits into a request's header.
const LONGEST: usize = 16 << 10;
/// How far two clocks may be apart.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// Members by which a token would choose the key that it is verified with (RFC 8725 §3.10).
const OWN_KEYS: [&str; 4] = ["jku", "jwk", "x5u", "x5c"];

/// What a token must be.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Its issuer, exactly.
    pub issuer: &'a str,
    /// One of these is its audience.
    pub audiences: &'a [String],
    /// The issuer's keys, or why there are none.
    pub keys: Result<&'a KeySet, &'a str>,
    /// What time it is.
    pub now: Timestamp,
}

/// One rule and what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rule {
    /// What is asked for, in a word or two.
    pub rule: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// What was found.
    pub message: String,
}

/// A token without its signature.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    header: Document,
    claims: Document,
    /// What is signed.
    signed: String,
    signature: Vec<u8>,
}

impl Token {
    /// Reads a token in its compact form; a `Bearer` before it and space around it do not count.
    ///
    /// # Errors
    /// What is wrong with its form, without a piece of it.
    pub fn parse(text: &str) -> Result<Self, Finding> {
        let text = text.trim();
        let text = text.strip_prefix("Bearer ").unwrap_or(text).trim();
        let wrong = |message: &str| Err(Finding::invalid(message));
        if text.is_empty() {
            return wrong("there is no token");
        }
        if text.len() > LONGEST {
            return wrong("it is longer than 16 KiB");
        }
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            return match parts.len() {
                5 => wrong("it is encrypted (JWE), so that only its reader can tell what it says"),
                count => wrong(&format!("it has {count} parts, and a signed token has 3")),
            };
        };
        Ok(Self {
            header: part("header", header)?,
            claims: part("claims", claims)?,
            signed: format!("{header}.{claims}"),
            signature: decoded("signature", signature)?,
        })
    }

    /// Its header.
    #[must_use]
    pub fn header(&self) -> Map<String, Value> {
        fields(&self.header)
    }

    /// Its claims.
    #[must_use]
    pub fn claims(&self) -> Map<String, Value> {
        fields(&self.claims)
    }

    /// Judges it by every rule.
    #[must_use]
    pub fn judge(&self, wanted: Wanted<'_>) -> Vec<Rule> {
        let rules: [(&str, Result<String, String>); 14] = [
            (
                "algorithm",
                self.algorithm()
                    .map(|name| format!("{name} is a public-key signature")),
            ),
            ("type", self.kind()),
            ("own key", self.own_key()),
            ("critical extensions", self.critical()),
            ("signature", self.signature(wanted)),
            ("issuer", self.issuer(wanted.issuer)),
            ("audience", self.audience(wanted.audiences)),
            ("authorized party", self.party()),
            ("expiry", self.expiry(wanted.now)),
            ("not before", self.past("nbf", wanted.now, false)),
            ("issued at", self.past("iat", wanted.now, true)),
            ("subject", self.filled("sub")),
            ("e-mail", self.email()),
            ("groups", self.groups()),
        ];
        let rule = |(rule, found): (&'static str, Result<String, String>)| Rule {
            rule,
            holds: found.is_ok(),
            message: found.unwrap_or_else(|why| why),
        };
        rules.into_iter().map(rule).collect()
    }

    fn algorithm(&self) -> Result<&str, String> {
        let name = self.header.text("alg").map_err(|finding| finding.message)?;
        match name {
            _ if ALGORITHMS.contains(&name) => Ok(name),
            _ if name.eq_ignore_ascii_case("none") => Err("it is not signed at all (\"none\")".to_owned()),
            _ if name.starts_with("HS") => {
                Err(format!("{} is symmetric: who can verify can sign", quoted(name)))
            }
            _ => Err(format!(
                "{} is no algorithm that a client may accept",
                quoted(name)
            )),
        }
    }

    fn kind(&self) -> Result<String, String> {
        let Some(kind) = self.header.get("typ") else {
            return Ok("it does not say".to_owned());
        };
        let kind = kind.as_str().unwrap_or_default();
        let known = ["JWT", "application/jwt"]
            .iter()
            .any(|known| kind.eq_ignore_ascii_case(known));
        match known {
            true => Ok(format!("{} is that of an ID token", quoted(kind))),
            false => Err(format!("{} is another kind of token", quoted(kind))),
        }
    }

    fn own_key(&self) -> Result<String, String> {
        let named: Vec<&str> = OWN_KEYS
            .into_iter()
            .filter(|name| self.header.get(name).is_some())
            .collect();
        match named.as_slice() {
            [] => Ok("it brings no key of its own".to_owned()),
            some => Err(format!(
                "its header brings a key of its own ({}), which is not used",
                some.join(", ")
            )),
        }
    }

    fn critical(&self) -> Result<String, String> {
        match self.header.get("crit") {
            None => Ok("it has none".to_owned()),
            Some(_) => Err("it has some, and none is understood".to_owned()),
        }
    }

    fn signature(&self, wanted: Wanted<'_>) -> Result<String, String> {
        let algorithm = self
            .algorithm()
            .map_err(|_| "no acceptable algorithm".to_owned())?;
        let kid = match self.header.get("kid") {
            None => None,
            Some(kid) => Some(kid.as_str().ok_or("\"kid\" is not a string")?),
        };
        let keys = wanted
            .keys
            .map_err(|why| format!("it could not be verified: {why}"))?;
        keys.verify(algorithm, kid, self.signed.as_bytes(), &self.signature)?;
        Ok("it was signed by the issuer".to_owned())
    }

    fn issuer(&self, wanted: &str) -> Result<String, String> {
        let found = self.claims.text("iss").map_err(|finding| finding.message)?;
        match found == wanted {
            true => Ok(quoted(found)),
            false => Err(format!("it is {}, expected {}", quoted(found), quoted(wanted))),
        }
    }

    fn audiences(&self) -> Result<Vec<&str>, String> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => Ok(vec![one]),
            _ => self.claims.texts("aud").map_err(|finding| finding.message),
        }
    }

    fn audience(&self, wanted: &[String]) -> Result<String, String> {
        let found = self.audiences()?;
        let shown = quoted(&found.join(" "));
        match found
            .iter()
            .any(|found| wanted.iter().any(|wanted| wanted == found))
        {
            true => Ok(shown),
            false => Err(format!("it is {shown}, expected one of {}", wanted.join(", "))),
        }
    }

    /// Needed with several audiences, and one of them.
    fn party(&self) -> Result<String, String> {
        let audiences = self.audiences()?;
        match self
            .claims
            .get("azp")
            .map(|party| party.as_str().unwrap_or_default())
        {
            None if audiences.len() > 1 => {
                Err("it has several audiences, and names none that may use it".to_owned())
            }
            None => Ok("its only audience may use it".to_owned()),
            Some(party) if audiences.contains(&party) => Ok(quoted(party)),
            Some(party) => Err(format!("{} is none of its audiences", quoted(party))),
        }
    }

    fn time(&self, name: &str) -> Result<Option<Timestamp>, String> {
        let Some(value) = self.claims.get(name) else {
            return Ok(None);
        };
        let seconds = value
            .as_i64()
            .or_else(|| value.as_f64().map(|seconds| seconds as i64));
        let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        time.map(Some)
            .ok_or_else(|| format!("{} is not a time in seconds", quoted(name)))
    }

    fn expiry(&self, now: Timestamp) -> Result<String, String> {
        let expires = self
            .time("exp")?
            .ok_or("\"exp\" is missing: it would hold for ever")?;
        if self.time("iat")?.is_some_and(|issued| expires <= issued) {
            return Err("it expires before it is issued".to_owned());
        }
        let left = SignedDuration::from_secs(expires.duration_since(now).as_secs());
        match expires + SKEW > now {
            true => Ok(format!("it expires in {left:#}")),
            false => Err(format!("it expired {:#} ago", -left)),
        }
    }

    fn past(&self, name: &str, now: Timestamp, is_required: bool) -> Result<String, String> {
        match self.time(name)? {
            None if is_required => Err(format!("{} is missing", quoted(name))),
            None => Ok("it does not say".to_owned()),
            Some(time) if time > now + SKEW => Err(format!("{time} has not come yet")),
            Some(time) => Ok(time.to_string()),
        }
    }

    fn filled(&self, name: &str) -> Result<String, String> {
        match self.claims.text(name) {
            Ok("") => Err(format!("{} is empty", quoted(name))),
            Ok(text) => Ok(quoted(text)),
            Err(finding) => Err(finding.message),
        }
    }

    /// The name by which Kubernetes knows its bearer.
    fn email(&self) -> Result<String, String> {
        let email = self.filled("email")?;
        let text = self.claims.text("email").unwrap_or_default();
        let is_address = matches!(text.split_once('@'), Some((name, host))
            if !name.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace));
        match (is_address, self.claims.get("email_verified")) {
            (false, _) => Err(format!("{email} is no address")),
            (true, Some(Value::Bool(false))) => Ok(format!("{email}, which its issuer calls unverified")),
            (true, _) => Ok(email),
        }
    }

    /// Groups of Kubernetes' own would give their rights.
    fn groups(&self) -> Result<String, String> {
        if self.claims.get("groups").is_none() {
            return Err("there are none: its bearer may log in, and may do nothing".to_owned());
        }
        let groups = self.claims.texts("groups").map_err(|finding| finding.message)?;
        match groups.iter().find(|group| group.starts_with("system:")) {
            Some(group) => Err(format!("{} is a group of Kubernetes' own", quoted(group))),
            None => Ok(quoted(&groups.join(" "))),
        }
    }
}

fn decoded(name: &str, part: &str) -> Result<Vec<u8>, Finding> {
    let broken = |_| Finding::invalid(format!("its {name} is not base64url without padding"));
    BASE64_URL_SAFE_NO_PAD.decode(part).map_err(broken)
}

fn part(name: &str, part: &str) -> Result<Document, Finding> {
    Document::parse(&decoded(name, part)?).map_err(|finding| {
        let message = format!("its {name}: {}", finding.message);
        Finding { message, ..finding }
    })
}

fn fields(document: &Document) -> Map<String, Value> {
    document
        .fields()
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests;
