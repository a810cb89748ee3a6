//! The whole way of an Organization with the pure decision, the adapter and the stand-in, and with every answer lost once.

use super::{ACCOUNT, ZONE, adapter, by_token, names, stand_in};
use aphex_ops::{
    cloudflare::{ApiError, Cloudflare, Credentials},
    model::tunnel::{self, Action, Names, Next, Proof, Question, Refusal, Seen, target},
};
use rig::{
    cloudflare::{Cloudflare as StandIn, Options},
    proxy::{Fault, Moment, Proxy, Recorder, Script, Upstream},
};
use secrecy::{ExposeSecret, SecretString};

type Decision = fn(&Names, &Seen) -> Next;

/// The cluster's side: the text in the Secret.
#[derive(Default)]
struct Secret(Option<SecretString>);

impl Secret {
    fn held(&self) -> Option<Credentials> {
        self.0.as_ref().and_then(Credentials::parse)
    }

    fn facts(&self) -> tunnel::Credentials {
        match (&self.0, self.held()) {
            (None, _) => tunnel::Credentials::Missing,
            (Some(_), None) => tunnel::Credentials::Unusable,
            (Some(_), Some(held)) => held.facts(),
        }
    }

    fn store(&mut self, credentials: &Credentials) {
        self.0 = Some(credentials.to_file());
    }
}

/// One run: everything by single requests, until nothing is left to do or one of them fails.
struct Run<'a> {
    api: &'a Cloudflare,
    zone: String,
    names: Names,
    secret: &'a mut Secret,
}

impl Run<'_> {
    async fn finish(&mut self, decide: Decision) -> Result<Next, ApiError> {
        for _ in 0..12 {
            match self.next(decide).await? {
                Next::Act(action) => self.apply(action).await?,
                end => return Ok(end),
            }
        }
        panic!("it acts for ever")
    }

    async fn next(&self, decide: Decision) -> Result<Next, ApiError> {
        let tunnels = self.api.tunnels_named(ACCOUNT, &self.names.tunnel).await?;
        let records = self.api.records_named(&self.zone, &self.names.host).await?;
        let mut seen = Seen {
            account: ACCOUNT.to_owned(),
            credentials: match self.secret.0 {
                None => tunnel::Credentials::Missing,
                Some(_) => tunnel::Credentials::Unread,
            },
            tunnels: tunnels.iter().map(|tunnel| tunnel.facts()).collect(),
            proof: Proof::NotAsked,
            former: None,
            records: records.iter().map(|record| record.facts()).collect(),
        };
        loop {
            match decide(&self.names, &seen) {
                Next::Look(Question::Credentials) => seen.credentials = self.secret.facts(),
                Next::Look(Question::Proof { tunnel }) => {
                    let own = self.api.tunnel_credentials(ACCOUNT, &tunnel).await?;
                    seen.proof = Credentials::proof(self.secret.held().as_ref(), own.as_ref());
                }
                Next::Look(Question::Former) => {
                    let deleted = self.api.deleted_tunnels(ACCOUNT, &self.names.tunnel).await?;
                    seen.former = Some(deleted.into_iter().map(|tunnel| tunnel.id).collect());
                }
                next => return Ok(next),
            }
        }
    }

    async fn apply(&mut self, action: Action) -> Result<(), ApiError> {
        let api = self.api;
        match action {
            Action::StoreSecret { .. } => self.secret.store(&Credentials::generate(ACCOUNT).unwrap()),
            Action::CreateTunnel => {
                let held = self.secret.held().unwrap();
                api.create_tunnel(ACCOUNT, &self.names.tunnel, held.secret())
                    .await?;
            }
            Action::StoreTunnel { tunnel } => {
                let complete = self.secret.held().unwrap().with_tunnel(&tunnel);
                self.secret.store(&complete);
            }
            Action::RestoreCredentials { tunnel, .. } => {
                let own = api.tunnel_credentials(ACCOUNT, &tunnel).await?;
                self.secret.store(&own.unwrap());
            }
            Action::DropConnections { tunnel } => api.drop_connections(ACCOUNT, &tunnel).await?,
            Action::DeleteTunnel { tunnel } => api.delete_tunnel(ACCOUNT, &tunnel).await?,
            Action::CreateRecord { tunnel } => {
                api.create_record(&self.zone, &self.names, &tunnel).await?;
            }
            Action::CorrectRecord { record, tunnel } => {
                api.correct_record(&self.zone, &record, &self.names, &tunnel)
                    .await?;
            }
            Action::DeleteRecord { record } => api.delete_record(&self.zone, &record).await?,
        }
        Ok(())
    }
}

