use super::*;
use crate::apply::Key;
use serde_json::json;
use std::collections::BTreeSet;

const SET: &str = "applyset-x-v1";
const SEEN: Round = Round {
    is_complete: true,
    is_healthy: true,
    confirmed: None,
};

fn mk_key(kind: &str, name: &str) -> Key {
    let (group, namespace) = match kind {
        "Namespace" | "PersistentVolume" => ("", None),
        "CustomResourceDefinition" => ("apiextensions.k8s.io", None),
        "StatefulSet" | "Deployment" => ("apps", Some("ns")),
        _ => ("", Some("ns")),
    };
    Key::new(group, kind, namespace, name)
}

/// A member of the set that we applied.
fn mk_live(kind: &str, name: &str) -> Live {
    let labels = json!({PART_OF: SET, "platform.aphex/managed-by": "aphex-ops"});
    let metadata =
        json!({"name": name, "uid": format!("u-{name}"), "resourceVersion": "7", "labels": labels});
    Live {
        key: mk_key(kind, name),
        metadata,
    }
}

/// A member whose metadata has this besides.
fn mk_with(path: &str, value: Value) -> Live {
    let mut live = mk_live("ConfigMap", "a");
    *live.metadata.pointer_mut(path).unwrap() = value;
    live
}

fn mk_annotated(key: &str, value: &str) -> Live {
    let mut live = mk_live("ConfigMap", "a");
    live.metadata["annotations"] = json!({ key: value });
    live
}

fn mk_many(kind: &str, count: usize) -> Vec<Live> {
    (0..count).map(|at| mk_live(kind, &format!("m{at:03}"))).collect()
}

/// What is planned besides the members.
fn mk_planned(members: &[Live]) -> BTreeSet<Key> {
    let others = members.iter().map(|live| live.key.clone());
    others.chain([mk_key("ConfigMap", "planned")]).collect()
}

fn keep_of(live: Live) -> Option<Kept> {
    let selection = select(SET, &[live], &mk_planned(&[]), SEEN);
    assert_eq!(selection.delete.len() + selection.kept.len(), 1, "{selection:?}");
    selection.kept.into_iter().next().map(|(_, kept)| kept)
}

#[test]
fn the_id_is_that_of_the_kep() {
    // sha256 of "set.ns.ConfigMap.", by another program.
    let expected = "applyset-lcc6JEH46rQ9qJEopyB82fgGLDsZzf6TgqIJryOlIds-v1";
    assert_eq!(id("set", "ns", "ConfigMap", ""), expected);
    assert_eq!(expected.len(), 55);
    assert_ne!(id("set", "ns", "Thing", "a.b"), id("set", "ns", "Thing", "a"));
}

#[test]
fn an_object_is_of_one_set() {
    let object = |labels: Value| json!({"metadata": {"labels": labels}});
    assert_eq!(is_member(&object(json!({PART_OF: SET})), SET), Ok(true));
    assert_eq!(is_member(&object(json!({})), SET), Ok(false));
    assert_eq!(is_member(&json!({}), SET), Ok(false));
    let foreign = is_member(&object(json!({PART_OF: "other"})), SET).unwrap_err();
    assert_eq!(foreign.to_string(), "it belongs to another ApplySet, other");
}

