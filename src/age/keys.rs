//! Keys as people write them: Bech32 (BIP 173) of 32 bytes.

use super::Trouble;
use bech32::{Bech32, primitives::decode::CheckedHrpstring};
use secrecy::zeroize::Zeroizing;
use std::{fmt, str::FromStr};
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

const RECIPIENT: &str = "age";
const IDENTITY: &str = "age-secret-key-";

/// Whom a file is encrypted for: a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipient(pub(super) [u8; 32]);

/// Who can read it: a private key.
pub struct Identity(pub(super) Zeroizing<[u8; 32]>);

impl Identity {
    /// The recipient that belongs to it.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(x25519(*self.0, X25519_BASEPOINT_BYTES))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(redacted)")
    }
}

impl FromStr for Recipient {
    type Err = Trouble;

    /// # Errors
    /// [`Trouble::NoRecipient`], or [`Trouble::Identity`].
    fn from_str(text: &str) -> Result<Self, Trouble> {
        match bytes(text, RECIPIENT) {
            // With a point of low order, everybody shares the same secret: none at all.
            Some(bytes) if x25519([0; 32], *bytes) != [0; 32] => Ok(Self(*bytes)),
            Some(_) => Err(Trouble::NoRecipient),
            None if text.to_ascii_lowercase().starts_with(IDENTITY) => Err(Trouble::Identity),
            None => Err(Trouble::NoRecipient),
        }
    }
}

/// The identities of a file as `age-keygen` writes it: one a line, empty lines and comments aside.
///
/// # Errors
/// [`Trouble::NoIdentity`] about the first line that is none, [`Trouble::NoIdentities`].
pub fn identities(text: &str) -> Result<Vec<Identity>, Trouble> {
    let lines = text.lines().map(str::trim).zip(1..);
    let keys = lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    let identity = |(text, line): (&str, usize)| {
        let bytes = bytes(text, IDENTITY).ok_or(Trouble::NoIdentity { line })?;
        Ok(Identity(bytes))
    };
    let found: Vec<Identity> = keys.map(identity).collect::<Result<_, _>>()?;
    if found.is_empty() {
        return Err(Trouble::NoIdentities);
    }
    Ok(found)
}

fn bytes(text: &str, prefix: &str) -> Option<Zeroizing<[u8; 32]>> {
    let checked = CheckedHrpstring::new::<Bech32>(text).ok()?;
    if !checked.hrp().as_str().eq_ignore_ascii_case(prefix) {
        return None;
    }
    let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(checked.byte_iter().collect());
    Some(Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?))
}
