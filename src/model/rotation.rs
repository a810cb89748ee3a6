//! What can be rotated, what hangs on it, and how far a rotation is by the looks of its Secret.
//!
//! The state is in the Secret itself: the value to come under `<key>.next`, the one that was replaced under
//! `<key>.previous`, and the request that asked for it in an annotation. Each change is one write, so a crash leaves one of
//! the states of [`Stage`].

use crate::model::{
    config::Config,
    names,
    object::ObjectRef,
    secrets::{KeyRef, Origin, catalog},
};
use clap::ValueEnum;
use std::fmt;

/// Annotation on a Secret: which request rotated which key last, `<key>=<request id>`, separated by commas.
pub const ROTATION_ANNOTATION: &str = "platform.aphex/rotation";

/// A secret that can be rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Rotatable {
    /// What Dex shows to Authentik.
    ClientSecret,
    /// What Argo CD shows to Dex.
    ArgocdClientSecret,
    /// What the Tekton Dashboard's login shows to Dex.
    TektonClientSecret,
    /// What kubectl's login helper shows to Dex.
    KubernetesClientSecret,
    /// The password of akadmin, Authentik's administrator.
    AdminPassword,
    /// The API token that keeps Dex's client secret in step.
    ApiToken,
}

/// Who else holds the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Authentik's provider for Dex: it is given whatever the Secret holds.
    Provider,
    /// A static client of Dex, which reads the Secret when it starts.
    Client(&'static str),
    /// Authentik keeps akadmin's password: the Secret follows it.
    Administrator,
    /// Authentik keeps the token: the Secret follows it.
    Token,
}

impl Holder {
    /// Whether the other side has to take the value before the Secret shows it. Elsewhere everybody follows the Secret, and
    /// the scheduled commands mend whatever a crash leaves.
    #[must_use]
    pub const fn takes_it_first(self) -> bool {
        matches!(self, Self::Administrator | Self::Token)
    }
}

/// Everything about one rotation that is known beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The key.
    pub at: KeyRef,
    /// Random bytes of a new value.
    pub bytes: usize,
    /// Keys of the same Secret that are equal to it.
    pub twins: Vec<&'static str>,
    /// Keys of other Secrets that are equal to it.
    pub copies: Vec<KeyRef>,
    /// Who else holds it.
    pub holder: Holder,
    /// A Deployment that reads a copy when it starts: namespace and name.
    pub consumer: Option<(String, &'static str)>,
}

impl Rotatable {
    /// Where it is, and what hangs on it.
    #[must_use]
    pub fn target(self, config: &Config) -> Target {
        let (secret, key, holder) = match self {
            Self::ClientSecret => (names::DEX_SECRET, names::DEX_CLIENT_SECRET_KEY, Holder::Provider),
            Self::ArgocdClientSecret => (
                names::DEX_SECRET,
                "argocd-client-secret",
                Holder::Client("argocd"),
            ),
            Self::TektonClientSecret => {
                let client = Holder::Client("tekton-dashboard");
                (names::DEX_SECRET, "tekton-client-secret", client)
            }
            Self::KubernetesClientSecret => {
                let client = Holder::Client("kubernetes");
                (names::DEX_SECRET, "kubernetes-client-secret", client)
            }
            Self::AdminPassword => (
                names::AUTHENTIK_SECRET,
                names::ADMIN_PASSWORD_KEY,
                Holder::Administrator,
            ),
            Self::ApiToken => (names::API_TOKEN_SECRET, names::API_TOKEN_KEY, Holder::Token),
        };
        let at = KeyRef {
            namespace: config.namespaces.auth.clone(),
            secret,
            key,
        };
        let keys: Vec<_> = catalog(config)
            .into_iter()
            .flat_map(|secret| secret.keys)
            .collect();
        let is_copy = |origin: &Origin| matches!(origin, Origin::CopyOf(source) if *source == at);
        let copies = keys
            .iter()
            .filter(|key| is_copy(&key.origin))
            .map(|key| key.at.clone());
        let (twins, copies): (Vec<KeyRef>, Vec<KeyRef>) =
            copies.partition(|copy| copy.object() == at.object());
        let bytes = keys.iter().find_map(|key| match key.origin {
            Origin::Random(bytes) if key.at == at => Some(bytes),
            _ => None,
        });
        Target {
            bytes: bytes.unwrap_or(32),
            twins: twins.into_iter().map(|twin| twin.key).collect(),
            copies,
            holder,
            consumer: matches!(self, Self::TektonClientSecret)
                .then(|| (config.namespaces.tekton.clone(), names::TEKTON_LOGIN)),
            at,
        }
    }
}

/// What has to be rotated again for a rotation of one of these keys to be finished: those of a Secret that are left over.
#[must_use]
pub fn unfinished<'a>(
    secret: &ObjectRef,
    keys: impl Iterator<Item = &'a str> + Clone,
    config: &Config,
) -> Vec<Rotatable> {
    let is_left = |target: &Target| {
        let left = [next(target.at.key), previous(target.at.key)];
        target.at.object() == *secret && keys.clone().any(|key| left.iter().any(|left| left == key))
    };
    let all = Rotatable::value_variants().iter().copied();
    all.filter(|rotatable| is_left(&rotatable.target(config)))
        .collect()
}

