//! Randomness from the operating system; the only importer of rand.

use crate::model::{
    exit::Exit,
    failure::{Failure, Reason},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rand::{TryRng, rngs::SysRng};
use secrecy::{SecretString, zeroize::Zeroizing};

/// A new secret of so many random bytes, as URL-safe base64 without padding (RFC 4648 §5).
///
/// The alphabet has no `$`, no newline and nothing that a shell, a URL or YAML would quote.
///
/// # Errors
/// [`Exit::Transient`] if the operating system has no randomness to give.
pub(crate) fn secret(bytes: usize) -> Result<SecretString, Failure> {
    Ok(URL_SAFE_NO_PAD.encode(&*random(bytes)?).into())
}

/// A new secret of so many random bytes, as base64 with padding (RFC 4648 §4), for readers that take no other.
///
/// # Errors
/// [`Exit::Transient`] if the operating system has no randomness to give.
pub(crate) fn padded_secret(bytes: usize) -> Result<SecretString, Failure> {
    Ok(STANDARD.encode(&*random(bytes)?).into())
}

/// A new key of exactly so many bytes.
///
/// # Errors
/// [`Exit::Transient`] if the operating system has no randomness to give.
pub(crate) fn key<const BYTES: usize>() -> Result<Zeroizing<[u8; BYTES]>, Failure> {
    let mut key = Zeroizing::new([0; BYTES]);
    SysRng.try_fill_bytes(&mut *key).map_err(no_entropy)?;
    Ok(key)
}

fn random(bytes: usize) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut buffer = Zeroizing::new(vec![0; bytes]);
    SysRng.try_fill_bytes(&mut buffer).map_err(no_entropy)?;
    Ok(buffer)
}

/// A short random name that is not secret, for run ids and one-time field managers.
///
/// # Errors
/// [`Exit::Transient`] if the operating system has no randomness to give.
pub(crate) fn name() -> Result<String, Failure> {
    let mut buffer = [0; 8];
    SysRng.try_fill_bytes(&mut buffer).map_err(no_entropy)?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn no_entropy(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::new(
        Exit::Transient,
        Reason::Unavailable,
        "the operating system gives no randomness",
    )
    .caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secrets::encoded_len;
    use secrecy::ExposeSecret;
    use std::collections::HashSet;

    #[test]
    fn secrets_are_long_url_safe_and_never_the_same() {
        let secrets: Vec<SecretString> = (0..10_000).map(|_| secret(32).unwrap()).collect();
        let distinct: HashSet<&str> = secrets.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(distinct.len(), secrets.len());
        for secret in distinct {
            assert_eq!(secret.len(), encoded_len(32));
            assert!(
                secret
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            );
        }
    }
}
