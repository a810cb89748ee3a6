//! The key of a file, for one recipient: the stanza `X25519`.

use super::{FileKey, Identity, Recipient, Trouble, header::Stanza, payload::Key};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use secrecy::zeroize::Zeroizing;
use x25519_dalek::{PublicKey, SharedSecret, StaticSecret};

const KIND: &str = "X25519";
const INFO: &str = "age-encryption.org/v1/X25519";
/// Each key wraps one thing, so its nonce is always the same.
const NONCE: [u8; 12] = [0; 12];

/// Wraps the key with a secret that is used for this alone.
pub(super) fn wrap(
    recipient: &Recipient,
    once: &Zeroizing<[u8; 32]>,
    key: &FileKey,
) -> Result<Stanza, Trouble> {
    let once = StaticSecret::from(**once);
    let share = PublicKey::from(&once);
    let wrapping = wrapping(&once.diffie_hellman(&recipient.0), &share, &recipient.0)?;
    Ok(Stanza {
        arguments: vec![KIND.to_owned(), STANDARD_NO_PAD.encode(share.as_bytes())],
        body: wrapping.seal(NONCE, &**key)?,
    })
}

/// The key, if the stanza is for this identity.
///
/// # Errors
/// [`Trouble::Malformed`] if it is a stanza of this kind and yet none.
pub(super) fn unwrap(identity: &Identity, stanza: &Stanza) -> Result<Option<FileKey>, Trouble> {
    let [kind, share] = stanza.arguments.as_slice() else {
        let is_ours = stanza.arguments.first().is_some_and(|kind| kind == KIND);
        return if is_ours {
            Err(Trouble::Malformed)
        } else {
            Ok(None)
        };
    };
    if kind != KIND {
        return Ok(None);
    }
    let share = STANDARD_NO_PAD.decode(share).map_err(|_| Trouble::Malformed)?;
    let share: [u8; 32] = share.try_into().map_err(|_| Trouble::Malformed)?;
    let share = PublicKey::from(share);
    let shared = identity.0.diffie_hellman(&share);
    // Of a share of low order everybody knows what it leads to.
    if !shared.was_contributory() || stanza.body.len() != super::FILE_KEY + Key::TAG {
        return Err(Trouble::Malformed);
    }
    let wrapping = wrapping(&shared, &share, &PublicKey::from(&identity.0))?;
    let opened = wrapping.open(NONCE, &stanza.body);
    Ok(opened.and_then(|key| {
        Some(Zeroizing::new(
            <[u8; super::FILE_KEY]>::try_from(key.as_slice()).ok()?,
        ))
    }))
}

fn wrapping(shared: &SharedSecret, share: &PublicKey, recipient: &PublicKey) -> Result<Key, Trouble> {
    let salt = [share.to_bytes(), recipient.to_bytes()].concat();
    Key::derive(shared.as_bytes(), &salt, INFO)
}
