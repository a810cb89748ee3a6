//! An Organization that leaves.

use super::{
    Action, Credentials, Names, Next, Proof, Question, Record, Refusal, Seen, Tunnel, evidence::Whose,
};

/// What says that a tunnel is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    Credentials,
    /// Nothing but the record, which therefore has to outlive the tunnel.
    Record,
}

/// The next thing to do so that nothing of the Organization is left in Cloudflare: the record, the connections, the tunnel.
/// What is not ours stays, and [`Next::Done`] says that only such things are left.
///
/// The credentials have to stay until then, and the connector has to be gone: it would connect again.
#[must_use]
pub fn remove(names: &Names, seen: &Seen) -> Next {
    if let Some(refusal) = seen.other_account() {
        return Next::Refuse(refusal);
    }
    let whose = seen.record(names);
    if whose == Whose::Unknown {
        return Next::Look(seen.whose_unmarked());
    }
    let tunnel = match ours(seen, whose) {
        Ok(tunnel) => tunnel,
        Err(next) => return next,
    };
    match (whose, tunnel) {
        (_, Some((tunnel, Evidence::Record))) => delete(tunnel),
        (Whose::Ours(record), _) => delete_record(record),
        (_, Some((tunnel, Evidence::Credentials))) => delete(tunnel),
        (_, None) => Next::Done,
    }
}

/// The tunnel that is to go, or what has to come first.
fn ours<'a>(seen: &'a Seen, whose: Whose<'_>) -> Result<Option<(&'a Tunnel, Evidence)>, Next> {
    if let Some(tunnel) = seen.held() {
        return Ok(Some((tunnel, Evidence::Credentials)));
    }
    let tunnel = match (seen.tunnels.as_slice(), &seen.credentials) {
        ([], _) => return Ok(None),
        (_, Credentials::Unread) => return Err(Next::Look(Question::Credentials)),
        ([tunnel], _) => tunnel,
        (several, _) => return Err(Next::Refuse(Refusal::SeveralTunnels { count: several.len() })),
    };
    match (&seen.credentials, seen.proof) {
        (Credentials::Held { .. }, Proof::NotAsked) => Err(Next::Look(Question::Proof {
            tunnel: tunnel.id.clone(),
        })),
        (Credentials::Held { .. }, Proof::Same) => Ok(Some((tunnel, Evidence::Credentials))),
        _ if whose.leads_to(tunnel) => Ok(Some((tunnel, Evidence::Record))),
        _ => Ok(None),
    }
}

/// A tunnel is deleted when nobody is connected.
pub(super) fn delete(tunnel: &Tunnel) -> Next {
    let id = tunnel.id.clone();
    Next::Act(if tunnel.is_connected {
        Action::DropConnections { tunnel: id }
    } else {
        Action::DeleteTunnel { tunnel: id }
    })
}

fn delete_record(record: &Record) -> Next {
    Next::Act(Action::DeleteRecord {
        record: record.id.clone(),
    })
}
