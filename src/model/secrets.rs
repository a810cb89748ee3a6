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

/// What a value looks like, told without the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// The key does not exist.
    Missing,
    /// It exists and is empty; counts as missing.
    Empty,
    /// It is not UTF-8, which no environment variable can hold.
    NotText,
    /// It has a line break or another control character, which most readers do not expect.
    ControlCharacters,
    /// It is a word that people write where a secret is to be filled in.
    Placeholder,
    /// It is shorter than [`SHORTEST`].
    Short,
    /// Nothing is wrong with it.
    Good,
}

impl Quality {
    /// Whether there is a value at all.
    #[must_use]
    pub const fn has_value(self) -> bool {
        !matches!(self, Self::Missing | Self::Empty)
    }

    /// What is wrong, as the end of a sentence that begins with the key; `None` if nothing is.
    #[must_use]
    pub const fn complaint(self) -> Option<&'static str> {
        match self {
            Self::Missing => Some("is missing"),
            Self::Empty => Some("is empty"),
            Self::NotText => Some("is not text"),
            Self::ControlCharacters => Some("contains a line break or another control character"),
            Self::Placeholder => Some("is a placeholder"),
            Self::Short => Some("is shorter than 22 characters"),
            Self::Good => None,
        }
    }
}

/// 128 bits in base64, the least that a secret of any origin should have.
pub const SHORTEST: usize = 22;

const PLACEHOLDERS: [&str; 8] = [
    "changeme",
    "change-me",
    "change_me",
    "placeholder",
    "replaceme",
    "replace-me",
    "replace_me",
    "todo",
];

/// Judges a value.
#[must_use]
pub fn quality(value: Option<&[u8]>) -> Quality {
    let Some(value) = value else {
        return Quality::Missing;
    };
    let Ok(text) = std::str::from_utf8(value) else {
        return Quality::NotText;
    };
    let text = text.to_lowercase();
    let is_template = text.starts_with('<') && text.ends_with('>') || text.starts_with("${");
    if value.is_empty() {
        Quality::Empty
    } else if text.chars().any(char::is_control) {
        Quality::ControlCharacters
    } else if is_template || PLACEHOLDERS.iter().any(|word| text.contains(word)) {
        Quality::Placeholder
    } else if value.len() < SHORTEST {
        Quality::Short
    } else {
        Quality::Good
    }
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

    #[test]
    fn values_are_judged_without_being_told() {
        let cases: [(Option<&[u8]>, Quality); 10] = [
            (None, Quality::Missing),
            (Some(b""), Quality::Empty),
            (Some(b"a-long-enough-value-with\xff"), Quality::NotText),
            (Some(b"a-long-enough-value-with\n"), Quality::ControlCharacters),
            (Some(b"a-long-enough-value\0-with"), Quality::ControlCharacters),
            (Some(b"please-CHANGEME-before-use"), Quality::Placeholder),
            (Some(b"<your secret goes in here>"), Quality::Placeholder),
            (Some(b"${AUTHENTIK_CLIENT_SECRET}"), Quality::Placeholder),
            (Some(b"only-21-characters-xx"), Quality::Short),
            (Some(b"just-22-characters-xxx"), Quality::Good),
        ];
        for (value, expected) in cases {
            assert_eq!(
                quality(value),
                expected,
                "{:?}",
                value.map(String::from_utf8_lossy)
            );
        }
    }
}
