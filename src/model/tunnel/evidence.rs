//! What is whose.

use super::{Credentials, Names, Question, Record, Refusal, Seen, TARGET_SUFFIX, Tunnel, target};

/// The record of the host name that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose<'a> {
    /// There is none.
    Nobodys,
    Ours(&'a Record),
    Foreign(&'a Record),
    /// It depends on which tunnels were deleted.
    Unknown,
}

impl Seen {
    /// The account of the credentials, if it is not the one in use: then they say nothing about what is seen in it.
    pub(super) fn other_account(&self) -> Option<Refusal> {
        match &self.credentials {
            Credentials::Held { account, .. } if *account != self.account => {
                let account = account.clone();
                Some(Refusal::OtherAccount { account })
            }
            _ => None,
        }
    }

    /// The tunnel that the credentials name.
    fn named(&self) -> Option<&str> {
        match &self.credentials {
            Credentials::Held { tunnel, .. } => tunnel.as_deref(),
            _ => None,
        }
    }

    /// The tunnel that the credentials name, if it exists.
    pub(super) fn held(&self) -> Option<&Tunnel> {
        let named = self.named()?;
        self.tunnels.iter().find(|tunnel| tunnel.id == named)
    }

    /// Whose the record of the host name is. Records of other types than these do not collide with ours.
    pub(super) fn record(&self, names: &Names) -> Whose<'_> {
        let collides = |record: &&Record| matches!(record.kind.as_str(), "A" | "AAAA" | "CNAME");
        let records: Vec<&Record> = self.records.iter().filter(collides).collect();
        match records.as_slice() {
            [] => Whose::Nobodys,
            [record] => self.whose(record, names),
            [first, ..] => Whose::Foreign(first),
        }
    }

    fn whose<'a>(&'a self, record: &'a Record, names: &Names) -> Whose<'a> {
        let tunnel = record.content.strip_suffix(TARGET_SUFFIX);
        match tunnel {
            _ if record.kind != "CNAME" => Whose::Foreign(record),
            _ if record.comment == names.comment => Whose::Ours(record),
            Some(id) if record.comment.is_empty() => self.unmarked(record, id),
            _ => Whose::Foreign(record),
        }
    }

    /// A record without a comment that leads to a tunnel.
    fn unmarked<'a>(&'a self, record: &'a Record, tunnel: &str) -> Whose<'a> {
        let exists = self.tunnels.iter().any(|other| other.id == tunnel);
        match &self.former {
            _ if exists || self.named() == Some(tunnel) => Whose::Ours(record),
            // They may name it.
            None => Whose::Unknown,
            Some(former) if former.iter().any(|id| id == tunnel) => Whose::Ours(record),
            Some(_) => Whose::Foreign(record),
        }
    }

    /// What to look at to learn whose an unmarked record is: what is nearer first.
    pub(super) fn whose_unmarked(&self) -> Question {
        match self.credentials {
            Credentials::Unread => Question::Credentials,
            _ => Question::Former,
        }
    }
}

impl Whose<'_> {
    /// Whether a record that is ours leads to this tunnel.
    pub(super) fn leads_to(&self, tunnel: &Tunnel) -> bool {
        matches!(self, Self::Ours(record) if record.content == target(&tunnel.id))
    }
}
