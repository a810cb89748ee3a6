//! The OAuth2 provider that Dex uses in Authentik, and how it is told from all others.

use crate::model::{config::Config, object::ObjectRef};
use std::fmt;

/// An OAuth2 provider as far as decisions need it; its secret is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Authentik's number for it; changes when it is made anew.
    pub pk: i64,
    /// Unique name.
    pub name: String,
    /// Unique client id.
    pub client_id: String,
    /// Where it may send users back to.
    pub redirect_uris: Vec<String>,
    /// A public client has no secret: Authentik accepts any.
    pub is_public: bool,
}

impl Provider {
    /// Names it in messages.
    #[must_use]
    pub fn object(&self) -> ObjectRef {
        ObjectRef::global("Authentik provider", format!("{} (pk {})", self.name, self.pk))
    }
}

/// By what the provider is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// First by client id.
    pub client_id: String,
    /// Then by redirect URI: one element, exactly.
    pub redirect_uri: String,
    /// Then by name.
    pub name: String,
}

impl From<&Config> for Wanted {
    fn from(config: &Config) -> Self {
        Self {
            client_id: config.authentik.client_id.clone(),
            redirect_uri: config.authentik_redirect_uri(),
            name: config.authentik.provider.clone(),
        }
    }
}

impl Wanted {
    /// Names what is looked for, before anything was found.
    #[must_use]
    pub fn object(&self) -> ObjectRef {
        ObjectRef::global("Authentik provider", self.name.as_str())
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            client_id,
            redirect_uri,
            name,
        } = self;
        write!(
            f,
            "client_id {client_id}, redirect URI {redirect_uri} or name {name:?}"
        )
    }
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// None fits.
    None,
    /// Exactly one fits.
    One(Provider),
    /// Several fit equally well; picking one would be a guess.
    Many(Vec<Provider>),
}

/// Finds the wanted provider: the first criterion that anything meets decides.
#[must_use]
pub fn find(all: &[Provider], wanted: &Wanted) -> Match {
    let criteria: [&dyn Fn(&Provider) -> bool; 3] = [
        &|provider| provider.client_id == wanted.client_id,
        &|provider| provider.redirect_uris.contains(&wanted.redirect_uri),
        &|provider| provider.name == wanted.name,
    ];
    for fits in criteria {
        let mut fitting: Vec<Provider> = all.iter().filter(|provider| fits(provider)).cloned().collect();
        match fitting.len() {
            0 => {}
            1 => return Match::One(fitting.remove(0)),
            _ => return Match::Many(fitting),
        }
    }
    Match::None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_provider(pk: i64, name: &str, client_id: &str, uris: &[&str]) -> Provider {
        Provider {
            pk,
            name: name.to_owned(),
            client_id: client_id.to_owned(),
            redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
            is_public: false,
        }
    }

    fn pks(found: &Match) -> Vec<i64> {
        match found {
            Match::None => Vec::new(),
            Match::One(provider) => vec![provider.pk],
            Match::Many(providers) => providers.iter().map(|provider| provider.pk).collect(),
        }
    }

    #[test]
    fn client_id_wins_over_redirect_uri_and_that_over_the_name() {
        let wanted = Wanted::from(&Config::default());
        let callback = "https://dex.home.local/callback";
        let by_id = mk_provider(1, "a", "dex-client", &[]);
        let by_uri = mk_provider(2, "b", "b", &["https://x", callback]);
        let by_name = mk_provider(3, "Dex OIDC Provider", "c", &[]);
        let longer = mk_provider(
            4,
            "Dex OIDC Provider 2",
            "dex-client-2",
            &[&format!("{callback}2")],
        );
        let other_uri = mk_provider(5, "e", "e", &[callback]);
        let cases = [
            (vec![&by_name, &by_uri, &by_id], vec![1]),
            (vec![&by_name, &by_uri, &longer], vec![2]),
            (vec![&by_name, &longer], vec![3]),
            (vec![&longer], vec![]),
            (vec![&other_uri, &by_uri, &by_name], vec![5, 2]),
            (vec![], vec![]),
        ];
        for (all, expected) in cases {
            let all: Vec<Provider> = all.into_iter().cloned().collect();
            assert_eq!(pks(&find(&all, &wanted)), expected);
        }
    }
}
