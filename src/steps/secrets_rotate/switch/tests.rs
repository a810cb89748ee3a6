use super::*;
use crate::{
    apply::health::Verdict,
    converge::Wait,
    model::{failure::Reason, object::ObjectRef, provider::Provider},
    steps::dex_scale::{Gated, GatedPod, Live},
};

fn mk_dex(digest: Digest, gated: Option<Gated>) -> dex_scale::Seen {
    let health = match gated {
        Some(_) => Health::Progressing,
        None => Health::Current,
    };
    dex_scale::Seen {
        namespace: "auth-system".to_owned(),
        name: "dex".to_owned(),
        live: Some(Live {
            version: "7".to_owned(),
            replicas: 2,
            is_paused: false,
            is_free: gated.is_none(),
            gated,
            digest,
            verdict: Verdict::new(health, "0 of 2 new replicas are available"),
            trouble: None,
            fails: false,
            is_grace_over: false,
        }),
        missing: None,
    }
}

/// Two Pods by the controller's count; for each that is there, whether it has started and whether it is let in.
fn mk_gated(pods: &[(bool, bool)]) -> Option<Gated> {
    let pod = |(number, (has_started, is_admitted)): (usize, &(bool, bool))| GatedPod {
        name: format!("dex-{number}"),
        has_started: *has_started,
        is_admitted: *is_admitted,
    };
    Some(Gated {
        pods: pods.iter().enumerate().map(pod).collect(),
        updated: 2,
    })
}

fn mk_push() -> Plan<Push> {
    let provider = Provider {
        pk: 2,
        name: "Dex".to_owned(),
        client_id: "dex-client".to_owned(),
        redirect_uris: Vec::new(),
        is_public: false,
    };
    let source = ObjectRef::secret("auth-system", "dex-secrets");
    Plan {
        act: vec![Push { provider, source }],
        ..Plan::default()
    }
}

fn shown(dex: &dex_scale::Seen, sync: &Plan<Push>) -> Option<Vec<String>> {
    let plan = plan(dex, sync)?;
    let waits = plan.wait.iter().map(|wait| format!("wait: {}", wait.message));
    Some(plan.act.iter().map(ToString::to_string).chain(waits).collect())
}

#[test]
fn pods_start_then_authentik_changes_and_they_are_let_in_at_once() {
    const PUSH: &str = "set client_secret to key client-secret of Secret auth-system/dex-secrets";
    let (in_step, late) = (Plan::default(), mk_push());
    let wait = ["wait: 0 of 2 new replicas are available".to_owned()];
    let cases = [
        (
            mk_dex(Digest::Different, None),
            &late,
            vec!["start Pods with the new secret, and hold them back from traffic"],
        ),
        (
            mk_dex(Digest::Same, mk_gated(&[(true, false), (true, false)])),
            &late,
            vec!["PUSH, and let the 2 Pods in that started with it"],
        ),
        (
            mk_dex(Digest::Same, mk_gated(&[(true, true), (true, false)])),
            &in_step,
            vec!["let in dex-1, which started with the secret that Authentik has"],
        ),
    ];
    for (dex, sync, expected) in cases {
        let expected: Vec<String> = expected.iter().map(|text| text.replace("PUSH", PUSH)).collect();
        assert_eq!(shown(&dex, sync), Some(expected));
    }
    for pods in [&[][..], &[(true, false)], &[(true, false), (false, false)]] {
        assert_eq!(
            shown(&mk_dex(Digest::Same, mk_gated(pods)), &late).unwrap(),
            wait,
            "{pods:?}"
        );
    }
    let all_in = mk_dex(Digest::Same, mk_gated(&[(true, true), (true, true)]));
    assert_eq!(shown(&all_in, &in_step).unwrap(), wait);
}

#[test]
fn what_is_nothing_special_is_left_to_the_others() {
    let late = mk_push();
    assert_eq!(shown(&mk_dex(Digest::Same, None), &late), None);
    let mut rolled_out = mk_dex(Digest::Same, mk_gated(&[(true, true), (true, true)]));
    rolled_out.live.as_mut().unwrap().verdict.health = Health::Current;
    assert_eq!(shown(&rolled_out, &Plan::default()), None);
    for change in [
        (|live: &mut Live| live.replicas = 0) as fn(&mut Live),
        |live| live.is_paused = true,
        |live| live.is_free = false,
    ] {
        let mut dex = mk_dex(Digest::Different, None);
        change(dex.live.as_mut().unwrap());
        assert_eq!(shown(&dex, &late), None);
    }
}

#[test]
fn nobody_is_let_in_while_authentik_cannot_be_told() {
    let mut stuck = Plan::default();
    stuck.wait.push(Wait::new(
        ObjectRef::global("Authentik", "x"),
        Reason::Starting,
        "starting",
    ));
    let ready = mk_dex(Digest::Same, mk_gated(&[(true, false), (true, false)]));
    assert_eq!(shown(&ready, &stuck).unwrap(), ["wait: starting"]);
}
