//! Single states with what comes next.

mod walk;

use super::*;
use crate::model::exit::Exit;

const ORG: &str = "acme";
const DOMAIN: &str = "example.com";
const ACCOUNT: &str = "account";

fn names() -> Names {
    Names::of(ORG, DOMAIN)
}

fn tunnel(id: &str) -> Tunnel {
    Tunnel {
        id: id.to_owned(),
        name: names().tunnel,
        is_connected: false,
    }
}

fn held(tunnel: Option<&str>) -> Credentials {
    Credentials::Held {
        account: ACCOUNT.to_owned(),
        tunnel: tunnel.map(str::to_owned),
    }
}

fn cname(content: &str, comment: &str) -> Record {
    Record {
        id: "r1".to_owned(),
        kind: "CNAME".to_owned(),
        name: names().host,
        content: content.to_owned(),
        is_proxied: true,
        comment: comment.to_owned(),
    }
}

fn marked(id: &str) -> Record {
    cname(&target(id), &names().comment)
}

fn unmarked(id: &str) -> Record {
    cname(&target(id), "")
}

fn nothing() -> Seen {
    Seen {
        account: ACCOUNT.to_owned(),
        credentials: Credentials::Missing,
        tunnels: Vec::new(),
        proof: Proof::NotAsked,
        former: None,
        records: Vec::new(),
    }
}

fn with(credentials: Credentials, tunnels: &[&str], records: &[Record]) -> Seen {
    Seen {
        credentials,
        tunnels: tunnels.iter().map(|id| tunnel(id)).collect(),
        records: records.to_vec(),
        ..nothing()
    }
}

fn proved(proof: Proof, seen: Seen) -> Seen {
    Seen { proof, ..seen }
}

fn remembered(former: &[&str], seen: Seen) -> Seen {
    let former = Some(former.iter().map(|id| (*id).to_owned()).collect());
    Seen { former, ..seen }
}

fn id(text: &str) -> String {
    text.to_owned()
}

fn foreign_tunnel() -> Next {
    Next::Refuse(Refusal::ForeignTunnel { id: id("t1") })
}

fn is_foreign_record(next: &Next) -> bool {
    matches!(next, Next::Refuse(Refusal::ForeignRecord { .. }))
}

#[test]
fn names_are_the_documented_ones() {
    let names = names();
    assert_eq!(
        (names.tunnel.as_str(), names.host.as_str()),
        ("webhooks-acme", "acme.example.com")
    );
    assert_eq!(names.secret, "cloudflared-credentials-acme");
    assert_eq!(names.comment, "managed-by aphex-ops organization=acme");
    assert_eq!(target("t1"), "t1.cfargotunnel.com");
}

#[test]
fn a_new_organization_gets_a_secret_then_a_tunnel_then_a_record() {
    let store = Action::StoreSecret { replaces: false };
    let states = [
        (nothing(), store),
        (with(held(None), &[], &[]), Action::CreateTunnel),
        (
            proved(Proof::Same, with(held(None), &["t1"], &[])),
            Action::StoreTunnel { tunnel: id("t1") },
        ),
        (
            with(held(Some("t1")), &["t1"], &[]),
            Action::CreateRecord { tunnel: id("t1") },
        ),
    ];
    for (seen, action) in states {
        assert_eq!(provide(&names(), &seen), Next::Act(action), "{seen:?}");
    }
}

#[test]
fn nobody_reads_credentials_as_long_as_nothing_deviates() {
    let unread = |records: &[Record]| with(Credentials::Unread, &["t1"], records);
    assert_eq!(provide(&names(), &unread(&[marked("t1")])), Next::Done);
    let not_proxied = Record {
        is_proxied: false,
        ..marked("t1")
    };
    for records in [
        vec![],
        vec![marked("t0")],
        vec![unmarked("t1")],
        vec![not_proxied],
    ] {
        let next = provide(&names(), &unread(&records));
        assert_eq!(next, Next::Look(Question::Credentials), "{records:?}");
    }
    let no_tunnel = with(Credentials::Unread, &[], &[marked("t1")]);
    assert_eq!(provide(&names(), &no_tunnel), Next::Look(Question::Credentials));
}

