use super::*;

fn mk_live(replicas: i32, digest: Digest, health: Health) -> Live {
    let message = "says why".to_owned();
    Live {
        version: "7".to_owned(),
        replicas,
        is_paused: false,
        is_free: true,
        gated: None,
        digest,
        verdict: Verdict::new(health, message),
        trouble: None,
        fails: health == Health::Degraded,
        is_grace_over: false,
    }
}

fn mk_seen(live: Option<Live>) -> Seen {
    Seen {
        namespace: "auth-system".to_owned(),
        name: "dex".to_owned(),
        live,
        missing: None,
    }
}

/// Actions as text, reasons of waits, exit codes of refusals, and the number of notes.
fn outline(plan: &Plan<Change>) -> (Vec<String>, Vec<Reason>, Vec<Exit>, usize) {
    (
        plan.act.iter().map(ToString::to_string).collect(),
        plan.wait.iter().map(|wait| wait.reason).collect(),
        plan.refused.iter().map(|refusal| refusal.exit).collect(),
        plan.notes.len(),
    )
}

#[test]
fn one_patch_starts_and_rolls() {
    use Digest::*;
    let cases = [
        (
            0,
            Absent,
            "scale from 0 to 1, and record which secrets it starts with",
        ),
        (
            0,
            Different,
            "scale from 0 to 1, and record which secrets it starts with",
        ),
        (0, Same, "scale from 0 to 1"),
        (
            1,
            Different,
            "roll it: its secrets changed after its Pods started",
        ),
        (
            1,
            Absent,
            "roll it: nothing says with which secrets its Pods started",
        ),
        (
            3,
            Different,
            "roll it: its secrets changed after its Pods started",
        ),
    ];
    for (replicas, digest, text) in cases {
        for health in [Health::Current, Health::Progressing, Health::Degraded] {
            let plan = plan(&mk_seen(Some(mk_live(replicas, digest, health))));
            assert_eq!(outline(&plan), (vec![text.to_owned()], vec![], vec![], 0));
            let change = &plan.act[0];
            assert_eq!(
                (change.scale, change.digest, change.version.as_str()),
                (replicas == 0, digest, "7")
            );
        }
    }
}

#[test]
fn what_runs_is_never_scaled() {
    for replicas in [1, 2, 5] {
        let plan = plan(&mk_seen(Some(mk_live(replicas, Digest::Same, Health::Current))));
        assert_eq!(outline(&plan), (vec![], vec![], vec![], 1));
        assert!(plan.is_converged());
    }
}

#[test]
fn it_is_waited_for_by_watching_from_the_version_seen() {
    for (live, reason, since) in [
        (None, Reason::NotFound, None),
        (
            Some(mk_live(1, Digest::Same, Health::Progressing)),
            Reason::NotReady,
            Some("7"),
        ),
        (
            Some(mk_live(0, Digest::Absent, Health::Terminating)),
            Reason::Terminating,
            Some("7"),
        ),
        (
            Some(mk_live(1, Digest::Same, Health::Degraded)),
            Reason::ResourceFailed,
            Some("7"),
        ),
    ] {
        let plan = plan(&mk_seen(live));
        assert_eq!(outline(&plan), (vec![], vec![reason], vec![], 0));
        let watch = plan.wait[0].watch.as_ref().unwrap();
        assert_eq!(watch.path, "/apis/apps/v1/namespaces/auth-system/deployments");
        assert_eq!((watch.name.as_str(), watch.since.as_deref()), ("dex", since));
    }
}

#[test]
fn a_pods_trouble_is_told_and_ends_the_wait_after_the_grace_period() {
    let mut live = mk_live(1, Digest::Same, Health::Progressing);
    live.trouble = Some(PodTrouble {
        pod: "dex-1".to_owned(),
        reason: "ErrImagePull".to_owned(),
        message: "container dex".to_owned(),
        is_blocking: true,
    });
    live.fails = true;
    let waiting = plan(&mk_seen(Some(live.clone())));
    assert_eq!(outline(&waiting).1, [Reason::ResourceFailed]);
    assert_eq!(
        waiting.wait[0].message,
        "says why; Pod dex-1: ErrImagePull (container dex)"
    );
    let shows = |wait: &Wait| wait.remedy.clone().unwrap_or_default();
    assert!(shows(&waiting.wait[0]).contains("`kubectl -n auth-system describe pod dex-1`"));
    live.fails = false;
    let unscheduled = plan(&mk_seen(Some(live.clone())));
    assert_eq!(outline(&unscheduled).1, [Reason::NotReady]);
    assert!(shows(&unscheduled.wait[0]).contains("describe pod dex-1"));
    (live.fails, live.is_grace_over) = (true, true);
    let failed = plan(&mk_seen(Some(live)));
    assert_eq!(outline(&failed), (vec![], vec![], vec![Exit::ResourceFailed], 0));
    assert!(failed.refused[0].message.contains("ErrImagePull"));
    assert!(failed.refused[0].hint.contains("describe pod dex-1"));
    assert!(failed.is_converged(), "nothing more is waited for");
}

#[test]
fn new_secrets_are_rolled_out_even_if_the_old_pods_failed_for_long() {
    let mut live = mk_live(1, Digest::Different, Health::Degraded);
    live.is_grace_over = true;
    assert_eq!(plan(&mk_seen(Some(live))).act.len(), 1);
}

#[test]
fn a_paused_rollout_is_for_a_human() {
    for (replicas, digest) in [(0, Digest::Absent), (1, Digest::Same)] {
        let mut live = mk_live(replicas, digest, Health::Suspended);
        live.is_paused = true;
        let plan = plan(&mk_seen(Some(live)));
        assert_eq!(outline(&plan), (vec![], vec![], vec![Exit::Human], 0));
        assert!(
            plan.refused[0]
                .hint
                .contains("kubectl -n auth-system rollout resume deployment/dex")
        );
    }
}

#[test]
fn nothing_is_started_without_its_secrets() {
    let missing = (
        ObjectRef::secret("auth-system", "dex-secrets"),
        "it does not exist yet".to_owned(),
    );
    for live in [None, Some(mk_live(0, Digest::Absent, Health::Current))] {
        let seen = Seen {
            missing: Some(missing.clone()),
            ..mk_seen(live)
        };
        let plan = plan(&seen);
        assert!(plan.act.is_empty() && plan.refused.is_empty());
        assert_eq!(plan.wait[0].object, missing.0);
        assert_eq!(plan.wait[0].provided_by, Some("secrets generate"));
    }
}

#[test]
fn the_same_change_on_another_version_is_the_same_change() {
    let of = |version: &str| {
        let mut live = mk_live(0, Digest::Absent, Health::Current);
        live.version = version.to_owned();
        plan(&mk_seen(Some(live))).act.remove(0)
    };
    assert_eq!(of("1"), of("2"));
}

/// A rotation that died left it; whoever waits behind it would wait for good.
#[test]
fn a_gate_that_was_left_is_taken_away() {
    let gated = Some(Gated {
        pods: Vec::new(),
        updated: 1,
    });
    let live = Live {
        gated,
        ..mk_live(1, Digest::Same, Health::Progressing)
    };
    let plan = plan(&mk_seen(Some(live)));
    assert_eq!(plan.act[0].gate, Gate::Take);
    assert!(plan.act[0].to_string().contains("held back"), "{}", plan.act[0]);
}
