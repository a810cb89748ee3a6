//! From every state that somebody may have left behind, to the end.

use super::*;

/// The world as it is: with the secrets, as numbers.
#[derive(Debug, Clone)]
struct World {
    /// The secret, and the tunnel that they name.
    credentials: Option<(u32, Option<String>)>,
    /// Something is in the Secret that is no credentials.
    is_broken: bool,
    /// Cloudflare shows the secrets of tunnels.
    shows: bool,
    /// Every run is killed just after it made a tunnel.
    crashes: bool,
    tunnels: Vec<Made>,
    record: Option<Record>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Made {
    id: String,
    secret: u32,
    is_deleted: bool,
    is_connected: bool,
}

impl World {
    fn live(&self) -> Vec<&Made> {
        self.tunnels.iter().filter(|made| !made.is_deleted).collect()
    }

    /// Looks at it, further at what is asked for, until something is to be done.
    fn decide(&self, decision: fn(&Names, &Seen) -> Next) -> Next {
        let mut seen = self.seen();
        for _ in 0..4 {
            match decision(&names(), &seen) {
                Next::Look(Question::Credentials) => seen.credentials = self.read(),
                Next::Look(Question::Proof { tunnel }) => seen.proof = self.proof(&tunnel),
                Next::Look(Question::Former) => {
                    let deleted = self.tunnels.iter().filter(|made| made.is_deleted);
                    seen.former = Some(deleted.map(|made| made.id.clone()).collect());
                }
                next => return next,
            }
        }
        panic!("it asks for ever: {self:?}")
    }

    fn seen(&self) -> Seen {
        let tunnels = self.live().into_iter().map(|made| Tunnel {
            is_connected: made.is_connected,
            ..tunnel(&made.id)
        });
        let exists = self.is_broken || self.credentials.is_some();
        Seen {
            credentials: if exists {
                Credentials::Unread
            } else {
                Credentials::Missing
            },
            tunnels: tunnels.collect(),
            records: self.record.iter().cloned().collect(),
            ..nothing()
        }
    }

    fn read(&self) -> Credentials {
        match &self.credentials {
            _ if self.is_broken => Credentials::Unusable,
            None => Credentials::Missing,
            Some((_, tunnel)) => held(tunnel.as_deref()),
        }
    }

    fn proof(&self, tunnel: &str) -> Proof {
        let own = self.tunnels.iter().find(|made| made.id == tunnel).unwrap().secret;
        match &self.credentials {
            _ if !self.shows => Proof::Unreadable,
            Some((secret, _)) if *secret == own && !self.is_broken => Proof::Same,
            _ => Proof::Different,
        }
    }

    fn apply(&mut self, action: Action) {
        let made = |world: &Self, id: &str| world.tunnels.iter().position(|made| made.id == id).unwrap();
        match action {
            Action::StoreSecret { replaces } => {
                assert_eq!(replaces, self.is_broken);
                (self.credentials, self.is_broken) = (Some((9, None)), false);
            }
            Action::CreateTunnel => {
                assert!(self.live().is_empty() && !self.is_broken);
                let (secret, _) = self.credentials.clone().unwrap();
                let id = format!("new{}", self.tunnels.len());
                if !self.crashes {
                    self.credentials = Some((secret, Some(id.clone())));
                }
                self.tunnels.push(Made {
                    id,
                    secret,
                    is_deleted: false,
                    is_connected: false,
                });
            }
            Action::StoreTunnel { tunnel } => {
                let (secret, named) = self.credentials.as_mut().unwrap();
                assert_eq!(
                    *secret,
                    self.tunnels[self.tunnels.iter().position(|made| made.id == tunnel).unwrap()].secret
                );
                *named = Some(tunnel);
            }
            Action::RestoreCredentials { tunnel, .. } => {
                assert!(self.shows);
                let secret = self.tunnels[made(self, &tunnel)].secret;
                (self.credentials, self.is_broken) = (Some((secret, Some(tunnel))), false);
            }
            Action::DropConnections { tunnel } => {
                let at = made(self, &tunnel);
                self.tunnels[at].is_connected = false;
            }
            Action::DeleteTunnel { tunnel } => {
                let at = made(self, &tunnel);
                assert!(!self.tunnels[at].is_connected);
                self.tunnels[at].is_deleted = true;
            }
            Action::CreateRecord { tunnel } => {
                assert!(self.record.is_none());
                self.record = Some(marked(&tunnel));
            }
            Action::CorrectRecord { tunnel, .. } => self.record = Some(marked(&tunnel)),
            Action::DeleteRecord { .. } => self.record = None,
        }
    }

