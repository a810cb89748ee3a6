//! Which secrets exist, how long they are, and which of them must be equal.

use crate::model::{config::Config, names, object::ObjectRef};

/// One key of one Secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyRef {
    /// Namespace of the Secret.
    pub namespace: String,
    /// Name of the Secret.
    pub secret: &'static str,
    /// The key.
    pub key: &'static str,
}

impl KeyRef {
    /// The Secret that holds the key.
    #[must_use]
    pub fn object(&self) -> ObjectRef {
        ObjectRef::secret(&self.namespace, self.secret)
    }
}

/// Where a key's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// So many random bytes, written as URL-safe base64 without padding.
    Random(usize),
    /// Always equal to another key.
    CopyOf(KeyRef),
}

/// What one key must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySpec {
    /// Which key.
    pub at: KeyRef,
    /// Where its value comes from.
    pub origin: Origin,
}

/// What one Secret must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSpec {
    /// Namespace of the Secret.
    pub namespace: String,
    /// Name of the Secret.
    pub name: &'static str,
    /// Its keys.
    pub keys: Vec<KeySpec>,
    /// Whether the database was initialised with this Secret, so that losing it is losing data.
    pub guards_database: bool,
}

impl SecretSpec {
    /// The Secret as an object.
    #[must_use]
    pub fn object(&self) -> ObjectRef {
        ObjectRef::secret(&self.namespace, self.name)
    }
}

/// Every Secret that `secrets generate` takes care of, sources before copies.
#[must_use]
pub fn catalog(config: &Config) -> Vec<SecretSpec> {
    let auth = config.namespaces.auth.as_str();
    let dex_key = |key| KeyRef {
        namespace: auth.to_owned(),
        secret: names::DEX_SECRET,
        key,
    };
    let spec = |namespace: &str, name: &'static str, guards_database, keys: Vec<(&'static str, Origin)>| {
        let at = |key| KeyRef {
            namespace: namespace.to_owned(),
            secret: name,
            key,
        };
        let keys = keys
            .into_iter()
            .map(|(key, origin)| KeySpec { at: at(key), origin })
            .collect();
        SecretSpec {
            namespace: namespace.to_owned(),
            name,
            keys,
            guards_database,
        }
    };
    let random = Origin::Random;
    let copy = |key| Origin::CopyOf(dex_key(key));
    vec![
        spec(
            auth,
            names::POSTGRESQL_SECRET,
            true,
            vec![
                ("postgresql-password", random(32)),
                ("postgresql-postgres-password", random(32)),
            ],
        ),
        spec(
            auth,
            names::AUTHENTIK_SECRET,
            true,
            vec![
                (names::AUTHENTIK_SECRET_KEY, random(50)),
                (names::ADMIN_PASSWORD_KEY, random(32)),
                (names::BOOTSTRAP_TOKEN_KEY, random(32)),
            ],
        ),
        spec(
            auth,
            names::DEX_SECRET,
            false,
            vec![
                (names::DEX_CLIENT_SECRET_KEY, random(32)),
                ("authentik-client-secret", copy(names::DEX_CLIENT_SECRET_KEY)),
                ("argocd-client-secret", random(32)),
                ("tekton-client-secret", random(32)),
                ("kubernetes-client-secret", random(32)),
            ],
        ),
        spec(
            &config.namespaces.argocd,
            names::ARGOCD_SECRET,
            false,
            vec![("oidc.dex.clientSecret", copy("argocd-client-secret"))],
        ),
        spec(
            &config.namespaces.tekton,
            names::TEKTON_SECRET,
            false,
            vec![("client-secret", copy("tekton-client-secret"))],
        ),
    ]
}

/// The length in characters of `bytes` random bytes in base64 without padding (RFC 4648 §5).
#[must_use]
pub const fn encoded_len(bytes: usize) -> usize {
    (bytes * 8).div_ceil(6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_copy_has_a_random_source_that_comes_first() {
        let catalog = catalog(&Config::default());
        let keys: Vec<&KeySpec> = catalog.iter().flat_map(|secret| &secret.keys).collect();
        for (position, key) in keys.iter().enumerate() {
            if let Origin::CopyOf(source) = &key.origin {
                let source = keys[..position].iter().find(|other| &other.at == source);
                assert!(
                    matches!(source.map(|key| &key.origin), Some(Origin::Random(_))),
                    "{key:?}"
                );
            }
        }
        assert_eq!(keys.len(), 12);
    }

    #[test]
    fn lengths_follow_rfc_4648() {
        assert_eq!([encoded_len(32), encoded_len(50)], [43, 67]);
    }
}
