//! What a stand-in starts with.

use std::net::SocketAddr;

use super::Version;

/// Everything that can be chosen when a stand-in starts. [`Options::default`] is a fresh, ready 2025.10 with the
/// administrator `akadmin`, no bootstrap token, and the Dex provider of [`ProviderSeed::dex`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whose shapes the API has.
    pub version: Version,
    /// Password of `akadmin`.
    pub admin_password: String,
    /// `AUTHENTIK_BOOTSTRAP_TOKEN`: the key of `authentik-bootstrap-token`. None: there is no such token.
    pub bootstrap_token: Option<String>,
    /// Whether people may change their e-mail address by themselves; not so unless somebody sets it.
    pub may_change_email: bool,
    /// How the login flow asks.
    pub login: LoginPages,
    /// The OAuth2 providers that the operator's blueprint makes, in this order.
    pub providers: Vec<ProviderSeed>,
    /// So many unrelated providers besides, with names that sort before all others: 200 put the rest on page 3 of 100.
    pub crowd: usize,
    /// When the blueprints' objects appear.
    pub appear: Appear,
    /// Whether `X-Forwarded-*` come from a trusted peer (`listen.trusted_proxy_cidrs`).
    pub trusted_proxy: bool,
    /// Whether answers take as long as recorded.
    pub latency: Latency,
    /// Seed of all generated keys and identifiers.
    pub seed: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            version: Version::V2025_10,
            admin_password: "akadmin-password".into(),
            bootstrap_token: None,
            may_change_email: false,
            login: LoginPages::Two,
            providers: vec![ProviderSeed::dex()],
            crowd: 0,
            appear: Appear::default(),
            trusted_proxy: true,
            latency: Latency::Off,
            seed: "stand-in".into(),
        }
    }
}

/// The pages of the login flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginPages {
    /// User name, then password (recorded).
    Two,
    /// Both on the first page: `password_fields` is true (schema, source).
    One,
    /// User name, password, then a second factor, which nobody can give (source).
    SecondFactor,
}

/// After how many requests that reached the backend each object is there. 0: from the start.
///
/// Recorded order on a fresh database, all of it after `ready` turned 200: flow, bootstrap token, scope mappings, provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Appear {
    /// The flow `default-authentication-flow` and the other default flows.
    pub flow: usize,
    /// The bootstrap token.
    pub token: usize,
    /// The scope mappings.
    pub mappings: usize,
    /// The providers of [`Options::providers`] and their applications.
    pub provider: usize,
}

/// Whether answers are delayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latency {
    /// Answer at once.
    Off,
    /// The recorded typical times, between 0.2 and 415 ms.
    Recorded,
}

/// What a PATCH of `client_secret` does to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretWrite {
    /// It is stored, effective at once (recorded).
    Stored,
    /// 200, and the answer shows the old value. Not recorded: a fault that a careful client notices.
    Kept,
    /// 200, the answer shows the new value, but the old one stays valid. Not recorded: only a probe notices.
    Echoed,
}

/// An OAuth2 provider, and the application that is bound to it.
#[derive(Clone, Debug)]
pub struct ProviderSeed {
    /// Unique name.
    pub name: String,
    /// Unique client id.
    pub client_id: String,
    /// Client secret; None: 128 generated characters.
    pub client_secret: Option<String>,
    /// Redirect URIs, matched strictly.
    pub redirect_uris: Vec<String>,
    /// `client_type: public`.
    pub public: bool,
    /// Without one, tokens are HS256 and the JWKS is `{}`.
    pub signing_key: bool,
    /// `issuer_mode: global`.
    pub global_issuer: bool,
    /// Name and slug of the bound application.
    pub application: Option<(String, String)>,
    /// The database holds a redirect URI without `matching_mode`: whatever shows this provider is 500.
    pub poisoned: bool,
    /// What happens to a new client secret.
    pub secret_write: SecretWrite,
}

impl ProviderSeed {
    /// The provider for Dex: "Dex OIDC Provider", `dex-client`, `https://dex.home.local/callback`, confidential, with a
    /// signing key, bound to the application `platform-services`.
    pub fn dex() -> Self {
        Self {
            name: "Dex OIDC Provider".into(),
            client_id: "dex-client".into(),
            client_secret: None,
            redirect_uris: vec!["https://dex.home.local/callback".into()],
            public: false,
            signing_key: true,
            global_issuer: false,
            application: Some(("Platform Services".into(), "platform-services".into())),
            poisoned: false,
            secret_write: SecretWrite::Stored,
        }
    }

    /// Another provider, like [`ProviderSeed::dex`] but with this name, client id and redirect URI, and no application.
    pub fn other(name: &str, client_id: &str, redirect_uri: &str) -> Self {
        Self {
            name: name.into(),
            client_id: client_id.into(),
            redirect_uris: vec![redirect_uri.into()],
            application: None,
            ..Self::dex()
        }
    }
}
