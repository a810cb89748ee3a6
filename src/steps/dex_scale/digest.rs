//! The digest by which it is known whether Dex's Pods started with the secrets that exist now.

use super::{dex_keys, plan::Digest};
use crate::{
    converge::Context,
    kubernetes::SecretValues,
    model::{failure::Failure, names, object::ObjectRef},
    planted::{self, Bug},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::hmac::{self, HMAC_SHA256};
use secrecy::ExposeSecret;

/// As long as a forger's chance is none; it is written on an object that many may read.
const LENGTH: usize = 16;

/// The digest of the secrets that exist now, or what is missing for it.
pub(super) enum Wanted {
    Digest(String),
    Missing(ObjectRef, String),
}

impl Wanted {
    /// How a recorded digest relates to this one.
    pub(super) fn compare(&self, recorded: Option<&str>) -> Digest {
        match (recorded, self) {
            (None, _) => Digest::Absent,
            (Some(recorded), Self::Digest(digest)) if recorded == digest => Digest::Same,
            (Some(_), _) => Digest::Different,
        }
    }
}

/// Reads the secrets and digests them; their values do not leave this function.
pub(super) async fn wanted(cx: &Context) -> Result<Wanted, Failure> {
    let namespace = &cx.config.namespaces.auth;
    let read = async |name: &'static str| cx.cluster.secret(namespace, name).await;
    let (key, dex) = (
        read(names::AUTHENTIK_SECRET).await?,
        read(names::DEX_SECRET).await?,
    );
    let key = match value(key.as_ref(), names::AUTHENTIK_SECRET_KEY) {
        Ok(key) => key,
        Err(problem) => return Ok(missing(namespace, names::AUTHENTIK_SECRET, problem)),
    };
    let mut pairs = Vec::new();
    for name in dex_keys(&cx.config) {
        match value(dex.as_ref(), name) {
            Ok(value) => pairs.push((name, value)),
            Err(problem) => return Ok(missing(namespace, names::DEX_SECRET, problem)),
        }
    }
    Ok(Wanted::Digest(digest(key, pairs)))
}

fn missing(namespace: &str, name: &str, problem: String) -> Wanted {
    Wanted::Missing(ObjectRef::secret(namespace, name), problem)
}

fn value<'a>(secret: Option<&'a SecretValues>, key: &str) -> Result<&'a [u8], String> {
    let secret = secret.ok_or("it does not exist yet")?;
    let value = secret.value(key).map(|value| value.expose_secret());
    value
        .filter(|value| !value.is_empty())
        .ok_or_else(|| format!("it has no key {key} yet"))
}

/// HMAC-SHA256 over the pairs in the order of their names, each part after its length, so that no two
/// different lists give the same text. Keyed, because a plain digest could be compared with guesses.
fn digest(key: &[u8], mut pairs: Vec<(&str, &[u8])>) -> String {
    pairs.sort_unstable();
    if planted::is_planted(Bug::AnnotatesSecrets) {
        return BASE64_URL_SAFE_NO_PAD.encode(pairs[0].1);
    }
    let mut mac = hmac::Context::with_key(&hmac::Key::new(HMAC_SHA256, key));
    for part in pairs
        .into_iter()
        .flat_map(|(name, value)| [name.as_bytes(), value])
    {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    BASE64_URL_SAFE_NO_PAD.encode(&mac.sign().as_ref()[..LENGTH])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_documented_one() {
        // printf '\0\0\0\0\0\0\0\1a\0\0\0\0\0\0\0\2bc' | openssl dgst -sha256 -hmac key -binary | head -c 16
        let expected = "ukHTqqzgtLsx-0mlWa4d8Q";
        assert_eq!(digest(b"key", vec![("a", b"bc")]), expected);
    }

    #[test]
    fn every_byte_and_its_place_count_and_the_order_does_not() {
        let of = |key: &str, pairs: &[(&'static str, &'static str)]| {
            digest(
                key.as_bytes(),
                pairs
                    .iter()
                    .map(|(name, value)| (*name, value.as_bytes()))
                    .collect(),
            )
        };
        let base = of("key", &[("a", "1"), ("b", "2")]);
        assert_eq!(base.len(), 22);
        assert_eq!(of("key", &[("b", "2"), ("a", "1")]), base);
        for other in [
            of("kez", &[("a", "1"), ("b", "2")]),
            of("key", &[("a", "1"), ("b", "3")]),
            of("key", &[("a", "2"), ("b", "1")]),
            of("key", &[("a", "1")]),
            of("key", &[("a", "1b"), ("", "2")]),
            of("key", &[("a1", ""), ("b", "2")]),
        ] {
            assert_ne!(other, base);
        }
    }

    #[test]
    fn a_recorded_digest_is_same_different_or_absent() {
        let now = Wanted::Digest("now".to_owned());
        assert_eq!(now.compare(Some("now")), Digest::Same);
        assert_eq!(now.compare(Some("then")), Digest::Different);
        assert_eq!(now.compare(None), Digest::Absent);
    }
}
