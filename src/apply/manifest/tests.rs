use super::{testing::*, *};
use serde_json::json;

#[test]
fn a_manifest_says_who_and_when() {
    let text = "# first\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n  namespace: ns\n  annotations:\n    \
                argocd.argoproj.io/sync-wave: \"-5\"\n    argocd.argoproj.io/hook: PreSync\n  creationTimestamp: null\nstatus: {}\n";
    let manifest = mk_one(text);
    assert_eq!(manifest.source, "a.yaml, document 1 (line 2)");
    assert_eq!(manifest.key(), Key::new("apps", "Deployment", Some("ns"), "a"));
    assert_eq!(
        (manifest.version.as_str(), manifest.wave, manifest.phase),
        ("v1", -5, Phase::PreSync)
    );
    assert_eq!(manifest.object.get("status"), None);
    assert_eq!(manifest.object["metadata"].get("creationTimestamp"), None);
    let shown = "Deployment ns/a (apps) (PreSync -5, a.yaml, document 1 (line 2))";
    assert_eq!(format!("{manifest:?}"), shown);
}

#[test]
fn waves_and_phases() {
    let waves = [
        ("\"7\"", 7),
        ("'-1'", -1),
        ("\"+3\"", 3),
        ("\"2147483647\"", i32::MAX),
    ];
    for (text, wave) in waves {
        let manifest = mk_one(&mk_annotated(&format!("argocd.argoproj.io/sync-wave: {text}")));
        assert_eq!((manifest.wave, manifest.phase), (wave, Phase::Sync), "{text}");
    }
    let phases = [
        ("Sync", Phase::Sync),
        ("PreSync", Phase::PreSync),
        ("PostSync", Phase::PostSync),
    ];
    for (text, phase) in phases {
        let manifest = mk_one(&mk_annotated(&format!("argocd.argoproj.io/hook: {text}")));
        assert_eq!((manifest.wave, manifest.phase), (0, phase), "{text}");
    }
    assert!(Phase::PreSync < Phase::Sync && Phase::Sync < Phase::PostSync);
}

