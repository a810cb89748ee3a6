//! Verifying a signature with the keys of a provider (RFC 7518 §3, RFC 8037 §3.1). The cryptography is that of TLS.

use super::{Key, KeySet, Kind, bytes, trimmed};
use crate::oidc::quoted;
use rustls::{SignatureScheme, crypto::ring, pki_types::SignatureVerificationAlgorithm};

impl KeySet {
    /// Whether the message was signed by the key that `kid` names, or by the only one if it names none, with an algorithm that
    /// this kind of key is for.
    ///
    /// # Errors
    /// Why it is not known to be.
    pub fn verify(
        &self,
        algorithm: &str,
        kid: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), String> {
        let key = self.named(kid)?;
        if !key.kind.signs(algorithm) {
            let algorithm = quoted(algorithm);
            return Err(format!(
                "{algorithm} is not an algorithm of the key that it names"
            ));
        }
        let Some(verifier) = verifier(algorithm) else {
            return Err(format!("{} cannot be verified here", quoted(algorithm)));
        };
        let signature = match key.kind {
            Kind::P256 | Kind::P384 | Kind::P521 => ecdsa(signature),
            Kind::Rsa | Kind::Ed25519 => signature.to_vec(),
        };
        let verified = verifier.verify_signature(&key.encoded(), message, &signature);
        verified.map_err(|_| "it is not the signature of that key over this token".to_owned())
    }

    fn named(&self, kid: Option<&str>) -> Result<&Key, String> {
        let Some(kid) = kid else {
            let mut keys = self.keys.iter();
            return match (keys.next(), keys.next()) {
                (Some(only), None) => Ok(only),
                _ => Err(format!("it names no key, and there are {}", self.len())),
            };
        };
        let found = self.keys.iter().find(|key| key.id.as_deref() == Some(kid));
        found.ok_or_else(|| format!("the provider has no key {}", quoted(kid)))
    }
}

/// What verifies signatures of an algorithm; the first of a scheme is the one with the curve that JOSE means.
fn verifier(algorithm: &str) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    let scheme = match algorithm {
        "RS256" => SignatureScheme::RSA_PKCS1_SHA256,
        "RS384" => SignatureScheme::RSA_PKCS1_SHA384,
        "RS512" => SignatureScheme::RSA_PKCS1_SHA512,
        "PS256" => SignatureScheme::RSA_PSS_SHA256,
        "PS384" => SignatureScheme::RSA_PSS_SHA384,
        "PS512" => SignatureScheme::RSA_PSS_SHA512,
        "ES256" => SignatureScheme::ECDSA_NISTP256_SHA256,
        "ES384" => SignatureScheme::ECDSA_NISTP384_SHA384,
        "EdDSA" | "Ed25519" => SignatureScheme::ED25519,
        _ => return None,
    };
    let known = ring::default_provider().signature_verification_algorithms.mapping;
    let (_, verifiers) = known.iter().find(|(known, _)| *known == scheme)?;
    verifiers.first().copied()
}

impl Key {
    /// As a certificate would carry it (RFC 8017 A.1.1, RFC 5480 §2.2, RFC 8410 §4).
    fn encoded(&self) -> Vec<u8> {
        let parts: Vec<Vec<u8>> = self.parts.iter().map(|part| bytes(part)).collect();
        match self.kind {
            Kind::Rsa => sequence(&parts),
            Kind::P256 | Kind::P384 | Kind::P521 => [vec![0x04], parts.concat()].concat(),
            Kind::Ed25519 => parts.concat(),
        }
    }
}

/// JOSE writes both numbers one behind the other, others as a DER sequence.
fn ecdsa(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    sequence(&[r.to_vec(), s.to_vec()])
}

/// Positive integers as a DER sequence.
fn sequence(numbers: &[Vec<u8>]) -> Vec<u8> {
    let integers = numbers.iter().map(|number| {
        let number = trimmed(number);
        let is_negative = number.first().is_none_or(|first| first & 0x80 != 0);
        let sign: &[u8] = if is_negative { &[0] } else { &[] };
        element(0x02, &[sign, number].concat())
    });
    element(0x30, &integers.collect::<Vec<_>>().concat())
}

fn element(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len().to_be_bytes();
    let length = trimmed(&length);
    let mut der = vec![tag];
    match (length, value.len()) {
        (_, 0) => der.push(0),
        ([short], 1..=0x7f) => der.push(*short),
        (long, _) => {
            der.push(0x80 | u8::try_from(long.len()).unwrap_or_default());
            der.extend(long);
        }
    }
    der.extend(value);
    der
}
