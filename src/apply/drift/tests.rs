use super::*;
use serde_json::json;

const US: &str = "aphex-ops";

fn mk_entry(manager: &str, fields: Value) -> Value {
    json!({"manager": manager, "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields})
}

/// An object with these fields besides its name, of which we own those.
fn mk_live(fields: Value, owned: Value) -> Value {
    let mut live = fields;
    live["apiVersion"] = json!("v1");
    live["kind"] = json!("Thing");
    live["metadata"]["name"] = json!("a");
    live["metadata"]["uid"] = json!("1");
    live["metadata"]["managedFields"] = json!([mk_entry(US, owned)]);
    live
}

fn mk_desired(fields: Value) -> Value {
    let mut desired = fields;
    desired["apiVersion"] = json!("v1");
    desired["kind"] = json!("Thing");
    desired["metadata"]["name"] = json!("a");
    desired
}

fn decide(desired: Value, live: Value, owned: Value) -> Drift {
    drift(&mk_live(live, owned), US, &mk_desired(desired))
}

#[test]
fn what_we_own_whole_must_be_equal() {
    let owned = json!({"f:spec": {"f:args": {}, "f:on": {}}});
    let spec = |args: Value| json!({"spec": {"args": args, "on": true}});
    let cases = [
        (json!(["a", "b"]), Drift::Unchanged),
        (json!(["b", "a"]), Drift::Changed),
        (json!(["a"]), Drift::Changed),
        (json!("a"), Drift::Changed),
    ];
    for (args, expected) in cases {
        let found = decide(spec(args.clone()), spec(json!(["a", "b"])), owned.clone());
        assert_eq!(found, expected, "{args}");
    }
}

#[test]
fn the_fields_that_we_own_must_be_those_that_we_want() {
    let both = json!({"f:data": {"f:a": {}, "f:b": {}}});
    let live = json!({"data": {"a": "1", "b": "x", "foreign": "y"}});
    let wanted = |data: Value| decide(json!({ "data": data }), live.clone(), both.clone());
    assert_eq!(wanted(json!({"a": "1", "b": "x"})), Drift::Unchanged);
    assert_eq!(wanted(json!({"a": "1", "b": "z"})), Drift::Changed);
    assert_eq!(wanted(json!({"a": "1"})), Drift::Changed);
    assert_eq!(
        wanted(json!({"a": "1", "b": "x", "foreign": "y"})),
        Drift::Changed
    );
    assert_eq!(wanted(json!({})), Drift::Changed);
}

#[test]
fn names_and_what_the_server_keeps_are_owned_by_nobody() {
    let owned = json!({"f:data": {"f:a": {}}});
    let fields = json!({"data": {"a": "1"}, "metadata": {"namespace": "ns", "uid": "1"}});
    assert_eq!(decide(fields.clone(), fields, owned), Drift::Unchanged);
}

#[test]
fn items_are_found_by_their_keys() {
    let key = |port: u16| format!(r#"k:{{"port":{port},"protocol":"TCP"}}"#);
    let item = || json!({".": {}, "f:port": {}, "f:name": {}});
    let owned = json!({"f:ports": {key(80): item(), key(443): item()}});
    let live = json!([
        {"port": 8080, "name": "foreign", "protocol": "TCP"},
        {"port": 80, "name": "a", "protocol": "TCP"},
        {"port": 443, "name": "b", "protocol": "TCP"},
    ]);
    let wanted = |ports: Value| decide(json!({ "ports": ports }), json!({"ports": live}), owned.clone());
    let (a, b) = (
        json!({"port": 80, "name": "a"}),
        json!({"port": 443, "name": "b"}),
    );
    assert_eq!(wanted(json!([a, b])), Drift::Unchanged);
    assert_eq!(
        wanted(json!([b, a])),
        Drift::Unknown,
        "the order is for the server to decide"
    );
    assert_eq!(wanted(json!([a])), Drift::Changed);
    assert_eq!(wanted(json!([a, {"port": 443, "name": "c"}])), Drift::Changed);
    assert_eq!(wanted(json!([a, {"port": 444, "name": "b"}])), Drift::Changed);
    assert_eq!(
        wanted(json!([a, {"port": 443, "name": "b", "protocol": "TCP"}])),
        Drift::Changed,
        "an apply would own the protocol too"
    );
    assert_eq!(
        wanted(json!([a, a])),
        Drift::Changed,
        "the server says what is wrong with it"
    );
}

#[test]
fn an_item_that_is_there_twice_or_not_itself_ours_is_not_decided() {
    let item = |itself: bool| {
        let fields = if itself {
            json!({".": {}, "f:name": {}})
        } else {
            json!({"f:name": {}})
        };
        json!({"f:items": {r#"k:{"name":"a"}"#: fields}})
    };
    let one = json!({"items": [{"name": "a"}]});
    let twice = json!({"items": [{"name": "a"}, {"name": "a"}]});
    assert_eq!(decide(one.clone(), one.clone(), item(true)), Drift::Unchanged);
    assert_eq!(decide(one.clone(), one.clone(), item(false)), Drift::Unknown);
    assert_eq!(decide(one.clone(), twice, item(true)), Drift::Unknown);
    let atomic = json!({"f:items": {r#"k:{"name":"a"}"#: {}}});
    assert_eq!(decide(one.clone(), one, atomic), Drift::Unchanged);
}

#[test]
fn sets_have_the_same_members() {
    let owned = json!({"f:finalizers": {"v:\"a\"": {}, "v:\"b\"": {}}});
    let live = json!({"finalizers": ["a", "foreign", "b"]});
    let wanted = |items: Value| decide(json!({ "finalizers": items }), live.clone(), owned.clone());
    assert_eq!(wanted(json!(["a", "b"])), Drift::Unchanged);
    assert_eq!(wanted(json!(["b", "a"])), Drift::Unknown);
    assert_eq!(wanted(json!(["a"])), Drift::Changed);
    assert_eq!(wanted(json!(["a", "foreign"])), Drift::Changed);
}

#[test]
fn without_exactly_one_entry_of_ours_nothing_is_decided() {
    let desired = mk_desired(json!({"data": {"a": "1"}}));
    let live = mk_live(json!({"data": {"a": "1"}}), json!({"f:data": {"f:a": {}}}));
    assert_eq!(drift(&live, US, &desired), Drift::Unchanged);
    assert_eq!(drift(&live, "another", &desired), Drift::Unknown);
    let entry = &live["metadata"]["managedFields"][0];
    let changed = |field: &str, value: &str| {
        let mut entry = entry.clone();
        entry[field] = json!(value);
        json!([entry])
    };
    let entries = [
        Value::Null,
        json!([]),
        json!([entry, entry]),
        changed("operation", "Update"),
        changed("apiVersion", "v1beta1"),
        changed("fieldsType", "FieldsV2"),
        changed("subresource", "status"),
    ];
    for entries in entries {
        let mut live = live.clone();
        live["metadata"]["managedFields"] = entries.clone();
        assert_eq!(drift(&live, US, &desired), Drift::Unknown, "{entries}");
    }
}

#[test]
fn what_is_not_understood_is_not_decided() {
    let list = json!({"items": ["a"]});
    let cases = [
        (list.clone(), json!({"f:items": {"i:0": {}}})),
        (list.clone(), json!({"f:items": {"k:{": {}}})),
        (list.clone(), json!({"f:items": {"v:": {}}})),
        (list.clone(), json!({"f:items": {"f:a": {}}})),
        (list, json!({"f:items": true})),
        (json!({"data": null}), json!({"f:data": {}})),
        (json!({"status": {}}), json!({"f:status": {}})),
        (
            json!({"stringData": {"a": "1"}}),
            json!({"f:stringData": {"f:a": {}}}),
        ),
    ];
    for (fields, owned) in cases {
        assert_eq!(
            decide(fields.clone(), fields.clone(), owned),
            Drift::Unknown,
            "{fields}"
        );
    }
}

#[test]
fn what_may_only_be_written_differently_is_not_decided() {
    let owned = json!({"f:spec": {"f:x": {}}});
    let pairs = [
        (json!("0.1"), json!("100m")),
        (json!(1), json!("1")),
        (json!(1.0), json!(1)),
        (json!({}), json!({"default": 1})),
        (json!([{"a": 1}]), json!([{"a": 1, "default": 1}])),
    ];
    for (desired, live) in pairs {
        let spec = |value: &Value| json!({"spec": {"x": value}});
        let found = decide(spec(&desired), spec(&live), owned.clone());
        assert_eq!(found, Drift::Unknown, "{desired} {live}");
    }
    let absent = json!({"spec": {"other": 1}});
    assert_eq!(
        decide(json!({"spec": {"x": true}}), absent, owned),
        Drift::Changed
    );
}

/// Of what we own, only what says nothing is written as nothing. Inside a list that is one value, nothing is known of that.
#[test]
fn what_says_nothing_and_is_not_there_is_as_it_was_applied() {
    let absent = || json!({"spec": {"other": 1}});
    for zero in [json!(false), json!(""), json!(0), json!([])] {
        let spec = json!({"spec": {"x": zero}});
        let found = decide(spec, absent(), json!({"f:spec": {"f:x": {}}}));
        assert_eq!(found, Drift::Unchanged, "{zero}");
        let spec = json!({"spec": {"x": [{"y": zero}]}});
        let live = json!({"spec": {"x": [{}]}});
        assert_eq!(decide(spec, live, json!({"f:spec": {"f:x": {}}})), Drift::Unknown);
    }
}

#[test]
fn quantities_are_compared_where_they_are_some() {
    let at = |path: [&str; 2], value: &str| json!({"spec": {path[0]: {path[1]: {"cpu": value}}}});
    let owned = |path: [&str; 2]| {
        let (first, second) = (format!("f:{}", path[0]), format!("f:{}", path[1]));
        json!({"f:spec": {first: {second: {"f:cpu": {}}}}})
    };
    let decide = |path: [&str; 2], desired: &str, live: &str| {
        super::tests::decide(at(path, desired), at(path, live), owned(path))
    };
    assert_eq!(decide(["resources", "limits"], "1000m", "1"), Drift::Unchanged);
    assert_eq!(decide(["resources", "limits"], "1001m", "1"), Drift::Unknown);
    assert_eq!(decide(["resources", "claims"], "1000m", "1"), Drift::Unknown);
    assert_eq!(decide(["other", "limits"], "1000m", "1"), Drift::Unknown);
}

fn of_kind(mut object: Value, version: &str, kind: &str) -> Value {
    object["apiVersion"] = json!(version);
    object["kind"] = json!(kind);
    object
}

/// Each list as it was sent, and as a real API server stored it.
#[test]
fn what_the_server_completes_a_list_with_is_known() {
    let port = json!({"port": 53, "protocol": "TCP"});
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "creationTimestamp": null},
        "spec": {"accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem"}, "status": {"phase": "Pending"}});
    let cases = [
        (
            ("networking.k8s.io/v1", "NetworkPolicy"),
            "egress",
            json!([{"ports": [{"port": 53}]}]),
            json!([{"ports": [port]}]),
        ),
        (
            ("apps/v1", "StatefulSet"),
            "volumeClaimTemplates",
            json!([{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]),
            json!([claim]),
        ),
    ];
    for ((version, kind), field, sent, stored) in cases {
        let owned = json!({"f:spec": {format!("f:{field}"): {}}});
        let desired = |list: &Value| of_kind(mk_desired(json!({"spec": {field: list}})), version, kind);
        let mut live = of_kind(mk_live(json!({"spec": {field: stored}}), owned), version, kind);
        live["metadata"]["managedFields"][0]["apiVersion"] = json!(version);
        assert_eq!(drift(&live, US, &desired(&sent)), Drift::Unchanged, "{kind}");
        let other = desired(&json!([{"metadata": {"name": "other"}}]));
        assert_ne!(drift(&live, US, &other), Drift::Unchanged, "{kind}");
        let custom = of_kind(desired(&sent), "example.org/v1", kind);
        live["apiVersion"] = json!("example.org/v1");
        live["metadata"]["managedFields"][0]["apiVersion"] = json!("example.org/v1");
        assert_ne!(drift(&live, US, &custom), Drift::Unchanged, "{kind}");
    }
}

/// We own `labels` as a whole since we wanted them empty; an apply would make the label ours besides.
#[test]
fn what_others_own_a_part_of_is_not_ours_as_a_whole() {
    let fields = json!({"metadata": {"labels": {"a": "1"}}});
    let mut live = mk_live(fields.clone(), json!({"f:metadata": {"f:labels": {}}}));
    let other = mk_entry("other", json!({"f:metadata": {"f:labels": {"f:a": {}}}}));
    live["metadata"]["managedFields"]
        .as_array_mut()
        .unwrap()
        .push(other);
    assert_eq!(drift(&live, US, &mk_desired(fields)), Drift::Unknown);
}

#[test]
fn an_answer_that_differs_in_times_and_versions_only_changes_nothing() {
    let mut live = mk_live(json!({"data": {"a": "1"}}), json!({"f:data": {"f:a": {}}}));
    live["metadata"]["resourceVersion"] = json!("7");
    let entries = live["metadata"]["managedFields"].as_array_mut().unwrap();
    entries.insert(0, mk_entry("other", json!({"f:status": {"f:phase": {}}})));
    let mut answer = live.clone();
    answer["metadata"]["resourceVersion"] = json!("8");
    answer["metadata"]["managedFields"][0]["time"] = json!("2026-01-01T00:00:00Z");
    let entries = answer["metadata"]["managedFields"].as_array_mut().unwrap();
    entries.reverse();
    assert!(!changes(&live, &answer));
    answer["metadata"]["managedFields"][0]["fieldsV1"] = json!({});
    assert!(changes(&live, &answer));
    let mut answer = live.clone();
    answer["data"]["a"] = json!("2");
    assert!(changes(&live, &answer));
}