async fn run(
    api: &Cloudflare,
    server: &StandIn,
    secret: &mut Secret,
    decide: Decision,
) -> Result<Next, ApiError> {
    let zone = server.zone(ZONE).unwrap();
    let names = names();
    let mut run = Run {
        api,
        zone,
        names,
        secret,
    };
    run.finish(decide).await
}

/// One tunnel to which the credentials give access, one record that leads to it, and nothing else.
fn assert_provided(server: &StandIn, secret: &Secret, what: &str) {
    let inventory = server.inventory();
    let [tunnel] = inventory.tunnels.as_slice() else {
        panic!("{what}: {inventory:?}")
    };
    let [record] = inventory.records.as_slice() else {
        panic!("{what}: {inventory:?}")
    };
    assert_eq!(
        (&record.content, &record.comment),
        (&target(&tunnel.id), &names().comment),
        "{what}"
    );
    assert!(record.proxied, "{what}");
    let held = secret.held().unwrap();
    let facts = tunnel::Credentials::Held {
        account: ACCOUNT.to_owned(),
        tunnel: Some(tunnel.id.clone()),
    };
    assert_eq!(held.facts(), facts, "{what}");
    assert!(
        server.connect(&tunnel.id, held.secret().expose_secret()),
        "{what}"
    );
    server.disconnect(&tunnel.id);
}

fn writes(server: &StandIn) -> usize {
    server
        .requests()
        .iter()
        .filter(|request| request.writes())
        .count()
}

#[tokio::test]
async fn an_organization_comes_stays_and_goes() {
    let server = stand_in().await;
    let (api, mut secret) = (adapter(&server), Secret::default());
    assert_eq!(
        run(&api, &server, &mut secret, tunnel::provide).await.unwrap(),
        Next::Done
    );
    assert_provided(&server, &secret, "new");
    assert_eq!(writes(&server), 2);
    server.forget_requests();
    assert_eq!(
        run(&api, &server, &mut secret, tunnel::provide).await.unwrap(),
        Next::Done
    );
    assert_eq!((writes(&server), server.requests().len()), (0, 2));
    let held = secret.held().unwrap();
    server.connect(&server.inventory().tunnels[0].id, held.secret().expose_secret());
    assert_eq!(
        run(&api, &server, &mut secret, tunnel::remove).await.unwrap(),
        Next::Done
    );
    assert!(server.inventory().is_empty());
    server.assert_clean();
}

#[tokio::test]
async fn lost_credentials_come_back_without_ending_a_connection() {
    let server = stand_in().await;
    let (api, mut secret) = (adapter(&server), Secret::default());
    run(&api, &server, &mut secret, tunnel::provide).await.unwrap();
    let before = server.inventory();
    for lost in [
        None,
        Some("{}".into()),
        Some(Credentials::generate(ACCOUNT).unwrap().to_file()),
    ] {
        // Whatever is in the Secret, the record says whose the tunnel is.
        secret.0 = lost;
        let own = before.tunnels[0].secret.clone();
        server.connect(&before.tunnels[0].id, &own);
        server.add_record("TXT", &names().host, "something else", "");
        let record = server
            .inventory()
            .records
            .into_iter()
            .find(|record| record.kind == "CNAME")
            .unwrap();
        let zone = server.zone(ZONE).unwrap();
        // A deviation, for else nobody reads credentials.
        api.delete_record(&zone, &record.id).await.unwrap();
        server.add_record("CNAME", &names().host, &record.content, "");
        assert_eq!(
            run(&api, &server, &mut secret, tunnel::provide).await.unwrap(),
            Next::Done
        );
        assert_eq!(secret.held().unwrap().secret().expose_secret(), own);
        assert_eq!(server.inventory().tunnels[0].id, before.tunnels[0].id);
        assert_eq!(server.inventory().tunnels[0].status, "healthy");
        server.disconnect(&before.tunnels[0].id);
    }
}