impl fmt::Display for Rotatable {
    /// As on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

/// How far a rotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// None is under way.
    Settled,
    /// The value to come is stored, and nobody uses it yet.
    Staged,
    /// It is in its place; the one before is kept until this one is proved.
    Promoted,
}

impl Stage {
    /// By which of the two further keys exist. A value to come is finished first, whatever else there is.
    #[must_use]
    pub const fn of(has_next: bool, has_previous: bool) -> Self {
        match (has_next, has_previous) {
            (true, _) => Self::Staged,
            (false, true) => Self::Promoted,
            (false, false) => Self::Settled,
        }
    }
}

/// The key that holds the value to come.
#[must_use]
pub fn next(key: &str) -> String {
    format!("{key}.next")
}

/// The key that holds the value that was replaced.
#[must_use]
pub fn previous(key: &str) -> String {
    format!("{key}.previous")
}

/// The request that an annotation names for a key.
#[must_use]
pub fn request<'a>(annotation: &'a str, key: &str) -> Option<&'a str> {
    let mut entries = annotation.split(',').filter_map(|entry| entry.split_once('='));
    entries.find(|(name, _)| *name == key).map(|(_, request)| request)
}

/// The annotation, with another request for a key; what it says of other keys stays.
#[must_use]
pub fn with_request(annotation: &str, key: &str, request: &str) -> String {
    let others = annotation
        .split(',')
        .filter(|entry| entry.split_once('=').is_some_and(|(name, _)| name != key));
    let own = format!("{key}={request}");
    others.chain([own.as_str()]).collect::<Vec<_>>().join(",")
}

/// Reads a request's id: what a label's value may be, so that it can stand anywhere.
///
/// # Errors
/// What is wrong with it.
pub fn parse_request(text: &str) -> Result<String, String> {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let ends = [text.bytes().next(), text.bytes().last()];
    let is_good = text.len() <= 63
        && text.bytes().all(is_inner)
        && ends
            .iter()
            .all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()));
    if is_good {
        Ok(text.to_owned())
    } else {
        Err(
            "an id has 1 to 63 letters, digits, '-', '_' and '.', and begins and ends with a letter or digit"
                .to_owned(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_on_a_key_follows_from_the_catalog() {
        let config = Config::default();
        let target = |of: Rotatable| of.target(&config);
        assert_eq!(target(Rotatable::ClientSecret).twins, ["authentik-client-secret"]);
        assert_eq!(target(Rotatable::ClientSecret).copies, []);
        let copies = target(Rotatable::ArgocdClientSecret).copies;
        assert_eq!(
            copies.iter().map(|copy| copy.key).collect::<Vec<_>>(),
            ["oidc.dex.clientSecret"]
        );
        let tekton = target(Rotatable::TektonClientSecret);
        assert_eq!(
            tekton.copies[0].object(),
            ObjectRef::secret("tekton-pipelines", "tekton-dashboard-oidc")
        );
        assert_eq!(tekton.consumer.unwrap().1, "tekton-dashboard-login");
        for of in Rotatable::value_variants() {
            assert_eq!(target(*of).bytes, 32, "{of}");
        }
    }

    #[test]
    fn what_is_left_over_names_its_rotation() {
        let dex = ObjectRef::secret("auth-system", "dex-secrets");
        let keys = [
            "client-secret",
            "client-secret.previous",
            "argocd-client-secret.next",
            "others.next",
        ];
        let found = |object: &ObjectRef| unfinished(object, keys.iter().copied(), &Config::default());
        assert_eq!(
            found(&dex),
            [Rotatable::ClientSecret, Rotatable::ArgocdClientSecret]
        );
        assert_eq!(found(&ObjectRef::secret("argocd", "dex-secrets")), []);
    }

    #[test]
    fn the_annotation_remembers_one_request_for_each_key() {
        let one = with_request("", "a", "1");
        let both = with_request(&one, "b", "2");
        assert_eq!((one.as_str(), both.as_str()), ("a=1", "a=1,b=2"));
        assert_eq!(with_request(&both, "a", "3"), "b=2,a=3");
        assert_eq!(
            [request(&both, "a"), request(&both, "b"), request(&both, "c")],
            [Some("1"), Some("2"), None]
        );
        // What somebody else wrote there is no reason to stop.
        assert_eq!(with_request("nonsense,,a=1", "a", "2"), "a=2");
    }

    #[test]
    fn ids_can_stand_anywhere() {
        for good in ["1", "2026-11-26", "job.Run_7", &"x".repeat(63)] {
            assert!(parse_request(good).is_ok(), "{good}");
        }
        for bad in ["", "a,b", "a=b", "-a", "a.", "a b", "ä", &"x".repeat(64)] {
            assert!(parse_request(bad).is_err(), "{bad}");
        }
    }
}
