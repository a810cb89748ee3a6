//! Judging a JSON Web Key Set (RFC 7517, RFC 7518).

mod signature;

use super::{Document, Finding, quoted};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use std::collections::BTreeSet;

/// Signature algorithms that a client may accept (RFC 8725 §3.1): asymmetric ones, never `none`.
pub const ALGORITHMS: [&str; 11] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
];

/// Members that only a private or symmetric key has (RFC 7518 §6.2.2, §6.3.2, §6.4).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// The bits that an RSA key must have (RFC 7518 §3.3), and more than any real one has.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=16384;

/// The keys of a provider that can verify a signature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet {
    keys: BTreeSet<Key>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    id: Option<String>,
    kind: Kind,
    /// The public parts, as they are written.
    parts: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Rsa,
    P256,
    P384,
    P521,
    Ed25519,
}

impl KeySet {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether one of the keys can make signatures of one of these algorithms.
    #[must_use]
    pub fn serves(&self, algorithms: &[&str]) -> bool {
        let served = |key: &Key| algorithms.iter().any(|algorithm| key.kind.signs(algorithm));
        self.keys.iter().any(served)
    }
}

impl Kind {
    fn signs(self, algorithm: &str) -> bool {
        match self {
            Self::Rsa => algorithm.starts_with("RS") || algorithm.starts_with("PS"),
            Self::P256 => algorithm == "ES256",
            Self::P384 => algorithm == "ES384",
            Self::P521 => algorithm == "ES512",
            Self::Ed25519 => matches!(algorithm, "EdDSA" | "Ed25519"),
        }
    }
}

/// Judges a key set: everything that is wrong, and the usable keys.
#[must_use]
pub fn keys(document: &Document) -> (KeySet, Vec<Finding>) {
    let list = match document.get("keys") {
        // Authentik answers `{}` for a provider without a signing key (recorded).
        None => {
            return (
                KeySet::default(),
                vec![Finding::invalid(
                    "the key set has no \"keys\": the provider has no signing key",
                )],
            );
        }
        Some(Value::Array(list)) => list,
        Some(_) => {
            return (
                KeySet::default(),
                vec![Finding::invalid("\"keys\" is not a list")],
            );
        }
    };
    let mut set = KeySet::default();
    let mut findings = Vec::new();
    let mut ids = BTreeSet::new();
    for (position, entry) in list.iter().enumerate() {
        match key(entry) {
            Ok(Some(key)) => {
                let repeated = key.id.clone().is_some_and(|id| !ids.insert(id));
                if repeated {
                    findings.push(numbered(position, "has the \"kid\" of another key"));
                }
                set.keys.insert(key);
            }
            Ok(None) => {}
            Err(problem) => findings.push(numbered(position, &problem)),
        }
    }
    // OpenID Connect Core §10.1: with several keys a token says by `kid` which one signed it.
    if set.len() > 1 && set.keys.iter().any(|key| key.id.is_none()) {
        findings.push(Finding::invalid("there are several keys, and one has no \"kid\""));
    }
    if set.is_empty() && findings.is_empty() {
        findings.push(Finding::invalid(
            "the key set has no key that can verify a signature",
        ));
    }
    (set, findings)
}

/// The integers of an RSA key and the coordinates of the others, as bytes.
fn bytes(part: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(part).unwrap_or_default()
}

fn numbered(position: usize, problem: &str) -> Finding {
    Finding::invalid(format!("key {} of the key set {problem}", position + 1))
}