    /// Acts until nothing is left to do, and returns what stopped it.
    fn run(&mut self, decision: fn(&Names, &Seen) -> Next) -> Next {
        for _ in 0..12 {
            match self.decide(decision) {
                Next::Act(action) => self.apply(action),
                end => return end,
            }
        }
        panic!("it acts for ever: {self:?}")
    }

    /// Whether the one tunnel is ours, told from outside: by what [`World`] knows, and the decision does not.
    fn owns_tunnel(&self) -> bool {
        let live = self.live();
        let Some(made) = live.first() else { return false };
        let named = self.credentials.as_ref().filter(|_| !self.is_broken);
        let by_credentials = named.is_some_and(|(secret, tunnel)| {
            tunnel.as_deref() == Some(&made.id) || (self.shows && *secret == made.secret)
        });
        let by_record = self.record.as_ref().is_some_and(|record| {
            record.content == target(&made.id)
                && (record.comment.is_empty() || record.comment == names().comment)
        });
        by_credentials || by_record
    }
}

/// All that may be there before a run: also what no run of ours leaves behind.
fn worlds() -> Vec<World> {
    let credentials = [
        None,
        Some((1, None)),
        Some((1, Some(id("t1")))),
        Some((1, Some(id("t0")))),
        Some((3, None)),
    ];
    let made = |id: &str, is_deleted, is_connected| Made {
        id: id.to_owned(),
        secret: 1,
        is_deleted,
        is_connected,
    };
    let live = [
        None,
        Some(made("t1", false, false)),
        Some(made("t1", false, true)),
    ];
    let records = [
        None,
        Some(marked("t1")),
        Some(marked("t0")),
        Some(unmarked("t1")),
        Some(unmarked("t0")),
        Some(unmarked("t7")),
        Some(cname("elsewhere.example.org", "")),
    ];
    // Where Cloudflare shows nothing, such a crash needs a person.
    let ways = [
        (false, true, true),
        (false, true, false),
        (false, false, false),
        (true, true, true),
        (true, true, false),
        (true, false, false),
    ];
    let mut all = Vec::new();
    for credentials in credentials {
        for live in live.clone() {
            for record in records.clone() {
                for (is_broken, shows, crashes) in ways {
                    all.push(World {
                        credentials: credentials.clone(),
                        is_broken,
                        shows,
                        crashes,
                        tunnels: [Some(made("t0", true, false)), live.clone()]
                            .into_iter()
                            .flatten()
                            .collect(),
                        record: record.clone(),
                    });
                }
            }
        }
    }
    all
}

#[test]
fn from_every_state_everything_is_provided_or_what_is_foreign_untouched() {
    let mut provided = 0;
    for before in worlds() {
        let mut world = before.clone();
        match world.run(provide) {
            Next::Done => {
                provided += 1;
                let [made] = world.live()[..] else {
                    panic!("{before:?}\n{world:?}")
                };
                assert_eq!(world.record, Some(marked(&made.id)), "{before:?}");
                if let Some((secret, Some(named))) = world.credentials.as_ref().filter(|_| !world.is_broken) {
                    assert!(
                        *named != made.id || *secret == made.secret,
                        "{before:?}\n{world:?}"
                    );
                }
            }
            Next::Refuse(Refusal::ForeignTunnel { id }) => {
                assert!(!before.owns_tunnel(), "{before:?}");
                assert!(world.live().iter().any(|made| made.id == id));
            }
            Next::Refuse(Refusal::ForeignRecord { .. }) => assert_eq!(world.record, before.record),
            other => panic!("{other:?}: {before:?}"),
        }
        if !before.live().is_empty() && !before.owns_tunnel() {
            assert!(
                world.live().contains(&before.live()[0]),
                "a foreign tunnel was touched: {before:?}"
            );
        }
    }
    assert!(provided > 250, "only {provided}");
}

#[test]
fn from_every_state_nothing_of_ours_is_left_and_nothing_else_is_touched() {
    for before in worlds() {
        let mut world = before.clone();
        assert_eq!(world.run(remove), Next::Done, "{before:?}");
        if before.owns_tunnel() {
            assert!(world.live().is_empty(), "{before:?}");
        } else {
            assert_eq!(world.tunnels, before.tunnels, "{before:?}");
        }
        let is_ours = before.record.as_ref().is_some_and(|record| {
            let known = ["t0", "t1"].map(target);
            let exists = |content: &String| before.tunnels.iter().any(|made| target(&made.id) == *content);
            record.comment == names().comment || (known.contains(&record.content) && exists(&record.content))
        });
        let named = before.credentials.as_ref().filter(|_| !before.is_broken);
        let is_named = named.is_some_and(|(_, tunnel)| {
            tunnel.as_deref().map(target) == before.record.as_ref().map(|record| record.content.clone())
        });
        assert_eq!(
            world.record.is_none(),
            before.record.is_none() || is_ours || is_named,
            "{before:?}"
        );
    }
}
