//! What there is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::options::{AccountSeed, Options};

pub(super) struct Database {
    pub(super) accounts: Vec<AccountSeed>,
    pub(super) zones: Vec<Zone>,
    pub(super) tunnels: Vec<Tunnel>,
    pub(super) records: Vec<Record>,
    /// How many ids were given out.
    ids: u64,
}

pub(super) struct Zone {
    pub(super) id: String,
    pub(super) name: String,
}

pub(super) struct Tunnel {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) name: String,
    /// In base64, as it was sent.
    pub(super) secret: String,
    pub(super) config_src: String,
    pub(super) created_at: Timestamp,
    pub(super) deleted_at: Option<Timestamp>,
    /// Client ids of the connectors that are connected.
    pub(super) connectors: Vec<String>,
    /// Whether one ever was.
    pub(super) was_connected: bool,
}

pub(super) struct Record {
    pub(super) id: String,
    pub(super) zone: String,
    /// `type`, `name`, `content`, `proxied`, `ttl`, `comment`.
    pub(super) fields: BTreeMap<String, serde_json::Value>,
    pub(super) created_on: Timestamp,
    pub(super) modified_on: Timestamp,
}

impl Database {
    pub(super) fn new(options: &Options) -> Self {
        let mut database = Self {
            accounts: options.accounts.clone(),
            zones: Vec::new(),
            tunnels: Vec::new(),
            records: Vec::new(),
            ids: 0,
        };
        for name in &options.zones {
            let id = database.id();
            database.zones.push(Zone {
                id,
                name: name.clone(),
            });
        }
        database
    }

    /// 32 hexadecimal digits, the same in every run.
    pub(super) fn id(&mut self) -> String {
        self.ids += 1;
        let digest = Sha256::digest(self.ids.to_le_bytes());
        digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(super) fn uuid(&mut self) -> String {
        let id = self.id();
        format!(
            "{}-{}-4{}-8{}-{}",
            &id[..8],
            &id[8..12],
            &id[13..16],
            &id[17..20],
            &id[20..]
        )
    }

    /// A tunnel of an account, deleted ones included.
    pub(super) fn tunnel(&mut self, account: &str, id: &str) -> Option<&mut Tunnel> {
        let mut tunnels = self.tunnels.iter_mut();
        tunnels.find(|tunnel| tunnel.account == account && tunnel.id == id)
    }
}

impl Record {
    pub(super) fn text(&self, field: &str) -> &str {
        self.fields
            .get(field)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
    }
}
