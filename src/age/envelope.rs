//! The key of a file, for one recipient: the stanza `X25519`.

use super::{FileKey, Identity, Recipient, Trouble, header::Stanza, payload::Key};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use secrecy::zeroize::Zeroizing;
use x25519_dalek::x25519;

const KIND: &str = "X25519";
const INFO: &str = "age-encryption.org/v1/X25519";
/// Each key wraps one thing, so its nonce is always the same.
const NONCE: [u8; 12] = [0; 12];

/// Wraps the key with an identity that is used for this alone.
pub(super) fn wrap(recipient: &Recipient, once: &Identity, key: &FileKey) -> Result<Stanza, Trouble> {
    let share = once.recipient();
    let wrapping = wrapping(&shared(once, &recipient.0)?, &share, recipient)?;
    Ok(Stanza {
        arguments: vec![KIND.to_owned(), STANDARD_NO_PAD.encode(share.0)],
        body: wrapping.seal(NONCE, &**key)?,
    })
}

/// The key, if the stanza is for this identity.
///
/// # Errors
/// [`Trouble::Malformed`] if it is a stanza of this kind and yet none.
pub(super) fn unwrap(identity: &Identity, stanza: &Stanza) -> Result<Option<FileKey>, Trouble> {
    let share = match stanza.arguments.as_slice() {
        [kind, share] if kind == KIND => STANDARD_NO_PAD.decode(share).map_err(|_| Trouble::Malformed)?,
        [kind, ..] if kind == KIND => return Err(Trouble::Malformed),
        _ => return Ok(None),
    };
    let share = Recipient(share.try_into().map_err(|_| Trouble::Malformed)?);
    if stanza.body.len() != super::FILE_KEY + Key::TAG {
        return Err(Trouble::Malformed);
    }
    let wrapping = wrapping(&shared(identity, &share.0)?, &share, &identity.recipient())?;
    let opened = wrapping.open(NONCE, &stanza.body);
    let key = opened.and_then(|key| <[u8; super::FILE_KEY]>::try_from(key.as_slice()).ok());
    Ok(key.map(Zeroizing::new))
}

/// What both sides come to (RFC 7748 §6.1).
fn shared(identity: &Identity, share: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, Trouble> {
    let shared = Zeroizing::new(x25519(*identity.0, *share));
    // Of a share of low order, everybody knows what it leads to.
    if *shared == [0; 32] {
        return Err(Trouble::Malformed);
    }
    Ok(shared)
}

fn wrapping(shared: &Zeroizing<[u8; 32]>, share: &Recipient, recipient: &Recipient) -> Result<Key, Trouble> {
    Key::derive(&**shared, &[share.0, recipient.0].concat(), INFO)
}