#[test]
fn a_tunnel_whose_answer_was_lost_is_recognised_by_its_secret() {
    let seen = with(held(None), &["t1"], &[]);
    let look = Next::Look(Question::Proof { tunnel: id("t1") });
    assert_eq!(provide(&names(), &seen), look);
    let store = Next::Act(Action::StoreTunnel { tunnel: id("t1") });
    assert_eq!(provide(&names(), &proved(Proof::Same, seen.clone())), store);
    for proof in [Proof::Different, Proof::Unreadable] {
        assert_eq!(
            provide(&names(), &proved(proof, seen.clone())),
            foreign_tunnel(),
            "{proof:?}"
        );
    }
}

#[test]
fn lost_credentials_are_restored_where_the_record_proves_the_tunnel() {
    for credentials in [
        Credentials::Missing,
        Credentials::Unusable,
        held(None),
        held(Some("t0")),
    ] {
        let replaces = credentials != Credentials::Missing;
        for record in [marked("t1"), unmarked("t1")] {
            let seen = proved(Proof::Different, with(credentials.clone(), &["t1"], &[record]));
            let restore = Action::RestoreCredentials {
                tunnel: id("t1"),
                replaces,
            };
            assert_eq!(provide(&names(), &seen), Next::Act(restore), "{seen:?}");
        }
    }
    for records in [vec![], vec![marked("t0")]] {
        let seen = proved(Proof::Different, with(Credentials::Missing, &["t1"], &records));
        assert_eq!(provide(&names(), &seen), foreign_tunnel(), "{seen:?}");
    }
}

#[test]
fn a_tunnel_that_is_ours_and_whose_secret_nobody_can_know_is_replaced() {
    let mut seen = proved(
        Proof::Unreadable,
        with(Credentials::Missing, &["t1"], &[marked("t1")]),
    );
    seen.tunnels[0].is_connected = true;
    let next = provide(&names(), &seen);
    assert_eq!(next, Next::Act(Action::DropConnections { tunnel: id("t1") }));
    seen.tunnels[0].is_connected = false;
    let next = provide(&names(), &seen);
    assert_eq!(next, Next::Act(Action::DeleteTunnel { tunnel: id("t1") }));
}

#[test]
fn a_record_of_somebody_else_is_refused_before_anything_is_made() {
    let a = Record {
        kind: "A".to_owned(),
        content: "192.0.2.1".to_owned(),
        ..cname("", &names().comment)
    };
    for record in [
        a,
        cname("elsewhere.example.org", ""),
        cname(&target("t0"), "managed-by aphex-ops organization=other"),
        cname(&target("t0"), "by hand, do not touch"),
    ] {
        for credentials in [Credentials::Missing, held(Some("t0"))] {
            let seen = remembered(&["t0"], with(credentials, &[], std::slice::from_ref(&record)));
            assert!(is_foreign_record(&provide(&names(), &seen)), "{seen:?}");
            assert_eq!(remove(&names(), &seen), Next::Done, "{seen:?}");
        }
    }
    let text = Record {
        kind: "TXT".to_owned(),
        ..cname("v=spf1", "")
    };
    let next = provide(&names(), &with(held(Some("t1")), &["t1"], &[text]));
    assert_eq!(next, Next::Act(Action::CreateRecord { tunnel: id("t1") }));
}

