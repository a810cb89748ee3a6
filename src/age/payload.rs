//! The content: chunks of 64 KiB, each for itself encrypted and authenticated, numbered, the last one marked as the last.

use super::{FileKey, Trouble};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    error::Unspecified,
    hkdf::{HKDF_SHA256, Salt},
};
use secrecy::zeroize::Zeroizing;

const CHUNK: usize = 64 << 10;
/// Random bytes before the first chunk.
const NONCE: usize = 16;

/// A key for ChaCha20-Poly1305 (RFC 8439).
pub(super) struct Key(LessSafeKey);

impl Key {
    /// Bytes by which what is sealed is longer.
    pub(super) const TAG: usize = 16;

    /// Derived with HKDF and SHA-256 (RFC 5869).
    pub(super) fn derive(secret: &[u8], salt: &[u8], info: &str) -> Result<Self, Trouble> {
        let extracted = Salt::new(HKDF_SHA256, salt).extract(secret);
        let info = [info.as_bytes()];
        let key = extracted.expand(&info, &CHACHA20_POLY1305).map_err(refused)?;
        Ok(Self(LessSafeKey::new(UnboundKey::from(key))))
    }

    /// No nonce may come twice with one key.
    pub(super) fn seal(&self, nonce: [u8; 12], plaintext: &[u8]) -> Result<Vec<u8>, Trouble> {
        // Room for all of it from the start: nothing is moved and left behind unencrypted.
        let mut sealed = Vec::with_capacity(plaintext.len() + Self::TAG);
        sealed.extend_from_slice(plaintext);
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed)
            .map_err(refused)?;
        Ok(sealed)
    }

    /// What was sealed, if it was with this key and this nonce.
    pub(super) fn open(&self, nonce: [u8; 12], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut opened = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let length = self.0.open_in_place(nonce, Aad::empty(), &mut opened).ok()?.len();
        opened.truncate(length);
        Some(opened)
    }
}

fn refused(_: Unspecified) -> Trouble {
    Trouble::Refused
}

/// Adds the content to the file.
pub(super) fn seal(
    key: &FileKey,
    nonce: &[u8; NONCE],
    plaintext: &[u8],
    file: &mut Vec<u8>,
) -> Result<(), Trouble> {
    file.extend_from_slice(nonce);
    let key = Key::derive(&**key, nonce, "payload")?;
    let count = plaintext.len().div_ceil(CHUNK).max(1);
    for number in 0..count {
        let end = plaintext.len().min((number + 1) * CHUNK);
        let chunk = &plaintext[number * CHUNK..end];
        file.extend(key.seal(numbered(number, number + 1 == count), chunk)?);
    }
    Ok(())
}

/// # Errors
/// [`Trouble::ContentChanged`].
pub(super) fn open(key: &FileKey, payload: &[u8]) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let (nonce, sealed) = payload.split_at_checked(NONCE).ok_or(Trouble::ContentChanged)?;
    let key = Key::derive(&**key, nonce, "payload")?;
    let mut plaintext = Zeroizing::new(Vec::with_capacity(sealed.len()));
    let mut chunks = sealed.chunks(CHUNK + Key::TAG).enumerate().peekable();
    if chunks.peek().is_none() {
        return Err(Trouble::ContentChanged);
    }
    while let Some((number, chunk)) = chunks.next() {
        let is_last = chunks.peek().is_none();
        let opened = key.open(numbered(number, is_last), chunk);
        let opened = opened.ok_or(Trouble::ContentChanged)?;
        // Only content of no length at all has an empty chunk: it can be written in one way.
        if opened.is_empty() && number > 0 {
            return Err(Trouble::ContentChanged);
        }
        plaintext.extend_from_slice(&opened);
    }
    Ok(plaintext)
}

/// The nonce of a chunk: its number in eleven bytes, and whether it is the last.
fn numbered(number: usize, is_last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&(number as u64).to_be_bytes());
    nonce[11] = u8::from(is_last);
    nonce
}
