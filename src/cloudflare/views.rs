//! What is read of Cloudflare's objects: the fields that are used, and unknown ones are ignored.

use crate::model::tunnel;
use jiff::Timestamp;
use serde::Deserialize;

/// `accounts`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// 32 hexadecimal digits.
    pub id: String,
    /// For people.
    pub name: String,
}

/// `zones`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Zone {
    /// 32 hexadecimal digits.
    pub id: String,
    /// The domain.
    pub name: String,
}

/// `accounts/…/cfd_tunnel`. Its secret is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Tunnel {
    /// UUID.
    pub id: String,
    /// Unique among those that are not deleted.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// A deleted tunnel stays listed for a while.
    #[serde(default)]
    pub deleted_at: Option<Timestamp>,
    /// `inactive` (never connected), `healthy`, `degraded` or `down`.
    #[serde(default)]
    pub status: Option<String>,
}

impl Tunnel {
    /// What decisions need of it.
    #[must_use]
    pub fn facts(&self) -> tunnel::Tunnel {
        tunnel::Tunnel {
            id: self.id.clone(),
            name: self.name.clone(),
            is_connected: matches!(self.status.as_deref(), Some("healthy" | "degraded")),
        }
    }
}

/// `zones/…/dns_records`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Record {
    /// 32 hexadecimal digits.
    pub id: String,
    /// `A`, `CNAME`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The full name, in lower case.
    pub name: String,
    /// Where it leads to; not all types have one text for it.
    #[serde(default)]
    pub content: String,
    /// Whether traffic goes through Cloudflare.
    #[serde(default)]
    pub proxied: bool,
    /// For people, and to tell ours from others.
    #[serde(default)]
    pub comment: Option<String>,
}

impl Record {
    /// What decisions need of it.
    #[must_use]
    pub fn facts(&self) -> tunnel::Record {
        tunnel::Record {
            id: self.id.clone(),
            kind: self.kind.clone(),
            name: self.name.clone(),
            content: self.content.clone(),
            is_proxied: self.proxied,
            comment: self.comment.clone().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tunnel_is_connected_by_its_status() {
        for (status, expected) in [
            (json!("healthy"), true),
            (json!("degraded"), true),
            (json!("inactive"), false),
            (json!("down"), false),
            (json!(null), false),
        ] {
            let tunnel: Tunnel = serde_json::from_value(json!({
                "id": "t", "name": "webhooks-acme", "created_at": "2026-01-01T00:00:00.123456Z", "deleted_at": null,
                "status": status, "connections": [], "metadata": {}, "config_src": "local",
            }))
            .unwrap();
            assert_eq!(tunnel.facts().is_connected, expected, "{status}");
        }
    }
}