#[test]
fn what_is_wrong_with_an_object() {
    let of = |lines: &str| mk_metadata(&format!("  name: a\n{lines}"));
    let rbac = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n";
    let cases = [
        (
            "kind: ConfigMap\nmetadata: {name: a}\n".to_owned(),
            "it has no apiVersion",
        ),
        ("apiVersion: v1\nmetadata: {name: a}\n".into(), "it has no kind"),
        (
            "apiVersion: v1\nkind: ConfigMap\n".into(),
            "it has no metadata.name",
        ),
        (mk_metadata("  name: \"\"\n"), "it has no metadata.name"),
        (
            "apiVersion: a/b/c\nkind: A\nmetadata: {name: a}\n".into(),
            "neither a version",
        ),
        (
            "apiVersion: /v1\nkind: A\nmetadata: {name: a}\n".into(),
            "neither a version",
        ),
        (
            "apiVersion: v1\nkind: ../a\nmetadata: {name: a}\n".into(),
            "cannot be a kind",
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: [a]\n".into(),
            "metadata is not a map",
        ),
        (
            "apiVersion: v1\nkind: List\nmetadata: {name: a}\n".into(),
            "a List without a list of items",
        ),
        (
            mk_metadata("  name: ../a\n"),
            "the name \"../a\" is not a DNS subdomain",
        ),
        (mk_metadata("  name: a/b\n"), "the name \"a/b\""),
        (mk_metadata("  name: A\n"), "the name \"A\""),
        (mk_metadata("  name: 5\n"), "metadata.name is not text"),
        (
            format!("{rbac}metadata: {{name: ..}}\n"),
            "the name \"..\" is not a segment",
        ),
        (
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: a.b}\n".into(),
            "not a DNS label",
        ),
        (of("  namespace: a/b\n"), "metadata.namespace is not a DNS label"),
        (of("  namespace: 1\n"), "metadata.namespace is not a DNS label"),
        (of("  generateName: b-\n"), "metadata.generateName"),
        (
            of("  managedFields: []\n"),
            "metadata.managedFields belongs to a live object",
        ),
        (of("  uid: b\n"), "metadata.uid belongs to a live object"),
        (
            of("  resourceVersion: \"1\"\n"),
            "metadata.resourceVersion belongs",
        ),
        (
            of("  labels: {a: 1}\n"),
            "the value of \"a\" in metadata.labels is not text",
        ),
        (of("  annotations: [a]\n"), "metadata.annotations is not a map"),
        (
            mk_annotated("argocd.argoproj.io/sync-wave: 5"),
            "sync-wave\" in metadata.annotations is not text",
        ),
        (
            mk_annotated("argocd.argoproj.io/sync-wave: \"5a\""),
            "sync-wave is \"5a\", which is not a whole number",
        ),
        (
            mk_annotated("argocd.argoproj.io/sync-wave: \"1.5\""),
            "not a whole number",
        ),
        (
            mk_annotated("argocd.argoproj.io/sync-wave: \"\""),
            "not a whole number",
        ),
        (
            mk_annotated("argocd.argoproj.io/sync-wave: \"2147483648\""),
            "not a whole number",
        ),
        (
            mk_annotated("argocd.argoproj.io/hook: SyncFail"),
            "hook is \"SyncFail\"",
        ),
        (mk_annotated("argocd.argoproj.io/hook: Skip"), "hook is \"Skip\""),
        (
            mk_annotated("argocd.argoproj.io/hook: \"PreSync,Sync\""),
            "hook is \"PreSync,Sync\"",
        ),
        (mk_annotated("argocd.argoproj.io/hook: \"\""), "hook is \"\""),
    ];
    for (text, expected) in cases {
        let found = mk_problems(&text);
        assert!(
            found.len() == 1 && found[0].contains(expected),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn roles_may_have_names_that_others_may_not() {
    let text =
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: 'system:Node'}\n";
    assert_eq!(mk_one(text).name, "system:Node");
}

#[test]
fn all_problems_of_all_sources_are_told() {
    let good = mk_metadata("  name: a\n");
    let two = mk_metadata("  name: A\n  uid: b\n");
    let texts = [
        format!("{good}---\na: [\n---\n{two}---\n# nothing\n---\n{good}"),
        good,
        "text".to_owned(),
    ];
    let names = ["a.yaml", "b.yaml", "c.yaml"];
    let sources = names.iter().zip(&texts).map(|(name, text)| Source { name, text });
    let problems = read(&sources.collect::<Vec<_>>()).unwrap_err();
    let places: Vec<&str> = problems.iter().map(|problem| problem.source.as_str()).collect();
    let third = "a.yaml, document 3 (line 7)";
    assert_eq!(
        places,
        [
            "a.yaml, document 2 (line 5)",
            third,
            third,
            "c.yaml, document 1 (line 1)"
        ]
    );
    assert_eq!(problems[1].object.as_ref().unwrap().to_string(), "ConfigMap A");
    // The line is that of the file.
    assert!(
        problems[0].message.starts_with("line 6") || problems[0].message.starts_with("line 7"),
        "{problems:?}"
    );
}

#[test]
fn json_and_lists_are_manifests_too() {
    let item = |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [item("b"), item("c")]});
    let text = format!(
        "{}\n{}\n---\n{list}\n--- # nothing\n---\n{{kind: ConfigMap, apiVersion: v1, metadata: {{name: d}}}}",
        item("a"),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "e"}, "data": {"k": "\u{1f600}\t"}})
    );
    let found = mk_read(&text).unwrap();
    let names: Vec<&str> = found.iter().map(|manifest| manifest.name.as_str()).collect();
    assert_eq!(names, ["a", "e", "b", "c", "d"]);
    assert_eq!(found[1].source, "a.yaml, document 1 (line 1), item 2");
    assert_eq!(found[3].source, "a.yaml, document 2 (line 3), item 2");
    let escaped = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"\\ud83d\\ude00\"}}";
    assert_eq!(mk_one(escaped).object["data"]["k"], "\u{1f600}");
    let tabs =
        "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"ConfigMap\",\n\t\"metadata\": {\"name\": \"a\"}\n}\n";
    assert_eq!(mk_one(tabs).name, "a");
    assert_eq!(mk_read("").unwrap(), []);
    assert_eq!(mk_read("# a\n---\n---\nnull\n---\n~\n").unwrap(), []);
}