#[tokio::test]
async fn a_tunnel_of_another_cluster_is_neither_taken_nor_deleted() {
    let server = stand_in().await;
    let (api, mut secret) = (adapter(&server), Secret::default());
    let other = Credentials::generate(ACCOUNT).unwrap();
    let id = server.add_tunnel(&names().tunnel, other.secret().expose_secret());
    let before = server.inventory();
    let refused = Next::Refuse(Refusal::ForeignTunnel { id });
    assert_eq!(
        run(&api, &server, &mut secret, tunnel::provide).await.unwrap(),
        refused
    );
    secret.store(&Credentials::generate(ACCOUNT).unwrap());
    assert_eq!(
        run(&api, &server, &mut secret, tunnel::provide).await.unwrap(),
        refused
    );
    assert_eq!(
        run(&api, &server, &mut secret, tunnel::remove).await.unwrap(),
        Next::Done
    );
    assert_eq!(server.inventory(), before);
}

#[tokio::test]
async fn an_organization_that_an_earlier_controller_left_stuck_is_finished() {
    let server = stand_in().await;
    let (api, mut secret) = (adapter(&server), Secret::default());
    let names = names();
    let old = server.add_tunnel(
        &names.tunnel,
        Credentials::generate(ACCOUNT).unwrap().secret().expose_secret(),
    );
    server.add_record("CNAME", &names.host, &target(&old), "");
    api.delete_tunnel(ACCOUNT, &old).await.unwrap();
    assert_eq!(
        run(&api, &server, &mut secret, tunnel::provide).await.unwrap(),
        Next::Done
    );
    assert_provided(&server, &secret, "stuck");
    server.assert_clean();
}

/// At every request of a way there and back: the server does it and the answer is lost, or the request is.
#[tokio::test]
async fn no_lost_answer_leaves_an_orphan_or_needs_a_person() {
    let recorder = Recorder::new();
    let server = stand_in().await;
    let proxy = Proxy::start(Upstream::plain(server.origin()), &recorder, "cloudflare")
        .await
        .unwrap();
    let api = by_token(&format!("{}/client/v4", proxy.url()), Options::TOKEN);
    let mut struck = 0;
    for leaves in [false, true] {
        for moment in [Moment::BeforeSend, Moment::AfterCommit] {
            for number in 1.. {
                server.reset(Options::default());
                recorder.reset();
                let decide: Decision = if leaves { tunnel::remove } else { tunnel::provide };
                let mut secret = Secret::default();
                if leaves {
                    run(&api, &server, &mut secret, tunnel::provide).await.unwrap();
                    let held = secret.held().unwrap();
                    server.connect(&server.inventory().tunnels[0].id, held.secret().expose_secret());
                    recorder.reset();
                }
                recorder.script(Script::at(number, Fault::Reset(moment)));
                // It may fail: then it is run again, as the next run is.
                _ = run(&api, &server, &mut secret, decide).await;
                let is_over = recorder.requests().len() < number;
                recorder.script(Script::none());
                let what = format!("{moment} at request {number}, leaves: {leaves}");
                let end = run(&api, &server, &mut secret, decide).await.unwrap();
                assert_eq!(end, Next::Done, "{what}");
                if leaves {
                    assert!(server.inventory().is_empty(), "{what}");
                } else {
                    assert_provided(&server, &secret, &what);
                }
                server.assert_clean();
                if is_over {
                    break;
                }
                struck += 1;
            }
        }
    }
    assert!(struck > 30, "only {struck} requests were struck");
}