#[test]
fn a_parent_says_what_its_members_are() {
    let mut elsewhere = mk_key("ConfigMap", "b");
    elsewhere.namespace = Some("other".to_owned());
    let members = [
        mk_key("Deployment", "a"),
        mk_key("ConfigMap", "b"),
        elsewhere,
        mk_key("Namespace", "c"),
    ];
    let parent = Parent::of("set", "ns", "aphex-ops/0.1.0", &members);
    let rendered = parent.render();
    let metadata = &rendered["metadata"];
    assert_eq!(
        metadata["labels"],
        json!({"applyset.kubernetes.io/id": parent.id()})
    );
    let annotations = json!({
        "applyset.kubernetes.io/tooling": "aphex-ops/0.1.0",
        "applyset.kubernetes.io/contains-group-kinds": "ConfigMap,Deployment.apps,Namespace",
        "applyset.kubernetes.io/additional-namespaces": "other",
    });
    assert_eq!(metadata["annotations"], annotations);
    assert_eq!(
        (&rendered["kind"], rendered.get("data")),
        (&json!("ConfigMap"), None)
    );
    assert_eq!(Parent::parse(&rendered, "aphex-ops/9.9.9"), Ok(parent));
    let empty = Parent::of("set", "ns", "aphex-ops/0.1.0", []);
    assert_eq!(Parent::parse(&empty.render(), "aphex-ops/0.1.0"), Ok(empty));
}

#[test]
fn before_an_apply_the_parent_says_the_old_and_the_new() {
    let old = Parent::of("set", "ns", "aphex-ops/0.1.0", &[mk_key("Deployment", "a")]);
    let new = Parent::of("set", "ns", "aphex-ops/0.2.0", &[mk_key("ConfigMap", "a")]);
    let both = new.superset(&old);
    let all = [mk_key("Deployment", "a"), mk_key("ConfigMap", "a")];
    assert_eq!(both, Parent::of("set", "ns", "aphex-ops/0.2.0", &all));
}

#[test]
fn a_parent_that_is_not_ours_is_refused() {
    let rendered = Parent::of("set", "ns", "kubectl/v1.34.0", &[]).render();
    let changed = |path: &str, value: Value| {
        let mut live = rendered.clone();
        *live.pointer_mut(path).unwrap() = value;
        Parent::parse(&live, "kubectl/v1.35.0").unwrap_err().to_string()
    };
    let foreign = Parent::parse(&rendered, "aphex-ops/0.1.0")
        .unwrap_err()
        .to_string();
    assert_eq!(
        foreign,
        "the ApplySet is kept by kubectl/v1.34.0, not by aphex-ops/0.1.0"
    );
    assert!(changed("/metadata/annotations", json!({})).starts_with("the ApplySet is kept by ,"));
    assert!(changed("/metadata/labels", json!({})).contains("has no label applyset.kubernetes.io/id"));
    assert!(changed("/metadata/name", json!("other")).contains("lead to applyset-"));
    for (annotation, entry) in [
        ("contains-group-kinds", "A,"),
        ("contains-group-kinds", "A."),
        ("contains-group-kinds", ".a"),
        ("additional-namespaces", "a,,b"),
    ] {
        let path = format!("/metadata/annotations/applyset.kubernetes.io~1{annotation}");
        let error = changed(&path, json!(entry));
        assert!(error.contains(annotation), "{error}");
    }
}

#[test]
fn what_nobody_asks_for_is_deleted_with_its_preconditions() {
    let (kept, gone) = (mk_live("ConfigMap", "kept"), mk_live("Deployment", "gone"));
    let mut foreign = mk_live("ConfigMap", "foreign");
    foreign.metadata["labels"][PART_OF] = json!("applyset-y-v1");
    let planned = mk_planned(std::slice::from_ref(&kept));
    let selection = select(SET, &[kept, gone, foreign], &planned, SEEN);
    let removal = Removal {
        key: mk_key("Deployment", "gone"),
        uid: "u-gone".to_owned(),
        resource_version: "7".to_owned(),
    };
    let expected = Selection {
        delete: vec![removal],
        ..Selection::default()
    };
    assert_eq!(selection, expected);
}

