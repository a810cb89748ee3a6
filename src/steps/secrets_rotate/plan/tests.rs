use super::*;
use crate::model::{config::Config, rotation::Rotatable};

fn mk_open(secret: Rotatable, stage: Stage) -> Open {
    Open {
        target: secret.target(&Config::default()),
        request: "r1".to_owned(),
        stage,
        version: "7".to_owned(),
        is_immutable: false,
        differing: Vec::new(),
        consumer: None,
        proof: Proof::NotAsked,
        access: Access::NotNeeded,
    }
}

fn mk_consumer(request: Option<&str>, health: Health) -> Consumer {
    Consumer {
        namespace: "tekton-pipelines".to_owned(),
        name: "tekton-dashboard-login".to_owned(),
        version: "9".to_owned(),
        request: request.map(str::to_owned),
        verdict: Verdict::new(health, "0 of 1 replicas are available"),
    }
}

fn planned(open: Open) -> Plan<Action> {
    plan(&Seen::Open(Box::new(open)), Plan::default())
}

fn shown(plan: &Plan<Action>) -> Vec<String> {
    plan.act.iter().map(ToString::to_string).collect()
}

#[test]
fn one_write_after_the_other() {
    let cases = [
        (
            Rotatable::ClientSecret,
            Stage::Settled,
            "store a new value as client-secret.next, for request r1",
        ),
        (
            Rotatable::ClientSecret,
            Stage::Staged,
            "make client-secret.next the value of client-secret, and keep the one before as client-secret.previous",
        ),
        (
            Rotatable::ClientSecret,
            Stage::Promoted,
            "drop client-secret.previous: the new value is proved",
        ),
        (
            Rotatable::AdminPassword,
            Stage::Settled,
            "store a new value as admin-password.next, for request r1",
        ),
        (
            Rotatable::AdminPassword,
            Stage::Staged,
            "give admin-password.next to Authentik, prove it there, and make it the value of admin-password",
        ),
        (
            Rotatable::ApiToken,
            Stage::Promoted,
            "drop token.previous: the new value is proved",
        ),
    ];
    for (secret, stage, expected) in cases {
        assert_eq!(
            shown(&planned(mk_open(secret, stage))),
            [expected],
            "{secret} {stage:?}"
        );
    }
}

#[test]
fn nothing_begins_and_nothing_is_dropped_while_something_that_hangs_on_it_is_not_in_order() {
    let waits = || Wait::new(ObjectRef::global("Dex", "x"), Reason::NotReady, "starting");
    for stage in [Stage::Settled, Stage::Staged, Stage::Promoted] {
        let open = || mk_open(Rotatable::ArgocdClientSecret, stage);
        let copy = open().target.copies[0].clone();
        let differing = planned(Open {
            differing: vec![copy],
            ..open()
        });
        assert_eq!(
            shown(&differing),
            ["make oidc.dex.clientSecret equal to dex-secrets/argocd-client-secret"]
        );
        let not_yet = planned(Open {
            proof: Proof::NotYet(Box::new(waits())),
            ..open()
        });
        assert!(not_yet.act.is_empty() && not_yet.wait.len() == 1);
        let wrong = planned(Open {
            proof: Proof::Wrong,
            ..open()
        });
        assert!(wrong.act.is_empty() && wrong.refused[0].exit == Exit::ResourceFailed);
        let refused = planned(Open {
            access: Access::Refused("no".to_owned()),
            ..open()
        });
        assert!(refused.act.is_empty() && refused.refused[0].exit == Exit::Forbidden);
        let immutable = planned(Open {
            is_immutable: true,
            ..open()
        });
        assert!(immutable.act.is_empty() && immutable.refused[0].exit == Exit::Human);

        let mut others = Plan::default();
        others.wait.push(waits());
        let seen = Seen::Open(Box::new(open()));
        assert!(plan(&seen, others).act.is_empty(), "{stage:?}");
    }
}

#[test]
fn whoever_reads_a_copy_when_it_starts_is_rolled_once_and_after_the_copy() {
    let open = |consumer| Open {
        consumer: Some(consumer),
        ..mk_open(Rotatable::TektonClientSecret, Stage::Promoted)
    };
    let roll = "roll it: it reads the secret when it starts";
    assert_eq!(shown(&planned(open(mk_consumer(None, Health::Current)))), [roll]);
    assert_eq!(
        shown(&planned(open(mk_consumer(Some("r0"), Health::Current)))),
        [roll]
    );
    let rolling = planned(open(mk_consumer(Some("r1"), Health::Progressing)));
    assert!(rolling.act.is_empty() && rolling.wait[0].watch.is_some());
    let rolled = planned(open(mk_consumer(Some("r1"), Health::Current)));
    assert_eq!(
        shown(&rolled),
        ["drop tekton-client-secret.previous: the new value is proved"]
    );

    let copy = open(mk_consumer(None, Health::Current)).target.copies[0].clone();
    let first = planned(Open {
        differing: vec![copy],
        ..open(mk_consumer(None, Health::Current))
    });
    assert_eq!(
        shown(&first),
        ["make client-secret equal to dex-secrets/tekton-client-secret"]
    );
    // Before the new value is in its place there is nothing to start with.
    let staged = Open {
        stage: Stage::Staged,
        ..open(mk_consumer(None, Health::Progressing))
    };
    assert_eq!(shown(&planned(staged)).len(), 1);
}

#[test]
fn what_is_missing_is_waited_for_and_what_is_done_is_told() {
    let at = |secret: Rotatable| secret.target(&Config::default()).at;
    let of = |secret| plan(&Seen::Absent(at(secret)), Plan::default()).wait[0].provided_by;
    assert_eq!(of(Rotatable::ClientSecret), Some("secrets generate"));
    assert_eq!(of(Rotatable::ApiToken), Some("authentik token"));

    let done = |window| {
        let request = "r1".to_owned();
        let done = Done {
            at: at(Rotatable::ClientSecret),
            request,
            window,
        };
        let plan = plan(&Seen::Done(done), Plan::default());
        assert!(plan.is_converged());
        plan.notes[0].message.clone()
    };
    assert_eq!(done(None), "client-secret was rotated by request r1");
    let told = done(Some(Duration::from_millis(1234)));
    assert_eq!(
        told,
        "client-secret was rotated by request r1; what needs it could fail for up to 1.2 s"
    );
}
