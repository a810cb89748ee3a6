//! Secrets, read into values that cannot be printed and are wiped when dropped.

use super::Cluster;
use crate::model::{failure::Failure, secrets::KeyRef};
use k8s_openapi::api::core::v1::Secret;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use std::collections::BTreeMap;

/// One Secret as it was read.
#[derive(Debug)]
pub struct SecretValues {
    /// Its uid, the precondition for changing this very object.
    pub uid: String,
    /// Whether its values can no longer change (`immutable: true`).
    pub immutable: bool,
    /// Its resourceVersion, the precondition for changing it as it was read.
    pub version: String,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    values: BTreeMap<String, SecretSlice<u8>>,
}

impl SecretValues {
    /// The names of its keys.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The value of a key, if the key exists; it may be empty.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&SecretSlice<u8>> {
        self.values.get(key)
    }

    /// The value of a key as text, if the key exists and is valid UTF-8.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<SecretString> {
        let value = self.values.get(key)?.expose_secret();
        std::str::from_utf8(value).ok().map(SecretString::from)
    }
}

impl Cluster {
    /// The Secret, or `None` if it does not exist.
    ///
    /// # Errors
    /// A [`Failure`] about that Secret, never with a value in it.
    pub async fn secret(&self, namespace: &str, name: &str) -> Result<Option<SecretValues>, Failure> {
        let secret = self.get::<Secret>(namespace, name).await?;
        Ok(secret.map(|secret| SecretValues {
            uid: secret.metadata.uid.unwrap_or_default(),
            immutable: secret.immutable.unwrap_or_default(),
            version: secret.metadata.resource_version.unwrap_or_default(),
            annotations: secret.metadata.annotations.unwrap_or_default(),
            values: secret
                .data
                .unwrap_or_default()
                .into_iter()
                .map(|(key, value)| (key, SecretSlice::from(value.0)))
                .collect(),
        }))
    }

    /// The value of one key; an empty one counts as missing.
    ///
    /// # Errors
    /// A [`Failure`] about that Secret, never with a value in it.
    pub async fn secret_value(&self, at: &KeyRef) -> Result<Option<SecretSlice<u8>>, Failure> {
        let secret = self.secret(&at.namespace, at.secret).await?;
        let value = secret.and_then(|mut secret| secret.values.remove(at.key));
        Ok(value.filter(|value| !value.expose_secret().is_empty()))
    }
}
