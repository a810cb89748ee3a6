//! Encrypted files in the format age v1 (<https://c2sp.org/age>), for X25519 recipients: what `age --encrypt --recipient`
//! writes and `age --decrypt --identity` reads.
//!
//! The algorithms are ring's and curve25519-dalek's; here is the file around them. The crate `age` reads more (passphrases, SSH
//! keys, plugins) and would be larger than all of this program's room (279 kB, measured).

mod envelope;
mod header;
mod keys;
mod payload;

pub use keys::{Identity, Recipient, identities};

use crate::{
    entropy,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
    },
};
use header::Header;
use secrecy::zeroize::Zeroizing;

/// Bytes of the key that a file is encrypted with.
const FILE_KEY: usize = 16;
type FileKey = Zeroizing<[u8; FILE_KEY]>;

/// Why text is no key, or a file cannot be read. Never with a key in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// A recipient is written `age1…`.
    #[error("it is no recipient of age, which begins with age1")]
    NoRecipient,
    /// Only the public half of a key belongs there.
    #[error("it is an identity, which is secret; its recipient begins with age1")]
    Identity,
    /// An identity is written `AGE-SECRET-KEY-1…`.
    #[error("line {line} is no identity of age, which begins with AGE-SECRET-KEY-1")]
    NoIdentity {
        /// From 1.
        line: usize,
    },
    /// Empty lines and comments alone.
    #[error("there is no identity in it")]
    NoIdentities,
    /// Its first line is another.
    #[error("it is no file of age in its binary form")]
    NotAge,
    /// Its header cannot be read.
    #[error("its header is malformed")]
    Malformed,
    /// It was made for others.
    #[error("it was encrypted for none of these identities")]
    NotForThese,
    /// Its header was changed.
    #[error("its header is not as it was written")]
    HeaderChanged,
    /// Its content was changed, or its end is missing.
    #[error("its content is not as it was written, or its end is missing")]
    ContentChanged,
    /// Only for more than can be encrypted with one key.
    #[error("the library for cryptography refuses it")]
    Refused,
}

/// Encrypts for all of these recipients: each of them alone can read it.
///
/// # Errors
/// The operating system has no randomness to give.
pub fn encrypt(recipients: &[Recipient], plaintext: &[u8]) -> Result<Vec<u8>, Failure> {
    let refused = |trouble: Trouble| {
        Failure::new(Exit::Bug, Reason::Unexpected, "it cannot be encrypted").caused_by(trouble)
    };
    let key: FileKey = entropy::key()?;
    let stanzas = recipients
        .iter()
        .map(|recipient| envelope::wrap(recipient, &Identity(entropy::key()?), &key).map_err(refused))
        .collect::<Result<_, Failure>>()?;
    let mut file = Header::seal(stanzas, &key)
        .map_err(refused)?
        .to_text()
        .into_bytes();
    payload::seal(&key, &*entropy::key()?, plaintext, &mut file).map_err(refused)?;
    Ok(file)
}

/// Decrypts with the first of these identities that it was encrypted for.
///
/// # Errors
/// [`Trouble`]: nothing is given out unless all of it is as it was written.
pub fn decrypt(identities: &[Identity], file: &[u8]) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let (header, payload) = Header::read(file)?;
    let mut tries = identities
        .iter()
        .flat_map(|identity| header.stanzas.iter().map(move |stanza| (identity, stanza)));
    let key = tries
        .find_map(|(identity, stanza)| envelope::unwrap(identity, stanza).transpose())
        .ok_or(Trouble::NotForThese)??;
    header.verify(&key)?;
    payload::open(&key, payload)
}

#[cfg(test)]
mod tests;
