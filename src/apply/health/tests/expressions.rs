//! Verdicts by the configuration's own expressions.

use super::*;
use crate::model::config::Readiness;

fn mk_readiness(current: &str) -> Readiness {
    Readiness {
        group: "databases.test".to_owned(),
        kind: "Database".to_owned(),
        current: current.to_owned(),
        failed: Some("has(object.status.phase) && object.status.phase == 'Broken'".to_owned()),
        message: Some("object.status.phase + ' since ' + string(object.status.since)".to_owned()),
    }
}

fn mk_database(status: Value) -> Value {
    json!({"apiVersion": "databases.test/v1", "kind": "Database", "metadata": {"name": "db", "uid": "u1",
        "generation": 2, "resourceVersion": "100"}, "spec": {"replicas": 3}, "status": status})
}

fn compile(readiness: Readiness) -> Result<Expressions, String> {
    let bad = |bad: Vec<BadExpression>| bad.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    Expressions::compile(&[readiness]).map_err(bad)
}

#[test]
fn an_expression_decides_for_its_kind() {
    let current = "object.status.phase == 'Running' && object.status.ready >= object.spec.replicas";
    let rules = compile(mk_readiness(current)).unwrap();
    let running = json!({"phase": "Running", "ready": 3, "since": 7});
    let cases = [
        (running.clone(), Health::Current, "Running since 7"),
        (
            json!({"phase": "Running", "ready": 2, "since": 7}),
            Health::Progressing,
            "Running since 7",
        ),
        (
            json!({"phase": "Broken", "since": 8}),
            Health::Failed,
            "Broken since 8",
        ),
        (json!({"phase": "Broken"}), Health::Failed, "`failed` is true"),
        (json!({}), Health::Progressing, "there is no "),
        (
            json!({"phase": "Running", "ready": "3"}),
            Health::Progressing,
            "no answer yet",
        ),
    ];
    for (status, health, says) in cases {
        let verdict = rules.judge(&mk_database(status.clone()), None, &Found::default());
        assert_eq!(verdict.health, health, "{status}: {}", verdict.message);
        assert!(verdict.message.contains(says), "{status}: {}", verdict.message);
    }

    // Numbers are those of the API server's own expressions.
    let current = "object.status.ready + 1 == 4 && object.status.load < 0.5 && -object.spec.replicas == -3";
    let verdict = compile(mk_readiness(current)).unwrap().judge(
        &mk_database(json!({"phase": "Running", "ready": 3, "load": 0.25, "since": 1})),
        None,
        &Found::default(),
    );
    assert_eq!(verdict.health, Health::Current, "{}", verdict.message);

    // What holds for every kind, holds before it, and other kinds are none of its business.
    let mut old = mk_database(running.clone());
    old["status"]["observedGeneration"] = json!(1);
    assert_eq!(
        rules.judge(&old, None, &Found::default()).health,
        Health::Progressing
    );
    assert_eq!(
        rules.judge(&Value::Null, None, &Found::default()).health,
        Health::Missing
    );
    let mut other = mk_database(running);
    other["kind"] = json!("Table");
    assert_eq!(
        rules.judge(&other, None, &Found::default()),
        judge(&other, None, &Found::default())
    );
}

#[test]
fn what_can_never_be_used_is_refused() {
    for (current, says) in [
        ("object.status.phase ==", "Syntax error"),
        (
            "self.status.ready",
            "self is unknown; the object is called object",
        ),
        ("status.ready == 1", "status is unknown"),
        ("", "current"),
        ("object.status.phase.matchez('a')", "there is no function matchez"),
        ("ready(object)", "there is no function ready"),
    ] {
        let refused = compile(mk_readiness(current)).map(|_| ()).unwrap_err();
        assert!(
            refused.contains(says) && refused.contains("Database"),
            "{current}: {refused}"
        );
    }
    for fine in [
        "object.status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')",
        "has(object.status) && size(object.status.ready) > 0 && object.status.phase.startsWith('R')",
        "object.status.list.all(x, x in [1, 2]) ? int(object.status.a) >= 1 : !(object.status.b != -2.0)",
        "object.status.?phase.orValue('') == 'Running'",
    ] {
        compile(mk_readiness(fine)).unwrap();
    }
    let secret = Readiness {
        group: String::new(),
        kind: "Secret".to_owned(),
        ..mk_readiness("true")
    };
    assert!(compile(secret).is_err());
    assert!(Expressions::compile(&[mk_readiness("true"), mk_readiness("false")]).is_err());
}

/// An expression may look at anything, so its own errors are told without the values.
#[test]
fn no_value_gets_into_a_message_by_an_error() {
    for current in [
        "object.spec.password < 3",
        "object.spec.list[object.spec.password]",
        "object.spec.map[object.spec.password]",
        "object.spec.password",
        "object.spec.password.size() / 0 == 1",
        "{object.spec.password: 1, object.spec.password: 2}",
        "int(object.spec.password) == 1",
    ] {
        let bare = Readiness {
            failed: None,
            message: None,
            ..mk_readiness(current)
        };
        let mut live = mk_database(json!({}));
        live["spec"] = json!({"password": "hunter2", "list": [1], "map": {"a": 1}});
        let verdict = compile(bare).unwrap().judge(&live, None, &Found::default());
        assert_eq!(verdict.health, Health::Progressing);
        assert!(
            !verdict.message.contains("hunter2"),
            "{current}: {}",
            verdict.message
        );
    }
}
