use super::{testing::*, *};
use serde_json::{Value, json};

/// Waves as `wave: names`.
fn shown(order: &Order) -> Vec<String> {
    let wave = |wave: &Wave| {
        let places: Vec<usize> = wave.members.iter().map(|member| member.manifest).collect();
        format!(
            "{} {}: {}",
            wave.phase,
            wave.wave,
            names(order, &places).join(", ")
        )
    };
    order.waves.iter().map(wave).collect()
}

fn mk_hook(phase: &str, wave: i32, kind: &str, name: &str) -> Value {
    let annotations = json!({"argocd.argoproj.io/hook": phase});
    mk_in(
        wave,
        kind,
        name,
        json!({"metadata": {"annotations": annotations}}),
    )
}

/// Many kinds in several waves, with needs among them.
fn mk_platform() -> Vec<Value> {
    let mut objects = vec![
        mk_definition(20, "Namespaced"),
        mk_in(20, "Namespace", "ns", json!({})),
        mk_in(5, "a.b/Thing", "ns/one", json!({})),
        // Of one rank and one name: only the kind tells them apart.
        mk_in(5, "argoproj.io/AppProject", "ns/one", json!({})),
        mk_in(5, "cert-manager.io/Issuer", "ns/one", json!({})),
        mk_in(5, "ServiceAccount", "ns/runner", json!({})),
        mk_in(5, "ConfigMap", "ns/settings", json!({})),
        mk_hook("PreSync", 3, "ConfigMap", "ns/before"),
        mk_hook("PostSync", -3, "batch/Job", "ns/after"),
        mk_in(10, "Secret", "ns/key", json!({})),
    ];
    for at in 0..12 {
        let pod = json!({"serviceAccountName": "runner", "containers": [
            {"envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "key"}}]}]});
        let fields = json!({"spec": {"template": {"spec": pod, "metadata": {"labels": {"app": "a"}}}}});
        objects.push(mk_in(
            10 + at % 3,
            "apps/Deployment",
            &format!("ns/d{at}"),
            fields,
        ));
    }
    objects
}

/// A permutation that the seed decides (Fisher-Yates with an xorshift generator).
fn shuffle(objects: &mut [Value], seed: u64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for last in (1..objects.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        objects.swap(last, usize::try_from(state % (last as u64 + 1)).unwrap());
    }
}

#[test]
fn phases_waves_ranks_namespaces_and_names_decide() {
    let order = mk_order(&[
        mk_hook("PostSync", -9, "ConfigMap", "ns/last"),
        mk_in(1, "ConfigMap", "ns/b", json!({})),
        mk_in(1, "ConfigMap", "ns/a", json!({})),
        mk_in(1, "ConfigMap", "an/z", json!({})),
        mk_in(1, "apps/Deployment", "an/a", json!({})),
        mk_in(
            1,
            "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
            "a",
            json!({}),
        ),
        mk_in(1, "argoproj.io/AppProject", "ns/a", json!({})),
        mk_in(1, "Secret", "ns/z", json!({})),
        mk_in(-1, "batch/CronJob", "ns/z", json!({})),
        mk_hook("PreSync", 9, "ConfigMap", "ns/first"),
    ]);
    let expected = [
        "PreSync 9: ConfigMap first",
        "Sync -1: CronJob z",
        "Sync 1: Secret z, ConfigMap an/z, ConfigMap a, ConfigMap b, Deployment an/a, AppProject a, \
         ValidatingWebhookConfiguration a",
        "PostSync -9: ConfigMap last",
    ];
    assert_eq!(shown(&order), expected);
    let empty = mk_order(&[]);
    assert_eq!((empty.manifests.len(), empty.waves.len()), (0, 0));
}

#[test]
fn the_order_of_the_manifests_decides_nothing() {
    let keyed = |mut order: Order| {
        // Where a manifest is written is all that differs.
        order
            .manifests
            .iter_mut()
            .for_each(|manifest| manifest.source.clear());
        order
    };
    let expected = keyed(mk_order(&mk_platform()));
    assert_eq!(expected.waves.len(), 6);
    for seed in 0..300 {
        let mut objects = mk_platform();
        shuffle(&mut objects, seed);
        assert!(keyed(mk_order(&objects)) == expected, "seed {seed}");
    }
}

#[test]
fn namespaces_and_definitions_come_when_they_are_first_needed() {
    let order = mk_order(&mk_platform());
    let shown = shown(&order);
    assert_eq!(shown[0], "PreSync 3: Namespace ns, ConfigMap before");
    assert!(shown[1].starts_with(
        "Sync 5: ServiceAccount runner, ConfigMap settings, CustomResourceDefinition things.a.b, Thing one"
    ));
    // Nothing needs them earlier: they stay.
    let later = mk_order(&[mk_definition(5, "Cluster"), mk_in(7, "a.b/Thing", "a", json!({}))]);
    assert_eq!(
        later.waves.iter().map(|wave| wave.wave).collect::<Vec<_>>(),
        [5, 7]
    );
}

#[test]
fn what_is_needed_cannot_come_later() {
    let pod = json!({"spec": {"serviceAccountName": "a"}});
    let objects = [
        mk_in(5, "Pod", "ns/p", pod.clone()),
        mk_in(20, "ServiceAccount", "ns/a", json!({})),
    ];
    let expected = "Pod ns/p: it is in wave 5 of Sync and needs ServiceAccount ns/a, which is in wave 20 of Sync (a.yaml, document 2 (line 2))";
    assert_problem(&objects, expected);
    let objects = [
        mk_in(5, "Pod", "ns/p", pod.clone()),
        mk_hook("PostSync", 0, "ServiceAccount", "ns/a"),
    ];
    assert_problem(&objects, "in wave 0 of PostSync");
    mk_order(&[
        mk_in(5, "Pod", "ns/p", pod),
        mk_in(4, "ServiceAccount", "ns/a", json!({})),
    ]);
}

#[test]
fn all_problems_are_told_in_the_order_of_the_manifests() {
    let found = mk_problems(&[
        mk("Thing", "ns/a", json!({})),
        mk(
            "batch/Job",
            "ns/a",
            json!({"spec": {"ttlSecondsAfterFinished": 1, "template": {"spec": {"serviceAccountName": "z"}}}}),
        ),
        mk("Namespace", "ns/a", json!({})),
        mk("Thing", "ns/a", json!({})),
        mk_in(1, "ServiceAccount", "ns/z", json!({})),
    ]);
    let expected = [
        "no kind Thing",
        "removes this Job",
        "needs ServiceAccount ns/z",
        "cluster-scoped",
        "no kind Thing",
        "the same object",
    ];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    assert!(
        found
            .iter()
            .zip(expected)
            .all(|(found, expected)| found.contains(expected)),
        "{found:?}"
    );
}