#[test]
fn a_record_that_an_earlier_controller_left_is_adopted() {
    let seen = with(held(None), &[], &[unmarked("t0")]);
    assert_eq!(provide(&names(), &seen), Next::Look(Question::Former));
    let ours = remembered(&["t0"], seen.clone());
    assert_eq!(provide(&names(), &ours), Next::Act(Action::CreateTunnel));
    assert!(is_foreign_record(&provide(&names(), &remembered(&["t7"], seen))));
    let seen = remembered(&["t0"], with(held(Some("t1")), &["t1"], &[unmarked("t0")]));
    let correct = Action::CorrectRecord {
        record: id("r1"),
        tunnel: id("t1"),
    };
    assert_eq!(provide(&names(), &seen), Next::Act(correct));
}

#[test]
fn credentials_of_another_account_stop_everything() {
    let seen = with(
        Credentials::Held {
            account: "other".to_owned(),
            tunnel: Some(id("t1")),
        },
        &[],
        &[],
    );
    for next in [provide(&names(), &seen), remove(&names(), &seen)] {
        let Next::Refuse(refusal) = next else {
            panic!("{next:?}")
        };
        let failure = refusal.failure(&names(), ObjectRef::secret("org-acme", &names().secret));
        assert_eq!(failure.exit, Exit::Human);
        assert!(
            failure
                .hint
                .is_some_and(|hint| hint.contains("cloudflare.accountID"))
        );
    }
}

#[test]
fn several_tunnels_are_a_question_unless_the_credentials_name_one() {
    let several = |credentials| with(credentials, &["t1", "t2"], &[]);
    let refused = Next::Refuse(Refusal::SeveralTunnels { count: 2 });
    assert_eq!(provide(&names(), &several(Credentials::Missing)), refused);
    assert_eq!(remove(&names(), &several(Credentials::Missing)), refused);
    let record = Next::Act(Action::CreateRecord { tunnel: id("t2") });
    assert_eq!(provide(&names(), &several(held(Some("t2")))), record);
    assert_eq!(
        provide(&names(), &several(Credentials::Unread)),
        Next::Look(Question::Credentials)
    );
}

#[test]
fn an_organization_leaves_by_record_connections_and_tunnel() {
    let mut seen = with(held(Some("t1")), &["t1"], &[marked("t1")]);
    seen.tunnels[0].is_connected = true;
    assert_eq!(
        remove(&names(), &seen),
        Next::Act(Action::DeleteRecord { record: id("r1") })
    );
    seen.records.clear();
    assert_eq!(
        remove(&names(), &seen),
        Next::Act(Action::DropConnections { tunnel: id("t1") })
    );
    seen.tunnels[0].is_connected = false;
    assert_eq!(
        remove(&names(), &seen),
        Next::Act(Action::DeleteTunnel { tunnel: id("t1") })
    );
    seen.tunnels.clear();
    assert_eq!(remove(&names(), &seen), Next::Done);
}

#[test]
fn a_record_that_alone_proves_the_tunnel_outlives_it() {
    let seen = with(Credentials::Missing, &["t1"], &[marked("t1")]);
    assert_eq!(
        remove(&names(), &seen),
        Next::Act(Action::DeleteTunnel { tunnel: id("t1") })
    );
}

#[test]
fn a_tunnel_that_nothing_proves_stays() {
    assert_eq!(
        remove(&names(), &with(Credentials::Missing, &["t1"], &[])),
        Next::Done
    );
    let seen = proved(Proof::Different, with(held(None), &["t1"], &[]));
    assert_eq!(remove(&names(), &seen), Next::Done);
}

#[test]
fn every_refusal_names_an_object_and_a_remedy() {
    let refusals = [
        Refusal::ForeignRecord {
            kind: id("A"),
            content: id("192.0.2.1"),
        },
        Refusal::ForeignTunnel { id: id("t1") },
        Refusal::SeveralTunnels { count: 2 },
        Refusal::OtherAccount { account: id("other") },
    ];
    for refusal in refusals {
        let failure = refusal.failure(&names(), ObjectRef::secret("org-acme", &names().secret));
        assert!(
            failure.exit == Exit::Human && failure.object.is_some() && failure.hint.is_some(),
            "{failure}"
        );
    }
}
