//! An Organization that is to be reached.

use super::{
    Action, Credentials, Names, Next, Proof, Question, Record, Refusal, Seen, Tunnel, evidence::Whose, target,
};

/// The next thing to do so that tunnel, credentials and record exist and belong together.
///
/// The secret is stored before the tunnel is made, and the tunnel's id before the record is: what is made in Cloudflare
/// can always be recognised as ours, and traffic is led only to what can be connected to.
#[must_use]
pub fn provide(names: &Names, seen: &Seen) -> Next {
    if let Some(refusal) = seen.other_account() {
        return Next::Refuse(refusal);
    }
    let whose = seen.record(names);
    match whose {
        Whose::Unknown => return Next::Look(seen.whose_unmarked()),
        // Before anything is made: a tunnel that nothing leads to would be of no use.
        Whose::Foreign(record) => return Next::Refuse(foreign(record)),
        Whose::Nobodys | Whose::Ours(_) => {}
    }
    match seen.tunnels.as_slice() {
        _ if seen.held().is_some() => held(names, seen, whose),
        [] => without_tunnel(&seen.credentials),
        [tunnel] => with_tunnel(names, seen, tunnel, whose),
        _ if seen.credentials == Credentials::Unread => Next::Look(Question::Credentials),
        several => Next::Refuse(Refusal::SeveralTunnels { count: several.len() }),
    }
}

fn foreign(record: &Record) -> Refusal {
    Refusal::ForeignRecord {
        kind: record.kind.clone(),
        content: record.content.clone(),
    }
}

fn without_tunnel(credentials: &Credentials) -> Next {
    match credentials {
        Credentials::Unread => Next::Look(Question::Credentials),
        Credentials::Missing => Next::Act(Action::StoreSecret { replaces: false }),
        Credentials::Unusable => Next::Act(Action::StoreSecret { replaces: true }),
        // Of a tunnel that was never made, or is gone: its secret serves the next one.
        Credentials::Held { .. } => Next::Act(Action::CreateTunnel),
    }
}

/// The credentials name the tunnel. Their secret is compared only if somebody did it, for another reason.
fn held(names: &Names, seen: &Seen, whose: Whose<'_>) -> Next {
    let Some(tunnel) = seen.held() else {
        return without_tunnel(&seen.credentials);
    };
    match seen.proof {
        Proof::Different => restore(tunnel, true),
        Proof::NotAsked | Proof::Same | Proof::Unreadable => record(names, tunnel, whose),
    }
}

/// There is one tunnel of the name, which the credentials do not name, as far as they were read.
fn with_tunnel(names: &Names, seen: &Seen, tunnel: &Tunnel, whose: Whose<'_>) -> Next {
    match (&seen.credentials, seen.proof) {
        // The usual case: nobody reads Secrets as long as nothing deviates.
        (Credentials::Unread, _) => match whose {
            Whose::Ours(record) if is_right(record, names, tunnel) => Next::Done,
            _ => Next::Look(Question::Credentials),
        },
        (_, Proof::NotAsked) => Next::Look(Question::Proof {
            tunnel: tunnel.id.clone(),
        }),
        (Credentials::Held { .. }, Proof::Same) => Next::Act(Action::StoreTunnel {
            tunnel: tunnel.id.clone(),
        }),
        _ if !whose.leads_to(tunnel) => Next::Refuse(Refusal::ForeignTunnel {
            id: tunnel.id.clone(),
        }),
        // Nobody can ever connect to it again who is not connected now.
        (_, Proof::Unreadable) => super::remove::delete(tunnel),
        (credentials, _) => restore(tunnel, *credentials != Credentials::Missing),
    }
}

fn restore(tunnel: &Tunnel, replaces: bool) -> Next {
    let tunnel = tunnel.id.clone();
    Next::Act(Action::RestoreCredentials { tunnel, replaces })
}

/// The tunnel is ours and can be connected to.
fn record(names: &Names, tunnel: &Tunnel, whose: Whose<'_>) -> Next {
    let to = tunnel.id.clone();
    match whose {
        Whose::Ours(record) if is_right(record, names, tunnel) => Next::Done,
        Whose::Ours(record) => Next::Act(Action::CorrectRecord {
            record: record.id.clone(),
            tunnel: to,
        }),
        _ => Next::Act(Action::CreateRecord { tunnel: to }),
    }
}

fn is_right(record: &Record, names: &Names, tunnel: &Tunnel) -> bool {
    record.content == target(&tunnel.id) && record.is_proxied && record.comment == names.comment
}
