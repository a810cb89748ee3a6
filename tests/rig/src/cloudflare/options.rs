//! What a stand-in is started with.

use std::net::{Ipv4Addr, SocketAddr};

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// See accounts.
    AccountSettingsRead,
    /// Everything with tunnels.
    TunnelEdit,
    /// See zones.
    ZoneRead,
    /// Everything with DNS records.
    DnsEdit,
}

impl Right {
    /// All that the platform needs.
    pub const ALL: [Self; 4] = [
        Self::AccountSettingsRead,
        Self::TunnelEdit,
        Self::ZoneRead,
        Self::DnsEdit,
    ];
}

/// A token from the start.
#[derive(Clone, Debug)]
pub struct TokenSeed {
    /// Its value.
    pub value: String,
    /// What it may do.
    pub rights: Vec<Right>,
}

/// An account from the start.
#[derive(Clone, Debug)]
pub struct AccountSeed {
    /// 32 hexadecimal digits.
    pub id: String,
    /// For people.
    pub name: String,
}

/// What a stand-in is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens; port 0: any that is free.
    pub listen: SocketAddr,
    /// The tokens that it knows.
    pub tokens: Vec<TokenSeed>,
    /// The accounts, all of which every token may see.
    pub accounts: Vec<AccountSeed>,
    /// The names of the zones.
    pub zones: Vec<String>,
    /// Whether the credentials of a tunnel can be read.
    pub shows_credentials: bool,
}

/// The id of the account from the start.
pub(super) const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";

impl Default for Options {
    /// One account, one zone `arbiter-dev.com`, and a token `cloudflare-token-of-the-tests` that may do everything.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tokens: vec![TokenSeed {
                value: Self::TOKEN.to_owned(),
                rights: Right::ALL.to_vec(),
            }],
            accounts: vec![AccountSeed {
                id: ACCOUNT.to_owned(),
                name: "Account of the tests".to_owned(),
            }],
            zones: vec!["arbiter-dev.com".to_owned()],
            shows_credentials: true,
        }
    }
}

impl Options {
    /// The token from the start.
    pub const TOKEN: &'static str = "cloudflare-token-of-the-tests";
    /// The account from the start.
    pub const ACCOUNT: &'static str = ACCOUNT;
}