/// One key: `None` if it is not for signatures or of an unknown kind, which readers must ignore (RFC 7517 §5).
fn key(entry: &Value) -> Result<Option<Key>, String> {
    let Value::Object(fields) = entry else {
        return Err("is not an object".to_owned());
    };
    let fields = Document::from(fields.clone());
    let text = |name: &str| {
        fields
            .text(name)
            .map_err(|finding| format!("is broken: {}", finding.message))
    };
    let optional = |name: &str| fields.get(name).map(|_| text(name)).transpose();
    let kind = text("kty")?;
    if kind == "oct" {
        return Err("is symmetric: who can verify with it can sign with it".to_owned());
    }
    if PRIVATE.iter().any(|name| fields.get(name).is_some()) {
        return Err("has private parts: whoever reads it can sign".to_owned());
    }
    let usage = optional("use")?.unwrap_or("sig");
    let operations = match fields.get("key_ops") {
        Some(_) => fields.texts("key_ops").map_err(|finding| finding.message)?,
        None => vec!["verify"],
    };
    if usage != "sig" || !operations.contains(&"verify") {
        return Ok(None);
    }
    let algorithm = optional("alg")?;
    let Some((kind, parts)) = material(kind, &fields)? else {
        return Ok(None);
    };
    match algorithm {
        Some(algorithm) if !ALGORITHMS.contains(&algorithm) => {
            return Err(format!(
                "is for {}, which is no public-key signature",
                quoted(algorithm)
            ));
        }
        Some(algorithm) if !kind.signs(algorithm) => {
            return Err(format!(
                "is for {}, which is another kind of key",
                quoted(algorithm)
            ));
        }
        _ => {}
    }
    let id = optional("kid")?.map(str::to_owned);
    Ok(Some(Key { id, kind, parts }))
}

fn material(kind: &str, fields: &Document) -> Result<Option<(Kind, Vec<String>)>, String> {
    let text = |name: &str| {
        fields
            .text(name)
            .map_err(|finding| format!("is broken: {}", finding.message))
    };
    let bytes = |name: &str| {
        let broken = |_| format!("is broken: {} is not base64url without padding", quoted(name));
        BASE64_URL_SAFE_NO_PAD.decode(text(name)?).map_err(broken)
    };
    let parts = |names: &[&str]| {
        names
            .iter()
            .map(|name| text(name).map(str::to_owned))
            .collect::<Result<_, _>>()
    };
    match kind {
        "RSA" => {
            rsa(&bytes("n")?, &bytes("e")?)?;
            Ok(Some((Kind::Rsa, parts(&["n", "e"])?)))
        }
        "EC" => {
            let (kind, length) = match text("crv")? {
                "P-256" => (Kind::P256, 32),
                "P-384" => (Kind::P384, 48),
                "P-521" => (Kind::P521, 66),
                _ => return Ok(None),
            };
            let (x, y) = (bytes("x")?, bytes("y")?);
            if x.len() != length || y.len() != length {
                return Err("is broken: the coordinates have the wrong length for the curve".to_owned());
            }
            Ok(Some((kind, parts(&["x", "y"])?)))
        }
        "OKP" if text("crv")? == "Ed25519" => {
            if bytes("x")?.len() != 32 {
                return Err("is broken: the public key has the wrong length for the curve".to_owned());
            }
            Ok(Some((Kind::Ed25519, parts(&["x"])?)))
        }
        _ => Ok(None),
    }
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<(), String> {
    let modulus: &[u8] = trimmed(modulus);
    let bits = match modulus.first() {
        Some(first) => modulus.len() * 8 - first.leading_zeros() as usize,
        None => 0,
    };
    if !RSA_BITS.contains(&bits) {
        return Err(format!(
            "has {bits} bits, and RSA keys need at least {}",
            RSA_BITS.start()
        ));
    }
    match trimmed(exponent) {
        [] | [1] => Err("has an exponent that signs nothing".to_owned()),
        [.., last] if last % 2 == 0 => Err("has an even exponent".to_owned()),
        _ => Ok(()),
    }
}

/// Without leading zeros.
fn trimmed(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// A set without findings, or the first of them.
///
/// # Errors
/// That one's message.
pub fn usable(set: KeySet, findings: &[Finding]) -> Result<KeySet, String> {
    match findings.first() {
        Some(finding) => Err(finding.message.clone()),
        None => Ok(set),
    }
}

#[cfg(test)]
mod tests;
