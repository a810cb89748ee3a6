//! The published JSON Schemas, as validators of what goes in and comes out.

use crate::golden;
use aphex_ops::model::config::{self, Config};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::{fs, sync::LazyLock};

static CONFIG: LazyLock<Validator> = LazyLock::new(|| validator(&published("config")));
/// Stricter than what is published: an older schema does not refuse what a newer version adds, but here both are of one
/// version, and every field must be described.
static REPORT: LazyLock<Validator> = LazyLock::new(|| {
    let mut schema = published("report");
    close(&mut schema);
    validator(&schema)
});

fn published(name: &str) -> Value {
    let path = golden::root().join(format!("docs/reference/{name}.schema.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn validator(schema: &Value) -> Validator {
    jsonschema::options()
        .should_validate_formats(true)
        .build(schema)
        .unwrap()
}

/// Allows no field that is not described.
fn close(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut()
        && object.get("properties").is_some_and(Value::is_object)
    {
        object.entry("additionalProperties").or_insert(false.into());
    }
    match schema {
        Value::Object(fields) => fields.values_mut().for_each(close),
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn problems(validator: &Validator, document: &Value) -> Vec<String> {
    let errors = validator.iter_errors(document);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// What is wrong with a configuration by its schema.
pub(crate) fn config_problems(document: &Value) -> Vec<String> {
    problems(&CONFIG, document)
}

/// The document is one that the schema of reports describes, every field of it.
#[track_caller]
pub(crate) fn assert_printed(document: &Value) {
    let problems = problems(&REPORT, document);
    assert!(problems.is_empty(), "{problems:#?}: {document:#}");
}

#[test]
fn the_schemas_are_schemas() {
    for name in ["config", "report"] {
        let schema = published(name);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        jsonschema::meta::validate(&schema).unwrap();
    }
}

/// Adds a field to every object below, one at a time, and names the ones that the schema let pass.
fn surplus_fields_let_pass(document: &Value, path: &str) -> Vec<String> {
    let maps = ["/images", "/http/resolve"];
    let mut passed = Vec::new();
    let object = document.pointer(path).and_then(Value::as_object);
    for (name, _) in object.into_iter().flatten() {
        passed.extend(surplus_fields_let_pass(document, &format!("{path}/{name}")));
    }
    if object.is_some() && !maps.contains(&path) {
        let mut more = document.clone();
        more.pointer_mut(path).unwrap()["surplus"] = "x".into();
        let refused = !config_problems(&more).is_empty();
        passed.extend((!refused).then(|| path.to_owned()));
    }
    passed
}

#[test]
fn the_default_configuration_is_valid_and_no_field_can_be_added() {
    let defaults = serde_json::to_value(Config::default()).unwrap();
    assert_eq!(config_problems(&defaults), [] as [&str; 0]);
    assert_eq!(config_problems(&json!({})), [] as [&str; 0]);
    assert_eq!(surplus_fields_let_pass(&defaults, ""), [] as [&str; 0]);
}

#[test]
fn the_schema_and_the_program_agree_on_configurations() {
    let long = format!("namespaces: {{auth: {}}}", "a".repeat(64));
    let texts = [
        ("profile: k3s", true),
        ("profile: cloud", false),
        ("apiVersion: ops.aphex.io/v1alpha1\nkind: PlatformConfig", true),
        ("apiVersion: ops.aphex.io/v2", false),
        ("kind: ConfigMap", false),
        ("namespaces: {auth: a-1}", true),
        ("namespaces: {auth: a-}", false),
        ("namespaces: {argocd: Argo}", false),
        ("namespaces: {tekton: -a}", false),
        ("namespaces: {platform: a.b}", false),
        ("dex: {deployment: a_b}", false),
        (&long, false),
        ("dex: {issuer: 'https://dex.example.org'}", true),
        ("dex: {issuer: 'ftp://dex'}", false),
        ("dex: {url: null}", true),
        ("authentik: {url: dex}", false),
        ("authentik: {clientID: x, redirectURI: z}", true),
        ("authentik: {clientId: x}", false),
        ("http: {proxy: 'socks://p', resolve: {}}", false),
        ("http: {resolve: {a.example.org: '203.0.113.7:443'}}", true),
        ("http: {resolve: {a.example.org: 443}}", false),
        ("timeouts: {step: 90}", true),
        ("timeouts: {step: -1}", false),
        ("timeouts: {step: 1m}", false),
        ("images: {docker.io/: 'mirror.example.org/'}", true),
        ("images: [docker.io]", false),
        ("suppress: [A1]", false),
        ("suppress: [{check: APX-SEC-005, reason: x}]", true),
        ("suppress: [{check: APX-SEC-005}]", false),
        ("suppress: [{check: secrets, reason: x, until: 2026-12-31}]", true),
        ("suppress: [{check: secrets, reason: x, until: soon}]", false),
        ("cluster: {podCIDRs: 10.0.0.0/8}", false),
    ];
    for (text, good) in texts {
        assert_eq!(config::parse(text).is_ok(), good, "the program on {text}");
        let document: Value = serde_saphyr::from_str(text).unwrap();
        let problems = config_problems(&document);
        assert_eq!(problems.is_empty(), good, "the schema on {text}: {problems:#?}");
    }
}

/// A check that cannot fail is worth nothing.
#[test]
fn a_report_with_a_mistake_is_refused() {
    let report = json!({
        "apiVersion": "ops.aphex.io/v1alpha1", "kind": "Report", "runID": "0123456789abcdef",
        "cluster": {"server": "https://127.0.0.1:6443"}, "command": "secrets generate", "step": "secrets generate",
        "dryRun": false, "startedAt": "2026-01-02T03:04:05Z", "durationSeconds": 0.5, "exitCode": 9, "rounds": 2,
        "requests": {"get": 2},
        "actions": [{"object": "Secret a/b", "verb": "create", "outcome": "created", "message": "it"}],
        "waiting": [{"object": "Secret a/c", "reason": "NotFound", "message": "it", "providedBy": "dex sync"}],
        "failures": [{"exit": 10, "reason": "Unavailable", "message": "it"}],
    });
    assert_printed(&report);
    let mistakes = [
        ("/kind", json!("Raport")),
        ("/apiVersion", json!("v1")),
        ("/startedAt", json!("yesterday")),
        ("/durationSeconds", json!(-1)),
        ("/exitCode", json!(12)),
        ("/requests/get", json!("two")),
        ("/actions/0/verb", json!("creates")),
        ("/actions/0/outcome", json!("planned")),
        ("/actions/0/object", json!({})),
        ("/waiting/0/reason", json!("Because")),
        ("/failures/0/exit", json!(99)),
        ("/failures", json!(null)),
    ];
    for (path, value) in mistakes {
        let mut wrong = report.clone();
        *wrong.pointer_mut(path).unwrap() = value;
        assert!(!problems(&REPORT, &wrong).is_empty(), "{path}");
    }
    for field in report
        .as_object()
        .unwrap()
        .keys()
        .filter(|field| *field != "cluster")
    {
        let mut less = report.clone();
        less.as_object_mut().unwrap().remove(field);
        assert!(!problems(&REPORT, &less).is_empty(), "without {field}");
    }
    let mut more = report.clone();
    more["waiting"][0]["surplus"] = "x".into();
    assert!(!problems(&REPORT, &more).is_empty());
}
