//! Reproducible identifiers and keys: a hash of the seed, the purpose and a counter per purpose. Two servers with the same
//! seed that create the same objects hand out the same keys, whatever else was asked in between.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

pub(super) struct Entropy {
    seed: String,
    drawn: BTreeMap<String, u64>,
}

impl Entropy {
    pub(super) fn new(seed: &str) -> Self {
        Self {
            seed: seed.to_owned(),
            drawn: BTreeMap::new(),
        }
    }

    fn bytes(&mut self, purpose: &str, length: usize) -> Vec<u8> {
        let count = self.drawn.entry(purpose.to_owned()).or_default();
        *count += 1;
        let count = *count;
        (0u64..)
            .flat_map(|block| Sha256::digest(format!("{}\n{purpose}\n{count}\n{block}", self.seed)))
            .take(length)
            .collect()
    }

    /// Letters and digits, as Authentik's own generator makes them. (The slight bias of the remainder does not matter here.)
    pub(super) fn alphanumeric(&mut self, purpose: &str, length: usize) -> String {
        self.bytes(purpose, length)
            .iter()
            .map(|byte| char::from(ALPHANUMERIC[usize::from(*byte) % 62]))
            .collect()
    }

    pub(super) fn hex(&mut self, purpose: &str, digits: usize) -> String {
        hex(&self.bytes(purpose, digits.div_ceil(2)))[..digits].to_owned()
    }

    /// A version 4 UUID (RFC 9562).
    pub(super) fn uuid(&mut self, purpose: &str) -> String {
        let mut bytes = self.bytes(purpose, 16);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let digits = hex(&bytes);
        format!(
            "{}-{}-{}-{}-{}",
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..]
        )
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a text is a UUID in the form that Authentik writes.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(at, character)| match at {
            8 | 13 | 18 | 23 => character == '-',
            _ => character.is_ascii_hexdigit(),
        })
}
