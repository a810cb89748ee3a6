//! What is there, for a test to look at: what must be gone, and what must not.

use super::database::Database;
use super::tunnels;

/// Everything that somebody made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The tunnels that are not deleted, by name.
    pub tunnels: Vec<TunnelView>,
    /// The records, by name.
    pub records: Vec<RecordView>,
}

/// A tunnel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TunnelView {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its account.
    pub account: String,
    /// In base64.
    pub secret: String,
    /// `inactive`, `healthy` or `down`.
    pub status: String,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordView {
    /// Its full name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Its content.
    pub content: String,
    /// Whether traffic goes through Cloudflare.
    pub proxied: bool,
    /// Its comment.
    pub comment: String,
    /// Its id.
    pub id: String,
}

impl Inventory {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.tunnels.is_empty() && self.records.is_empty()
    }

    pub(super) fn take(database: &Database) -> Self {
        let live = database
            .tunnels
            .iter()
            .filter(|tunnel| tunnel.deleted_at.is_none());
        let mut tunnels: Vec<TunnelView> = live
            .map(|tunnel| TunnelView {
                name: tunnel.name.clone(),
                id: tunnel.id.clone(),
                account: tunnel.account.clone(),
                secret: tunnel.secret.clone(),
                status: tunnels::status(tunnel).to_owned(),
            })
            .collect();
        let mut records: Vec<RecordView> = database
            .records
            .iter()
            .map(|record| RecordView {
                name: record.text("name").to_owned(),
                kind: record.text("type").to_owned(),
                content: record.text("content").to_owned(),
                proxied: record.fields["proxied"] == true,
                comment: record.text("comment").to_owned(),
                id: record.id.clone(),
            })
            .collect();
        tunnels.sort();
        records.sort();
        Self { tunnels, records }
    }
}