#[test]
fn what_keeps_an_object() {
    let sync = "argocd.argoproj.io/sync-options";
    let cases = [
        (mk_live("ConfigMap", "a"), None),
        (mk_live("Secret", "a"), Some(Kept::Secret)),
        (mk_with("/uid", Value::Null), Some(Kept::Unknown)),
        (mk_with("/resourceVersion", json!("")), Some(Kept::Unknown)),
        (mk_with("/labels", json!({PART_OF: SET})), Some(Kept::NotOurs)),
        (mk_annotated("a", "b"), None),
        (mk_annotated(sync, "Prune=false"), Some(Kept::Asked(sync))),
        (
            mk_annotated(sync, "Validate=false, Prune=confirm"),
            Some(Kept::Asked(sync)),
        ),
        (mk_annotated(sync, "Delete=false"), Some(Kept::Asked(sync))),
        (mk_annotated(sync, "Prune=true"), None),
        (
            mk_annotated("client.lifecycle.config.k8s.io/deletion", "detach"),
            Some(Kept::Asked("client.lifecycle.config.k8s.io/deletion")),
        ),
        (
            mk_annotated("cli-utils.sigs.k8s.io/on-remove", "keep"),
            Some(Kept::Asked("cli-utils.sigs.k8s.io/on-remove")),
        ),
        (
            mk_annotated("helm.sh/resource-policy", "keep"),
            Some(Kept::Asked("helm.sh/resource-policy")),
        ),
    ];
    for (live, expected) in cases {
        assert_eq!(keep_of(live.clone()), expected, "{live:?}");
    }
    let mut going = mk_live("ConfigMap", "a");
    going.metadata["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert_eq!(keep_of(going), Some(Kept::Terminating));
    let mut owned = mk_live("EndpointSlice", "a");
    owned.metadata["ownerReferences"] = json!([{"controller": true}]);
    assert_eq!(keep_of(owned), Some(Kept::Controlled));
}

#[test]
fn what_stops_all_pruning() {
    let live = [mk_live("ConfigMap", "a")];
    let rounds = [
        (
            Round {
                is_complete: false,
                ..SEEN
            },
            Kept::Incomplete,
        ),
        (
            Round {
                is_healthy: false,
                ..SEEN
            },
            Kept::Unhealthy,
        ),
    ];
    for (round, expected) in rounds {
        let selection = select(SET, &live, &mk_planned(&[]), round);
        assert_eq!(selection.kept, [(live[0].key.clone(), expected)]);
        assert_eq!(selection.delete, []);
    }
    let agreed = Round {
        confirmed: Some(1),
        ..SEEN
    };
    let selection = select(SET, &live, &BTreeSet::new(), agreed);
    assert_eq!(selection.kept, [(live[0].key.clone(), Kept::EmptyPlan)]);
    assert_eq!((selection.delete, selection.needs_confirmation), (vec![], None));
}

#[test]
fn many_or_precious_objects_need_their_number() {
    // (members, of which are still planned, asked for)
    let counts = [
        (10, 0, None),
        (11, 0, Some(11)),
        (60, 48, None),
        (60, 49, None),
        (55, 44, None),
        (54, 43, Some(11)),
    ];
    for (members, planned, expected) in counts {
        let live = mk_many("ConfigMap", members);
        let planned = mk_planned(&live[..planned]);
        let selection = select(SET, &live, &planned, SEEN);
        assert_eq!(selection.needs_confirmation, expected, "{members}");
        assert_eq!(selection.delete.is_empty(), expected.is_some(), "{members}");
    }
    for kind in [
        "Namespace",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "CustomResourceDefinition",
        "StatefulSet",
    ] {
        let live = [mk_live(kind, "a"), mk_live("ConfigMap", "b")];
        let with = |confirmed| select(SET, &live, &mk_planned(&[]), Round { confirmed, ..SEEN });
        for wrong in [None, Some(1), Some(3)] {
            let selection = with(wrong);
            assert_eq!(
                (selection.delete.len(), selection.needs_confirmation),
                (0, Some(2)),
                "{kind}"
            );
            assert!(selection.kept.iter().all(|(_, kept)| *kept == Kept::Unconfirmed));
        }
        let selection = with(Some(2));
        assert_eq!(
            (selection.delete.len(), selection.needs_confirmation),
            (2, None),
            "{kind}"
        );
    }
}
